"""Metrics of a script that does not log: read from its output or from a file it writes, and added to its history."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from besom.sweepfile.model import MetricSource

_CHUNK = 1_000_000
_LINE_END = re.compile(rb"[\r\n]+")


class PrintedMetrics:
    """Each line that a regular expression matches, or that is a JSON object, becomes a row of the run's history."""

    def __init__(
        self, sources: Sequence[MetricSource], output: Path, history: Path, metrics: Iterable[str] = ()
    ) -> None:
        """Read on from the beginning.

        Args:
            sources: The sweep file's `besom.metrics`.
            output: The program's output, for sources without a file; other files are looked for beside it.
            history: Where rows are added.
            metrics: Names that the sweep file uses. A regular expression's groups cannot have slashes, dots or hyphens
                in their names: the group `val_acc` stands for the metric `val/acc` if that is one of these.
        """
        paths = {source: output.with_name(source.file) if source.file else output for source in sources}
        names = {re.sub(r"\W", "_", name): name for name in metrics}
        self._files = [
            _LineReader(path, [_Pattern(source, names) for source in sources if paths[source] == path])
            for path in dict.fromkeys(paths.values())
        ]
        self._output, self._history = output, history
        self._waiting = b""
        """Rows that the disk had no room for: they go first next time, and nothing is read before."""
        self._count = 0
        self._started_s = time.monotonic()

    def pump(self, *, is_final: bool = False) -> None:
        """Add a row for each line that has come since. `is_final` takes a last line without its newline too."""
        self._write()
        for file in self._files:
            while not self._waiting and (rows := file.rows(is_final=is_final)):
                self._append([row for row in rows if row])

    @property
    def has_rest(self) -> bool:
        """Whether rows wait for room on the disk."""
        return bool(self._waiting)

    @property
    def read_to(self) -> int | None:
        """How far the output was read, in bytes; None if no metric is looked for in it."""
        return next((file.position for file in self._files if file.path == self._output), None)

    def begins_anew(self) -> None:
        """The output was read to its end, and is written from its beginning again."""
        for file in self._files:
            if file.path == self._output:
                file.position = 0

    def _append(self, rows: list[dict[str, Any]]) -> None:
        if not rows:
            return
        now, runtime_s = time.time(), time.monotonic() - self._started_s
        lines = []
        for row in rows:
            ours = {"_step": self._count, "_timestamp": now, "_runtime": runtime_s}
            lines.append(json.dumps({**ours, **row}) + "\n")
            self._count += 1
        self._waiting = "".join(lines).encode()
        self._write()

    def _write(self) -> None:
        if not self._waiting:
            return
        try:
            with self._history.open("ab", buffering=0) as file:
                written = file.write(self._waiting)
        except OSError:  # full: there may be room later
            return
        self._waiting = self._waiting[written:]


class _Pattern:
    """One source: a line in, its metrics out."""

    def __init__(self, source: MetricSource, names: dict[str, str]) -> None:
        self._regex = re.compile(source.regex) if source.regex else None
        self._names = names

    def match(self, line: str) -> dict[str, Any]:
        if self._regex is None:
            return _object(line)
        found = self._regex.search(line)
        groups = found.groupdict() if found else {}
        return {self._names.get(name, name): _value(text) for name, text in groups.items() if text is not None}


class _LineReader:
    """The whole lines of a growing file, and what the patterns find in them."""

    def __init__(self, path: Path, patterns: Sequence[_Pattern]) -> None:
        self.path = path
        self._patterns = patterns
        self.position = 0
        """Where to read on."""

    def rows(self, *, is_final: bool) -> list[dict[str, Any]]:
        """One dict for each further line, empty where nothing matched; no dicts at the end of what is there.

        Carriage returns end a line too: progress bars write nothing else. A line longer than a megabyte is cut.
        """
        try:
            with self.path.open("rb") as file:
                file.seek(self.position)
                data = file.read(_CHUNK)
        except FileNotFoundError:
            return []
        end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        if not end and (is_final or len(data) == _CHUNK):
            end = len(data)
        self.position += end
        return [self._row(line) for line in _LINE_END.split(data[:end])] if end else []

    def _row(self, line: bytes) -> dict[str, Any]:
        text = line.decode("utf-8", "replace")
        row: dict[str, Any] = {}
        for pattern in self._patterns:
            row |= pattern.match(text)
        return row


def _object(line: str) -> dict[str, Any]:
    if not line.lstrip().startswith("{"):
        return {}
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _value(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
