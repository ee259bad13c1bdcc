"""Messages between server, agent and clients: plain frozen dataclasses, the same in HTTP bodies and spool files.

Every message that changes something may be sent twice: the second time changes nothing and gets the same answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from besom.records import Failure

Row = Mapping[str, Any]
"""One line of history: metric names to values. Keys that begin with an underscore are ours:
`_step`, `_timestamp` (seconds since the epoch), `_runtime` (seconds since the script began)."""

Order = Literal["continue", "pause", "stop"]


@dataclass(frozen=True, slots=True)
class Hello:
    """An agent presents itself. `agent_id` is its own choice and stays the same over reconnects."""

    agent_id: str
    name: str
    host: str
    pid: int
    gpus: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ask:
    """An agent wants a run of the sweep. Repeating the same `request_id` gets the same run again."""

    agent_id: str
    request_id: str
    host: str = ""
    gpus: tuple[str, ...] = ()
    folder: str = ""
    """The agent's folder: the run's own is `folder/<run id>`."""
    seconds_left: float | None = None
    """How long the agent may still work; None for as long as it likes."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """A run to execute, and the lease that allows it."""

    run_id: str
    sweep_id: str
    trial: int
    repeat: int
    attempt: int
    lease: int
    lease_s: float
    """The lease ends this long after the last message that was answered."""
    config: Mapping[str, Any]
    """As the script gets it, nested where the sweep file nests, the repeat's parameter included."""
    until: float | None = None
    """The fidelity to run to, where a script with checkpoints may end; None for as far as it goes."""
    fidelity: float = 0.0
    """Where the last run got to; 0 for a start from nothing."""
    seed: int = 0
    """A seed for this trial and repeat, the same in every attempt."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to run now; ask again in `seconds`."""

    seconds: float
    why: str


@dataclass(frozen=True, slots=True)
class Done:
    """The sweep has ended (or wants no further runs): the agent may go."""

    why: str
    needs_time: bool = False
    """The sweep has not ended, but a run of it takes longer than the agent has left."""


Answer = Assignment | Wait | Done


@dataclass(frozen=True, slots=True)
class Report:
    """Progress of a run; also renews its lease. Without rows it is a heartbeat.

    Attributes:
        run_id: The run.
        lease: Its fencing token; for a lost run, that of the run under way which goes on with its trial.
        first_row: Number of the first of `rows`, from 0. Rows known already are skipped; a gap is refused.
        rows: History, in the order logged.
        output: What the program printed, from byte `output_from` of its output on.
        output_from: Offset of `output`, in bytes of UTF-8.
        resources: Peaks and means so far: `memory_gb_peak`, `cpu_percent_mean`, `gpu_percent_mean`,
            `gpu_memory_gb_peak`, `power_w_mean`, `energy_kwh` …; absent where unknown.
        summary: The script's summary values, where it sets or defines any.
        first_sample: Number of the first of `samples`, from 0. Samples known already are skipped; a gap stays one.
        samples: What the run used over time: `_timestamp`, `_runtime`, `memory_gb`, `cpu_percent`, `gpu_percent`,
            `gpu_memory_gb`, `power_w`; where it has several GPUs, `gpu_percent.0` … for each; absent where unknown.
    """

    run_id: str
    lease: int
    first_row: int = 0
    rows: Sequence[Row] = ()
    output: str = ""
    output_from: int = 0
    resources: Mapping[str, float] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)
    first_sample: int = 0
    samples: Sequence[Row] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """The server has what came before `next_row` and `next_byte`, and orders the run on."""

    next_row: int
    next_byte: int
    order: Order = "continue"
    why: str = ""
    kill: bool = False
    """The run must end now, without grace: the sweep was cancelled."""


@dataclass(frozen=True, slots=True)
class Finish:
    """A run is over: by itself, as ordered, by failure, or given back ("lost") to be run elsewhere."""

    run_id: str
    lease: int
    ended: Literal["finished", "paused", "stopped", "failed", "lost"]
    failure: Failure | None = None
    resources: Mapping[str, float] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)
    seconds: float | None = None
    """How long the script ran, if the agent knows: the message may come long after its end."""
    report: Report | None = None
    """What it logged last, where that was not sent before: it is taken in first."""


Verb = Literal[
    "pause",
    "resume",
    "stop",
    "cancel",
    "stop_trial",
    "resume_trial",
    "resume_host",
    "enqueue",
    "set_budget",
    "set_file",
]


@dataclass(frozen=True, slots=True)
class Command:
    """A person's wish about a sweep.

    Attributes:
        verb: pause, resume, stop (let runs end), cancel (end them now); stop_trial, resume_trial; resume_host
            (give runs again to a host that was set aside); enqueue (a configuration to try next); set_budget; set_file
            (another sweep file, from here on).
        trial: For stop_trial and resume_trial.
        config: For enqueue: values for some or all parameters; the others are drawn.
        budget: For set_budget: keys as in the sweep file; None takes a limit away.
        file: For set_file: the sweep file's content.
        host: For resume_host.
    """

    verb: Verb
    trial: int | None = None
    config: Mapping[str, Any] | None = None
    budget: Mapping[str, float | None] | None = None
    file: Mapping[str, Any] | None = None
    host: str | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """A trial that was measured elsewhere and is over: what a sweep is told of it, all at once or rows in parts.

    Attributes:
        number: Its number in the sweep, from 1. Of a trial that is known only rows that are new are taken.
        config: As the script got it, nested or under dotted names.
        ended: How it ended. One that finished without a finite objective is a failed one.
        value: The objective; None where none was measured.
        failure: Why it failed, for one that did.
        name, id: What it is called where it was measured.
        started_at: Seconds since the epoch, UTC; None where unknown.
        seconds: How long it ran; None where unknown.
        first_row: Number of the first of `rows`, from 0. Rows known already are skipped; a gap is refused.
        rows: History, in the order logged.
    """

    number: int
    config: Mapping[str, Any]
    ended: Literal["finished", "stopped", "failed"]
    value: float | None = None
    failure: Failure | None = None
    name: str = ""
    id: str = ""
    started_at: float | None = None
    seconds: float | None = None
    first_row: int = 0
    rows: Sequence[Row] = ()


@dataclass(frozen=True, slots=True)
class Import:
    """Part of a sweep that was run elsewhere. The first part makes the sweep, the last one ends it.

    Such a sweep gives out no runs. A part that is sent again changes nothing.

    Attributes:
        sweep_id: Its id, the sender's choice: best one that follows from the content, so that a second import is known.
        file: A sweep file's content, the same in every part.
        source: Where the trials come from, for a person: "W&B (runs.csv)".
        trials: In order of their numbers, behind those of the parts before.
        folder: The sweep file's folder, where there is one.
        is_last: Nothing follows.
    """

    sweep_id: str
    file: Mapping[str, Any]
    source: str
    trials: Sequence[Measured] = ()
    folder: str = ""
    is_last: bool = False
