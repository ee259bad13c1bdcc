"""The view of a sweep that keeps itself up to date; plain lines, one an event, where standard output is no terminal."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from rich.console import Console
from rich.live import Live

from besom.cli.drawing import ASCII, UNICODE, Glyphs
from besom.cli.events import Seen, events
from besom.cli.picture import Scene, picture
from besom.errors import ServerUnreachable
from besom.records import Trial
from besom.service import Progress, Service

REFRESH_S = 0.5
_SHOWN_RUNS = 32
"""Runs whose curves are fetched; no terminal shows more."""
_POINTS = 40
_MARGIN = 4
"""Columns left free: the terminal's own `^C` behind a full line would break the view's last line in two."""
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
    seen: Seen = field(default_factory=Seen)
    """What plain lines have told, or need not tell."""
    _tails: dict[str, tuple[int, Sequence[float]]] = field(default_factory=dict)
    _trials: dict[int, Trial] = field(default_factory=dict)

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
        return Scene(progress, time.time(), dict(self._trials), tails, self.hint)

    def skip_past(self) -> None:
        """Leave out of plain lines what has happened so far."""
        progress, trials = self.service.progress(self.sweep_id), self.service.trials(self.sweep_id)
        _, self.seen = events(self.seen, progress, trials, _time_of_day, time.time())

    def _fetch_tails(self, progress: Progress, trial: int) -> None:
        rows = {run.id: run.rows for run in progress.running if run.trial == trial}
        if progress.metric:
            for curve in self.service.curves(self.sweep_id, progress.metric, trial=trial, points=_POINTS):
                if curve.run_id in rows:
                    self._tails[curve.run_id] = (rows[curve.run_id], curve.y)


def still(look: Look, console: Console) -> None:
    """Print the view once."""
    console.print(picture(look.scene(), console.width, 10_000, glyphs_of(console)), soft_wrap=True)


class _Reader:
    """Reads from a server, which may be away for a while if `waits`; that is told once each time."""

    def __init__(self, console: Console, *, waits: bool) -> None:
        self._console, self._waits, self._is_away = console, waits, False

    def read(self, what: Callable[[], T]) -> T | None:
        """What `what` returns; None while the server is away. Raises ServerUnreachable where nobody waits for it."""
        try:
            found = what()
        except ServerUnreachable as error:
            if not self._waits:
                raise
            if not self._is_away:
                self._console.print(f"{error} Runs go on; besom waits for it.", soft_wrap=True)
            self._is_away = True
            return None
        self._is_away = False
        return found


def follow(
    look: Look,
    console: Console,
    is_over: Callable[[Progress | None], bool] = lambda _: False,
    *,
    plain: bool = False,
    is_run: bool = False,
) -> None:
    """Keep the view up to date until the sweep has ended or `is_over(progress)`; its last state stays in place.

    Args:
        look: What to show.
        console: Where.
        is_over: Asked at each refresh, with what the last one saw.
        plain: Print lines even where there is a terminal.
        is_run: For `besom run`, which waits for a server that does not answer any more, and tells how a sweep ended
            instead of its last state.

    Raises:
        ServerUnreachable: The server does not answer, and nobody waits for it.
    """
    reader = _Reader(console, waits=is_run)
    if plain or not console.is_terminal or os.environ.get("TERM") == "dumb":
        _follow_plainly(look, reader, console, is_over)
        return
    glyphs = glyphs_of(console)
    progress: Progress | None = None
    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
        while True:
            over = is_over(progress)
            scene = reader.read(look.scene)
            if scene is not None:
                progress = scene.progress
                width, height = max(1, console.width - _MARGIN), max(1, console.height - 1)
                live.update(picture(scene, width, height, glyphs), refresh=True)
            has_ended = progress is not None and progress.sweep.state.has_ended
            if over or has_ended:
                live.transient = is_run and has_ended
                return
            time.sleep(REFRESH_S)


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
    )


def _time_of_day(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))
