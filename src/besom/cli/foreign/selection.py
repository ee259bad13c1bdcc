"""Which runs of an export are meant: those of one sweep, each once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from besom.cli.foreign.runs import ForeignRun
from besom.errors import ConfigError, nearest

ALL, NONE = "all", "none"
"""Words in place of a sweep's id: every run of the export, those that belong to no sweep."""


def runs_of_sweep(runs: Sequence[ForeignRun], wanted: str | None) -> list[ForeignRun]:
    """The runs of the sweep `wanted`; all where the export has runs of one sweep, or of none, only.

    Raises:
        ConfigError: The export has several and none is named, or none of that name.
    """
    counts = Counter(run.sweep or NONE for run in runs)
    if wanted is None:
        if len(counts) > 1:
            there = ", ".join(f"{sweep} ({count} runs)" for sweep, count in counts.most_common())
            raise ConfigError(
                f"--sweep-id: needs the one to import where an export has several, got none of {there}; name it, "
                f"or `{ALL}` to make one sweep of them all."
            )
        return list(runs)
    if wanted == ALL:
        return list(runs)
    if wanted not in counts:
        raise ConfigError(f"--sweep-id: no run is of sweep {wanted}; {nearest(wanted, [*counts, ALL])}.")
    return [run for run in runs if (run.sweep or NONE) == wanted]


def without_repetitions(runs: Sequence[ForeignRun]) -> tuple[list[ForeignRun], int]:
    """The runs in order of their start, each once, and how many stood more than once.

    A run is known by its id, or else by name and start; one with neither start nor id is taken for one of its own. Of
    several tellings the one with the longest history stays.
    """
    kept: dict[object, ForeignRun] = {}
    for run in runs:
        key = run.id or ((run.name, run.started_at) if run.name and run.started_at is not None else run.place)
        if key not in kept or len(run.history) > len(kept[key].history):
            kept[key] = run
    in_order = sorted(kept.values(), key=lambda run: (run.started_at is None, run.started_at or 0.0, run.id, run.name))
    return in_order, len(runs) - len(kept)
