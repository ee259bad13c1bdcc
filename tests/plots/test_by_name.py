"""Pictures of a sweep that is named, as in a notebook's first cell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import besom
from besom.errors import UnknownName
from besom.server.home import Home
from besom.wire import Ask, Assignment, Finish, Hello, Report

FILE = {
    "name": "twice",
    "method": "random",
    "metric": {"name": "loss"},
    "command": ["true"],
    "parameters": {"x": {"min": 0.0, "max": 1.0}},
    "run_cap": 4,
}
PICTURES = (
    "contours",
    "cost_against_quality",
    "history",
    "importance",
    "learning_curves",
    "parallel_coordinates",
    "resources",
    "slices",
    "timeline",
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The environment's home, with two sweeps of one name."""
    monkeypatch.setenv("BESOM_HOME", str(tmp_path))
    monkeypatch.delenv("BESOM_SERVER", raising=False)
    with besom.connect(home=tmp_path) as service:
        service.hello(Hello("agent", "agent", "here", 1))
        for best in (0.0, 5.0):
            made = service.create_sweep(FILE)
            for number in range(4):
                run = service.ask(made.id, Ask("agent", f"{best} {number}"))
                assert isinstance(run, Assignment)
                service.report(Report(run.run_id, run.lease, 0, ({"loss": best + run.config["x"]},)))
                service.finish(Finish(run.run_id, run.lease, "finished"))
    return Home(tmp_path)


def drawn(sweep: Any) -> dict[str, Any]:
    """Every picture of it."""
    return {name: getattr(besom.plot, name)(sweep).content() for name in PICTURES}


def test_a_picture_takes_a_sweep_its_id_or_its_name_of_several_the_newest(home: Home) -> None:
    with besom.connect(home=home) as service:
        newest = max(service.sweeps(), key=lambda sweep: sweep.created_at)
        read = {
            name: getattr(besom.plot, name)(besom.plot.read_sweep(service, newest.id)).content() for name in PICTURES
        }
    for known in (newest, newest.id, "twice"):
        assert drawn(known) == read
    assert besom.plot.history("twice", besom.plot.DARK).content() != read["history"]
    assert "trials" in besom.plot.insight_of(newest.id).importance.why


def test_a_name_that_nothing_bears_is_told(home: Home) -> None:
    with pytest.raises(UnknownName, match="twofold"):
        besom.plot.history("twofold")
