"""The run of this process: logs rows, obeys orders, ends."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from besom.sdk.config import Config
from besom.sdk.journal import Journal, is_full, replace, say
from besom.sdk.orders import Orders
from besom.sdk.place import Place
from besom.sdk.summary import Metric, Summary, metric
from besom.sdk.values import flat, plain

_ROOM_S = 0.2
"""How often it is looked whether there is room on a full disk."""


class Run:
    """One execution of a trial by this script; made by `besom.init()`.

    Attributes:
        id: The run's id; name: its name; project: as given to `init`.
        config: The configuration: the sweep's values over the script's own.
        summary: One value for each metric.
        until: The fidelity to run to, and to leave a checkpoint at; None for as far as the script goes.
        fidelity: Where the last run of this trial got to; None at the start.
        sweep_id, trial, repeat, attempt, seed: What the agent says of it; None (or 0) without one.
    """

    def __init__(
        self,
        place: Place,
        config: Any = None,
        *,
        name: str | None = None,
        project: str | None = None,
        is_main: bool = True,
        first_step: int | None = None,
    ) -> None:
        self.id, self.name, self.project = place.id, name or place.id, project or ""
        self.sweep_id, self.trial, self.repeat, self.attempt = place.sweep_id, place.trial, place.repeat, place.attempt
        self.fidelity, self.until, self.seed = place.fidelity, place.until, place.seed
        self.config = Config(config, place.config)
        self._place = place
        folder = place.folder if is_main else None
        self._journal = Journal(folder / "history.jsonl") if folder else None
        self._orders = Orders(folder) if folder and place.sweep_id is not None else None
        self.summary = Summary(folder / "summary.json" if folder else None)
        self.step = int(place.fidelity or 0) if first_step is None else first_step
        self._pending: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._started_s = time.monotonic()
        self.has_finished = False
        if folder and place.sweep_id is None:
            self.config.on_change(self._keep_config)
            self._keep_config()

    @property
    def dir(self) -> str:
        """The run's own folder; empty for a run that keeps nothing."""
        return str(self._place.folder or "")

    @property
    def url(self) -> str:
        """Where the run is to be found: its folder, as an address; W&B's is a page."""
        return self._place.folder.as_uri() if self._place.folder else ""

    @property
    def entity(self) -> str:
        """Empty: there are no accounts."""
        return ""

    @property
    def resumed(self) -> bool:
        """Whether an earlier run of this trial got anywhere."""
        return self.fidelity is not None

    def log(self, data: Mapping[str, Any], step: int | None = None, commit: bool | None = True, **ignored: Any) -> None:
        """Add a row to the history; with `commit=False` the next row takes the values with it.

        Args:
            data: Metrics by name; nested ones are flattened with dots, what is no number is kept as text.
            step: The row's `_step`; counted by itself if not given.
            commit: False to wait for more values of the same row.
            **ignored: What W&B's log takes besides.

        Raises:
            Stopped: The run was told to stop or pause. The row is kept.
            TypeError: `data` is not a mapping.
            RuntimeError: The run has finished.
        """
        if not isinstance(data, Mapping):
            raise TypeError(f"besom.log: takes a dict of metrics, got {data!r}; give each value a name.")
        if self.has_finished:
            raise RuntimeError("besom.log: the run has finished; call besom.init() for another one.")
        with self._lock:
            self._pending.update(flat(data))
            if step is not None:
                self.step = int(step)
            if commit is not False:
                self._commit()
        if self._orders is not None:
            self._orders.obey()

    def _commit(self) -> None:
        row, self._pending = self._pending, {}
        row["_step"], row["_timestamp"] = self.step, time.time()
        row["_runtime"] = time.monotonic() - self._started_s
        self.step += 1
        if self._journal is not None:
            self._journal.add(row)
        self.summary.see(row)

    def define_metric(
        self,
        name: str,
        step_metric: str | None = None,
        summary: str | None = None,
        goal: str | None = None,
        **ignored: Any,
    ) -> Metric:
        """How a metric is summarised.

        Args:
            name: The metric, or a pattern such as `val/*`.
            step_metric: The metric it is drawn against; curves can be drawn against any, so this changes nothing here.
            summary: min, max, mean, last, first, best or none; or several with commas, as `name.min`.
            goal: minimize or maximize: what best means.
            **ignored: What W&B takes besides (`hidden`, `step_sync`, `overwrite`).

        Raises:
            ValueError: An unknown word.
        """
        defined = metric(name, step_metric, summary, goal)
        self.summary.define(defined)
        return defined

    def checkpoint_dir(self) -> Path:
        """The folder for checkpoints, which survives a stop, a resume and a retry of this trial."""
        self._place.checkpoints.mkdir(parents=True, exist_ok=True)
        return self._place.checkpoints

    def alert(self, title: str, text: str = "", level: Any = None, wait_duration: Any = None) -> None:
        """Say something on standard error, which is kept with the run's output. The last two arguments are W&B's."""
        say(f"alert: {title}{': ' if text else ''}{text}")

    def finish(self, exit_code: int | None = None, quiet: bool | None = None) -> None:
        """End the run: everything is on disk. Further calls do nothing.

        Args:
            exit_code: What the script thinks of itself; other than 0 goes into the summary as `_exit_code`.
            quiet: W&B's; not used.
        """
        if self.has_finished or os.getpid() != self._process:
            return
        with self._lock:
            if self._pending:
                self._commit()
            self.has_finished = True
        if exit_code:
            self.summary["_exit_code"] = exit_code
        if self._journal is not None:
            self._keep_the_rest(self._journal)
            self._journal.close()

    def _keep_the_rest(self, journal: Journal) -> None:
        """Write what waits, where the disk is full once there is room.

        A run that ended without its last rows would pass for finished, with a value that is not its own.
        """
        has_told = False
        while not (journal.flush() and self.summary.flush()) and is_full(journal.path.parent):
            if not has_told:
                say(f"{journal.path}: the disk is full; the run ends once there is room for its last rows.")
            has_told = True
            time.sleep(_ROOM_S)

    def _keep_config(self) -> None:
        if self._place.folder is not None:
            replace(self._place.folder / "config.json", plain(self.config))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        failed = kind is not None and not issubclass(kind, SystemExit)
        self.finish(1 if failed else 0)

    def __repr__(self) -> str:
        return f"<besom run {self.name} in {self.dir or 'no folder'}>"

    # Accepted for W&B's sake, without effect: see besom.sdk.unneeded.

    def watch(self, *args: Any, **ignored: Any) -> None:
        """Does nothing: gradients are not recorded."""

    unwatch = save = log_code = log_artifact = use_artifact = mark_preempting = watch
