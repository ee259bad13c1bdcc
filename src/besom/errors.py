"""Exceptions: one base class, each subclass also the standard exception it specialises.

A message names the place, the law, what was got, and the next move:
`parameters.lr (sweep.yaml:12): log_uniform_values needs min > 0, got min=0.0; raise min, or use distribution: uniform.`
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any


class BesomError(Exception):
    """Base of everything besom raises on purpose; the command line prints it and exits 2."""


class SweepFileError(BesomError, ValueError):
    """A sweep file that cannot be run; `problems` has one line for each error found."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class ConfigError(BesomError, ValueError):
    """A configuration that does not belong to the search space."""


class MessageError(BesomError, ValueError):
    """A message, or a file of saved ones, that does not have the shape it must have."""


class UnknownName(BesomError, LookupError):
    """A sweep, trial, run, agent or metric that does not exist."""


class WrongState(BesomError, RuntimeError):
    """A request that the sweep's or trial's present state does not allow."""


class TrialsFailed(WrongState):
    """A search that came to nothing since its trials failed; `trials` has all of them, each with its `failure`."""

    def __init__(self, message: str, trials: Sequence[Any] = ()) -> None:
        self.trials = tuple(trials)
        super().__init__(message)


class LeaseLost(BesomError, RuntimeError):
    """A message from a run whose lease has ended or belongs to a later attempt; it was not recorded."""


class OutOfOrder(BesomError, ValueError):
    """Rows that would leave a gap; `expected` is the next row that is welcome."""

    def __init__(self, message: str, expected: int) -> None:
        self.expected = expected
        super().__init__(message)


class StoreError(BesomError, OSError):
    """The database cannot be opened, read or written."""


class NotWritable(StoreError):
    """A home that this process may not write to, and can at best read."""


class MissingExtra(BesomError, ImportError):
    """Something that needs a package which only comes with one of besom's extras."""


class ServerError(BesomError, RuntimeError):
    """The server answered with an error of its own."""


class ServerUnreachable(BesomError, ConnectionError):
    """No server answers at the address."""


class NotAllowed(BesomError, PermissionError):
    """The token is missing or wrong."""


def require(what: str, name: str, valid: Iterable[str]) -> None:
    """Refuse the name of a `what` that is not a valid one. Raises UnknownName."""
    known = tuple(valid)
    if name not in known:
        raise UnknownName(f"{what} {name}: must exist; {nearest(name, known)}.")


def nearest(name: str, valid: Iterable[str]) -> str:
    """A clause for an error message that lists the valid names, nearest to `name` first."""
    names = sorted(valid)
    close = get_close_matches(name, names, n=3, cutoff=0.5)
    rest = [other for other in names if other not in close]
    if close:
        return f"did you mean {close[0]}? (valid: {', '.join([*close, *rest])})"
    return f"valid: {', '.join(rest)}" if rest else "there are none"
