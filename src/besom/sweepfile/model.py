"""The sweep file's shape: W&B's, complete and unchanged, and besom's own keys under `besom:`.

Parameters stay as the user wrote them here; `besom.space` gives them their meaning.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema, model_validator

from besom.sweepfile.section import Seconds, Section, Word, broken
from besom.sweepfile.slurm import SlurmOptions

GAIN_SCHEMA = {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"enum": ["noise", "never"]}]}
"""What an expected gain is held against."""
PER_GPU_SCHEMA = {"anyOf": [{"type": "integer", "minimum": 1}, {"const": "auto"}]}
"""How many runs share a GPU."""


class Metric(Section):
    """The objective."""

    name: str
    goal: Literal["minimize", "maximize"] = "minimize"
    target: float | None = None
    impute: Literal["latest", "best", "worst"] = "worst"
    impute_while_running: Literal["latest", "best", "worst", "false", False] = "false"


class HyperbandOptions(Section):
    """W&B's hyperband: give `min_iter`, or `max_iter` with `s`."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["min_iter"]}, {"required": ["max_iter", "s"]}]}
    )

    type: Literal["hyperband"]
    min_iter: int | None = Field(default=None, ge=1)
    """The first rung; each next one is `eta` times further."""
    max_iter: int | None = Field(default=None, ge=1)
    """What the last rung is `eta` times short of, where rungs are counted backwards."""
    s: float | None = Field(default=None, gt=0)
    """How many rungs there are, counted backwards from `max_iter`."""
    eta: float = Field(default=3, gt=1)
    strict: bool = True
    """Compare a trial's value at the rung; otherwise its best value so far."""

    @model_validator(mode="after")
    def _leaves_a_rung(self) -> Self:
        if self.max_iter is not None and self.s is not None:
            if self.s < 1 or self.max_iter < self.eta:
                got = f"max_iter={self.max_iter}, s={self.s:g}, eta={self.eta:g}"
                move = "raise max_iter or s, or lower eta"
                raise broken(f"hyperband needs a rung of at least one step, got {got}; {move}.")
        elif self.min_iter is None:
            got = ", ".join(name for name in type(self).model_fields if name in self.model_fields_set)
            raise broken(f"hyperband needs min_iter, or max_iter and s, got {got}; add min_iter.")
        return self


class AshaOptions(Section):
    """Asynchronous successive halving: at each rung the best 1/`eta` go on."""

    type: Literal["asha"]
    min_iter: int = Field(default=1, ge=1)
    """The first rung; each next one is `eta` times further."""
    max_iter: int | None = Field(default=None, ge=1)
    """A trial that got so far is left to end by itself."""
    eta: float = Field(default=3, gt=1)

    @model_validator(mode="after")
    def _leaves_a_rung(self) -> Self:
        if self.max_iter is not None and self.max_iter <= self.min_iter:
            got = f"min_iter={self.min_iter}, max_iter={self.max_iter}"
            raise broken(f"asha needs min_iter < max_iter, got {got}; raise max_iter or leave it out.")
        return self


class MedianOptions(Section):
    """The median rule: a trial stops once its best value is worse than the median of the others' running averages."""

    type: Literal["median"]
    min_iter: int = Field(default=1, ge=1)
    """Before this nothing is stopped."""
    min_trials: int = Field(default=5, ge=1)
    """How many other trials must have got as far."""


class CurveOptions(Section):
    """The curve rule: a trial stops once its curve, extrapolated, hardly has a chance to beat the incumbent."""

    type: Literal["curve"]
    min_iter: int = Field(default=3, ge=1)
    """The first rung; each next one is half as far again."""
    probability: float = Field(default=0.05, gt=0, lt=1)
    """A trial that beats the incumbent with less than this is stopped."""


class NoStopping(Section):
    """Every trial runs to its end."""

    type: Literal["none"]


EarlyTerminate = Annotated[
    HyperbandOptions | AshaOptions | MedianOptions | CurveOptions | NoStopping, Field(discriminator="type")
]
"""Which trials are stopped early. Each type has options of its own."""


class Budget(Section):
    """What may be spent; the sweep ends at the first that is reached."""

    trials: int | None = Field(default=None, ge=1)
    epochs: float | None = Field(default=None, gt=0)
    """In the unit of the sweep's fidelity, summed over all runs."""
    hours: float | None = Field(default=None, gt=0)
    """Of wall clock in which runs are under way, without pauses."""
    gpu_hours: float | None = Field(default=None, gt=0)


class Fidelity(Section):
    """What counts a trial's progress."""

    metric: str = "epoch"
    """A logged metric whose value is the progress; `_step` counts rows of log."""
    max: float = Field(gt=0)
    min: float = Field(default=1, gt=0)
    unit: str = "epoch"


def _per_gpu(value: Any) -> Any:
    if value == "auto" or (isinstance(value, int) and not isinstance(value, bool) and value >= 1):
        return value
    raise broken(f"needs a whole number of at least 1, or auto, got {value!r}; write one of them.")


