"""GraphQL without a schema: documents are parsed by graphql-core and walked over what is there.

Each version of W&B's client asks for fields of its own, and a field that we do not know is answered with null, which is
what clients degrade well on. A schema would have to list every input and output field that any version ever sends.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from besom.errors import BesomError, MessageError

Node = Mapping[str, Any]
"""Fields by name: a value, a node, a list of these, or a function of the field's arguments that gives one."""

_DEEPEST = 40
_LONGEST = 200_000
log = logging.getLogger("besom.server")


class NotSupported(BesomError, LookupError):
    """A mutation, or a use of one, that this server does not have."""


@dataclass(frozen=True, slots=True)
class Selection:
    """A field that a document asks for: `key` is its name in the answer."""

    key: str
    name: str
    arguments: tuple[tuple[str, Any], ...]
    selections: tuple[Selection, ...]
    conditions: tuple[tuple[bool, Any], ...] = ()
    """Each `(wanted, value)` of `@include` and `@skip`."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One parsed document."""

    kind: str
    name: str
    defaults: Mapping[str, Any]
    selections: tuple[Selection, ...]


@dataclass(slots=True)
class Missing:
    """Fields that somebody asked for and that we do not know: each is told once, with its operation."""

    told: set[tuple[str, str]] = field(default_factory=set)

    def note(self, operation: str, path: str) -> None:
        """Log it, the first time."""
        if (operation, path) not in self.told and len(self.told) < 10_000:
            self.told.add((operation, path))
            log.warning("W&B's client: %s asks for %s, which besom does not know; answered null", operation, path)


@dataclass(frozen=True, slots=True)
class _Variable:
    name: str


class Executor:
    """Answers documents from two roots.

    Args:
        query: What may be asked.
        mutation: What may be done.
    """

    def __init__(self, query: Node, mutation: Node) -> None:
        self._roots: dict[str, Node] = {"query": query, "mutation": mutation}
        self.missing = Missing()

    def execute(self, document: str, variables: Mapping[str, Any], request: Any = None) -> dict[str, Any]:
        """The data that the document asks for.

        Args:
            document: One operation, with its fragments.
            variables: Its variables; those left out have their defaults, or null.
            request: Handed to the root's functions as `arguments["request"]`, beside the `operation`'s name.

        Raises:
            MessageError: The document is not GraphQL, or nests too deep.
            NotSupported: It asks for a mutation that there is not.
            BesomError: What a function of a field raises.
        """
        operation = parsed(document)
        root = self._roots.get(operation.kind)
        if root is None:
            raise NotSupported(f"{operation.kind}: besom answers queries and mutations; poll instead.")
        if operation.kind == "mutation":
            for each in operation.selections:
                if each.name not in root:
                    self.missing.note(operation.name, each.name)
                    raise NotSupported(f"{each.name}: besom does not have this mutation.")
        given = {**operation.defaults, **{name: value for name, value in variables.items() if value is not None}}
        walk = _Walk(operation.name, given, self.missing, request)
        return walk.node(root, operation.selections, "")


@dataclass(frozen=True, slots=True)
class _Walk:
    operation: str
    variables: Mapping[str, Any]
    missing: Missing
    request: Any

    def node(self, node: Node, selections: tuple[Selection, ...], path: str) -> dict[str, Any]:
        answer: dict[str, Any] = {}
        for each in selections:
            if all(bool(self.value(given)) is wanted for wanted, given in each.conditions):
                answer[each.key] = self.field(node, each, f"{path}.{each.name}" if path else each.name)
        return answer

    def field(self, node: Node, selection: Selection, path: str) -> Any:
        if selection.name not in node:
            if selection.name == "__typename":
                return None
            self.missing.note(self.operation, path)
            return None
        value = node[selection.name]
        if callable(value):
            arguments = {name: self.value(given) for name, given in selection.arguments}
            if not path.count("."):
                arguments |= {"request": self.request, "operation": self.operation}
            value = value(arguments)
        return self.shaped(value, selection.selections, path)

    def shaped(self, value: Any, selections: tuple[Selection, ...], path: str) -> Any:
        if not selections or value is None:
            return value
        if isinstance(value, Mapping):
            return self.node(value, selections, path)
        if isinstance(value, list | tuple):
            return [self.shaped(item, selections, path) for item in value]
        return value

    def value(self, given: Any) -> Any:
        if isinstance(given, _Variable):
            return self.variables.get(given.name)
        if isinstance(given, dict):
            return {name: self.value(item) for name, item in given.items()}
        if isinstance(given, list):
            return [self.value(item) for item in given]
        return given


