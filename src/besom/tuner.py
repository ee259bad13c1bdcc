"""The search without server, agents or files: ask, report, tell, in the caller's own process."""

from __future__ import annotations

import json
import secrets
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from besom.encoding import from_json, to_json
from besom.engine import create, handle, restore
from besom.errors import MessageError, StoreError, SweepFileError, UnknownName, WrongState
from besom.measured import Measured, objective_of, step_of
from besom.records import Cause, Curve, Failure, Reason, Run, Sweep, Trial, TrialState
from besom.wire import Ask, Assignment, Command, Finish, Order, Report

_VERSION = 1
_LINES_OF_TRACEBACK = 20


@dataclass(frozen=True, slots=True)
class AskedTrial:
    """A trial to run now.

    Attributes:
        id: Its number: name it in `report`, `tell` and `fail`.
        config: The configuration, nested where the sweep file nests.
        until: Fidelity to run to; None for as far as you like. With checkpoints save one there: whoever ends there has
            paused the trial, and `ask` gives it out again if it is worth more. Without, it is the most that there is.
        fidelity: Where it was paused; 0 for one that begins.
        reason: Why this configuration.
        seed: A seed of its own, for whatever is random in it.
    """

    id: int
    config: Mapping[str, Any]
    until: float | None
    fidelity: float
    reason: Reason
    seed: int


