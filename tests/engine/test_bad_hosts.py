"""A host on which trials fail that do not fail elsewhere: it is set aside, and no trial is lost by it."""

from __future__ import annotations

import heapq
from typing import Any

import pytest
from driven_sweep import Driven, sweep_file

from besom.engine import restore
from besom.errors import UnknownName
from besom.records import Cause, Failure, SweepState, TrialState
from besom.wire import Ask, Assignment, Done, Wait

BROKEN = Failure(Cause.EXIT_CODE, "CUDA driver initialization failed", exit_code=1)
OUT_OF_MEMORY = Failure(Cause.CUDA_OUT_OF_MEMORY, "CUDA out of memory")
BAD = "node10"


class Lab:
    """Nodes that work on a sweep, an agent each: `seconds` is how long a run takes there, `fails` whether it fails."""

    def __init__(self, sweep: Driven, nodes: list[str], seconds: Any, fails: Any) -> None:
        self.sweep, self.seconds, self.fails = sweep, seconds, fails
        self.executed: dict[str, list[int]] = {node: [] for node in nodes}
        self._due: list[tuple[float, int, str, Assignment | None]] = []
        for node in nodes:
            self._put(node, 0.0, None)

    def _put(self, node: str, seconds: float, run: Assignment | None) -> None:
        heapq.heappush(self._due, (self.sweep.now + seconds, len(self._due) + self.sweep._asked, node, run))

    def work(self) -> None:
        """Until the sweep tells all agents to go, or has them wait for very long."""
        until = self.sweep.now + 30 * 86400
        while self._due and self.sweep.now < until:
            at, _, node, run = heapq.heappop(self._due)
            self.sweep.now = max(self.sweep.now, at)
            if run is not None:
                self._end(node, run)
            answer = self.sweep.ask(node, host=node)
            if isinstance(answer, Assignment):
                self.executed[node].append(answer.trial)
                self._put(node, self.seconds(node), answer)
            elif isinstance(answer, Wait):
                self._put(node, max(answer.seconds, 60.0), None)

    def _end(self, node: str, run: Assignment) -> None:
        if self.fails(node, run):
            self.sweep.finish(run, "failed", BROKEN)
        else:
            self.sweep.report(run, {"loss": run.config["lr"]})
            self.sweep.finish(run)


def states(sweep: Driven) -> list[TrialState]:
    return [trial.state for trial in sweep.state.trials.values()]


def test_one_of_ten_nodes_that_fails_at_once_costs_no_trial_and_few_runs() -> None:
    sweep = Driven(sweep_file(run_cap=500))
    nodes = [f"node{i}" for i in range(1, 11)]
    lab = Lab(sweep, nodes, lambda node: 5.0 if node == BAD else 600.0, lambda node, _: node == BAD)
    lab.work()
    assert sweep.state.sweep.state is SweepState.FINISHED
    assert states(sweep) == [TrialState.FINISHED] * 500
    assert len(lab.executed[BAD]) <= 4
    (aside,) = sweep.state.sweep.set_aside
    assert (aside.host, aside.runs, aside.causes) == (BAD, len(lab.executed[BAD]), (BROKEN.message,))
    assert sorted(aside.worked) == sorted(aside.trials) == lab.executed[BAD]
    assert not aside.failed


def test_three_bad_nodes_of_ten_are_all_found() -> None:
    sweep = Driven(sweep_file(run_cap=300))
    bad = {"node2", "node5", BAD}
    nodes = [f"node{i}" for i in range(1, 11)]
    lab = Lab(sweep, nodes, lambda node: 5.0 if node in bad else 600.0, lambda node, _: node in bad)
    lab.work()
    assert states(sweep) == [TrialState.FINISHED] * 300
    assert {aside.host for aside in sweep.state.sweep.set_aside} == bad
    assert sum(len(lab.executed[node]) for node in bad) <= 15


def test_a_node_that_breaks_after_days_is_found_too() -> None:
    sweep = Driven(sweep_file(run_cap=200))
    broken_at = sweep.now + 4000
    nodes = ["node1", "node2", BAD]

    def fails(node: str, run: Assignment) -> bool:
        return node == BAD and sweep.now > broken_at

    lab = Lab(sweep, nodes, lambda node: 5.0 if node == BAD and sweep.now > broken_at else 300.0, fails)
    lab.work()
    assert states(sweep) == [TrialState.FINISHED] * 200
    assert [aside.host for aside in sweep.state.sweep.set_aside] == [BAD]


def test_configurations_that_fail_anywhere_bring_no_node_into_disrepute() -> None:
    sweep = Driven(sweep_file(run_cap=300))
    nodes = [f"node{i}" for i in range(1, 7)]

    def fails(_: str, run: Assignment) -> bool:
        return run.config["lr"] > 0.6

    lab = Lab(sweep, nodes, lambda node: 60.0 + len(node), fails)
    lab.work()
    assert not sweep.state.sweep.set_aside
    assert [t.state is TrialState.FAILED for t in sweep.state.trials.values()] == [
        t.config["lr"] > 0.6 for t in sweep.state.trials.values()
    ]


