"""A function tuned in one's own process."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from besom.errors import SweepFileError, TrialsFailed
from besom.measured import Measured
from besom.records import SweepState, Trial, TrialState
from besom.sdk import Stopped
from besom.tuner import AskedTrial, Tuner

Objective = Callable[..., Measured | Generator[Measured, None, Any] | None]


@dataclass(frozen=True, slots=True)
class Tuned:
    """How a call of `tune` ended.

    Attributes:
        best: The best trial; None if none has ended with a value.
        trials: All trials, by number.
        why: What ended it.
    """

    best: Trial | None
    trials: list[Trial]
    why: str
    tuner: Tuner = field(repr=False)


def tune(function: Objective, config: Mapping[str, Any] | str | Path) -> Tuned:
    """The best configuration of `function`, searched in this process.

    Args:
        function: Called with a configuration. It returns the objective; or it is a generator that yields it after each
            epoch, and may be stopped early; or it takes a second argument, to be called as `report(step, value)`, which
            ends the function when the trial is to stop. A dict that has the objective under its name will do as well.
        config: A sweep file's content, or its path.

    Raises:
        SweepFileError: The file cannot be run; every problem is named.
        TrialsFailed: All trials failed, or twenty in a row. What the function raised last is its `__cause__`.
    """
    tuner = Tuner(config)
    if not tuner.is_bounded:
        raise SweepFileError(["besom.budget: the search would never end; give budget: {trials: N} or run_cap: N"])
    takes_report = len(inspect.signature(function).parameters) > 1
    raised: Exception | None = None
    while trial := tuner.ask():
        try:
            _run_once(tuner, trial, function, takes_report)
        except Stopped:
            continue
        except Exception as error:  # noqa: BLE001 - whatever a function raises is its trial's failure
            raised = error
            tuner.fail(trial.id, error)
    if (why := _in_vain(tuner)) is not None:
        raise TrialsFailed(
            f"besom.tune: {why}; the error's `trials` has the `failure` of each, with its last lines", tuner.trials
        ) from raised
    return Tuned(tuner.best, tuner.trials, tuner.sweep.why, tuner)


def _in_vain(tuner: Tuner) -> str | None:
    """Why the search came to nothing; None where it did not."""
    if tuner.sweep.state is SweepState.PAUSED:
        return tuner.sweep.why
    trials = tuner.trials
    if not trials or any(trial.state is not TrialState.FAILED for trial in trials):
        return None
    last = trials[-1].failure
    cause = f"{last.cause}: {last.message}" if last is not None else "unknown"
    return f"all {len(trials)} trials failed, trial {trials[-1].number} by {cause}; mend the cause"


def _run_once(tuner: Tuner, trial: AskedTrial, function: Objective, takes_report: bool) -> None:
    def report(step: float, measured: Measured) -> None:
        order = tuner.report(trial.id, step, measured)
        if order != "continue":
            raise Stopped(order, f"trial {trial.id} of besom.tune")

    config = dict(trial.config)
    result = function(config, report) if takes_report else function(config)
    if isinstance(result, Generator):
        for step, measured in enumerate(result, int(trial.fidelity) + 1):
            if tuner.report(trial.id, step, measured) != "continue":
                result.close()
                return
        tuner.tell(trial.id)
    else:
        tuner.tell(trial.id, result)
