"""The last value of any metric of many trials: read once, and again only of runs that have logged since."""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean

from besom.records import Run, RunState, Trial
from besom.server.driver import Driver

_KEPT = 500_000
"""Values of runs in memory, of all sweeps and metrics together."""

_Known = dict[str, tuple[int, float | None]]
"""By a run's id: how many rows it had, and the last value in them."""


class LastValues:
    """Reads them for `analysis.columns.TrialColumns.measure`. Threads may share it.

    Args:
        driver: Knows the runs, and where their history is.
    """

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str], _Known] = OrderedDict()

    def of(self, sweep_id: str, metric: str, trials: Sequence[Trial]) -> list[float | None]:
        """The last value of `metric` of each of the trials: the mean over finished repeats, where there are any.

        None where a trial never logged it.
        """
        runs = self._driver.runs_of(sweep_id, [trial.number for trial in trials])
        by_trial: defaultdict[int, list[Run]] = defaultdict(list)
        for run in runs:
            by_trial[run.trial].append(run)
        with self._lock:
            known = self._known(sweep_id, metric, runs)
            return [_of_trial(by_trial[trial.number], known) for trial in trials]

    def _known(self, sweep_id: str, metric: str, runs: Sequence[Run]) -> _Known:
        """What is known of the runs, brought up to date."""
        known = self._kept.pop((sweep_id, metric), {})
        behind = [run for run in runs if run.id not in known or known[run.id][0] != run.rows]
        found = self._driver.store.last_values([run.id for run in behind if run.rows], metric)
        known.update((run.id, (run.rows, found.get(run.id))) for run in behind)
        self._kept[sweep_id, metric] = known
        while len(self._kept) > 1 and sum(map(len, self._kept.values())) > _KEPT:
            self._kept.popitem(last=False)
        return known


def _of_trial(runs: Sequence[Run], known: Mapping[str, tuple[int, float | None]]) -> float | None:
    """Of each repeat the latest run that logged it counts; a repeat that is finished goes before those that are not."""
    latest: dict[int, float] = {}
    for run in sorted(runs, key=lambda run: run.lease) if len(runs) > 1 else runs:
        value = known[run.id][1]
        if value is not None:
            latest[run.repeat] = value
    if len(latest) > 1:
        finished = {run.repeat for run in runs if run.state is RunState.FINISHED}
        done = [value for repeat, value in latest.items() if repeat in finished]
        return fmean(done) if done else [*latest.values()][-1]
    return next(iter(latest.values()), None)
