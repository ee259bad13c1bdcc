"""Trials that were measured elsewhere: they enter ended, once, and a restored state equals the one that lived."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from driven_sweep import sweep_file
from hypothesis import given
from hypothesis import strategies as st

from besom.engine import State, create_import, curve_from_columns, handle, restore
from besom.errors import ConfigError, OutOfOrder, WrongState
from besom.records import Cause, Curve, Failure, RunState, SweepState, TrialState
from besom.wire import Ask, Assignment, Command, Done, Import, Measured

FILE = sweep_file()
COUNTED = sweep_file(
    metric={"name": "loss", "goal": "maximize"}, besom={"fidelity": {"metric": "epoch", "max": 9}, "checkpoints": True}
)


def measured(number: int, *losses: float, ended: Any = "finished", **fields: Any) -> Measured:
    rows = tuple({"epoch": 2 * at, "loss": loss} for at, loss in enumerate(losses, 1))
    told = {"value": losses[-1] if losses else None, "started_at": 100.0 * number, "seconds": 50.0, "rows": rows}
    return Measured(number, {"lr": number / 100, "layers": 1}, ended, **{**told, **fields})


def imported(*trials: Measured, file: Any = FILE, is_last: bool = True) -> State:
    part = Import("imported", file, "elsewhere", trials, is_last=is_last)
    state, _ = create_import(part, 5000.0)
    return handle(state, part, 5000.0)[0]


def part(*trials: Measured, file: Any = FILE, is_last: bool = False) -> Import:
    return Import("imported", file, "elsewhere", trials, is_last=is_last)


def again(state: State) -> State:
    """The state as its records and the curves kept of them give it; a plan equals itself only."""
    found = restore(state.sweep, state.trials.values(), state.runs.values(), state.curves)
    return replace(found, plan=state.plan)


def test_a_sweep_enters_ended_with_its_own_times() -> None:
    state = imported(measured(1, 3.0, 2.0), measured(2, 1.0, name="swift", id="abc"))
    sweep, trial, run = state.sweep, state.trials[2], state.runs_of(2)[0]
    assert (sweep.state, sweep.why) == (SweepState.FINISHED, "imported from elsewhere")
    assert (sweep.created_at, sweep.started_at, sweep.ended_at) == (5000.0, 100.0, 250.0)
    assert (trial.state, trial.value, trial.created_at, trial.ended_at, trial.seconds) == (
        TrialState.FINISHED, 1.0, 200.0, 250.0, 50.0,
    )  # fmt: skip
    assert (trial.reason.phase, trial.reason.details) == ("imported", {"name": "swift", "id": "abc"})
    assert (run.state, run.rows, run.fidelity, run.ended_at) == (RunState.FINISHED, 1, 1.0, 250.0)
    assert state.incumbent is trial
    assert state.curves[state.runs_of(1)[0].id] == Curve([(1.0, 3.0), (2.0, 2.0)])
    assert state.observation(1).seconds == 50.0


@pytest.mark.parametrize(
    ("trial", "state", "cause", "value"),
    [
        (measured(1, 2.0, math.nan), TrialState.FAILED, Cause.NOT_FINITE, 2.0),
        (measured(1), TrialState.FAILED, Cause.NO_METRIC, None),
        (measured(1, 2.0, ended="failed"), TrialState.FAILED, Cause.TOLD, 2.0),
        (measured(1, ended="failed", failure=Failure(Cause.SIGNAL)), TrialState.FAILED, Cause.SIGNAL, None),
        (measured(1, 2.0, ended="stopped"), TrialState.STOPPED, None, 2.0),
        (measured(1, ended="stopped"), TrialState.STOPPED, None, None),
        (measured(1, value=0.5), TrialState.FINISHED, None, 0.5),
    ],
)
def test_how_a_trial_ended(trial: Measured, state: TrialState, cause: Cause | None, value: float | None) -> None:
    after = imported(trial)
    found = after.trials[1]
    assert (found.state, found.failure and found.failure.cause, found.value) == (state, cause, value)
    assert (found.ended_by is not None) == (state is TrialState.STOPPED)
    assert repr(again(after)) == repr(after)  # NaN differs from itself


def test_no_agent_gets_a_run_of_it_before_or_after_its_end() -> None:
    for is_last in (False, True):
        state = imported(measured(1, 1.0), is_last=is_last)
        after, instructions = handle(state, Ask("a", "r"), 6000.0)
        assert isinstance(instructions.reply, Done)
        assert after == state


def test_a_part_that_is_sent_again_changes_nothing_even_after_the_end() -> None:
    first = part(measured(1, 3.0), measured(2, 1.0))
    last = part(measured(3, 2.0, 4.0), is_last=True)
    state, _ = create_import(first, 5000.0)
    for message in (first, first, last):
        state, _ = handle(state, message, 5000.0)
    for message in (first, last):
        after, instructions = handle(state, message, 9000.0)
        assert after == state
        assert instructions.save == instructions.histories == ()


def test_a_long_history_comes_in_pieces() -> None:
    whole = measured(1, *map(float, range(9)), value=0.25)
    state = imported(replace(whole, rows=whole.rows[:4]), file=COUNTED, is_last=False)
    for first, end in ((2, 6), (6, 9), (0, 9)):
        piece = replace(whole, first_row=first, rows=whole.rows[first:end])
        state, _ = handle(state, part(piece, file=COUNTED), 5000.0)
    state, _ = handle(state, part(file=COUNTED, is_last=True), 5000.0)
    assert (state.trials[1].fidelity, state.trials[1].value) == (18.0, 0.25)
    assert state.totals.fidelity == 18.0
    assert state == replace(imported(whole, file=COUNTED), plan=state.plan)
    assert again(state) == state


def test_gaps_foreign_configurations_and_other_sweeps_are_refused() -> None:
    state = imported(measured(1, 1.0), is_last=False)
    with pytest.raises(OutOfOrder) as refused:
        handle(state, part(measured(3, 1.0)), 0.0)
    assert refused.value.expected == 2
    with pytest.raises(OutOfOrder):
        handle(state, part(measured(1, 1.0, first_row=5)), 0.0)
    with pytest.raises(ConfigError, match="layers"):
        handle(state, part(replace(measured(2), config={"lr": 0.1})), 0.0)
    with pytest.raises(WrongState, match="another file"):
        handle(state, part(measured(2), file={**FILE, "name": "other"}), 0.0)
    with pytest.raises(WrongState, match="is finished"):
        handle(imported(measured(1, 1.0)), part(measured(2, 1.0)), 0.0)


def test_a_person_may_let_the_search_go_on_from_it() -> None:
    state = imported(measured(1, 3.0), measured(2, 1.0))
    state, _ = handle(state, Command("resume"), 6000.0)
    state, instructions = handle(state, Ask("a", "r"), 6001.0)
    assert isinstance(instructions.reply, Assignment)
    assert instructions.reply.trial == 3
    assert instructions.reply.run_id not in {run.id for number in (1, 2) for run in state.runs_of(number)}


def test_an_import_without_a_sweep_file_has_nothing_to_go_on_with() -> None:
    inferred = {key: value for key, value in FILE.items() if key != "program"}
    state = imported(measured(1, 3.0), measured(2, 1.0, ended="stopped"), file=inferred)
    for wish in (Command("resume"), Command("resume_trial", trial=2)):
        with pytest.raises(WrongState, match=r"no program .* `besom import wandb FILE... --sweep sweep.yaml`"):
            handle(state, wish, 6000.0)


def test_an_import_by_a_file_that_a_function_runs_may_go_on() -> None:
    functions = replace(part(measured(1, 3.0), file={**FILE, "program": None}, is_last=True), folder="/home/me")
    state, _ = create_import(functions, 5000.0)
    state, _ = handle(state, functions, 5000.0)
    state, _ = handle(state, Command("resume"), 6000.0)
    assert state.sweep.state is SweepState.RUNNING


@given(
    st.lists(
        st.tuples(
            st.lists(st.floats(-10, 10) | st.just(math.nan), max_size=4),
            st.sampled_from(["finished", "stopped", "failed"]),
        ),
        max_size=6,
    ),
    st.sampled_from([FILE, COUNTED]),
    st.integers(1, 3),
)
def test_a_restored_import_equals_the_one_that_lived(trials: Any, file: Any, at_once: int) -> None:
    told = [measured(number, *losses, ended=ended) for number, (losses, ended) in enumerate(trials, 1)]
    state, _ = create_import(part(file=file), 5000.0)
    kept: dict[str, list[Any]] = {}
    for begin in range(0, len(told), at_once):
        state, instructions = handle(state, part(*told[begin : begin + at_once], file=file), 5000.0)
        for each in instructions.histories:
            kept.setdefault(each.run_id, []).extend(each.rows)
    curves = {}
    for run_id, rows in kept.items():
        at, losses = np.arange(len(rows)), np.array([row["loss"] for row in rows])
        epochs = np.array([float(row["epoch"]) for row in rows])
        curves[run_id] = curve_from_columns(state.plan, at, losses, at, epochs)
    found = restore(state.sweep, state.trials.values(), state.runs.values(), curves)
    assert repr(found) == repr(replace(state, plan=found.plan))
