"""W&B's law of each distribution: which keys it takes, what they must be, and the scale they make.

Source: the JSON schema and `params.py` of W&B's open engine, PyPI's `sweeps` 0.3.0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from besom.space.identity import is_number
from besom.space.priors import HIGHEST_UNIT, LOWEST_UNIT, Beta, LogNormal, LogUniform, Normal, Prior, Uniform
from besom.space.scales import Choices, Continuous, Quantised, Scale

NAME_PATTERN = r"^[A-Za-z_][A-Za-z0-9_.-]*$"

INT_LIMIT = 2**53
"""Beyond it neighbouring whole numbers are one and the same float."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of a distribution.

    Attributes:
        kind: What its value must be; "positive" is a number above 0.
        default: Used where the key is absent; None for a key that must be given.
    """

    kind: Literal["number", "positive", "int", "any", "values", "probabilities"]
    meaning: str
    default: float | None = None

    def refusal(self, value: Any) -> str | None:
        """What is wrong with `value`, as `law, got …; next move.`; None if it is right."""
        if self.kind == "any":
            return None
        if self.kind in ("values", "probabilities"):
            if not isinstance(value, list) or not value:
                return f"needs a list with at least one entry, got {value!r}; write it as [a, b, c]."
            if self.kind == "probabilities":
                wrong = next((item for item in value if not is_number(item) or item < 0), None)
                return None if wrong is None else f"needs numbers of at least 0, got {wrong!r}; correct it."
            return None
        if not is_number(value):
            hint = "remove the quotes" if isinstance(value, str) and _reads_as_number(value) else "give a number"
            return f"needs a finite number, got {value!r}; {hint}."
        if self.kind == "int" and (not isinstance(value, int) or abs(value) > INT_LIMIT):
            is_whole = float(value).is_integer() and abs(value) <= INT_LIMIT
            move = f"write {int(value)}" if is_whole else "write it without a point"
            return f"needs a whole number within ±2^53, got {value!r}; {move}, or use uniform."
        if self.kind == "positive" and value <= 0:
            return f"needs a number above 0, got {value!r}; raise it, or use another distribution."
        return None


def _reads_as_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


class LawBroken(ValueError):
    """Settings that are right one by one and wrong together; its message says law, what was got and the next move."""


@dataclass(frozen=True, slots=True)
class Law:
    """A distribution: its keys, what it is, and how its settings become a scale (raises LawBroken)."""

    meaning: str
    settings: Mapping[str, Setting]
    build: Callable[[Mapping[str, Any]], Scale]
    grid: Callable[[Mapping[str, Any]], Sequence[Any]] | None = None


def _require_range(s: Mapping[str, Any]) -> None:
    if s["min"] >= s["max"]:
        raise LawBroken(f"needs min < max, got min={s['min']!r}, max={s['max']!r}; widen the range, or give value.")


def _uniform(s: Mapping[str, Any]) -> Prior:
    _require_range(s)
    return Uniform(float(s["min"]), float(s["max"]))


def _log_of_values(s: Mapping[str, Any]) -> Prior:
    _require_range(s)
    return LogUniform.of_values(float(s["min"]), float(s["max"]))


def _log_of_exponents(s: Mapping[str, Any], sign: int = 1) -> Prior:
    _require_range(s)
    low, high = (s["min"], s["max"]) if sign == 1 else (-s["max"], -s["min"])
    try:
        prior = LogUniform.of_exponents(float(low), float(high))
    except OverflowError:
        prior = None
    if prior is None or prior.low == 0.0:
        raise LawBroken(
            f"needs bounds that are exponents of e, got min={s['min']!r}, max={s['max']!r}, of which e^x is no float; "
            "use log_uniform_values to give the values themselves."
        )
    return prior


def _inv_log_of_exponents(s: Mapping[str, Any]) -> Prior:
    return _log_of_exponents(s, sign=-1)


def _normal(s: Mapping[str, Any]) -> Prior:
    return Normal(float(s["mu"]), float(s["sigma"]))


def _log_normal(s: Mapping[str, Any]) -> Prior:
    prior = LogNormal(float(s["mu"]), float(s["sigma"]))
    low, high = prior.ppf(np.asarray([LOWEST_UNIT, HIGHEST_UNIT]))
    if not 0 < low <= high < math.inf:
        raise LawBroken(
            f"needs e^(mu ± 8.3 sigma) to be floats, got mu={s['mu']!r}, sigma={s['sigma']!r}; lower sigma."
        )
    return prior


def _beta(s: Mapping[str, Any]) -> Prior:
    return Beta(float(s["a"]), float(s["b"]))


def _continuous(prior: Callable[[Mapping[str, Any]], Prior]) -> Callable[[Mapping[str, Any]], Scale]:
    return lambda s: Continuous(prior(s))


def _quantised(prior: Callable[[Mapping[str, Any]], Prior]) -> Callable[[Mapping[str, Any]], Scale]:
    return lambda s: Quantised(prior(s), s["q"])


def _int_uniform(s: Mapping[str, Any]) -> Scale:
    _require_range(s)
    return Quantised(Uniform(s["min"] - 0.5, s["max"] + 0.5), 1)


def _categorical(s: Mapping[str, Any]) -> Scale:
    return Choices.of(s["values"], [1.0] * len(s["values"]))


def _weighted(s: Mapping[str, Any]) -> Scale:
    values, probabilities = s["values"], s["probabilities"]
    if len(values) != len(probabilities):
        raise LawBroken(
            f"needs one probability for each value, got {len(probabilities)} for {len(values)}; make the lists as long."
        )
    if not math.isclose(sum(probabilities), 1.0, rel_tol=1e-5, abs_tol=1e-8):
        raise LawBroken(f"needs probabilities that sum to 1, got {sum(probabilities):g}; correct them.")
    return Choices.of(values, probabilities)


def _steps(s: Mapping[str, Any]) -> Sequence[Any]:
    values: list[Any] = np.arange(s["min"], s["max"], s["q"]).tolist()
    return values


_MIN, _MAX = Setting("number", "Lowest value."), Setting("number", "Highest value.")
_VALUES = {"min": _MIN, "max": _MAX}
_POSITIVE_VALUES = {"min": Setting("positive", "Lowest value."), "max": _MAX}
_EXPONENTS = {
    "min": Setting("number", "Lowest value's natural logarithm."),
    "max": Setting("number", "Highest value's natural logarithm."),
}
_INVERSE_EXPONENTS = {
    "min": Setting("number", "Natural logarithm of 1 / highest value."),
    "max": Setting("number", "Natural logarithm of 1 / lowest value."),
}
_Q = {"q": Setting("positive", "Values are rounded to multiples of it; whole numbers if it is one.", 1.0)}
_MU_SIGMA = {"mu": Setting("number", "Mean.", 0.0), "sigma": Setting("positive", "Standard deviation.", 1.0)}
_SHAPES = {"a": Setting("positive", "First shape.", 1.0), "b": Setting("positive", "Second shape.", 1.0)}
_LIST = {"values": Setting("values", "What it may be: numbers, texts, true or false, null, lists, mappings.")}
_INT_RANGE = {"min": Setting("int", "Lowest value."), "max": Setting("int", "Highest value.")}

LAWS: Mapping[str, Law] = {
    "constant": Law(
        "One value.",
        {"value": Setting("any", "The value.")},
        lambda s: Choices((s["value"],), (1.0,)),
        grid=lambda s: [s["value"]],
    ),
    "categorical": Law("One of a list, each as likely.", _LIST, _categorical, grid=lambda s: s["values"]),
    "categorical_w_probabilities": Law(
        "One of a list, with probabilities.",
        {**_LIST, "probabilities": Setting("probabilities", "The probability of each value; they sum to 1.")},
        _weighted,
    ),
    "int_uniform": Law(
        "A whole number, each as likely.", _INT_RANGE, _int_uniform, grid=lambda s: range(s["min"], s["max"] + 1)
    ),
    "uniform": Law("A number, flat between the bounds.", _VALUES, _continuous(_uniform)),
    "q_uniform": Law("As uniform, rounded to multiples of q.", {**_VALUES, **_Q}, _quantised(_uniform), grid=_steps),
    "log_uniform": Law(
        "A number flat in its logarithm; bounds are exponents of e.", _EXPONENTS, _continuous(_log_of_exponents)
    ),
    "log_uniform_values": Law("A number flat in its logarithm.", _POSITIVE_VALUES, _continuous(_log_of_values)),
    "q_log_uniform": Law(
        "As log_uniform, rounded to multiples of q.", {**_EXPONENTS, **_Q}, _quantised(_log_of_exponents)
    ),
    "q_log_uniform_values": Law(
        "As log_uniform_values, rounded to multiples of q.", {**_POSITIVE_VALUES, **_Q}, _quantised(_log_of_values)
    ),
    "inv_log_uniform": Law(
        "1 / a number that is log_uniform; bounds are exponents of e.",
        _INVERSE_EXPONENTS,
        _continuous(_inv_log_of_exponents),
    ),
    "inv_log_uniform_values": Law(
        "1 / a number that is log_uniform; bounds are of the value itself.",
        _POSITIVE_VALUES,
        _continuous(_log_of_values),
    ),
    "normal": Law("A number from the normal distribution.", _MU_SIGMA, _continuous(_normal)),
    "q_normal": Law("As normal, rounded to multiples of q.", {**_MU_SIGMA, **_Q}, _quantised(_normal)),
    "log_normal": Law("The exponential of a normal number.", _MU_SIGMA, _continuous(_log_normal)),
    "q_log_normal": Law("As log_normal, rounded to multiples of q.", {**_MU_SIGMA, **_Q}, _quantised(_log_normal)),
    "beta": Law("A number in [0, 1] from the beta distribution.", _SHAPES, _continuous(_beta)),
    "q_beta": Law("As beta, rounded to multiples of q.", {**_SHAPES, **_Q}, _quantised(_beta)),
}


def inferred(block: Mapping[str, Any]) -> str | None:
    """The distribution that W&B takes where `distribution` is absent; None where the keys fit none."""
    if "value" in block:
        return "constant"
    if "values" in block:
        return "categorical_w_probabilities" if "probabilities" in block else "categorical"
    if "min" in block and "max" in block:
        floats = any(isinstance(block[bound], float) for bound in ("min", "max"))
        return "uniform" if floats else "int_uniform"
    return None
