"""The GPUs that this process may use, and what NVML tells of them. Without a driver there are none, and no error."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Collection, Mapping
from types import ModuleType
from typing import Any

_BYTES_PER_GB = 1e9


def visible(environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Names of the GPUs that CUDA would show, as CUDA_VISIBLE_DEVICES takes them: indices, UUIDs or MIG devices.

    As in CUDA: an unset variable shows all; the first name that no device has ends the list; -1 or an empty one
    hides all. Where MIG is on and the variable is unset, every MIG device is listed.
    """
    if _nvml() is None:
        return ()
    chosen = environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is None:
        return _all()
    names: list[str] = []
    for name in (part.strip() for part in chosen.split(",")):
        if handle(name) is None or name in names:
            break
        names.append(name)
    return tuple(names)


def handle(name: str) -> Any | None:
    """NVML's handle of a GPU or MIG device named by index, UUID (or the start of one); None if there is none."""
    nvml = _nvml()
    if nvml is None or not name:
        return None
    if name.isdigit():
        return _try(nvml.nvmlDeviceGetHandleByIndex, int(name))
    if (exact := _try(nvml.nvmlDeviceGetHandleByUUID, name)) is not None:
        return exact
    matching = [index for index in range(_count()) if _uuid_of(index).startswith(name)]
    return _try(nvml.nvmlDeviceGetHandleByIndex, matching[0]) if len(matching) == 1 else None


class Gauge:
    """One GPU's instruments. A reading that the device does not offer is None."""

    def __init__(self, name: str) -> None:
        self._nvml = _nvml()
        self._handle = handle(name)
        self._used_before = self._used()

    def percent(self) -> float | None:
        """Share of the last moments in which a kernel ran, 0 to 100."""
        rates = self._ask("nvmlDeviceGetUtilizationRates")
        return None if rates is None else float(rates.gpu)

    def power_w(self) -> float | None:
        milliwatts = self._ask("nvmlDeviceGetPowerUsage")
        return None if milliwatts is None else milliwatts / 1e3

    def energy_j(self) -> float | None:
        """Energy since the driver was loaded; None before Volta."""
        millijoules = self._ask("nvmlDeviceGetTotalEnergyConsumption")
        return None if millijoules is None else millijoules / 1e3

    def memory_gb(self, pids: Collection[int], *, is_alone: bool) -> float | None:
        """GPU memory of these processes, in 10^9 bytes.

        Inside a container NVML may name processes by numbers of the host, or not at all. A run that has the GPU to
        itself then counts what is used now beyond what was used before it.
        """
        listed = self._ask("nvmlDeviceGetComputeRunningProcesses") or []
        own = [process.usedGpuMemory for process in listed if process.pid in pids]
        if own and None not in own:
            return float(sum(own)) / _BYTES_PER_GB
        used = self._used()
        if not is_alone or used is None or self._used_before is None:
            return None
        return max(0.0, used - self._used_before) / _BYTES_PER_GB

    def total_gb(self) -> float | None:
        """How much memory it has, in 10^9 bytes."""
        memory = self._ask("nvmlDeviceGetMemoryInfo")
        return None if memory is None else float(memory.total) / _BYTES_PER_GB

    def free_gb(self) -> float | None:
        """How much of it nobody uses, in 10^9 bytes."""
        memory = self._ask("nvmlDeviceGetMemoryInfo")
        return None if memory is None else float(memory.free) / _BYTES_PER_GB

    def _used(self) -> float | None:
        memory = self._ask("nvmlDeviceGetMemoryInfo")
        return None if memory is None else float(memory.used)

    def _ask(self, question: str) -> Any | None:
        if self._nvml is None or self._handle is None:
            return None
        return _try(getattr(self._nvml, question), self._handle)


@functools.cache
def _nvml() -> ModuleType | None:
    """NVML, started; None where there is no driver or library. Imported here: most commands never ask."""
    try:
        import pynvml

        pynvml.nvmlInit()
    except Exception:  # noqa: BLE001 - a broken driver must not keep anyone from tuning on CPU
        return None
    return pynvml  # type: ignore[no-any-return]


def _try(call: Callable[..., Any], *arguments: Any) -> Any | None:
    try:
        return call(*arguments)
    except Exception:  # noqa: BLE001 - NVML raises a class for each code, and drivers disagree on which
        return None


def _count() -> int:
    nvml = _nvml()
    return 0 if nvml is None else int(_try(nvml.nvmlDeviceGetCount) or 0)


def _uuid_of(index: int) -> str:
    nvml = _nvml()
    device = handle(str(index))
    if nvml is None or device is None:
        return ""
    return str(_try(nvml.nvmlDeviceGetUUID, device) or "")


def _all() -> tuple[str, ...]:
    names: list[str] = []
    for index in range(_count()):
        names.extend(_mig_devices(index) or [str(index)])
    return tuple(names)


def _mig_devices(index: int) -> list[str]:
    nvml = _nvml()
    device = handle(str(index))
    if nvml is None or device is None:
        return []
    is_on = (_try(nvml.nvmlDeviceGetMigMode, device) or (0, 0))[0] == 1
    most = int(_try(nvml.nvmlDeviceGetMaxMigDeviceCount, device) or 0) if is_on else 0
    parts = [_try(nvml.nvmlDeviceGetMigDeviceHandleByIndex, device, part) for part in range(most)]
    return [str(uuid) for part in parts if part is not None and (uuid := _try(nvml.nvmlDeviceGetUUID, part))]