class Tuner:
    """Ask for configurations, report what they measure, tell how they end.

    Several trials may be asked for before one is told. The same seed and the same observations give the same
    suggestions, also after `save` and `load`.

    Example:
        tuner = besom.Tuner({"method": "bayes", "metric": {"name": "loss"}, "run_cap": 20,
                             "parameters": {"x": {"min": 0.0, "max": 1.0}}})
        while trial := tuner.ask():
            tuner.tell(trial.id, (trial.config["x"] - 0.3) ** 2)
        print(tuner.best.config)
    """

    def __init__(self, config: Mapping[str, Any] | str | Path, *, clock: Callable[[], float] = time.time) -> None:
        """A tuner for a sweep file's content, or its path.

        Raises:
            SweepFileError: The file cannot be run; every problem is named.
        """
        raw = _content(config)
        self._clock = clock
        self._state, _ = create("tuner", raw, secrets.randbits(32), "", clock())

    @property
    def sweep(self) -> Sweep:
        """Where the sweep stands, and why."""
        return self._state.sweep

    @property
    def trials(self) -> list[Trial]:
        """All trials, by number."""
        return [self._state.trials[number] for number in sorted(self._state.trials)]

    @property
    def best(self) -> Trial | None:
        """The incumbent: the best trial that has ended; None while there is none."""
        return self._state.incumbent

    def ask(self) -> AskedTrial | None:
        """A trial to run: a new one, or a paused one to go on with.

        None when the budget is spent, the space is exhausted or the sweep is paused (`sweep.why` says which), and while
        all that is wanted is under way.
        """
        request = Ask("tuner", str(self._state.last_lease + 1))
        answer = self._handle(request)
        if not isinstance(answer, Assignment):
            return None
        reason = self._state.trials[answer.trial].reason
        return AskedTrial(answer.trial, answer.config, answer.until, answer.fidelity, reason, answer.seed)

    def report(self, trial_id: int, step: float, value: Measured) -> Order:
        """What the trial shall do after it measured `value` at fidelity `step`: "continue", "pause" or "stop".

        After "pause" or "stop" the trial is over (a paused one comes back from `ask`) and need not be told.

        Args:
            trial_id: Its number.
            step: How far it is, in the fidelity's unit.
            value: The objective, or a dict that has it under its name.

        Raises:
            UnknownName: No such trial.
            WrongState: It is not under way, or the sweep names no metric.
            MessageError: `step` is no finite number, or `value` no number.
        """
        run = self._run(trial_id)
        fidelity = step_of(step, f"trial {trial_id}")
        row = {self.metric: objective_of(value, self.metric, f"trial {trial_id}")}
        if self._state.plan.fidelity_metric is not None:
            row[self._state.plan.fidelity_metric] = fidelity
        receipt = self._handle(Report(run.id, run.lease, run.rows, (row,)))
        order: Order = receipt.order
        if order != "continue":
            self._handle(Finish(run.id, run.lease, "paused" if order == "pause" else "stopped"))
        return order

    def tell(self, trial_id: int, value: Measured | None = None) -> None:
        """End a trial with its final objective, or with the last one reported. NaN makes it a failure.

        A trial that was told to stop or pause has ended already: telling it changes nothing.

        Args:
            trial_id: Its number.
            value: The objective, or a dict that has it under its name; None for the last one reported.

        Raises:
            UnknownName: No such trial.
            WrongState: It was told or failed before.
            MessageError: `value` is no number, or missing where nothing was reported; the trial is still under way.
        """
        if self._trial(trial_id).state in (TrialState.STOPPED, TrialState.PAUSED):
            return
        run = self._run(trial_id)
        if value is None and not self._has_measured(run):
            law = f"tell needs a value where none was reported, got neither; give {self.metric}"
            raise MessageError(f"trial {trial_id}: {law}, or call fail({trial_id}, why).")
        summary = {} if value is None else {self.metric: objective_of(value, self.metric, f"trial {trial_id}")}
        self._handle(Finish(run.id, run.lease, "finished", summary=summary))

    def fail(self, trial_id: int, cause: str | BaseException = "") -> None:
        """End a trial that could not be measured: for the search a failure is not the same as a bad score.

        Raises:
            UnknownName: No such trial.
            WrongState: It is not under way.
        """
        run = self._run(trial_id)
        if isinstance(cause, BaseException):
            lines = "".join(traceback.format_exception(cause)).splitlines()[-_LINES_OF_TRACEBACK:]
            failure = Failure(Cause.EXCEPTION, f"{type(cause).__name__}: {cause}", last_lines="\n".join(lines))
        else:
            failure = Failure(Cause.TOLD, cause)
        self._handle(Finish(run.id, run.lease, "failed", failure))

    def add(self, config: Mapping[str, Any]) -> None:
        """Have a configuration tried next; parameters left out are drawn.

        A value that no draw would give is warned of: it is tried, but the search does not come near it.

        Raises:
            ConfigError: It does not belong to the space.
        """
        self._handle(Command("enqueue", config=config))
        space = self._state.plan.space
        for line in space.outside(space.flatten(config)):
            warnings.warn(f"{line}; it is run all the same, but the search will not come near it.", stacklevel=2)

    def save(self, path: str | Path) -> None:
        """Write everything to a file, whole or not at all.

        Raises:
            StoreError: The file cannot be written.
        """
        curves = {run_id: _listed(self._own_curve(run_id)) for run_id in self._state.runs}
        content = {
            "version": _VERSION,
            "sweep": to_json(self._state.sweep),
            "trials": [to_json(trial) for trial in self._state.trials.values()],
            "runs": [to_json(run) for run in self._state.runs.values()],
            "curves": curves,
        }
        target = Path(path)
        try:
            with tempfile.NamedTemporaryFile("w", dir=target.parent, prefix=target.name, delete=False) as file:
                json.dump(content, file)
            Path(file.name).replace(target)
        except OSError as error:
            raise StoreError(
                f"{target}: cannot be written: {error.strerror}; choose another path or make room"
            ) from error

    @classmethod
    def load(cls, path: str | Path, *, clock: Callable[[], float] = time.time) -> Tuner:
        """The tuner that was saved: it goes on as if it had never stopped. Trials that were under way still are.

        Raises:
            StoreError: The file cannot be read, or is not a tuner's.
        """
        try:
            content = json.loads(Path(path).read_text())
            if content["version"] > _VERSION:
                raise StoreError(f"{path}: written by a newer besom (format {content['version']}); update besom")
            tuner = cls.__new__(cls)
            tuner._clock = clock
            tuner._state = restore(
                from_json(Sweep, content["sweep"]),
                [from_json(Trial, trial) for trial in content["trials"]],
                [from_json(Run, run) for run in content["runs"]],
                {run_id: Curve(points) for run_id, points in content["curves"].items()},
            )
        except OSError as error:
            raise StoreError(f"{path}: cannot be read: {error.strerror}") from error
        except (KeyError, TypeError, ValueError) as error:
            raise StoreError(f"{path}: is not a saved tuner ({error})") from error
        return tuner

    @property
    def is_bounded(self) -> bool:
        """Whether the search ends by itself: by a budget, in a finite space, or where nothing more is to be gained."""
        plan = self._state.plan
        given = plan.file.besom.stop_when
        ends_itself = plan.file.method == "bayes" and (given is None or given.gain != "never")
        return bool(self._state.allowed()) or plan.space.size is not None or ends_itself

    @property
    def metric(self) -> str:
        """The objective's name.

        Raises:
            WrongState: The sweep file names none.
        """
        metric = self._state.plan.metric
        if metric is None:
            raise WrongState("metric: the sweep file names none, so there is nothing to report; add metric: {name: …}")
        return metric

    def _handle(self, message: Ask | Report | Finish | Command) -> Any:
        self._state, instructions = handle(self._state, message, self._clock())
        return instructions.reply

    def _trial(self, trial_id: int) -> Trial:
        trial = self._state.trials.get(trial_id)
        if trial is None:
            raise UnknownName(f"trial {trial_id}: asked so far are 1 to {len(self._state.trials)}")
        return trial

    def _run(self, trial_id: int) -> Run:
        live = self._state.live_runs(self._trial(trial_id).number)
        if not live:
            state = self._state.trials[trial_id].state
            raise WrongState(f"trial {trial_id}: is {state}, not under way; ask() gives the next one")
        return live[0]

    def _has_measured(self, run: Run) -> bool:
        """Whether there is an objective to end with, of this run or of an earlier one; always where there is none."""
        return self._state.plan.metric is None or run.rows > 0 or self._state.trials[run.trial].value is not None

    def _own_curve(self, run_id: str) -> Curve:
        """The part of a run's curve that it measured itself: what it inherited is put before it again by `restore`."""
        run, curve = self._state.runs[run_id], self._state.curves[run_id]
        if run.rows == 0:
            return Curve()
        if run.first_fidelity == 0:  # it began from nothing, wherever it counts from
            return curve
        return Curve((fidelity, value) for fidelity, value in _points(curve) if fidelity > run.first_fidelity)


def _content(config: Mapping[str, Any] | str | Path) -> Mapping[str, Any]:
    """A sweep file's content, which is given or at a path. Raises SweepFileError."""
    if isinstance(config, Mapping):
        return config
    if not isinstance(config, str | Path):
        law = "needs a sweep file's content as a dict, or its path"
        raise SweepFileError([f"config: {law}, got {config!r}; give {{'parameters': …}} or 'sweep.yaml'."])
    from besom.sweepfile import load

    return load(config).raw


def _points(curve: Curve) -> list[tuple[float, float]]:
    return list(zip(curve.fidelity, curve.values, strict=True))


def _listed(curve: Curve) -> list[list[float]]:
    return [list(point) for point in _points(curve)]