@lru_cache(maxsize=512)
def parsed(document: str) -> Operation:
    """The one operation of a document, its fragments put in their places. Clients send about a hundred texts.

    Raises:
        MessageError: It is not GraphQL, holds no operation, or nests too deep.
    """
    from graphql.error import GraphQLError
    from graphql.language import FragmentDefinitionNode, OperationDefinitionNode, parse

    if len(document) > _LONGEST:
        raise MessageError(f"query: at most {_LONGEST} letters, got {len(document)}; send values as variables.")
    try:
        whole = parse(document, no_location=True, max_tokens=20_000)
    except (GraphQLError, RecursionError) as error:
        raise MessageError(f"query: must be GraphQL, got what cannot be read ({error}); correct it.") from None
    operations = [each for each in whole.definitions if isinstance(each, OperationDefinitionNode)]
    if len(operations) != 1:
        raise MessageError(f"query: needs one operation, got {len(operations)}; send them one by one.")
    fragments = {each.name.value: each for each in whole.definitions if isinstance(each, FragmentDefinitionNode)}
    operation = operations[0]
    return Operation(
        kind=operation.operation.value,
        name=operation.name.value if operation.name else "an operation without a name",
        defaults={
            each.variable.name.value: _literal(each.default_value)
            for each in operation.variable_definitions or ()
            if each.default_value is not None
        },
        selections=tuple(_selections(operation.selection_set, fragments, 0)),
    )


def _selections(chosen: Any, fragments: Mapping[str, Any], depth: int) -> Iterator[Selection]:
    """The fields of a selection set, those of its fragments among them; fields named twice are one."""
    if depth > _DEEPEST:
        raise MessageError(f"query: may nest {_DEEPEST} levels, got more; ask for less.")
    merged: dict[str, Selection] = {}
    for each in _flat(chosen, fragments, depth, ()):
        known = merged.get(each.key)
        if known is not None:
            each = Selection(known.key, known.name, known.arguments, known.selections + each.selections)  # noqa: PLW2901
        merged[each.key] = each
    yield from merged.values()


def _flat(chosen: Any, fragments: Mapping[str, Any], depth: int, outer: tuple[Any, ...]) -> Iterator[Selection]:
    for node in chosen.selections if chosen else ():
        conditions = outer + tuple(_conditions(node))
        if node.kind == "field":
            yield Selection(
                key=(node.alias or node.name).value,
                name=node.name.value,
                arguments=tuple((each.name.value, _literal(each.value)) for each in node.arguments or ()),
                selections=tuple(_selections(node.selection_set, fragments, depth + 1)),
                conditions=conditions,
            )
            continue
        fragment = node if node.kind == "inline_fragment" else fragments.get(node.name.value)
        if fragment is None:
            raise MessageError(f"query: fragment {node.name.value} must be defined, but is not; add it.")
        if depth > _DEEPEST:
            raise MessageError(f"query: may nest {_DEEPEST} levels, got more; ask for less.")
        yield from _flat(fragment.selection_set, fragments, depth + 1, conditions)


def _conditions(node: Any) -> Iterator[tuple[bool, Any]]:
    for directive in node.directives or ():
        if directive.name.value in ("include", "skip") and directive.arguments:
            yield directive.name.value == "include", _literal(directive.arguments[0].value)


_SCALARS: dict[str, Callable[[Any], Any]] = {
    "int_value": lambda node: int(node.value),
    "float_value": lambda node: float(node.value),
    "string_value": lambda node: node.value,
    "boolean_value": lambda node: node.value,
    "enum_value": lambda node: node.value,
    "null_value": lambda _: None,
    "variable": lambda node: _Variable(node.name.value),
    "list_value": lambda node: [_literal(each) for each in node.values],
    "object_value": lambda node: {each.name.value: _literal(each.value) for each in node.fields},
}


def _literal(node: Any) -> Any:
    """A value of the document, with its variables as such."""
    return _SCALARS[node.kind](node)
