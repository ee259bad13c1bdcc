"""`file_stream`: history, system metrics, summary and output of a run as they come in, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from besom.encoding import strict
from besom.engine import AppendOutput, AppendRows, State
from besom.errors import MessageError, UnknownName
from besom.records import Run, RunState
from besom.server.wandb.caller import is_of_wandb
from besom.server.wandb.ends import Ends
from besom.server.wandb.resources import merged
from besom.server.wandb.tracker import Tracker, run_of
from besom.server.wandb.values import flat, objective_of, printed, read_mapping
from besom.server.writer import Group
from besom.tracked import Lines, TrackedRun, TrackedValues
from besom.wire import Report

_INTERRUPTED = frozenset({255, -2, -15, 130, 143})


@dataclass(frozen=True, slots=True)
class Chunk:
    """One message of `file_stream`, read. `rows` and `events` have {} for lines that are no JSON objects."""

    rows: tuple[int, Sequence[Mapping[str, Any]]] = (0, ())
    events: tuple[int, Sequence[Mapping[str, Any]]] = (0, ())
    output: tuple[int, Sequence[str]] = (0, ())
    summary: Mapping[str, Any] | None = None
    is_preempting: bool = False
    is_complete: bool = False
    exit_code: int = 0


def read_chunk(body: Any) -> Chunk:
    """The message in a request's body. Raises MessageError."""
    if not isinstance(body, Mapping):
        raise MessageError(f"file_stream: needs a JSON object, got {type(body).__name__}; send one.")
    files = body.get("files") or {}
    if not isinstance(files, Mapping):
        raise MessageError(f"files: needs a JSON object, got {type(files).__name__}; name each file in it.")
    at, history = _lines(files, "wandb-history.jsonl")
    events_at, events = _lines(files, "wandb-events.jsonl")
    _, summaries = _lines(files, "wandb-summary.json")
    code = body.get("exitcode")
    return Chunk(
        rows=(at, [flat(read_mapping(line)) for line in history]),
        events=(events_at, [read_mapping(line) for line in events]),
        output=_lines(files, "output.log"),
        summary=strict(read_mapping(summaries[-1])) if summaries else None,
        is_preempting=bool(body.get("preempting")),
        is_complete=bool(body.get("complete")),
        exit_code=code if isinstance(code, int) else 0,
    )


def _lines(files: Mapping[str, Any], name: str) -> tuple[int, list[str]]:
    given = files.get(name) or {}
    offset, content = given.get("offset"), given.get("content")
    if content is None:
        return 0, []
    if isinstance(content, str):
        content = [content]
    if not isinstance(content, list) or not all(isinstance(line, str) for line in content):
        raise MessageError(f"{name}: content needs to be a list of lines, got {type(content).__name__}; send lines.")
    if not isinstance(offset, int) or offset < 0:
        raise MessageError(f"{name}: offset needs a whole number from 0 on, got {offset!r}; count lines from 0.")
    return offset, content


class Stream:
    """Takes in chunks, each whole or not at all; one that comes again changes nothing."""

    def __init__(self, tracker: Tracker, ends: Ends) -> None:
        self._tracker, self._ends = tracker, ends
        self._driver = tracker.driver

    def take(self, entity: str, project: str, name: str, chunk: Chunk) -> bool:
        """Keep a chunk; whether the run is to stop. Raises UnknownName for a run that never began."""
        found = self._tracker.find(entity, project, name)
        if found is None:
            raise UnknownName(f"run {entity}/{project}/{name}: must have begun by upsertBucket, but has not; begin it.")

        def work(group: Group) -> bool:
            run = self._tracker.current(group, found.id)
            if run is None:
                return True  # it was deleted meanwhile
            return _Taking(self._tracker, self._ends, group, run, chunk).do()

        stopped: bool = self._driver.submit(work).result()
        return stopped


