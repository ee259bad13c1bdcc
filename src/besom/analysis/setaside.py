"""Hosts that are set aside, in words."""

from __future__ import annotations

from dataclasses import dataclass

from besom.analysis.wording import counted
from besom.records import SetAside, Sweep


@dataclass(frozen=True, slots=True)
class SetAsideView:
    """A host that gets no further runs of a sweep.

    Attributes:
        sweep, sweep_name: The sweep.
        host, at, causes: As in `SetAside`.
        text: Why, and what became of its trials elsewhere.
    """

    sweep: str
    sweep_name: str
    host: str
    at: float
    text: str
    causes: tuple[str, ...]


def set_aside_views(sweep: Sweep) -> tuple[SetAsideView, ...]:
    """The hosts that a sweep has set aside, the first one first."""
    return tuple(
        SetAsideView(sweep.id, sweep.name, aside.host, aside.at, set_aside_text(aside), aside.causes)
        for aside in sweep.set_aside
    )


def set_aside_text(aside: SetAside) -> str:
    """Why: "the last 3 runs on it failed, and the same trials worked elsewhere"."""
    runs, trials = counted(aside.runs, "run"), counted(len(aside.trials), "trial")
    gpus = f" (GPU {', '.join(aside.gpus)} each time)" if aside.gpus else ""
    of = "" if aside.runs == len(aside.trials) else f", of {trials}"
    return f"the last {runs} on it failed{gpus}{of}; {_elsewhere(aside)}"


def _elsewhere(aside: SetAside) -> str:
    worked, failed = len(aside.worked), len(aside.failed)
    left = len(aside.trials) - worked - failed
    if not left and not failed:
        return "the same trials worked elsewhere"
    if not worked and not failed:
        return "the same trials are still to be tried elsewhere"
    told = [f"{worked} worked elsewhere"] if worked else []
    told += [f"{failed} failed elsewhere too"] if failed else []
    told += [f"{left} still to be tried"] if left else []
    return f"of the same trials {', '.join(told)}"
