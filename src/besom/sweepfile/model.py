"""The sweep file's shape: W&B's, complete and unchanged, and besom's own keys under `besom:`.

Parameters stay as the user wrote them here; `besom.space` gives them their meaning.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from besom.sweepfile.durations import seconds_from_text


class _Section(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


def _word(value: Any) -> Any:
    """A word of a command, of which W&B takes numbers and truth values too."""
    return str(value) if isinstance(value, bool | int | float) else value


Word = Annotated[
    str, BeforeValidator(_word), WithJsonSchema({"type": ["string", "number", "boolean"]}, mode="validation")
]

Seconds = Annotated[
    float,
    BeforeValidator(seconds_from_text),
    WithJsonSchema(
        {"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^\s*[0-9.]+\s*[smhd]?\s*$"}]}, mode="validation"
    ),
]
"""Seconds, or text such as `90s`, `15m`, `2h`, `1d`."""


class Metric(_Section):
    """The objective."""

    name: str
    goal: Literal["minimize", "maximize"] = "minimize"
    target: float | None = None
    impute: Literal["latest", "best", "worst"] = "worst"
    impute_while_running: Literal["latest", "best", "worst", "false", False] = "false"


class EarlyTerminate(_Section):
    """W&B's hyperband: give `min_iter`, or `max_iter` with `s`."""

    type: Literal["hyperband"]
    min_iter: int | None = Field(default=None, ge=1)
    max_iter: int | None = Field(default=None, ge=1)
    s: float | None = Field(default=None, gt=0)
    eta: float = Field(default=3, gt=1)
    strict: bool = True


class Budget(_Section):
    """What may be spent; the sweep ends at the first that is reached."""

    trials: int | None = Field(default=None, ge=1)
    epochs: float | None = Field(default=None, gt=0)
    """In the unit of the sweep's fidelity, summed over all runs."""
    hours: float | None = Field(default=None, gt=0)
    """Of wall clock in which runs are under way, without pauses."""
    gpu_hours: float | None = Field(default=None, gt=0)


class Fidelity(_Section):
    """What counts a trial's progress."""

    metric: str = "epoch"
    """A logged metric whose value is the progress; `_step` counts rows of log."""
    max: float = Field(gt=0)
    min: float = Field(default=1, gt=0)
    unit: str = "epoch"


class Resources(_Section):
    """What a run needs."""

    gpus: int | None = Field(default=None, ge=0)
    """GPUs of each run. None: one where the agent sees any."""
    per_gpu: int = Field(default=1, ge=1)
    """How many runs share one GPU."""
    cpus: int | None = Field(default=None, ge=1)
    """CPU cores of each run: how many agents `besom run` starts without GPUs, and the threads of libraries."""


class Repeats(_Section):
    """Several runs of each trial, whose mean is its value."""

    count: int = Field(default=1, ge=1)
    parameter: str | None = None
    """A parameter that gets the repeat's value (`fold`, `seed`)."""
    values: list[Any] | None = None
    """Values for it, one a repeat; 0, 1, 2 … otherwise. Without `count` there are as many repeats as values."""

    @model_validator(mode="before")
    @classmethod
    def _count_values(cls, raw: Any) -> Any:
        if isinstance(raw, dict) and "count" not in raw and isinstance(raw.get("values"), list) and raw["values"]:
            return {**raw, "count": len(raw["values"])}
        return raw


class MetricSource(_Section):
    """How to read metrics of a script that does not log: give `regex`, or `json: true`."""

    regex: str | None = None
    """Named groups are the metrics: `epoch (?P<epoch>\\d+): loss (?P<loss>\\S+)`; each matching line is a row."""
    json_lines: bool = Field(default=False, alias="json")
    """Each line that is a JSON object is a row."""
    file: str | None = None
    """A file in the run's folder (BESOM_RUN_DIR) to read; the program's output otherwise."""


class BesomOptions(_Section):
    """What is ours: the extra top-level key `besom`."""

    seed: int | None = None
    budget: Budget = Budget()
    fidelity: Fidelity | None = None
    baseline: list[dict[str, Any]] = []
    """Configurations tried first; parameters left out are drawn."""
    when: dict[str, Any] = {}
    """Conditional parameters: name → {other: value or list of values}, or an expression."""
    constraints: list[str] = []
    """Expressions over parameters that every configuration must fulfil: `heads * dim <= 1024`."""
    resources: Resources = Resources()
    retries: int = Field(default=0, ge=0)
    timeout: Seconds | None = None
    """The longest that one run may take."""
    metrics: list[MetricSource] = []
    repeats: Repeats = Repeats()
    checkpoints: bool = False
    """The script saves to BESOM_CHECKPOINT_DIR and goes on from there, so trials may be paused and resumed."""
    grace: Seconds = 10.0
    """How long a run may take to end politely before it is killed."""
    lease: Annotated[Seconds, Field(gt=0)] = 60.0
    """How long an agent may be silent before its run is given to another."""


class SweepFile(_Section):
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
    apiVersion: str | None = None  # noqa: N815 - W&B's name
    kind: str | None = None
    metrics: list[dict[str, Any]] | None = None

    @property
    def max_trials(self) -> int | None:
        """The tighter of `run_cap` and `besom.budget.trials`."""
        return min((n for n in (self.run_cap, self.besom.budget.trials) if n is not None), default=None)