class Resources(Section):
    """What a run needs."""

    gpus: int | None = Field(default=None, ge=0)
    """GPUs of each run. None: one where the agent sees any."""
    per_gpu: Annotated[int | Literal["auto"], PlainValidator(_per_gpu), WithJsonSchema(PER_GPU_SCHEMA)] = 1
    """How many runs share one GPU; with `auto` as many as fit, while one more lets all of them do more."""
    cpus: int | None = Field(default=None, ge=1)
    """CPU cores of each run: how many agents `besom run` starts without GPUs, and the threads of libraries."""

    @property
    def least_per_gpu(self) -> int:
        """How many runs share a GPU where nothing finds out how many may."""
        return 1 if self.per_gpu == "auto" else self.per_gpu


class Repeats(Section):
    """Several runs of each trial, whose mean is its value."""

    count: int = Field(default=1, ge=1)
    parameter: str | None = None
    """A parameter that gets the repeat's value (`fold`, `seed`)."""
    values: list[Any] | None = None
    """Values for it, one a repeat; 0, 1, 2 … otherwise. Without `count` there are as many repeats as values."""
    race: bool = True
    """Leave out further repeats of a trial that is behind the incumbent by more than chance."""

    @model_validator(mode="before")
    @classmethod
    def _count_values(cls, raw: Any) -> Any:
        if isinstance(raw, dict) and "count" not in raw and isinstance(raw.get("values"), list) and raw["values"]:
            return {**raw, "count": len(raw["values"])}
        return raw


def _gain(value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if value in ("noise", "never") or (is_number and 0 < value < math.inf):
        return value
    law = "needs a number above 0 in the objective's units, noise or never"
    raise broken(f"{law}, got {value!r}; write one of them.")


class StopWhen(Section):
    """When the search ends by itself; a `gain` may stand alone: `stop_when: noise`."""

    gain: Annotated[float | Literal["noise", "never"], PlainValidator(_gain), WithJsonSchema(GAIN_SCHEMA)] = "noise"
    """The expected gain that is too small: less than this (in the objective's units), than the noise, or none is."""
    decisions: int = Field(default=5, ge=1)
    """So many suggestions in a row must expect too small a gain."""


def _stop_when(value: Any) -> Any:
    """`stop_when` in full, where its gain stands alone."""
    return value if value is None or isinstance(value, dict | StopWhen) else {"gain": value}


class MetricSource(Section):
    """How to read metrics of a script that does not log: give `regex`, or `json: true`."""

    regex: str | None = None
    """Named groups are the metrics: `epoch (?P<epoch>\\d+): loss (?P<loss>\\S+)`; each matching line is a row."""
    json_lines: bool = Field(default=False, alias="json")
    """Each line that is a JSON object is a row."""
    file: str | None = None
    """A file in the run's folder (BESOM_RUN_DIR) to read; the program's output otherwise."""


class BesomOptions(Section):
    """What is ours: the extra top-level key `besom`."""

    seed: int | None = None
    budget: Budget = Budget()
    fidelity: Fidelity | None = None
    baseline: list[dict[str, Any]] = Field(default=[])
    """Configurations tried first; parameters left out are drawn."""
    when: dict[str, Any] = Field(default={})
    """Conditional parameters: name → {other: value or list of values}, or an expression."""
    constraints: list[str] = Field(default=[])
    """Expressions over parameters that every configuration must fulfil: `heads * dim <= 1024`."""
    resources: Resources = Resources()
    slurm: SlurmOptions = SlurmOptions()
    """What `besom slurm submit` asks SLURM for."""
    retries: int = Field(default=0, ge=0)
    timeout: Seconds | None = None
    """The longest that one run may take."""
    metrics: list[MetricSource] = Field(default=[])
    repeats: Repeats = Repeats()
    checkpoints: bool = False
    """The script saves to BESOM_CHECKPOINT_DIR and goes on from there, so trials may be paused and resumed."""
    stop_when: Annotated[StopWhen | None, BeforeValidator(_stop_when)] = None
    """When the search ends by itself. None: within the noise where bayes has no budget, never where it has one."""
    audit: float = Field(default=0.0, ge=0, le=1)
    """The share of trials that would be stopped early and are let finish, to see how often that is wrong."""
    grace: Seconds = 10.0
    """How long a run may take to end politely before it is killed."""
    lease: Annotated[Seconds, Field(gt=0)] = 60.0
    """How long an agent may be silent before its run is given to another."""


class SweepFile(Section):
    """A whole sweep file, valid in itself."""

    program: str | None = None
    command: list[Word] | None = None
    method: Literal["grid", "random", "bayes"]
    metric: Metric | None = None
    parameters: dict[str, Any]
    run_cap: int | None = Field(default=None, ge=1)
    early_terminate: EarlyTerminate | None = None
    name: str | None = None
    description: str | None = None
    project: str | None = None
    entity: str | None = None
    besom: BesomOptions = BesomOptions()
    # W&B's keys that mean nothing on one's own machine; `check` says so.
    controller: dict[str, Any] | None = None
    scheduler: dict[str, Any] | None = None
    job: str | None = None
    image_uri: str | None = None
    settings: dict[str, Any] | None = None
    apiVersion: str | None = None  # noqa: N815 - W&B's name
    kind: str | None = None
    metrics: list[dict[str, Any]] | None = None

    @property
    def has_program(self) -> bool:
        """Whether agents have something to execute: a program, or a command. Functions need neither."""
        return bool(self.program or self.command)

    @property
    def max_trials(self) -> int | None:
        """The tighter of `run_cap` and `besom.budget.trials`."""
        return min((n for n in (self.run_cap, self.besom.budget.trials) if n is not None), default=None)