class _Taking:
    """One chunk taken in, inside of a group."""

    def __init__(self, tracker: Tracker, ends: Ends, group: Group, run: TrackedRun, chunk: Chunk) -> None:
        self._driver, self._ends = tracker.driver, ends
        self._group, self._chunk = group, chunk
        self._run = run
        self._state: State | None = group.state(run.sweep_id) if run.of_trial and run.sweep_id else None

    def do(self) -> bool:
        rows = self._new_rows()
        output = self._new_output()
        self._keep_events()
        if self._chunk.summary is not None:
            self._group.save(self._values())
        run = replace(self._run, heartbeat_at=self._driver.now())
        self._run = self._ended(run) if self._chunk.is_complete else self._alive(run, has_rows=bool(rows))
        self._report(rows, output)
        self._group.save(self._run)
        if self._chunk.is_complete:
            self._group.ended_runs += [self._run.history_id, self._run.events_id]
        if self._chunk.is_complete and self._says_all():
            self._ends.finish(self._group, self._run.sweep_id, self._run.id, output)
        return self._is_to_stop()

    @property
    def _engine_run(self) -> Run | None:
        if self._state is None:
            return None
        return run_of(self._group.state(self._state.sweep.id), self._run)

    @property
    def _feeds(self) -> bool:
        """Whether what comes in is the trial's history: its run is under way, and nobody else logs for it."""
        run = self._engine_run
        return run is not None and run.state is RunState.RUNNING and self._run.history_id == self._run.id

    @property
    def _has_other_rows(self) -> bool:
        """Whether our own agent brings the trial's rows: those of besom's SDK, or of what the script prints."""
        run, plan = self._engine_run, self._state.plan if self._state else None
        if run is None or plan is None:
            return False
        return run.rows > self._run.history.count or (bool(plan.file.besom.metrics) and not is_of_wandb(run.agent_id))

    def _new_rows(self) -> Sequence[Mapping[str, Any]]:
        new, lines = self._run.history.fresh(*self._chunk.rows)
        if new and self._run.history_id == self._run.id and self._has_other_rows:
            self._run = replace(self._run, history_id=f"{self._run.id}/wandb")  # the trial's are the others
        first = self._run.history.count
        self._run = replace(self._run, history=lines)
        if new and not self._feeds:
            self._group.appends.append(AppendRows(self._run.history_id, first, list(new)))
        return new if self._feeds else ()

    def _new_output(self) -> str:
        """What the program printed since; the last line waits for the next, since a progress bar may rewrite it."""
        if self._state is not None and not self._is_of_wandb:
            return ""  # our own agent reads the program's output itself
        offset, lines = self._chunk.output
        whole, held = _settled(self._run.output, self._run.held, offset, lines, all_of_it=self._chunk.is_complete)
        text = "".join(f"{printed(line)}\n" for line in whole)
        self._run = replace(self._run, output=_counted(self._run.output, offset, lines), held=held)
        if text and not self._feeds:
            data = text.encode(errors="replace")
            self._group.appends.append(AppendOutput(self._run.id, self._output_end, text))
            self._run = replace(self._run, output_bytes=self._output_end + len(data))
            return ""
        return text

    @property
    def _output_end(self) -> int:
        run = self._engine_run
        return max(self._run.output_bytes, run.output_bytes if run else 0)

    @property
    def _is_of_wandb(self) -> bool:
        run = self._engine_run
        return run is not None and is_of_wandb(run.agent_id)

    def _keep_events(self) -> None:
        new, lines = self._run.events.fresh(*self._chunk.events)
        if new:
            self._group.appends.append(AppendRows(self._run.events_id, self._run.events.count, list(new)))
            resources, samples = merged(self._run.resources, self._run.samples, new)
            self._run = replace(self._run, events=lines, resources=resources, samples=samples)

    def _values(self) -> TrackedValues:
        """What the run was configured with, and its summary as this chunk leaves it."""
        known = self._group.tracked_values(self._run.id)
        if known is None:
            known = self._driver.store.tracked_values([self._run.id]).get(self._run.id) or TrackedValues(self._run.id)
        return known if self._chunk.summary is None else replace(known, summary=self._chunk.summary)

    def _alive(self, run: TrackedRun, *, has_rows: bool) -> TrackedRun:
        if self._chunk.is_preempting:
            return replace(run, state="preempting")
        return replace(run, state="running") if run.state == "crashed" and has_rows else run

    def _ended(self, run: TrackedRun) -> TrackedRun:
        code = self._chunk.exit_code
        if code == 0:
            state = "finished"
        elif run.state == "preempting" or self._chunk.is_preempting:
            state = "preempted"
        else:
            state = "killed" if code in _INTERRUPTED or self._is_to_stop() else "failed"
        return replace(run, state=state, exit_code=code)

    def _report(self, rows: Sequence[Mapping[str, Any]], output: str) -> None:
        """Tell the engine, as an agent of ours would."""
        run = self._engine_run
        if run is None or run.state is not RunState.RUNNING:
            return
        summary = self._objective()
        report = Report(run.id, run.lease, run.rows, rows, output, run.output_bytes, self._resources(run), summary)
        self._driver.handle(self._group, run.sweep_id, report)

    def _says_all(self) -> bool:
        """Whether a run that is complete can end now: W&B's agent executes it, and it has an objective or failed."""
        run = self._engine_run
        if run is None or not is_of_wandb(run.agent_id):
            return False
        needs_value = self._state is not None and self._state.plan.metric is not None
        return self._chunk.exit_code != 0 or run.value is not None or not needs_value

    def _resources(self, run: Run) -> Mapping[str, float]:
        return self._run.resources if is_of_wandb(run.agent_id) else {}

    def _objective(self) -> dict[str, Any]:
        plan = self._state.plan if self._state else None
        if plan is None or plan.metric is None:
            return {}
        value = objective_of(self._values().summary, plan.metric, plan.maximizes)
        return {} if value is None else {plan.metric: value}

    def _is_to_stop(self) -> bool:
        run = self._engine_run
        if run is None:
            return self._run.is_stopped
        return self._run.is_stopped or run.ordered != "continue" or run.state is RunState.LOST


def _settled(
    known: Lines, held: str | None, offset: int, lines: Sequence[str], *, all_of_it: bool
) -> tuple[list[str], str | None]:
    """Lines that will not be rewritten any more, and the one that may be."""
    pending: dict[int, str] = {} if held is None else {known.count - 1: held}
    first = min(known.shift + offset, known.count)
    for at, line in enumerate(lines, first):
        if at >= known.count or at in pending:
            pending[at] = line
    in_order = [pending[at] for at in sorted(pending)]
    if all_of_it or not in_order:
        return in_order, None
    return in_order[:-1], in_order[-1]


def _counted(known: Lines, offset: int, lines: Sequence[str]) -> Lines:
    return known.fresh(offset, lines)[1]
