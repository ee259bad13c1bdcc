"""The environment variables of a run's script."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from besom.agent.folders import RunFolder
from besom.connections import wandb_key
from besom.sweepfile.model import SweepFile
from besom.wire import Assignment

_THREAD_COUNTS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
STREAM_INTERVAL, STREAM_INTERVAL_S = "WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL", "2"
"""How often W&B's client sends what was logged: its own 15 s are long for whoever decides on running trials."""


def script_environment(
    environ: Mapping[str, str],
    file: SweepFile,
    assignment: Assignment,
    folder: RunFolder,
    checkpoints: Path,
    gpus: tuple[str, ...] | None,
) -> dict[str, str]:
    """The agent's environment, and what the script is told through it.

    Args:
        environ: The agent's own, which the script inherits; what the user set there for libraries stays.
        file: The sweep file.
        assignment: The run.
        folder: Its folder.
        checkpoints: The folder that outlives it.
        gpus: What CUDA_VISIBLE_DEVICES becomes; None leaves it alone, an empty tuple hides all GPUs.
    """
    env = {**_defaults(file, folder), **environ}
    env.pop("BESOM_UNTIL", None)  # of an outer run, where a script runs besom itself
    env.pop("BESOM_FIDELITY", None)
    env |= {
        "BESOM_RUN_DIR": str(folder.path),
        "BESOM_CHECKPOINT_DIR": str(checkpoints),
        "BESOM_RUN_ID": assignment.run_id,
        "BESOM_SWEEP_ID": assignment.sweep_id,
        "BESOM_TRIAL": str(assignment.trial),
        "BESOM_REPEAT": str(assignment.repeat),
        "BESOM_ATTEMPT": str(assignment.attempt),
        "BESOM_SEED": str(assignment.seed),
        "WANDB_SWEEP_ID": assignment.sweep_id,
        "WANDB_RUN_ID": assignment.run_id,
        "WANDB_SWEEP_PARAM_PATH": str(folder.wandb_config),
    }
    if environ.get("BESOM_SERVER", "").startswith("http"):  # and not a home, which W&B's client cannot reach
        env |= _wandb(environ)
    if assignment.until is not None:
        env["BESOM_UNTIL"] = _number(assignment.until)
    if assignment.fidelity:
        env["BESOM_FIDELITY"] = _number(assignment.fidelity)
    if gpus is not None:
        env["CUDA_VISIBLE_DEVICES"] = ",".join(gpus)
        if all(gpu.isdigit() for gpu in gpus) and "CUDA_VISIBLE_DEVICES" not in environ:
            env.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")  # the order in which NVML counted them
    return env


def _defaults(file: SweepFile, folder: RunFolder) -> dict[str, str]:
    """What the script gets unless the user has set it."""
    env = {"PYTHONUNBUFFERED": "1", "WANDB_DIR": str(folder.path)}
    if file.project:
        env["WANDB_PROJECT"] = file.project
    if file.entity:
        env["WANDB_ENTITY"] = file.entity
    if file.besom.resources.cpus is not None:
        env |= dict.fromkeys(_THREAD_COUNTS, str(file.besom.resources.cpus))
    return env


def _wandb(environ: Mapping[str, str]) -> dict[str, str]:
    """What points W&B's own client at our server. It need not be kept offline any more, but may be disabled."""
    env = {
        "WANDB_BASE_URL": environ["BESOM_SERVER"],
        "WANDB_API_KEY": wandb_key(environ.get("BESOM_TOKEN")),
        STREAM_INTERVAL: environ.get(STREAM_INTERVAL, STREAM_INTERVAL_S),
    }
    if environ.get("WANDB_MODE") in ("offline", "dryrun"):
        env["WANDB_MODE"] = "online"
    return env


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))
