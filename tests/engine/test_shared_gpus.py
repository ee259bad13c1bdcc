"""GPU time of runs that share their GPU, and what strategies know of the memory that trials took."""

import pytest
from driven_sweep import Driven, sweep_file

from besom.engine import restore
from besom.engine.finishing import LOSSES_BEFORE_FAILURE
from besom.records import Cause, Failure, TrialState
from besom.wire import Ask, Finish, Report


def driven(**resources):
    return Driven(sweep_file(besom={"resources": resources, "budget": {"gpu_hours": 9}}))


def begun(sweep, request):
    return sweep.handle(Ask("a", request, "host", ("0",)))


@pytest.mark.parametrize(
    ("resources", "measured", "share"),
    [
        ({"per_gpu": "auto"}, {"gpu_share_mean": 0.4}, 0.4),
        ({"per_gpu": "auto"}, {}, 1.0),
        ({"per_gpu": 4}, {}, 0.25),
        ({}, {}, 1.0),
    ],
)
def test_a_run_is_charged_the_part_of_its_gpus_that_it_really_had(resources, measured, share):
    sweep = driven(**resources)
    run = begun(sweep, "1")
    sweep.now += 10
    sweep.handle(Report(run.run_id, run.lease, 0, [{"loss": 1.0}], resources=measured))
    assert sweep.state.spent(sweep.now)["gpu_hours"] == pytest.approx(10 * share / 3600)
    sweep.now += 10
    sweep.handle(Finish(run.run_id, run.lease, "finished", resources=measured))
    assert sweep.state.spent(sweep.now)["gpu_hours"] == pytest.approx(20 * share / 3600)
    assert sweep.state.trials[1].gpu_seconds == pytest.approx(20 * share)


def test_what_died_for_want_of_memory_while_it_shared_goes_on_and_is_not_a_failure():
    sweep = driven(per_gpu="auto")
    run = begun(sweep, "1")
    failure = Failure(Cause.CUDA_OUT_OF_MEMORY, "at 20 GB of 24 GB", needed_gb=26.0, limit_gb=24.0)
    sweep.handle(Finish(run.run_id, run.lease, "lost", failure))
    assert sweep.state.runs[run.run_id].failure == failure
    assert (sweep.state.trials[1].state, sweep.state.trials[1].failure) == (TrialState.WAITING, None)
    assert begun(sweep, "2").trial == 1


def test_what_dies_for_want_of_memory_again_and_again_while_it_shares_fails_of_that():
    sweep = driven(per_gpu="auto")
    failure = Failure(Cause.CUDA_OUT_OF_MEMORY, "at 20 GB of 24 GB", needed_gb=26.0, limit_gb=24.0)
    for request in range(LOSSES_BEFORE_FAILURE + 1):
        assert sweep.state.trials.get(1) is None or sweep.state.trials[1].state is TrialState.WAITING
        run = begun(sweep, str(request))
        sweep.handle(Finish(run.run_id, run.lease, "lost", failure))
    assert (sweep.state.trials[1].state, sweep.state.trials[1].failure) == (TrialState.FAILED, failure)
    assert sweep.state.observations[1].failure == failure


def test_strategies_know_the_peaks_of_trials_and_what_those_that_died_met_also_after_a_restart():
    sweep = driven()
    for request, ended, failure in (
        ("1", "finished", None),
        ("2", "failed", Failure(Cause.HOST_OUT_OF_MEMORY, "at 11.8 GB of 12 GB", needed_gb=11.8, limit_gb=12.0)),
    ):
        run = begun(sweep, request)
        sweep.handle(Report(run.run_id, run.lease, 0, [{"loss": 1.0}]))
        sweep.handle(Finish(run.run_id, run.lease, ended, failure, {"memory_gb_peak": 11.8}))
    seen = sweep.state.observations
    assert [seen[number].resources for number in (1, 2)] == [{"memory_gb_peak": 11.8}] * 2
    assert seen[2].failure is not None
    assert (seen[2].failure.needed_gb, seen[2].failure.limit_gb) == (11.8, 12.0)
    again = restore(sweep.state.sweep, sweep.state.trials.values(), sweep.state.runs.values(), dict(sweep.state.curves))
    assert again.observations == seen
