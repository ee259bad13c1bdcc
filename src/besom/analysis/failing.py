"""In which ways trials failed: by their cause, and by what was said of it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from besom.escapes import harmless
from besom.records import Cause, Failure, Trial, TrialState

_LONGEST = 160
_NUMBER = re.compile(r"0x[0-9a-fA-F]+|(?<![\w.])\d[\d.,]*(?<![.,])")


@dataclass(frozen=True, slots=True)
class FailureKind:
    """One way in which trials failed.

    Attributes:
        text: The way, see `failure_kind`; trials are found by it in the column `failure` of the table.
        told: The same for a person: with `…` only for those numbers in which the trials differ.
        count: How many trials did.
        first: Numbers of the first few of them.
    """

    text: str
    told: str
    count: int
    first: tuple[int, ...]


def failure_text(failure: Failure | None) -> str:
    """Why something failed, on one line: the cause, and what was said of it."""
    return "failed" if failure is None else _told(failure, " ".join(_said(failure).split()))


def failure_kind(failure: Failure) -> str:
    """The same in short, and with `…` for numbers in what was said: they differ where the way of failing does not."""
    return _kind(failure.cause, failure.exit_code, failure.signal, _end_of_said(failure))


def failure_kinds(trials: Iterable[Trial], numbers: int = 5) -> tuple[FailureKind, ...]:
    """The ways in which trials failed, the most frequent first; of each at most so many trials' `numbers`."""
    ways: defaultdict[str, list[Trial]] = defaultdict(list)
    for trial in trials:
        if trial.state is TrialState.FAILED:
            ways[failure_kind(trial.failure) if trial.failure else "failed"].append(trial)
    found = [
        FailureKind(text, _told_of_all(those), len(those), tuple(sorted(trial.number for trial in those)[:numbers]))
        for text, those in ways.items()
    ]
    return tuple(sorted(found, key=lambda each: (-each.count, each.first)))


def _told_of_all(trials: Sequence[Trial]) -> str:
    """In which way trials failed that did so in one: what their messages share, and `…` for numbers that differ."""
    failures = [trial.failure for trial in trials if trial.failure is not None]
    if not failures:
        return failure_text(None)
    first, *others = map(_plain, dict.fromkeys(map(_end_of_said, failures)))
    numbers = _NUMBER.findall(first)
    for other in others:
        numbers = [
            ours if ours == theirs else "…" for ours, theirs in zip(numbers, _NUMBER.findall(other), strict=False)
        ]
    shared = iter(numbers)
    return _told(failures[0], _cut(_NUMBER.sub(lambda _: next(shared, "…"), first)))


def _end_of_said(failure: Failure) -> str:
    return _said(failure)[-4 * _LONGEST :]


def _said(failure: Failure) -> str:
    """The message, or the last line that was printed."""
    return failure.message or next((line for line in reversed(failure.last_lines.splitlines()) if line.strip()), "")


@lru_cache(maxsize=4096)
def _kind(cause: Cause, exit_code: int | None, signal: int | None, said: str) -> str:
    shown = _cut(_NUMBER.sub("…", _plain(said)))
    return _told(Failure(cause, exit_code=exit_code, signal=signal), shown)


def _plain(said: str) -> str:
    return " ".join(harmless(said).split())


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _told(failure: Failure, said: str) -> str:
    said, cause = harmless(said), str(failure.cause)
    if failure.cause is Cause.EXIT_CODE and failure.exit_code is not None:
        cause += f" {failure.exit_code}"
    elif failure.cause is Cause.SIGNAL and failure.signal is not None:
        cause += f" {failure.signal}"
    if not said or said.startswith(failure.cause):
        return said or cause
    return f"{cause}: {said}"
