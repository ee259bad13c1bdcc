"""What a sweep is made of: frozen records that the engine writes, the store keeps and everybody reads.

Values are the user's own: nothing here is negated, normalised or transformed. Instants end in `_at` and are seconds
since the epoch, UTC. An `Observation` is the one exception: it is what a strategy or stopping rule sees, and there the
objective is always minimised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from besom.curve import Curve
from besom.states import Cause, RunState, Status, SweepState, TrialState
from besom.tracked import TrackedRun, TrackedValues

__all__ = [
    "OUT_OF_MEMORY",
    "Agent",
    "Cause",
    "Config",
    "Curve",
    "Failure",
    "Observation",
    "Reason",
    "Record",
    "Run",
    "RunState",
    "SetAside",
    "Status",
    "Sweep",
    "SweepState",
    "Trial",
    "TrialState",
]

Config = Mapping[str, Any]
"""A configuration as the script gets it: parameter names to values, nested where the sweep file nests."""


OUT_OF_MEMORY = {Cause.CUDA_OUT_OF_MEMORY: "gpu_memory_gb_peak", Cause.HOST_OUT_OF_MEMORY: "memory_gb_peak"}
"""The causes that are a want of memory, and the resource that each is about."""

_COMPARABLE = (TrialState.FINISHED, TrialState.STOPPED, TrialState.PAUSED)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why something failed, for a person to read and for the search to learn from."""

    cause: Cause
    message: str = ""
    exit_code: int | None = None
    signal: int | None = None
    last_lines: str = ""
    needed_gb: float | None = None
    """Out of memory: the least that it would have needed, what it had and asked for besides; None where unknown."""
    limit_gb: float | None = None
    """Out of memory: how much there was; None where unknown."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a configuration was suggested, or a trial stopped.

    Attributes:
        phase: One of "baseline", "initial design", "grid", "random", "model", "exploration", "requested", "imported",
            or a stopping rule's name.
        text: One sentence for a person.
        details: Numbers behind it (predicted mean and spread, expected gain, rung, threshold), in the user's units.
    """

    phase: str
    text: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SetAside:
    """A host that gets no further runs of a sweep: trials failed on it in a row, too often for chance."""

    host: str
    at: float
    trials: tuple[int, ...]
    """Those that failed on it. They are tried again elsewhere as if they had never failed."""
    runs: int
    """How many runs failed on it in a row."""
    causes: tuple[str, ...] = ()
    """What these runs failed of, the most frequent first."""
    gpus: tuple[str, ...] = ()
    """The GPUs that these runs had; empty where not all had the same."""
    worked: tuple[int, ...] = ()
    """Those of the trials that worked elsewhere."""
    failed: tuple[int, ...] = ()
    """Those of the trials that failed elsewhere too."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """One search: its file, its seed and where it stands."""

    id: str
    file: Mapping[str, Any]
    """The sweep file as the user wrote it, besom's keys included."""
    seed: int
    created_at: float
    state: SweepState = SweepState.RUNNING
    why: str = ""
    """Why it is in this state: what ended or paused it."""
    started_at: float | None = None
    ended_at: float | None = None
    paused_s: float = 0.0
    """Seconds spent paused, which budgets in hours leave out."""
    paused_at: float | None = None
    idle_at: float | None = None
    """Since when no run is under way, which budgets in hours leave out too; None while one is."""
    folder: str = ""
    """The folder of the sweep file: where a program is looked for that the agent's own folder does not have."""
    budget: Mapping[str, float | None] = field(default_factory=dict)
    """Budget set while the sweep ran, over the file's own; keys as in the file. None takes the file's limit away."""
    failures_in_a_row: int = 0
    """Trials that failed since the last one that did not."""
    set_aside: tuple[SetAside, ...] = ()
    """Hosts that get no further runs."""
    put_back: Mapping[str, int] = field(default_factory=dict)
    """Hosts that were put back, and the highest lease by then: runs before it are not held against them."""

    @property
    def name(self) -> str:
        return str(self.file.get("name") or self.id)


