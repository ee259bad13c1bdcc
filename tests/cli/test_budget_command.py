"""`besom budget`, in this process."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from besom.cli.steering import _limit, budget
from besom.records import Sweep
from besom.server.connect import connect
from besom.wire import Ask, Assignment, Finish, Report

FILE = {
    "name": "small",
    "program": "train.py",
    "method": "random",
    "run_cap": 9,
    "metric": {"name": "loss"},
    "parameters": {"lr": {"min": 0.0, "max": 1.0}},
}


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sweep:
    """A running sweep of one trial in the home `tmp_path`."""
    monkeypatch.delenv("BESOM_SERVER", raising=False)
    with connect(home=tmp_path) as service:
        sweep = service.create_sweep(FILE)
        run = service.ask(sweep.id, Ask("a", "q"))
        assert isinstance(run, Assignment)
        service.report(Report(run.run_id, run.lease, 0, [{"loss": 1.0}]))
        service.finish(Finish(run.run_id, run.lease, "finished"))
    return sweep


def test_a_limit_is_set_and_taken_away(sweep: Sweep, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    budget(sweep=sweep.id, trials=_limit("none"), hours=_limit("2"), home=tmp_path)
    told = capsys.readouterr()
    assert (told.out, told.err) == (f"sweep {sweep.id} may spend: trials=none hours=2\n", "")
    with connect(home=tmp_path) as service:
        assert service.progress(sweep.id).budget == {"hours": 2.0}


def test_a_limit_that_is_spent_already_is_warned_of(
    sweep: Sweep, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    budget(sweep=sweep.id, trials=1.0, home=tmp_path)
    assert capsys.readouterr().err == "warning: trials: 1 spent already, so the sweep ends.\n"
    with connect(home=tmp_path) as service:
        assert service.sweep(sweep.id).state == "finished"


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "many", ""])
def test_a_limit_is_a_number_above_0_or_none(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="needs a number above 0, or none"):
        _limit(text)
