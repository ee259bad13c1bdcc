import math
from dataclasses import replace

import numpy as np
import pytest

from besom.analysis.columns import TrialColumns
from besom.analysis.comparison import compare, incumbency
from besom.analysis.samples import samples_of
from besom.analysis.spent import spent_when_ended
from besom.analysis.thinning import shares, thinned
from besom.analysis.timeline import timeline
from besom.records import Reason, Run, RunState, Sweep, SweepState, Trial, TrialState


def trial(number, value, ended_at, state=TrialState.FINISHED, gpu_seconds=0.0):
    found = Trial("s", number, {}, Reason("random"), 0.0, state, ended_at, value, gpu_seconds=gpu_seconds)
    return replace(found, repeats_done=1)


def run(number, started_at, ended_at, agent="a", gpus=(), state=RunState.FINISHED, fidelity=(0.0, 0.0)):
    found = Run(f"r{number}", "s", number, 0, 0, number, agent, "q", started_at, 0.0, state, ended_at)
    return replace(found, gpus=gpus, first_fidelity=fidelity[0], fidelity=fidelity[1])


SWEEP = Sweep("s", {}, 1, 0.0, SweepState.FINISHED, started_at=100.0)
TRIALS = [
    trial(1, 3.0, 3700.0, gpu_seconds=3600.0),
    trial(2, None, 1900.0, TrialState.FAILED, gpu_seconds=1800.0),
    trial(3, 1.0, 7300.0),
    trial(4, None, None, TrialState.RUNNING),
]
RUNS = [run(1, 100, 900, fidelity=(0, 3)), run(1, 900, 3700, fidelity=(3, 10)), run(2, 100, 1900, fidelity=(0, 2))]


@pytest.mark.parametrize(
    ("unit", "spent"),
    [("trials", [1, 2, 3]), ("hours", [0.5, 1, 2]), ("gpu_hours", [0.5, 1.5, 1.5]), ("epochs", [2, 12, 12])],
)
def test_what_was_spent_when_each_trial_ended(unit, spent):
    columns = TrialColumns(TRIALS, "minimize")
    assert spent_when_ended(columns, SWEEP, lambda: RUNS, unit).tolist() == pytest.approx(spent)


def test_an_incumbency_has_a_step_for_each_improvement_and_ends_with_the_last_trial():
    found = incumbency(TrialColumns(TRIALS, "minimize"), SWEEP, "loss", lambda: RUNS, "hours")
    assert (found.spent, found.best, found.holders) == ((1.0, 2.0, 2.0), (3.0, 1.0, 1.0), (1, 3, 3))


def test_sweeps_are_ordered_worst_first_and_those_of_another_aim_are_apart():
    columns = TrialColumns(TRIALS, "minimize")
    good, bad, other = (replace(SWEEP, id=name) for name in ("good", "bad", "other"))
    found = compare(
        [
            incumbency(columns, good, "loss", lambda: RUNS, "trials"),
            incumbency(TrialColumns(TRIALS[:1], "minimize"), bad, "loss", lambda: RUNS, "trials"),
            incumbency(TrialColumns(TRIALS, "maximize"), other, "loss", lambda: RUNS, "trials"),
        ]
    )
    assert [line.sweep.id for line in found.lines] == ["bad", "good"]
    assert [sweep.id for sweep in found.others] == ["other"]


def test_thinned_points_keep_the_best_of_each_cell_and_count_what_they_stand_for():
    rng = np.random.default_rng(0)
    x, y = rng.random(5000), rng.random(5000)
    found = thinned(x, y, y, 300, ((0.0, 1.0), (0.0, 1.0)))
    assert len(found.at) <= 300
    assert 5000 <= found.counts.sum() <= 5000 + 27
    assert int(np.argmin(y)) in found.at
    columns = (x * int(np.sqrt(300 * 2.6))).astype(int)
    assert {int(np.flatnonzero(columns == at)[np.argmin(y[columns == at])]) for at in set(columns)} <= set(found.at)
    assert np.all(np.diff(found.at) > 0)
    assert thinned(x[:9], y[:9], y[:9], 300, ((0.0, 1.0), (0.0, 1.0))).at.tolist() == list(range(9))


def test_shares_of_stretches_add_up():
    is_in = np.arange(1000) % 4 == 0
    assert shares(is_in, 10).tolist() == pytest.approx([0.25] * 10)


def test_rows_are_agents_and_their_gpus_and_lanes_where_runs_overlap():
    found = timeline([run(1, 0, 9, "b", ("0", "1")), run(2, 1, 5), run(3, 2, 3), run(4, 4, None)], now=20.0)
    rows = [(row.agent_id, row.gpu, row.lane) for row in found.rows]
    assert rows == [("b", "0", 0), ("b", "1", 0), ("a", "", 0), ("a", "", 1)]
    assert found.at.tolist() == [0, 1, 2, 3, 3]
    assert found.ends.tolist() == [9.0, 9.0, 5.0, 3.0, 20.0]


def test_short_runs_share_bars_of_which_each_state_has_its_part_and_long_runs_have_their_own():
    states = [RunState.FAILED if at % 4 == 0 else RunState.FINISHED for at in range(3000)]
    runs = [run(at, float(at), at + 1.0, state=state) for at, state in enumerate(states)]
    runs.append(run(3000, 5000.0, 6000.0))
    found = timeline(runs, now=0.0, most=100)
    assert len(found.at) <= 100
    assert found.counts.sum() == 3001
    assert found.counts[found.states == list(RunState).index(RunState.FAILED)].sum() == 750
    assert (found.counts[-1], found.together[-1], found.runs[-1]) == (1, 1, 3000)
    for start in np.unique(found.starts):
        here = found.starts == start
        assert (found.highs - found.lows)[here].sum() == pytest.approx(1.0)
        assert found.counts[here].sum() == found.together[here][0]
    assert np.all(found.lows >= -1e-9)
    assert found.ends.max() == 6000.0


def test_samples_are_by_resource_in_order_of_time():
    rows = [{"_timestamp": 112.0, "cpu_percent": 5}, {"_runtime": 2.0, "cpu_percent": 7.0, "note": "x"}, {"a": 1.0}]
    found = samples_of(rows, started_at=100.0)
    assert {name: (each.seconds, each.amounts) for name, each in found.items()} == {
        "cpu_percent": ((2.0, 12.0), (7.0, 5.0))
    }
    assert math.isclose(found["cpu_percent"].seconds[1], 12.0)
