"""The view of a sweep that keeps itself up to date; plain lines, one an event, where standard output is no terminal."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from rich.console import Console
from rich.live import Live
from rich.text import Text

from besom.analysis.values import Incumbents, incumbent_trace
from besom.cli.drawing import ASCII, UNICODE, Glyphs
from besom.cli.events import Seen, events
from besom.cli.picture import Scene, picture
from besom.errors import ServerUnreachable
from besom.records import Trial, TrialState
from besom.service import Progress, Service

REFRESH_S = 0.5
_RESIZE_S = 0.05
_SHOWN_RUNS = 32
"""Runs whose curves are fetched; no terminal shows more."""
_POINTS = 40
_MARGIN = 4
"""Columns left free: the terminal's own `^C` behind a full line would break the view's last line in two."""
_REST = 20
"""So many times as long as it took to ask for all trials, they are not asked for again."""
T = TypeVar("T")


def new_console() -> Console:
    """A console on standard output that neither guesses highlights nor reads markup in other people's text."""
    return Console(highlight=False, markup=False, emoji=False, soft_wrap=True)


def glyphs_of(console: Console) -> Glyphs:
    """Characters that the console's encoding has."""
    return ASCII if console.options.ascii_only else UNICODE


@dataclass(slots=True)
class Look:
    """Gathers what the view shows of one sweep, and asks again only for what can have changed."""

    service: Service
    sweep_id: str
    hint: str = ""
    has_curve: bool = True
    """Whether to draw the incumbent over trials, for which all of them are asked for."""
    seen: Seen = field(default_factory=Seen)
    """What plain lines have told, or need not tell."""
    _tails: dict[str, tuple[int, Sequence[float]]] = field(default_factory=dict)
    _trials: dict[int, Trial] = field(default_factory=dict)
    _trace: Incumbents = field(default_factory=Incumbents)
    _trace_at: float = 0.0
    """When trials may be asked for again."""

    def scene(self) -> Scene:
        """The sweep as it stands now."""
        progress = self.service.progress(self.sweep_id)
        shown = sorted(progress.running, key=lambda run: (run.trial, run.repeat))[:_SHOWN_RUNS]
        self._trials = {
            run.trial: self._trials.get(run.trial) or self.service.trial(self.sweep_id, run.trial) for run in shown
        }
        for number in {run.trial for run in shown if self._tails.get(run.id, (-1,))[0] != run.rows}:
            self._fetch_tails(progress, number)
        tails = {run.id: self._tails[run.id][1] for run in shown if run.id in self._tails}
        self._follow_incumbent(progress)
        return Scene(progress, time.time(), dict(self._trials), tails, self.hint, self._trace)

    def skip_past(self) -> None:
        """Leave out of plain lines what has happened so far."""
        progress, trials = self.service.progress(self.sweep_id), self.service.trials(self.sweep_id)
        _, self.seen = events(self.seen, progress, trials, _time_of_day, time.time())

    def _follow_incumbent(self, progress: Progress) -> None:
        """Ask for all trials where some came to rest since, but spend a small part of the time on it."""
        at_rest = sum(progress.counts.get(state, 0) for state in TrialState if state.is_at_rest)
        now = time.monotonic()
        is_due = now >= self._trace_at or progress.sweep.state.has_ended
        if self.has_curve and is_due and at_rest != len(self._trace.numbers):
            self._trace = incumbent_trace(self.service.trials(self.sweep_id), progress.goal)
            self._trace_at = time.monotonic() + _REST * (time.monotonic() - now)

    def _fetch_tails(self, progress: Progress, trial: int) -> None:
        rows = {run.id: run.rows for run in progress.running if run.trial == trial}
        if progress.metric:
            for curve in self.service.curves(self.sweep_id, progress.metric, trial=trial, points=_POINTS):
                if curve.run_id in rows:
                    self._tails[curve.run_id] = (rows[curve.run_id], curve.y)


def still(scene: Scene, console: Console, height: int = 10_000) -> None:
    """Print the view once."""
    console.print(picture(scene, console.width, height, glyphs_of(console)), soft_wrap=True)


