"""The live view over a real sweep in this process, on a terminal made of text."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from besom.cli import live
from besom.cli.live import Look, watch
from besom.errors import ServerUnreachable
from besom.server.driver import Driver
from besom.store import open_store
from besom.wire import Ask, Assignment, Command, Finish, Report

FILE = {
    "name": "small",
    "program": "train.py",
    "method": "random",
    "metric": {"name": "loss"},
    "parameters": {"lr": {"min": 0.0, "max": 1.0}},
}
INTO_THE_SCREEN, OUT_OF_IT = "\x1b[?1049h", "\x1b[?1049l"


class Living:
    """A service that takes the next of its steps before each look, and at the last one cancels the sweep."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.sweep_id = driver.create_sweep(FILE).id
        self.steps: list[Callable[[], object]] = []
        self.asked_for_trials = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.driver, name)

    def progress(self, sweep_id: str) -> Any:
        (self.steps.pop(0) if self.steps else self.cancel)()
        return self.driver.progress(sweep_id)

    def trials(self, sweep_id: str) -> Any:
        self.asked_for_trials += 1
        return self.driver.trials(sweep_id)

    def cancel(self) -> None:
        self.driver.command(self.sweep_id, Command("cancel"))

    def measure(self, loss: float) -> None:
        run = self.driver.ask(self.sweep_id, Ask("a", f"r{loss}"))
        assert isinstance(run, Assignment)
        self.driver.report(Report(run.run_id, run.lease, 0, [{"loss": loss}]))
        self.driver.finish(Finish(run.run_id, run.lease, "finished"))


@pytest.fixture
def living(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Living]:
    monkeypatch.setattr(live, "REFRESH_S", 0.02)
    monkeypatch.setattr(live, "_RESIZE_S", 0.002)
    monkeypatch.setattr(live, "_REST", 0)
    monkeypatch.setenv("TERM", "xterm")
    store = open_store(tmp_path / "besom.db")
    with Driver(store) as driver:
        yield Living(driver)
    store.close()


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=80, height=24, color_system=None, highlight=False)


def said(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_sweep_is_watched_on_a_screen_of_its_own_and_its_last_state_stays(living: Living, console: Console) -> None:
    def resize() -> None:
        console.size = (120, 40)  # type: ignore[assignment]

    def nothing() -> None:
        return

    living.steps = [nothing, lambda: living.measure(2.0), lambda: living.measure(1.0), nothing, resize, nothing]
    watch(Look(living, living.sweep_id, hint="Ctrl-C leaves"), console)
    before, inside = said(console).split(INTO_THE_SCREEN)
    inside, after = inside.split(OUT_OF_IT)
    assert before.strip() == ""
    frames = [frame for frame in inside.split("\x1b[H") if "small" in frame]
    assert {len(frame.splitlines()) for frame in frames} == {24, 40}
    assert "2 trials ended" not in frames[0]
    assert "2 trials ended" in frames[-1]
    assert "Ctrl-C leaves" in frames[-1]
    assert "cancelled" in after
    assert "2 trials ended" in after
    assert "Ctrl-C" not in after
    assert living.asked_for_trials == 2, "only when a trial has ended"


def test_while_the_server_is_away_the_view_says_so_and_goes_on_afterwards(living: Living, console: Console) -> None:
    def away() -> None:
        raise ServerUnreachable("http://here: no answer.")

    living.steps = [lambda: living.measure(1.0), away, away, lambda: living.measure(0.5)]
    watch(Look(living, living.sweep_id, hint="Ctrl-C leaves"), console)
    inside, after = said(console).split(OUT_OF_IT)
    assert "besom waits for it" in inside
    assert "Ctrl-C leaves" in inside.rsplit("\x1b[H", 1)[-1]
    assert "Best  0.5" in after


def test_ctrl_c_leaves_the_terminal_as_it_was_with_the_last_state(living: Living, console: Console) -> None:
    def press() -> None:
        raise KeyboardInterrupt

    living.steps = [lambda: living.measure(1.0), press]
    with pytest.raises(KeyboardInterrupt):
        watch(Look(living, living.sweep_id), console)
    assert "Best  1  " in said(console).split(OUT_OF_IT)[1]


def test_a_sweep_that_has_ended_is_shown_once(living: Living, console: Console) -> None:
    living.measure(1.0)
    watch(Look(living, living.sweep_id), console)
    assert INTO_THE_SCREEN not in said(console)
    assert said(console).count("Best  1  ") == 1


def test_where_there_is_no_terminal_each_event_is_a_line(living: Living) -> None:
    console = Console(file=io.StringIO(), width=80)
    living.steps = [lambda: living.measure(2.0), lambda: living.measure(1.0)]
    watch(Look(living, living.sweep_id), console)
    lines = said(console).splitlines()
    assert "\x1b" not in said(console)
    assert [line.split("  ")[1].split(":")[0] for line in lines] == [
        "trial 1 started",
        "trial 1 finished",
        "trial 2 started",
        "trial 2 finished",
        "sweep cancelled",
    ]