def test_a_script_that_fails_everywhere_pauses_the_sweep_as_ever() -> None:
    sweep = Driven(sweep_file())
    while sweep.state.sweep.state is SweepState.RUNNING:
        runs = [sweep.assigned(node, node) for node in ("node1", "node2", "node3")]
        for run in runs:
            sweep.now += 3
            sweep.finish(run, "failed", BROKEN)
    assert sweep.state.sweep.state is SweepState.PAUSED
    assert "20 trials in a row failed" in sweep.state.sweep.why
    assert not sweep.state.sweep.set_aside


def suspected(sweep: Driven, failure: Failure = BROKEN, trials: int = 4) -> list[int]:
    """Have runs fail one after the other on one host while three others work; the trials' numbers."""
    live = [sweep.assigned(f"a{i}", f"good{i}") for i in range(3)]
    sweep.now += 30
    failed = []
    for _ in range(trials):
        for run in live:
            sweep.report(run, {"loss": 1.0})
        run = sweep.ask("b", host="bad")
        if isinstance(run, Wait):
            break
        sweep.now += 2
        sweep.finish(run, "failed", failure)
        failed.append(run.trial)
    sweep.live = live  # type: ignore[attr-defined]
    return failed


@pytest.fixture
def sweep() -> Driven:
    return Driven(sweep_file())


def test_its_trials_go_on_as_if_they_had_never_failed(sweep: Driven) -> None:
    failed = suspected(sweep)
    assert failed == [4, 5, 6]
    assert [sweep.state.trials[n].state for n in failed] == [TrialState.WAITING] * 3
    assert sweep.state.sweep.failures_in_a_row == 0
    assert all(sweep.state.observation(n).failure is None for n in failed)
    wait = sweep.ask("b", host="bad")
    assert isinstance(wait, Wait)
    assert "bad is set aside" in wait.why
    assert sweep.assigned("c", "good9").trial == 4


def test_trials_that_fail_elsewhere_too_acquit_it(sweep: Driven) -> None:
    failed = suspected(sweep)
    for number in failed[:2]:
        run = sweep.assigned("c", "good9")
        assert run.trial == number
        sweep.finish(run, "failed", BROKEN)
    assert not sweep.state.sweep.set_aside
    assert [sweep.state.trials[n].state for n in failed[:2]] == [TrialState.FAILED] * 2
    again = sweep.assigned("b", "bad")
    assert again.trial == failed[2]
    sweep.finish(again, "failed", BROKEN)
    assert not sweep.state.sweep.set_aside, "what it did before it was acquitted counts no more"


def test_a_trial_that_works_elsewhere_outweighs_one_that_does_not(sweep: Driven) -> None:
    suspected(sweep)
    for ended in ("failed", "finished", "failed"):
        run = sweep.assigned("c", "good9")
        if ended == "finished":
            sweep.report(run, {"loss": 1.0})
        sweep.finish(run, ended, BROKEN if ended == "failed" else None)
    assert not sweep.state.sweep.set_aside, "two of three failed elsewhere"
    suspected_again = Driven(sweep_file())
    suspected(suspected_again)
    for ended in ("finished", "failed", "finished"):
        run = suspected_again.assigned("c", "good9")
        suspected_again.report(run, {"loss": 1.0})
        suspected_again.finish(run, ended, BROKEN if ended == "failed" else None)
    (aside,) = suspected_again.state.sweep.set_aside
    assert (aside.worked, aside.failed) == ((4, 6), (5,))


def test_a_person_puts_it_back_and_it_is_judged_anew(sweep: Driven) -> None:
    suspected(sweep)
    with pytest.raises(UnknownName, match="which are: bad"):
        sweep.command("resume_host", host="good0")
    sweep.command("resume_host", host="bad")
    assert not sweep.state.sweep.set_aside
    for _ in range(2):
        sweep.finish(sweep.assigned("b", "bad"), "failed", BROKEN)
    assert not sweep.state.sweep.set_aside
    with pytest.raises(UnknownName, match="which are: none"):
        sweep.command("resume_host", host="bad")


def test_what_is_still_under_way_on_it_is_not_held_against_its_trial_either(sweep: Driven) -> None:
    early = sweep.assigned("b2", "bad")
    failed = suspected(sweep, trials=5)
    assert failed
    (before,) = sweep.state.sweep.set_aside
    assert sweep.finish(early, "failed", BROKEN).state is TrialState.WAITING
    (aside,) = sweep.state.sweep.set_aside
    assert aside.trials == (*before.trials, early.trial)
    assert aside.runs == before.runs + 1


def test_a_trial_that_failed_on_a_good_host_is_not_forgiven_for_failing_on_a_bad_one() -> None:
    repeated = Driven(sweep_file(besom={"repeats": {"count": 2}}))
    here, there = repeated.assigned("b2", "bad"), repeated.assigned("g", "good9")
    assert here.trial == there.trial
    suspected(repeated, trials=9)
    assert repeated.state.sweep.set_aside
    assert repeated.finish(there, "failed", BROKEN).state is TrialState.FAILED
    assert repeated.finish(here, "failed", BROKEN).state is TrialState.FAILED
    assert here.trial not in repeated.state.sweep.set_aside[0].trials


