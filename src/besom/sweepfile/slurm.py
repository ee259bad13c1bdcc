"""What `besom slurm submit` asks SLURM for: a section of the sweep file, and a site's file of defaults."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BeforeValidator, Field, ValidationError, WithJsonSchema, model_validator

from besom.errors import SweepFileError
from besom.space.problem import Problem
from besom.sweepfile.durations import seconds_from_text
from besom.sweepfile.section import Seconds, Section, broken

if TYPE_CHECKING:
    from besom.sweepfile.source import Source

_CLOCK = re.compile(r"(?:(?P<days>\d+)-)?(?P<first>\d+)(?::(?P<second>\d+))?(?::(?P<third>\d+))?")
_TIME_LAW = "needs a time limit such as 90m, 4h or D-HH:MM:SS"
_MEMORY = re.compile(r"[0-9]+[KMGT]?")
_SERVER = re.compile(r"in-job|folder|https?://.+|[/~].*")


def slurm_seconds(text: str) -> int:
    """Seconds of a time limit as SLURM writes it: `M`, `M:S`, `H:M:S`, `D-H`, `D-H:M`, `D-H:M:S`.

    Raises:
        ValueError: It is none.
    """
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise ValueError(_TIME_LAW)
    first, second, third = (int(match[name] or 0) for name in ("first", "second", "third"))
    if match["days"] is not None:
        return int(match["days"]) * 86400 + first * 3600 + second * 60 + third
    return first * 3600 + second * 60 + third if match["third"] is not None else first * 60 + second


def _time_limit(value: Any) -> Any:
    """The time limit as SLURM writes it. A bare number is refused: YAML reads 4:00:00 as one."""
    if not isinstance(value, str):
        raise ValueError(f"{_TIME_LAW}, in quotes")  # noqa: TRY004 - pydantic takes no TypeError
    text = value.strip()
    if text[-1:] in ("s", "m", "h", "d"):
        minutes = math.ceil(seconds_from_text(text) / 60)
        return f"{minutes // 1440}-{minutes // 60 % 24:02}:{minutes % 60:02}:00"
    slurm_seconds(text)
    return text


def _memory(value: Any) -> Any:
    if isinstance(value, str) and not _MEMORY.fullmatch(value):
        raise ValueError("needs memory such as 16G or 800M")
    return value


def _server(value: Any) -> Any:
    if isinstance(value, str) and not _SERVER.fullmatch(value):
        raise ValueError("needs in-job, folder, or where a server is, such as http://head:8123")
    return value


class SlurmOptions(Section):
    """What `besom slurm submit` asks SLURM for."""

    agents: int = Field(default=1, ge=1)
    """How many agents are started."""
    server: Annotated[str | None, BeforeValidator(_server)] = None
    """Where agents find the sweep: the address of a server that nodes reach; `in-job`, a server within the jobs;
    `folder`, by files in the home. None: at the server that the home has."""
    gpus: int | None = Field(default=None, ge=0)
    """GPUs of each agent. None: as `resources.gpus`, or none at all."""
    cpus: int | None = Field(default=None, ge=1)
    """CPU cores of each agent. None: as `resources.cpus`, or SLURM's default."""
    mem: Annotated[str | None, BeforeValidator(_memory)] = None
    """Memory of each agent, as SLURM writes it: `16G`. None: SLURM's default."""
    time: Annotated[str, BeforeValidator(_time_limit), WithJsonSchema({"type": "string"}, mode="validation")] | None = (
        None
    )
    """Time limit of a job: `90m`, `4h`, or SLURM's own `D-HH:MM:SS` (in quotes). None: SLURM's default."""
    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    packed: bool = False
    """One job on one node with all agents, instead of an array of jobs with an agent each."""
    setup: str | None = None
    """Lines of shell to run before the agents: `module load cuda`."""
    options: list[str] = Field(default=[])
    """Further options of sbatch: `[--nodelist=node7]`."""
    template: str | None = None
    """A Jinja template for the job's script, instead of besom's own."""
    notice: Annotated[Seconds, Field(gt=0)] = 180.0
    """How long before its time limit a job gives its run back and has itself requeued."""
    idle: Annotated[Seconds, Field(gt=0)] = 300.0
    """After so long without a run an agent ends, rather than hold a GPU."""

    @model_validator(mode="after")
    def _leaves_time_to_work(self) -> Self:
        if self.time is not None and self.notice >= slurm_seconds(self.time):
            got = f"time={self.time}, notice={self.notice:g} s"
            raise broken(f"slurm needs notice < time, got {got}; raise time or lower notice.")
        return self


def slurm_options(source: Source) -> SlurmOptions:
    """The options in a source that has nothing else: a site's file, the command line, or several put together.

    Raises:
        SweepFileError: With everything that is wrong, and its lines.
    """
    from besom.sweepfile.model import SweepFile
    from besom.sweepfile.model_errors import problems_of

    problems = list(source.problems)
    raw = {} if source.raw is None else source.raw
    whole = {"method": "random", "parameters": {}, "besom": {"slurm": raw}}
    try:
        options = SweepFile.model_validate(whole).besom.slurm
    except ValidationError as error:
        problems += [Problem(problem.path[2:], problem.text) for problem in problems_of(error)]
    if problems:
        raise SweepFileError([source.written(problem) for problem in problems])
    return options


def load_slurm(path: Path) -> SlurmOptions:
    """A site's defaults: a YAML file with the keys of the sweep file's `besom: slurm:`. Raises SweepFileError."""
    from besom.sweepfile.source import read

    return slurm_options(read(path))


def as_slurm_options(given: Mapping[str, Any], where: str) -> SlurmOptions:
    """Options from Python, `where` being what messages say about their origin. Raises SweepFileError."""
    from besom.sweepfile.source import Source

    return slurm_options(Source(dict(given), name=where))
