"""Expressions over parameters: a small, safe part of Python's grammar, compiled to closures.

Dotted names are written as they are; names that are no Python (`learning-rate`, `lambda`) between backquotes.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from besom.errors import nearest

Evaluate = Callable[[Mapping[str, Any]], Any]


class ExpressionError(ValueError):
    """An expression that cannot be read; its message says law, what was got and the next move."""


class Absent(LookupError):
    """Evaluation met a parameter that has no value in the configuration."""


def _power(base: Any, exponent: Any) -> Any:
    """`base ** exponent`, as floats where whole numbers would grow without end."""
    if isinstance(base, int) and isinstance(exponent, int) and abs(exponent) * max(base.bit_length(), 1) > 1024:
        return float(base) ** exponent
    return base**exponent


def _product(left: Any, right: Any) -> Any:
    """`left * right` of numbers only: a repeated text or list could fill the memory."""
    if not isinstance(left, int | float) or not isinstance(right, int | float):
        raise TypeError("* takes numbers")
    return left * right


_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: _product,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.Not: operator.not_,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda item, group: item in group,
    ast.NotIn: lambda item, group: item not in group,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "abs": abs,
    "ceil": math.ceil,
    "exp": math.exp,
    "float": float,
    "floor": math.floor,
    "int": int,
    "len": len,
    "log": math.log,
    "log10": math.log10,
    "log2": math.log2,
    "max": max,
    "min": min,
    "round": round,
    "sqrt": math.sqrt,
    "sum": sum,
}
_CONSTANTS = {"true": True, "false": False, "null": None}


@dataclass(frozen=True)
class Expression:
    """A readable expression: its text, the parameters that it names, and its value for a flat configuration."""

    text: str
    names: frozenset[str]
    evaluate: Evaluate


def parse_expression(text: str, names: Iterable[str]) -> Expression:
    """The expression written in `text` over parameters `names`.

    Raises:
        ExpressionError: It is no expression, or uses what is not allowed; the column is named.
    """
    quoted: dict[str, str] = {}

    def stand_in(match: re.Match[str]) -> str:
        # As wide as what it replaces, so that columns in messages stay true.
        word = f"_{len(quoted)}_".ljust(len(match[0]), "_")
        quoted[word] = match[1]
        return word

    try:
        tree = ast.parse(re.sub(r"`([^`]+)`", stand_in, text), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        column = getattr(error, "offset", None) or len(text) + 1
        reason = getattr(error, "msg", None) or "cannot be read"
        raise ExpressionError(
            f"needs an expression such as `heads * dim <= 1024`, got {text!r} ({reason}, column {column}); "
            "correct it there."
        ) from None
    reader = _Reader(text, frozenset(names), quoted)
    try:
        evaluate = reader.read(tree.body)
    except RecursionError:
        raise ExpressionError(
            "needs an expression of fewer than some hundred terms, got a longer one; split it."
        ) from None
    return Expression(text, frozenset(reader.used), evaluate)


class _Reader:
    """Turns a syntax tree into nested closures, and refuses every node that is not listed."""

    def __init__(self, text: str, names: frozenset[str], quoted: Mapping[str, str]) -> None:
        self.text, self.names, self.quoted = text, names, quoted
        self.used: set[str] = set()

    def read(self, node: ast.expr) -> Evaluate:
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float | str | None):
            value = node.value
            return lambda _: value
        if isinstance(node, ast.Name | ast.Attribute):
            return self._name(node)
        if isinstance(node, ast.List | ast.Tuple):
            items = [self.read(item) for item in node.elts]
            return lambda flat: [item(flat) for item in items]
        if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
            apply, operand = _UNARY[type(node.op)], self.read(node.operand)
            return lambda flat: apply(operand(flat))
        if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            combine, left, right = _BINARY[type(node.op)], self.read(node.left), self.read(node.right)
            return lambda flat: combine(left(flat), right(flat))
        if isinstance(node, ast.BoolOp):
            parts = [self.read(part) for part in node.values]
            every = isinstance(node.op, ast.And)
            return lambda flat: all(part(flat) for part in parts) if every else any(part(flat) for part in parts)
        if isinstance(node, ast.IfExp):
            test, then, otherwise = self.read(node.test), self.read(node.body), self.read(node.orelse)
            return lambda flat: then(flat) if test(flat) else otherwise(flat)
        if isinstance(node, ast.Compare):
            return self._comparison(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        raise self._refusal(node, "needs parameters, numbers, texts, arithmetic, comparisons, and/or/not and functions")

    def _refusal(self, node: ast.expr, law: str, move: str = "write it with those") -> ExpressionError:
        got = ast.get_source_segment(self.text, node) or self.text
        return ExpressionError(f"{law}, got {got!r} (column {node.col_offset + 1}) in {self.text!r}; {move}.")

    def _name(self, node: ast.expr) -> Evaluate:
        name = _dotted(node, self.quoted)
        if name in self.names:
            self.used.add(name)
            return lambda flat: _value(flat, name)
        if name in _CONSTANTS:
            value = _CONSTANTS[name]
            return lambda _: value
        hyphened = [other for other in self.names if other.startswith(f"{name}-")]
        move = f"write `{hyphened[0]}` between backquotes" if name and hyphened else nearest(name or "", self.names)
        raise self._refusal(node, "needs names of parameters", move)

    def _comparison(self, node: ast.Compare) -> Evaluate:
        terms = [self.read(term) for term in (node.left, *node.comparators)]
        tests = [_COMPARE[type(test)] for test in node.ops]

        def compare(flat: Mapping[str, Any]) -> bool:
            left = terms[0](flat)
            for test, term in zip(tests, terms[1:], strict=True):
                right = term(flat)
                if not test(left, right):
                    return False
                left = right
            return True

        return compare

    def _call(self, node: ast.Call) -> Evaluate:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in FUNCTIONS or node.keywords or any(isinstance(item, ast.Starred) for item in node.args):
            raise self._refusal(node, "needs a known function with plain arguments", nearest(name, FUNCTIONS))
        function, arguments = FUNCTIONS[name], [self.read(item) for item in node.args]
        return lambda flat: function(*[item(flat) for item in arguments])


def _dotted(node: ast.expr, quoted: Mapping[str, str]) -> str:
    """The dotted name that the node spells; empty where it is something else."""
    if isinstance(node, ast.Name):
        return quoted.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value, quoted)
        return f"{before}.{quoted.get(node.attr, node.attr)}" if before else ""
    return ""


def _value(flat: Mapping[str, Any], name: str) -> Any:
    try:
        return flat[name]
    except KeyError:
        raise Absent(name) from None


def holds(expression: Expression, flat: Mapping[str, Any]) -> bool:
    """Whether a configuration fulfils a constraint. One about a parameter that is absent does not apply, and holds.

    Raises:
        ArithmeticError, TypeError, ValueError: It cannot be worked out for these values.
    """
    try:
        return bool(expression.evaluate(flat))
    except Absent:
        return True