class _Reader:
    """Reads from a server, which may be away for a while; that is told once each time."""

    def __init__(self, tell: Callable[[str], object]) -> None:
        self._tell, self.is_away = tell, False

    def read(self, what: Callable[[], T]) -> T | None:
        """What `what` returns; None while the server is away."""
        try:
            found = what()
        except ServerUnreachable as error:
            if not self.is_away:
                self._tell(f"{error} Runs go on; besom waits for it.")
            self.is_away = True
            return None
        self.is_away = False
        return found


def follow(
    look: Look,
    console: Console,
    is_over: Callable[[Progress | None], bool] = lambda _: False,
    *,
    plain: bool = False,
) -> None:
    """For `besom run`: keep the view up to date until the sweep has ended or `is_over(progress)`.

    The view stays in place where the sweep goes on, and makes way for what is told at the end where it has ended.

    Args:
        look: What to show.
        console: Where.
        is_over: Asked at each refresh, with what the last one saw.
        plain: Print lines even where there is a terminal.
    """
    reader = _Reader(console.print)
    if plain or not _has_screen(console):
        _follow_plainly(look, reader, console, is_over)
        return
    progress: Progress | None = None
    size = console.size
    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
        while True:
            over = is_over(progress)
            scene = reader.read(look.scene)
            if scene is not None:
                progress = scene.progress
                if console.size != size:  # the terminal has broken the view's lines anew, nobody knows where
                    console.clear()
                    size = console.size
                live.update(_drawn(scene, console), refresh=True)
            has_ended = progress is not None and progress.sweep.state.has_ended
            if over or has_ended:
                live.transient = has_ended
                return
            time.sleep(REFRESH_S)


def watch(look: Look, console: Console, *, plain: bool = False) -> None:
    """For `besom watch`: fill the screen with the view until the sweep has ended or Ctrl-C; its last state stays.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    if plain or not _has_screen(console):
        _follow_plainly(look, _Reader(console.print), console, lambda _: False)
        return
    troubles: list[str] = []
    reader = _Reader(troubles.append)
    scene = look.scene()
    try:
        if not scene.progress.sweep.state.has_ended:
            with Live(console=console, auto_refresh=False, screen=True) as live:
                while not scene.progress.sweep.state.has_ended:
                    _show(live, console, scene)
                    scene = reader.read(look.scene) or replace(scene, hint=troubles[-1])
    finally:
        still(replace(scene, hint=""), console, max(1, console.height - 2))


def _show(live: Live, console: Console, scene: Scene) -> None:
    """Draw the scene, and again as soon as the terminal has another size, until the next one is due."""
    until = time.monotonic() + REFRESH_S
    size = None
    while time.monotonic() < until:
        if console.size != size:
            size = console.size
            live.update(_drawn(scene, console), refresh=True)
        time.sleep(_RESIZE_S)


def _drawn(scene: Scene, console: Console) -> Text:
    width, height = max(1, console.width - _MARGIN), max(1, console.height - 1)
    return picture(scene, width, height, glyphs_of(console))


def _has_screen(console: Console) -> bool:
    return console.is_terminal and os.environ.get("TERM") != "dumb"


def _follow_plainly(look: Look, reader: _Reader, console: Console, is_over: Callable[[Progress | None], bool]) -> None:
    before: tuple[object, ...] | None = None
    progress: Progress | None = None
    while True:
        over = is_over(progress)
        progress = reader.read(lambda: look.service.progress(look.sweep_id))
        mark = before if progress is None else _mark(progress)
        if progress is not None and mark != before:
            trials = reader.read(lambda: look.service.trials(look.sweep_id))
            if trials is not None:
                lines, look.seen = events(look.seen, progress, trials, _time_of_day, time.time())
                for line in lines:
                    console.print(line, soft_wrap=True)
                before = mark
        if over or (progress is not None and progress.sweep.state.has_ended):
            return
        time.sleep(REFRESH_S)


def _mark(progress: Progress) -> tuple[object, ...]:
    """What differs whenever an event can have happened."""
    return (
        progress.sweep.state,
        tuple(sorted(progress.counts.items())),
        tuple(sorted(run.id for run in progress.running)),
        tuple(aside.host for aside in progress.sweep.set_aside),
    )


def _time_of_day(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))
