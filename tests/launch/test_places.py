"""Agents that share a place: here the machine itself, which `per_gpu: auto` shares where there is no GPU."""

import sys
import textwrap
from collections.abc import Iterator
from itertools import chain

import pytest

from besom.launch.local import LocalAgents, slots
from besom.launch.places import Places, places_of
from besom.launch.sharing import Sharing
from besom.records import Cause, RunState, TrialState
from besom.server.connect import connect
from besom.server.home import home_of
from besom.service import Service
from besom.sweepfile.model import SweepFile
from besom.wire import Ask, Assignment, Finish, Hello, Report, Wait

PROGRAM = """
    import json, os, pathlib, sys, time
    mine = pathlib.Path("under-way", os.environ["BESOM_RUN_ID"])
    mine.parent.mkdir(exist_ok=True)
    mine.touch()
    x = float(sys.argv[1][4:])
    try:
        for epoch in range(10):
            with open(os.path.join(os.environ["BESOM_RUN_DIR"], "history.jsonl"), "a") as file:
                file.write(json.dumps({"loss": x}) + "\\n")
            time.sleep(0.2)
            if os.path.exists("tight") and epoch > 3 and len(os.listdir("under-way")) > 1:
                raise MemoryError
    finally:
        mine.unlink()
"""


@pytest.fixture
def service(tmp_path, monkeypatch) -> Iterator[Service]:
    monkeypatch.setenv("BESOM_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(textwrap.dedent(PROGRAM))
    with connect() as service:
        yield service


def swept(service: Service, run_cap: int) -> tuple[str, Places]:
    """A sweep whose trials sleep, run by agents of which each may find the machine free: its id, and the places."""
    file = {
        "program": "train.py",
        "command": [sys.executable, "${program}", "${args}"],
        "method": "random",
        "metric": {"name": "loss"},
        "parameters": {"x": {"min": 0.0, "max": 1.0}},
        "run_cap": run_cap,
        "besom": {"resources": {"per_gpu": "auto", "gpus": 0}},
    }
    sweep_id = service.create_sweep(file, "").id
    places = Places(Sharing({(): 10.0}, most=2, steady_s=0.5), "memory_gb_peak", again_s=0.1)
    agents = LocalAgents(service, sweep_id, home_of().runs(sweep_id), [(), ()], places=places)
    agents.start()
    agents.join(120)
    return sweep_id, places


def most_at_once(runs) -> int:
    """How many runs were under way at the same time, at most."""
    moments = sorted(chain(((run.started_at, 1) for run in runs), ((run.ended_at, -1) for run in runs)))
    return max(sum(change for _, change in moments[: at + 1]) for at in range(len(moments)))


def test_one_more_joins_the_first_to_see_whether_that_pays(service):
    sweep_id, places = swept(service, 4)
    assert [trial.state for trial in service.trials(sweep_id)] == [TrialState.FINISHED] * 4
    assert most_at_once(service.runs(sweep_id)) == 2
    assert places._sharing.why.startswith("2 together do ")
    assert places.shared_by(()) == 0


def test_what_ran_out_of_memory_while_it_shared_is_given_back_and_runs_alone(service, tmp_path):
    (tmp_path / "tight").touch()
    sweep_id, places = swept(service, 3)
    assert [trial.state for trial in service.trials(sweep_id)] == [TrialState.FINISHED] * 3
    lost = [run for run in service.runs(sweep_id) if run.state is RunState.LOST]
    assert {run.failure.cause for run in lost if run.failure} == {Cause.HOST_OUT_OF_MEMORY}
    assert 1 <= len(lost) <= 2
    assert places._sharing.number == 1
    assert "2 together ran out of memory" in places._sharing.why


class Recording:
    """A service that gives out runs, and keeps who said what."""

    def __init__(self):
        self.said = []
        self.is_away = False

    def __getattr__(self, name):
        def call(*arguments):
            self.said.append(name)
            if self.is_away:
                raise ConnectionError
            return Assignment(f"r{len(self.said)}", "s", 1, 0, 0, 1, 60.0, {}) if name == "ask" else None

        return call


def test_an_agent_without_room_waits_unseen_and_one_without_an_answer_keeps_its_place():
    inner = Recording()
    places = Places(Sharing({("0",): 24.0}, most=4), "gpu_memory_gb_peak")
    first, second = (places.seen_from(("0",), inner) for _ in range(2))
    for seat, name in ((first, "a"), (second, "b")):
        seat.hello(Hello(name, name, "host", 1))
    inner.is_away = True
    with pytest.raises(ConnectionError):
        first.ask("s", Ask("a", "1"))
    inner.is_away = False
    assert isinstance(second.ask("s", Ask("b", "2")), Wait)
    run = first.ask("s", Ask("a", "1"))
    assert isinstance(run, Assignment)
    assert isinstance(first.ask("s", Ask("a", "1")), Assignment)
    assert isinstance(second.ask("s", Ask("b", "3")), Wait)
    first.report(Report(run.run_id, 1))
    first.finish(Finish(run.run_id, 1, "finished"))
    assert isinstance(second.ask("s", Ask("b", "4")), Assignment)
    second.bye("b")
    assert places.shared_by(("0",)) == 0
    assert inner.said == ["hello", "hello", "ask", "ask", "report", "finish", "hello", "ask", "bye"]


def test_slots_of_an_automatic_number_begin_with_one_for_each_gpu():
    def wanting(**resources):
        file = {"method": "random", "parameters": {"x": {"value": 1}}, "besom": {"resources": resources}}
        return SweepFile.model_validate(file)

    assert slots(wanting(per_gpu="auto"), ("0", "1"), cores=8)[:3] == (("0",), ("1",), ("0",))
    assert slots(wanting(per_gpu="auto", cpus=2), ("0", "1"), cores=8) == (("0",), ("1",)) * 2
    assert slots(wanting(per_gpu="auto", gpus=0), (), cores=3) == ((),) * 3
    assert slots(wanting(per_gpu="auto", cpus=2), (), cores=4) == (None, None)
    assert len(slots(wanting(per_gpu="auto"), (), cores=64)) == 8


def test_the_machine_has_the_room_that_is_free():
    (room,) = places_of([None, None])._sharing._room_gb.values()
    assert room is not None
    assert room > 0.1