def test_trials_that_have_failed_elsewhere_before_say_nothing_of_it() -> None:
    retried = Driven(sweep_file(besom={"retries": 1}))
    live = [retried.assigned(f"a{i}", f"good{i}") for i in range(3)]
    retried.now += 30
    for _ in range(5):
        for run in live:
            retried.report(run, {"loss": 1.0})
        retried.finish(retried.assigned("c", "good9"), "failed", BROKEN)
        assert retried.finish(retried.assigned("b", "bad"), "failed", BROKEN).state is TrialState.FAILED
    assert not retried.state.sweep.set_aside


def test_a_success_between_the_failures_speaks_for_it(sweep: Driven) -> None:
    live = [sweep.assigned(f"a{i}", f"good{i}") for i in range(3)]
    sweep.now += 30
    for number in range(8):
        for run in live:
            sweep.report(run, {"loss": 1.0})
        run = sweep.assigned("b", "bad")
        if number % 3 == 2:
            sweep.report(run, {"loss": 1.0})
        sweep.finish(run, *(("finished",) if number % 3 == 2 else ("failed", BROKEN)))
    assert not sweep.state.sweep.set_aside


def test_a_host_alone_is_never_set_aside(sweep: Driven) -> None:
    for _ in range(19):
        sweep.finish(sweep.assigned("b", "only"), "failed", BROKEN)
    assert not sweep.state.sweep.set_aside
    assert sweep.state.sweep.failures_in_a_row == 19


def test_hosts_that_do_not_say_who_they_are_are_none(sweep: Driven) -> None:
    live = [sweep.assigned(f"a{i}", f"good{i}") for i in range(3)]
    sweep.now += 30
    for _ in range(6):
        for run in live:
            sweep.report(run, {"loss": 1.0})
        sweep.finish(sweep.assigned("b"), "failed", BROKEN)
    assert not sweep.state.sweep.set_aside


def test_running_out_of_memory_is_the_configurations_affair(sweep: Driven) -> None:
    assert len(suspected(sweep, OUT_OF_MEMORY, trials=8)) == 8
    assert not sweep.state.sweep.set_aside


def test_a_host_whose_neighbours_have_not_lived_longer_is_not_suspected_yet(sweep: Driven) -> None:
    live = [sweep.assigned(f"a{i}", f"good{i}") for i in range(3)]
    for _ in range(3):
        run = sweep.assigned("b", "bad")
        sweep.now += 2
        for each in live:
            sweep.report(each, {"loss": 1.0})
        sweep.finish(run, "failed", BROKEN)
        if sweep.now < 1000 + 2 * 2:
            assert not sweep.state.sweep.set_aside
    assert len(sweep.state.sweep.set_aside) == 1


def test_an_exhausted_sweep_ends_though_only_a_host_set_aside_still_asks() -> None:
    grid = Driven(sweep_file(method="grid", parameters={"a": {"values": list(range(6))}}))
    failed = suspected(grid, trials=3)
    assert grid.state.sweep.set_aside
    for run in [*grid.live, *(grid.assigned("c", "good9") for _ in failed)]:  # type: ignore[attr-defined]
        assert isinstance(grid.ask("b", host="bad"), Wait)
        grid.report(run, {"loss": 1.0})
        grid.finish(run)
    assert isinstance(grid.ask("b", host="bad"), Done)
    assert grid.state.sweep.state is SweepState.FINISHED
    assert states(grid) == [TrialState.FINISHED] * 6


def test_a_restart_knows_which_hosts_are_set_aside_and_why(sweep: Driven) -> None:
    suspected(sweep)
    state = sweep.state
    again = restore(state.sweep, state.trials.values(), state.runs.values(), state.curves)
    assert again.sweep == state.sweep
    assert again.open == state.open
    assert state.sweep in [record for instructions in sweep.instructions for record in instructions.save]
    sweep.state = again
    assert isinstance(sweep.handle(Ask("b", "again", "bad")), Wait)


def test_repeats_that_were_told_to_end_with_their_trial_are_run_again_once_it_is_brought_back() -> None:
    repeated = Driven(sweep_file(besom={"repeats": {"count": 2}}))
    live = [repeated.assigned(f"a{i}", f"good{i}") for i in range(2)]  # both repeats of trial 1
    first, second = repeated.assigned("b", "bad"), repeated.assigned("g", "good3")
    assert (first.trial, second.trial) == (2, 2)
    repeated.now += 30
    for run in (*live, second):
        repeated.report(run, {"loss": 1.0})
    repeated.finish(first, "failed", BROKEN)
    assert repeated.state.runs[second.run_id].ordered == "stop"
    while not repeated.state.sweep.set_aside:
        for run in live:
            repeated.report(run, {"loss": 1.0})
        repeated.now += 1
        repeated.finish(repeated.assigned("b", "bad"), "failed", BROKEN)
    assert repeated.state.trials[2].state is TrialState.RUNNING
    assert repeated.finish(second, "stopped").state is TrialState.WAITING
