"""What a run that died for want of memory had, what it asked for, and how much there was."""

from __future__ import annotations

import os
import re
import resource
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from besom.records import OUT_OF_MEMORY, Cause, Failure

_GB = 1e9
_UNITS = {"b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_AMOUNT = r"([\d.,]*\d) ?(bytes|[KMGT]i?B)"
_ASKED_FOR = re.compile(
    rf"(?:tried to allocate|unable to allocate|trying to allocate|out of memory allocating) {_AMOUNT}", re.IGNORECASE
)
# torch: "GPU 0 has a total capacity of 23.69 GiB of which …" (2.1 writes capacty), before 2.1 "7.79 GiB total capacity"
_CAPACITY = re.compile(rf"total capaci?ty of {_AMOUNT}|{_AMOUNT} total capacity")
_IN_USE = re.compile(rf"this process has {_AMOUNT} memory in use|{_AMOUNT} reserved in total by PyTorch")
_NEAR = 0.5
"""Parts of what there was: from there on an allocation that was refused is believed to have asked for more than that.
Below, nobody knows what it asked for, nor what refused it. The search draws the line at the same place."""
_UNLIMITED = 2**60
"""Control groups say no limit by a number near 2^63."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much memory a run may have, in 10^9 bytes, that of all its GPUs together; None where unknown."""

    host_gb: float | None
    gpu_gb: float | None
    gpus: int = 1


def with_memory(
    failure: Failure, said: str, resources: Mapping[str, float], limits: Limits
) -> tuple[Failure, dict[str, float]]:
    """The failure and the resources, where it died for want of memory: with what it had, needed, and what there was.

    Args:
        failure: Why it failed.
        said: What it printed last, from where an allocation that was refused is known.
        resources: What was measured, keys as in `wire.Report`.
        limits: What there was. A GPU's size that the script tells goes before it.
    """
    measured = dict(resources)
    name = OUT_OF_MEMORY.get(failure.cause)
    if name is None:
        return failure, measured
    is_gpu = failure.cause is Cause.CUDA_OUT_OF_MEMORY
    devices = max(limits.gpus, 1) if is_gpu else 1  # what is said is of one GPU, what is measured of all
    last_words = _last_words(failure, said)
    capacity, in_use = (_told(pattern, last_words) if is_gpu else None for pattern in (_CAPACITY, _IN_USE))
    limit = capacity * devices if capacity else limits.gpu_gb if is_gpu else limits.host_gb
    peak = max(measured.get(name, 0.0), (in_use or 0.0) * devices)
    if peak:
        measured[name] = peak
    asked_for = (_told(_ASKED_FOR, last_words) or 0.0) * devices
    was_refused = not _was_killed(failure)
    needed = peak + (asked_for if was_refused or is_gpu else 0.0)
    if limit and peak >= _NEAR * limit and was_refused and not asked_for:
        needed = max(needed, limit)
    told = f"at {peak:.3g} GB" + (f" of {limit:.3g} GB" if limit else "") if peak else ""
    message = ", ".join(part for part in (told, failure.message) if part)
    return replace(failure, message=message, needed_gb=needed or None, limit_gb=limit), measured


def _last_words(failure: Failure, said: str) -> str:
    """What it said from the failure's message on: before, it may have spoken of a want of memory that it survived."""
    at = said.rfind(failure.message) if failure.message else -1
    return said[max(at, 0) :]


def _was_killed(failure: Failure) -> bool:
    """Whether the kernel ended it, or a part of it, when memory was used up; otherwise an allocation was refused."""
    is_killed = failure.signal == signal.SIGKILL or failure.exit_code == 128 + signal.SIGKILL
    return is_killed or "killed by signal" in failure.message


def host_limit_gb() -> float:
    """The memory that this process and what it starts may have, in 10^9 bytes: the least of what limits it."""
    limits = [psutil.virtual_memory().total, *_of_processes(), *_of_control_groups(), *_of_slurm(os.environ)]
    return min(limits) / _GB


def _of_processes() -> Iterator[int]:
    for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
        soft, _ = resource.getrlimit(kind)
        if soft != resource.RLIM_INFINITY:
            yield soft


def _of_control_groups() -> Iterator[int]:
    """The limits of this process's control groups and of those around them, of either version."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        number, kinds, place = line.split(":", 2)
        if number != "0" and "memory" not in kinds.split(","):
            continue
        root, name = ("", "memory.max") if number == "0" else ("memory", "memory.limit_in_bytes")
        folder = Path("/sys/fs/cgroup", root)
        for part in ("", *Path(place.lstrip("/")).parts):
            folder /= part
            yield from _limit_in(folder / name)


def _limit_in(path: Path) -> Iterator[int]:
    try:
        text = path.read_text().strip()
    except OSError:
        return
    if text.isdigit() and int(text) < _UNLIMITED:
        yield int(text)


def _of_slurm(environ: Mapping[str, str]) -> Iterator[int]:
    """What SLURM gives the job on this node, which it enforces with control groups or without."""
    per_node, per_cpu = environ.get("SLURM_MEM_PER_NODE", ""), environ.get("SLURM_MEM_PER_CPU", "")
    if per_node.isdigit() and int(per_node):
        yield int(per_node) * 2**20
    cpus = environ.get("SLURM_CPUS_ON_NODE", "")
    if per_cpu.isdigit() and cpus.isdigit() and int(per_cpu):
        yield int(per_cpu) * int(cpus) * 2**20


def _told(pattern: re.Pattern[str], text: str) -> float | None:
    """The last amount of that kind in a text, in 10^9 bytes; None if there is none."""
    found = list(pattern.finditer(text))
    if not found:
        return None
    amount, unit = (group for group in found[-1].groups() if group is not None)
    return float(amount.replace(",", "")) * _UNITS[unit[0].lower()] / _GB
