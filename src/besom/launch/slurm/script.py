"""The job's script: a template, and what stands in it."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import Any

from besom.errors import ConfigError
from besom.launch.slurm.launches import Launch

_MODULE = "besom.launch.slurm"


def rendered(launch: Launch) -> str:
    """The script of a launch.

    Raises:
        ConfigError: The template cannot be read, is wrong, or gives the job another comment: jobs are known by it.
    """
    import jinja2

    template = launch.options.template
    folder = Path(template) if template else Path(__file__).parent / "templates" / "job.sh.jinja"
    environment = jinja2.Environment(  # noqa: S701 - a shell script, no page
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    try:
        script = environment.from_string(folder.read_text(encoding="utf-8")).render(values_of(launch))
    except OSError as error:
        raise ConfigError(f"{folder}: needs a template to read, got {error.strerror}; correct the path.") from error
    except jinja2.TemplateError as error:
        place = f"{folder}:{error.lineno}" if isinstance(error, jinja2.TemplateSyntaxError) else str(folder)
        raise ConfigError(f"{place}: needs a valid Jinja template, got: {error.message}; correct it.") from error
    comments = [line for line in script.splitlines() if line.startswith("#SBATCH") and "--comment" in line]
    if comments != [f"#SBATCH --comment={launch.comment}"]:
        got = ", ".join(comments) or "none"
        raise ConfigError(
            f"{folder}: needs one comment of the job, {launch.comment}, got {got}; "
            "write `#SBATCH --comment={{ comment }}`, and no further --comment."
        )
    return script


def values_of(launch: Launch) -> dict[str, Any]:
    """What a template may use. `gpus` and `mem` are the whole job's."""
    asked = launch.options
    agents_here = asked.agents if asked.packed else 1
    return {
        "sweep": launch.sweep_id,
        "agents": asked.agents,
        "packed": asked.packed,
        "gpus": (asked.gpus or 0) * agents_here,
        "cpus": asked.cpus,
        "mem": _times(asked.mem, agents_here),
        "time": asked.time,
        "partition": asked.partition,
        "account": asked.account,
        "qos": asked.qos,
        "notice": round(asked.notice),
        "options": shlex.join(asked.options),
        "setup": (asked.setup or "").rstrip("\n"),
        "comment": launch.comment,
        "output": _quoted(launch.logs) + ("/job-%j.log" if asked.packed else "/job-%A_%a.log"),
        "folder": shlex.quote(str(launch.folder)),
        "python": shlex.quote(sys.executable),
        "command": shlex.join([sys.executable, "-m", _MODULE, str(launch.folder)]),
    }


def _quoted(path: Path) -> str:
    """A path in an option of sbatch, where a percent sign begins a symbol."""
    return shlex.quote(str(path).replace("%", "%%"))


def _times(memory: str | None, count: int) -> str | None:
    """So many times an amount of memory: 3 times 16G is 48G."""
    if memory is None or count == 1:
        return memory
    match = re.fullmatch(r"([0-9]+)([KMGT]?)", memory)
    assert match is not None, "the options were checked"
    return f"{int(match[1]) * count}{match[2]}"
