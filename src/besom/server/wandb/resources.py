"""What W&B's client measures of the machine, as the resources that our own agents report."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from besom.analysis.values import is_number

_GB = 1e9
_JOULES_PER_KWH = 3.6e6
_GPU = re.compile(r"system\.gpu\.(process\.)?(\d+)\.(\w+)")


def merged(known: Mapping[str, float], samples: int, rows: Iterable[Mapping[str, Any]]) -> tuple[dict[str, float], int]:
    """Peaks and means with further rows of `wandb-events.jsonl`, and how many rows they are of."""
    found = dict(known)
    for row in rows:
        for name, value in measured(row).items():
            peak, mean = f"{name}_peak", f"{name}_mean"
            found[peak] = max(found.get(peak, value), value)
            found[mean] = found.get(mean, value) + (value - found.get(mean, value)) / (samples + 1)
        samples += 1
        seconds = row.get("_runtime")
        if "power_w_mean" in found and isinstance(seconds, int | float):
            found["energy_kwh"] = found["power_w_mean"] * seconds / _JOULES_PER_KWH
    return found, samples


def measured(row: Mapping[str, Any]) -> dict[str, float]:
    """One row's measurements under our names. GPUs of the process's own come before those of the machine."""
    found: dict[str, float] = {}
    if is_number(row.get("system.proc.memory.rssMB")):
        found["memory_gb"] = row["system.proc.memory.rssMB"] * 2**20 / _GB
    if is_number(row.get("system.cpu")):
        found["cpu_percent"] = float(row["system.cpu"])
    gpus: dict[str, dict[str, float]] = {"": {}, "process.": {}}
    for key, value in row.items():
        match = _GPU.fullmatch(key)
        if match and is_number(value):
            gpus[match[1] or ""].setdefault(match[3], 0.0)
            kind = gpus[match[1] or ""]
            kind[match[3]] = max(kind[match[3]], value) if match[3] == "gpu" else kind[match[3]] + value
    seen = {**gpus[""], **gpus["process."]}
    if "gpu" in seen:
        found["gpu_percent"] = seen["gpu"]
    if "memoryAllocatedBytes" in seen:
        found["gpu_memory_gb"] = seen["memoryAllocatedBytes"] / _GB
    if "powerWatts" in seen:
        found["power_w"] = seen["powerWatts"]
    return found