@dataclass(frozen=True, slots=True)
class Trial:
    """One configuration, and what was measured of it."""

    sweep_id: str
    number: int
    config: Config
    reason: Reason
    created_at: float
    state: TrialState = TrialState.WAITING
    ended_at: float | None = None
    value: float | None = None
    """The objective: of the one run, or the mean over repeats."""
    spread: float | None = None
    """Standard deviation over repeats; None with fewer than two."""
    fidelity: float = 0.0
    """The furthest any run of it got, in the unit of the sweep's fidelity (rows of log without one)."""
    until: float | None = None
    """The fidelity to run to, where short of the end it is decided on again; None for as far as the script goes."""
    ended_by: Reason | None = None
    """Why it was stopped or paused."""
    audited: Reason | None = None
    """Why it would have been stopped or paused, had it not been let finish to see whether that had been wrong. Its
    details also have `at`, the fidelity, and `incumbent`, the best value then, if there was one."""
    failure: Failure | None = None
    kept: bool = False
    """Brought back by a person: no rule and no budget stops it any more."""
    retries: int = 0
    losses: int = 0
    """Runs of it in a row that were lost with their agent."""
    repeats: int = 1
    """Runs that it consists of; its value is their mean."""
    repeats_done: int = 0
    resources: Mapping[str, float] = field(default_factory=dict)
    """Peaks and means over its runs: `memory_gb_peak`, `cpu_percent_mean`, `gpu_memory_gb_peak` … absent if unknown."""
    seconds: float = 0.0
    """Time that its runs took."""
    gpu_seconds: float = 0.0

    @property
    def is_comparable(self) -> bool:
        """Whether its value may be held against others': it is over for now, has not failed and misses no repeat."""
        return self.state in _COMPARABLE and (self.repeats == 1 or self.repeats_done >= self.repeats)


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a trial by an agent."""

    id: str
    sweep_id: str
    trial: int
    repeat: int
    attempt: int
    lease: int
    """Fencing token: grows with each run of the sweep; an agent must name it in every message."""
    agent_id: str
    request_id: str
    started_at: float
    lease_until: float
    state: RunState = RunState.RUNNING
    ended_at: float | None = None
    rows: int = 0
    """Rows of history received: also the number of the next one."""
    output_bytes: int = 0
    """Bytes of the program's output received: also the offset of the next one."""
    samples: int = 0
    """Samples of what it uses received: also the number of the next one."""
    until: float | None = None
    """The fidelity that it was told to run to; None for as far as the script goes."""
    first_fidelity: float = 0.0
    """Where it went on from; 0 for a start from nothing."""
    fidelity: float = 0.0
    value: float | None = None
    """The objective's latest value, or its summary where the script defines one."""
    logged: tuple[str, ...] = ()
    """Names that the script logged, while the objective is not among them."""
    summary: Mapping[str, Any] = field(default_factory=dict)
    """What the script set or defined in its summary."""
    gpus: tuple[str, ...] = ()
    host: str = ""
    folder: str = ""
    resources: Mapping[str, float] = field(default_factory=dict)
    failure: Failure | None = None
    silent_s: float = 0.0
    """Seconds in which nothing was heard of its agent, beyond a heartbeat or two."""
    ordered: str = "continue"
    """What the agent was last told: continue, pause or stop."""
    ordered_because: Reason | None = None
    because: Reason | None = None
    """Why the strategy went on with the trial; None for its first run, and for one that it did not ask for."""
    passed: tuple[Reason, ...] = ()
    """Why it was let go on where it was reviewed, each time; of each the details also have `rung`, the fidelity."""

    @property
    def samples_id(self) -> str:
        """What its samples are kept under, as history."""
        return f"{self.id}/samples"


@dataclass(frozen=True, slots=True)
class Agent:
    """Who executes runs."""

    id: str
    name: str
    host: str
    pid: int
    gpus: tuple[str, ...]
    started_at: float
    seen_at: float
    ended_at: float | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """A trial as strategies and stopping rules see it. The objective is minimised here.

    Attributes:
        trial: The trial's number; observations come in order of it.
        config: Flat configuration: one entry for each active parameter of the space, dotted names.
        status: How far it is.
        value: Final objective, or the latest shown; None where none was measured. Finite, or None.
        curve: Objective over fidelity of the run in hand (or of the last one), not filtered. One that was started
            again from nothing keeps the curve that it had before until it gets further.
        fidelity: The furthest it got.
        seconds: Time spent on it.
        phase: The phase of the suggestion's reason, "baseline" for instance.
        details: The details of the suggestion's reason.
        failure: Why it failed, if so.
        spread: Standard deviation over repeats, if known.
        ended_by: What stopped or paused it: the phase of that reason; "requested" for a person.
        resources: What its runs took of the machine, names as in `Trial`; of runs that are over.
    """

    trial: int
    config: Config
    status: Status
    value: float | None = None
    curve: Curve = field(default_factory=Curve)
    fidelity: float = 0.0
    seconds: float = 0.0
    phase: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    failure: Failure | None = None
    spread: float | None = None
    ended_by: str = ""
    resources: Mapping[str, float] = field(default_factory=dict)


Record = Sweep | Trial | Run | Agent | TrackedRun | TrackedValues
