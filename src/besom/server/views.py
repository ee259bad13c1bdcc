"""What pages are shown of sweeps, trials and agents: read once for each version of a sweep, numbers by `analysis`."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from operator import is_

import numpy as np

from besom.analysis.agents import AgentView, agent_views
from besom.analysis.formats import FORMATS, configuration_text, yaml_text
from besom.analysis.overview import Overview, overview, sparse
from besom.analysis.summaries import summary_of
from besom.analysis.tablecolumns import METRIC, values_in
from besom.analysis.trialcard import TrialCard, trial_card
from besom.analysis.trialpage import TrialPage
from besom.engine.state import run_seconds
from besom.errors import SweepFileError, UnknownName, nearest
from besom.plots import gallery
from besom.plots.parallel import MOST_AXES
from besom.plots.sweepdata import SweepData, read_sweep
from besom.plots.theme import DARK, LIGHT, Theme
from besom.records import Trial, TrialState
from besom.server.checkpoints import checkpoint_in
from besom.server.driver import Driver
from besom.server.fits import Fits
from besom.server.home import Home
from besom.server.lastvalues import LastValues
from besom.server.sweepviews import Slow, SweepView, cards, failures, sweep_view
from besom.server.trialtable import Query, Selection, page_of, selection_of
from besom.server.wandb.caller import path_of
from besom.service import Progress

THEMES = {"light": LIGHT, "dark": DARK}
_LIVE_S = 5.0
"""So old may be what time alone changes of a sweep."""
_TRIALS_KEPT = 250_000
_RUNS_ASKED = 8
"""So many runs are asked what they logged; the others log the same."""

_OF_SURROGATE = frozenset({"importance", "slices", "contours"})

Version = tuple[int, int]


class Views:
    """Answers pages. Threads may share it.

    Args:
        driver: What it speaks for.
        home: Where checkpoints are looked for.
    """

    def __init__(self, driver: Driver, home: Home) -> None:
        self._driver = driver
        self._home = home
        self._lock = threading.Lock()
        self._reading: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._read: OrderedDict[str, tuple[int, SweepData]] = OrderedDict()
        self._lines: dict[str, tuple[Version, Overview]] = {}
        self._fits = Fits()
        self._last_values = LastValues(driver)
        self._slow: dict[str, Slow] = {}
        self._done: dict[str, tuple[int, Counter[str]]] = {}

    def version(self, sweep_id: str) -> Version:
        """What differs whenever what is shown of the sweep with this very id does."""
        is_live = self._driver.is_live(sweep_id)
        return self._driver.version(sweep_id), int(self._driver.now() // _LIVE_S) if is_live else 0

    def data(self, sweep_id: str) -> SweepData:
        """The sweep as it stands; the same object as long as nothing of it changes."""
        with self._reading[sweep_id]:
            version = self._driver.version(sweep_id)
            found = self._read.get(sweep_id)
            if found is None or found[0] != version:
                found = version, self._read_anew(sweep_id, found[1] if found else None)
            with self._lock:
                self._read[sweep_id] = found
                self._read.move_to_end(sweep_id)
                self._let_go()
            return found[1]

    def _read_anew(self, sweep_id: str, before: SweepData | None) -> SweepData:
        """The sweep as it stands; what did not change since it was `before` is not worked out again."""
        progress, _ = self._progress(sweep_id)
        if before is None or before.sweep.file is not progress.sweep.file:
            data = read_sweep(self._driver, sweep_id, progress=progress)
        else:
            data = replace(before, progress=progress, trials=tuple(self._driver.trials(sweep_id)))
            if len(data.trials) == len(before.trials) and all(map(is_, data.trials, before.trials)):
                data.__dict__["columns"] = before.columns
        data.columns.measure = partial(self._last_values.of, sweep_id)
        if progress.running:
            kept = data.columns.kept
            kept["seconds"] = self._seconds(data)
            for name in [name for name in kept if name.startswith(METRIC)]:
                del kept[name]  # runs log on without a change of their trials
        return data

    def _seconds(self, data: SweepData) -> list[float]:
        """What each trial took so far: by itself it knows of runs that have ended only."""
        plan, now = self._driver.state(data.sweep.id).plan, self._driver.now()
        elapsed: defaultdict[int, float] = defaultdict(float)
        for run in data.progress.running:
            elapsed[run.trial] += run_seconds(plan, run, now)
        return [trial.seconds + elapsed.get(trial.number, 0.0) for trial in data.trials]

    def _let_go(self) -> None:
        kept = sum(len(data.trials) for _, data in self._read.values())
        while kept > _TRIALS_KEPT and len(self._read) > 1:
            _, (_, oldest) = self._read.popitem(last=False)
            kept -= len(oldest.trials)

    def overview(self, sweep_id: str) -> Overview:
        """The sweep's line in the list of all."""
        version = self.version(sweep_id)
        known = self._lines.get(sweep_id)
        if known is not None and known[0] == version:
            return known[1]
        progress, notice = self._progress(sweep_id)
        best = np.empty(0) if notice else self._driver.best_so_far(sweep_id, progress.goal)
        line = overview(progress, (), path_of(progress.sweep)[1])
        line = replace(line, trials=sum(progress.counts.values()), spark=sparse(best))
        self._lines[sweep_id] = version, line
        return line

    def _progress(self, sweep_id: str) -> tuple[Progress, str]:
        """Where the sweep stands, and what to say of it.

        One of another version of besom, whose file this one cannot read, is worth seeing without what its file says.
        """
        try:
            return self._driver.progress(sweep_id), ""
        except SweepFileError as error:
            counts = Counter(trial.state.value for trial in self._driver.trials(sweep_id))
            progress = Progress(self._driver.sweep(sweep_id), counts, None, None, None, {}, {})
            law = "Its sweep file is of another version of besom, so it can only be looked at: trials as they were left"
            return progress, f"{law}, without what the file would say. {error}"

    def view(self, sweep_id: str) -> SweepView:
        """What the sweep's page begins with."""
        number = self._driver.version(sweep_id)
        data = self.data(sweep_id)
        progress, notice = self._progress(sweep_id)
        return sweep_view(data, number, self.overview(sweep_id), progress, self._slow_of(data), notice)

    def _slow_of(self, data: SweepData) -> Slow:
        running = data.progress.running
        rows = max((run.rows for run in running), default=0)
        file, mark = data.sweep.file, (data.progress.counts, data.best, len(running), rows.bit_length())
        known = self._slow.get(data.sweep.id)
        if known is None or known.mark != mark or known.file is not file:
            text = known.text if known is not None and known.file is file else yaml_text(file)
            known = self._slow[data.sweep.id] = Slow(
                *(file, text, mark, cards(data), failures(data)), tuple(self._metrics(data))
            )
        return known

    def _metrics(self, data: SweepData) -> list[str]:
        """Names of what was logged by runs of trials from the first to the last, the best one's before all."""
        step = max(1, len(data.trials) // (_RUNS_ASKED - 1))
        asked = [data.best] if data.best is not None else []
        asked += [trial.number for trial in data.trials[::-step][: _RUNS_ASKED - 1]]
        runs = (self._driver.runs(data.sweep.id, number)[-1:] for number in dict.fromkeys(asked))
        return list(dict.fromkeys(name for some in runs for run in some for name in self._driver.metrics(run.id)))

    def table(self, sweep_id: str, query: Query) -> TrialPage:
        """A page of the table of trials. Raises MessageError."""
        data = self.data(sweep_id)
        return page_of(data, self._slow_of(data).metrics, query, self.important(sweep_id))

    def important(self, sweep_id: str) -> tuple[str, ...]:
        """The sweep's parameters, the most important first, as far as that was worked out for a picture."""
        return self._fits.important(sweep_id)

    def selection(self, sweep_id: str, where: str) -> Selection:
        """The numbers of the trials that fulfil the conditions. Raises MessageError."""
        data = self.data(sweep_id)
        return selection_of(data, self._slow_of(data).metrics, where)

    def card(self, sweep_id: str, number: int) -> TrialCard:
        """All of one trial but its pictures. Raises UnknownName."""
        data = self.data(sweep_id)
        trial = self._trial(data, number)
        at = data.columns.place_of(number)
        if trial.state is TrialState.RUNNING and at is not None:
            trial = replace(trial, seconds=values_in(data.columns, "seconds")[at])
        runs = self._driver.runs(sweep_id, number)
        metrics = dict.fromkeys(name for run in runs[-_RUNS_ASKED:] for name in self._driver.metrics(run.id))
        repeat = runs[-1].repeat if runs else 0
        checkpoint = checkpoint_in(self._home.checkpoints(data.sweep.id, number, repeat))
        agents = self._driver.agents()
        summary = summary_of(runs, self._driver.summaries(sweep_id, number))
        return trial_card(data.progress, data.trials, trial, runs, agents, tuple(metrics), checkpoint, summary=summary)

    def best(self, sweep_id: str, form: str, number: int | None) -> str:
        """The configuration of a trial, or else of the incumbent, to be pasted. Raises UnknownName."""
        if form not in FORMATS:
            raise UnknownName(f"format {form}: must exist; {nearest(form, FORMATS)}.")
        data = self.data(sweep_id)
        number = data.best if number is None else number
        if number is None:
            raise UnknownName(f"sweep {data.sweep.id}: has no best trial yet; name one, or wait for a value.")
        return configuration_text(self._trial(data, number).config, form) + "\n"

    @staticmethod
    def _trial(data: SweepData, number: int) -> Trial:
        at = data.columns.place_of(number)
        if at is None:
            there = f"{data.trials[0].number} to {data.trials[-1].number}" if data.trials else "none yet"
            law = f"trial {number}: must be one of sweep {data.sweep.id}, which has {there}"
            raise UnknownName(f"{law}; name one of these.")
        return data.trials[at]

    def agents(self) -> tuple[AgentView, ...]:
        """All agents, and what they run."""
        driver = self._driver
        live = driver.unfinished()
        runs = {sweep_id: list(driver.state(sweep_id).runs.values()) for sweep_id in live}
        sweeps = driver.sweeps()
        done: Counter[str] = Counter()
        for sweep in sweeps:
            if sweep.id not in runs:
                done.update(self._runs_done(sweep.id))
        asked = {sweep_id: driver.askers(sweep_id) for sweep_id in runs}
        return agent_views(driver.agents(), runs, sweeps, driver.now(), done_before=done, asked=asked)

    def set_aside(self) -> tuple[tuple[str, str], ...]:
        """Each host that a sweep has set aside, behind the sweep's id."""
        driver = self._driver
        return tuple(
            (sweep_id, aside.host)
            for sweep_id in driver.unfinished()
            for aside in driver.state(sweep_id).sweep.set_aside
        )

    def _runs_done(self, sweep_id: str) -> Counter[str]:
        """Runs of a sweep that has ended by their agents."""
        version = self._driver.version(sweep_id)
        known = self._done.get(sweep_id)
        if known is None or known[0] != version:
            known = self._done[sweep_id] = version, Counter(run.agent_id for run in self._driver.runs(sweep_id))
        return known[1]

    def picture(
        self, sweep_id: str, name: str, theme: str, asked: Mapping[str, str | None], *, is_narrow: bool
    ) -> bytes:
        """One picture of a sweep as JSON; `asked` are arguments of `gallery.framed`. Raises UnknownName."""
        now = self.data(sweep_id)
        is_wide = now.space is not None and len(now.space.free) > MOST_AXES
        if name not in _OF_SURROGATE and not (name == "parallel" and is_wide):  # whose axes are chosen by importance
            return _drawn(gallery.framed(now, name, _theme(theme), **asked, is_narrow=is_narrow))

        def draw(data: SweepData) -> bytes:
            return _drawn(gallery.framed(data, name, _theme(theme), **asked, is_narrow=is_narrow))

        return self._fits.drawn(now, (name, theme, is_narrow, *asked.items()), draw)

    def trial_picture(
        self, sweep_id: str, number: int, name: str, theme: str, *, first: int = 0, is_narrow: bool
    ) -> bytes:
        """One picture of a trial as JSON. Raises UnknownName."""
        found, (progress, _) = _theme(theme), self._progress(sweep_id)
        framed = gallery.trial_picture(
            self._driver, sweep_id, number, name, found, first=first, is_narrow=is_narrow, progress=progress
        )
        return _drawn(framed)

    def comparison(self, sweep_ids: Sequence[str], missing: Sequence[str], x: str, theme: str) -> bytes:
        """Several sweeps on one axis, as JSON; the note names those that are missing. Raises UnknownName."""
        framed = gallery.comparison([self.data(each) for each in sweep_ids], x, _theme(theme))
        there_is_none = f" There is no sweep {', '.join(missing)}." if missing else ""
        return _drawn(replace(framed, note=framed.note + there_is_none))


def _drawn(framed: gallery.Framed) -> bytes:
    return framed.to_json().encode("utf-8", "replace")


def _theme(name: str) -> Theme:
    if name not in THEMES:
        raise UnknownName(f"theme {name}: must exist; {nearest(name, THEMES)}.")
    return THEMES[name]
