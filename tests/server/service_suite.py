"""What every service must do, in process or over HTTP: subclass `ServiceSuite` and give it a `service` fixture."""

from __future__ import annotations

import math

import pytest

from besom.errors import ConfigError, LeaseLost, MessageError, OutOfOrder, SweepFileError, UnknownName, WrongState
from besom.records import Cause, Failure, RunState, SweepState, TrialState
from besom.service import Service
from besom.wire import Ask, Assignment, Command, Done, Finish, Hello, Import, Measured, Report

FILE = {
    "program": "train.py",
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"min": 0.0, "max": 1.0}, "opt": {"parameters": {"name": {"values": ["sgd", "adam"]}}}},
    "besom": {"seed": 3},
}


def assigned(service: Service, sweep_id: str, request: str = "r1", agent: str = "a") -> Assignment:
    answer = service.ask(sweep_id, Ask(agent, request))
    assert isinstance(answer, Assignment), answer
    return answer


class ServiceSuite:
    def test_a_sweep_is_made_and_found_by_id_prefix_and_path(self, service: Service):
        sweep = service.create_sweep(FILE, "/somewhere")
        assert (sweep.state, sweep.folder, dict(sweep.file)) == (SweepState.RUNNING, "/somewhere", FILE)
        for name in (sweep.id, sweep.id[:5], f"me/project/{sweep.id}"):
            assert service.sweep(name) == sweep
        assert service.sweeps() == [sweep]

    def test_a_wrong_sweep_file_is_refused_with_every_problem(self, service: Service):
        with pytest.raises(SweepFileError) as refused:
            service.create_sweep({"method": "rando", "parameters": {"lr": {"min": 2.0, "max": 1.0}}})
        assert "rando" in str(refused.value)
        assert refused.value.problems
        assert service.sweeps() == []

    def test_an_unknown_sweep_is_told_with_the_nearest(self, service: Service):
        sweep = service.create_sweep(FILE)
        with pytest.raises(UnknownName, match=sweep.id):
            service.sweep(sweep.id[:-1] + "?")

    def test_the_same_request_gets_the_same_run(self, service: Service):
        sweep = service.create_sweep(FILE)
        first = assigned(service, sweep.id)
        assert assigned(service, sweep.id) == first
        assert assigned(service, sweep.id, "r2").trial == first.trial + 1

    def test_history_comes_back_exactly(self, service: Service):
        run = assigned(service, service.create_sweep(FILE).id)
        rows = [
            {"loss": math.inf, "text": "NaN", "big": 2**60, "none": None},
            {},
            {"loss": 0.1 + 0.2, "epoch": 1, "list": [1, {"a": -math.inf}], "ü/é.": True},
        ]
        receipt = service.report(Report(run.run_id, run.lease, 0, rows, output="Grüße\n"))
        assert (receipt.next_row, receipt.next_byte) == (3, 8)
        assert service.rows(run.run_id) == rows
        service.report(Report(run.run_id, run.lease, 2, [rows[2], {"loss": math.nan}], output="e\nmore", output_from=6))
        found = service.rows(run.run_id, first=3)
        assert math.isnan(found[0]["loss"])
        assert len(found) == 1
        assert service.rows(run.run_id, first=1, limit=2) == rows[1:]
        assert service.output(run.run_id) == "Grüße\nmore"
        assert service.output(run.run_id, -4) == "more"
        assert service.metrics(run.run_id)[0] == "loss"

    def test_what_a_run_used_over_time_comes_back_once(self, service: Service):
        run = assigned(service, service.create_sweep(FILE).id)
        assert service.resource_rows(run.run_id) == []
        samples = [{"_runtime": float(at), "cpu_percent": 100.0, "gpu_percent.1": 7.5} for at in range(3)]
        service.report(Report(run.run_id, run.lease, samples=samples[:2]))
        service.report(Report(run.run_id, run.lease, 0, [{"loss": 1.0}], samples=samples))
        service.report(Report(run.run_id, run.lease))
        assert service.resource_rows(run.run_id) == samples
        assert service.metrics(run.run_id) == ["loss"]
        service.finish(Finish(run.run_id, run.lease, "finished"))
        assert service.resource_rows(run.run_id) == samples

    def test_curves_are_thinned_and_keep_their_extremes(self, service: Service):
        sweep = service.create_sweep(FILE)
        run = assigned(service, sweep.id)
        values = [1.0] * 1000
        values[314] = 9.0
        rows = [{"loss": value, "epoch": at * 2} for at, value in enumerate(values)]
        service.report(Report(run.run_id, run.lease, 0, rows))
        (curve,) = service.curves(sweep.id, "loss", x="epoch", points=50)
        assert len(curve.x) == len(curve.y) <= 50
        assert (curve.run_id, curve.trial, curve.x[0], curve.x[-1]) == (run.run_id, 1, 0.0, 1998.0)
        assert curve.x[curve.y.index(9.0)] == 628.0
        (by_row,) = service.curves(sweep.id, "loss", trial=1, points=5000)
        assert by_row.x == tuple(range(1000))
        assert service.curves(sweep.id, "loss", points=5000, trials=[7, 1]) == [by_row]
        assert service.curves(sweep.id, "loss", trials=[]) == service.curves(sweep.id, "loss", trials=[2]) == []
        assert service.curves(sweep.id, "accuracy") == []

    def test_a_gap_is_refused_with_what_is_expected(self, service: Service):
        run = assigned(service, service.create_sweep(FILE).id)
        with pytest.raises(OutOfOrder) as refused:
            service.report(Report(run.run_id, run.lease, 5, [{"loss": 1.0}]))
        assert refused.value.expected == 0

    def test_a_runs_end_brings_what_was_logged_last_and_sent_again_changes_nothing(self, service: Service):
        sweep = service.create_sweep(FILE)
        run = assigned(service, sweep.id)
        service.report(Report(run.run_id, run.lease, 0, [{"loss": 2.0}], "one\n"))
        last = Report(run.run_id, run.lease, 1, [{"loss": 1.0}], "two\n", 4, samples=[{"memory_gb": 1.5}])
        for _ in range(2):
            service.finish(Finish(run.run_id, run.lease, "finished", report=last))
        (ended,) = service.runs(sweep.id)
        assert (ended.state, ended.rows, ended.value) == (RunState.FINISHED, 2, 1.0)
        assert [row["loss"] for row in service.rows(run.run_id)] == [2.0, 1.0]
        assert service.output(run.run_id) == "one\ntwo\n"
        assert len(service.resource_rows(run.run_id)) == 1

    def test_what_runs_ended_with_is_their_last_numbers_and_what_their_script_set(self, service: Service):
        sweep = service.create_sweep(FILE)
        run, other = assigned(service, sweep.id), assigned(service, sweep.id, "r2")
        rows = [{"loss": 2.0, "epoch": 0, "acc": 0.5, "note": "x", "_step": 0}, {"loss": 1.0, "epoch": 1, "_step": 1}]
        service.report(Report(run.run_id, run.lease, 0, rows, summary={"acc": 0.75}))
        service.report(Report(other.run_id, other.lease, 0, [{"loss": 3.0}]))
        service.report(Report(run.run_id, run.lease, 2))
        so_far = {"loss": 1.0, "epoch": 1, "acc": 0.75}
        assert service.summaries(sweep.id) == {run.run_id: so_far, other.run_id: {"loss": 3.0}}
        test = {"confusion": [[1, 2], [0, 3]], "by": {"class": 0.5}}
        service.finish(Finish(run.run_id, run.lease, "finished", summary={"acc": 0.75, "test": test}))
        ended = {**so_far, "test.confusion": [[1, 2], [0, 3]], "test.by.class": 0.5}
        assert service.summaries(sweep.id, run.trial) == {run.run_id: ended}

    def test_an_end_whose_last_report_leaves_a_gap_or_is_anothers_is_refused_whole(self, service: Service):
        sweep = service.create_sweep(FILE)
        run, other = assigned(service, sweep.id), assigned(service, sweep.id, "r2")
        for last, refusal in [
            (Report(run.run_id, run.lease, 3, [{"loss": 1.0}]), OutOfOrder),
            (Report(other.run_id, other.lease, 0, [{"loss": 1.0}]), MessageError),
        ]:
            with pytest.raises(refusal):
                service.finish(Finish(run.run_id, run.lease, "finished", report=last))
        assert {each.state for each in service.runs(sweep.id)} == {RunState.RUNNING}
        assert {each.rows for each in service.runs(sweep.id)} == {0}

    def test_a_lost_lease_is_refused(self, service: Service):
        run = assigned(service, service.create_sweep(FILE).id)
        service.finish(Finish(run.run_id, run.lease, "lost"))
        with pytest.raises(LeaseLost):
            service.report(Report(run.run_id, run.lease, 0, [{"loss": 1.0}]))

    def test_progress_tells_best_failures_and_agents(self, service: Service):
        sweep = service.create_sweep({**FILE, "run_cap": 4})
        service.hello(Hello("a", "agent a", "here", 1, ("0",)))
        for number, loss in enumerate([2.0, 1.0, 3.0], 1):
            run = assigned(service, sweep.id, f"r{number}")
            service.report(Report(run.run_id, run.lease, 0, [{"loss": loss}]))
            service.finish(Finish(run.run_id, run.lease, "finished"))
        run = assigned(service, sweep.id, "r4")
        failure = Failure(Cause.SIGNAL, "killed", signal=9, last_lines="oh")
        service.finish(Finish(run.run_id, run.lease, "failed", failure))
        shown = service.progress(sweep.id[:6])
        assert shown.best is not None
        assert (shown.best.number, shown.best.value) == (2, 1.0)
        assert shown.counts == {"finished": 3, "failed": 1}
        assert shown.failures[0].failure == failure
        assert shown.first is not None
        assert shown.first.number == 1
        assert [agent.name for agent in shown.agents] == ["agent a"]
        assert (shown.goal, shown.metric, shown.budget["trials"]) == ("minimize", "loss", 4.0)
        assert [run.state for run in service.runs(sweep.id, 4)] == [RunState.FAILED]
        assert service.trial(sweep.id, 4).state is TrialState.FAILED
        assert [trial.number for trial in service.trials(sweep.id)] == [1, 2, 3, 4]
        assert isinstance(service.ask(sweep.id, Ask("a", "r5")), Done)
        with pytest.raises(UnknownName):
            service.trial(sweep.id, 5)

    def test_commands_change_the_sweep_or_say_why_not(self, service: Service):
        sweep = service.create_sweep(FILE)
        assert service.command(sweep.id, Command("pause")).state is SweepState.PAUSED
        service.command(sweep.id, Command("resume"))
        service.command(sweep.id, Command("enqueue", config={"lr": 0.25}))
        assert assigned(service, sweep.id).config["lr"] == 0.25
        with pytest.raises(ConfigError):
            service.command(sweep.id, Command("enqueue", config={"nosuch": 1}))
        assert service.command(sweep.id, Command("cancel")).state is SweepState.CANCELLED
        with pytest.raises(WrongState):
            service.command(sweep.id, Command("pause"))

    def test_trials_measured_elsewhere_come_in_once(self, service: Service):
        rows = [{"loss": 3.0, "note": "ü"}, {"loss": math.inf}, {"loss": 1.0}]
        config = {"lr": 0.5, "opt": {"name": "sgd"}}
        first = Measured(1, config, "finished", 1.0, None, "swift", "abc", 100.0, 50.0, rows=rows)
        second = Measured(2, config, "failed", None, Failure(Cause.LOST, "crashed"), started_at=200.0)
        parts = [
            Import("imp0rted", FILE, "elsewhere", [first]),
            Import("imp0rted", FILE, "elsewhere", [second], is_last=True),
        ]
        for part in parts:
            service.import_trials(part)
        told = service.sweep("imp0rted"), service.trials("imp0rted"), service.runs("imp0rted")
        for part in parts:
            assert service.import_trials(part) == told[0]
        assert (service.sweep("imp0rted"), service.trials("imp0rted"), service.runs("imp0rted")) == told
        assert (told[0].state, told[0].started_at, told[0].ended_at) == (SweepState.FINISHED, 100.0, 200.0)
        assert service.rows(told[2][0].id) == rows
        assert [curve.y for curve in service.curves("imp0rted", "loss")] == [(3.0, math.inf, 1.0)]
        best = service.progress("imp0rted").best
        assert best is not None
        assert (best.number, best.seconds, best.created_at) == (1, 50.0, 100.0)
        assert isinstance(service.ask("imp0rted", Ask("a", "r1")), Done)
        with pytest.raises(WrongState):
            service.import_trials(Import("imp0rted", {**FILE, "name": "other"}, "elsewhere", [first]))

    def test_agents_come_and_go(self, service: Service):
        service.hello(Hello("a/1", "one", "here", 1))
        service.hello(Hello("a/1", "one", "here", 1))
        service.bye("a/1")
        (agent,) = service.agents()
        assert (agent.id, agent.ended_at is not None) == ("a/1", True)
        with pytest.raises(UnknownName):
            service.bye("b")

    def test_what_a_run_logged_is_asked_by_its_id(self, service: Service):
        for read in (service.rows, service.metrics, service.output, service.resource_rows):
            with pytest.raises(UnknownName):
                read("nosuchrun")
