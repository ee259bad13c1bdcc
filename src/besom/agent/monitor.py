"""What a run uses: CPU and memory of its whole process tree, GPUs and power; in sum and over time."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from besom.agent.child import Exit, high_water
from besom.agent.gpus import Gauge
from besom.agent.memory import Limits, host_limit_gb
from besom.agent.samples import Samples

EVERY_S = 1.0
_FIRST_AFTER_S = 0.2
_GB = 1e9
_JOULES_PER_KWH = 3.6e6


class _Track:
    """Peak and time-weighted mean of one quantity."""

    def __init__(self) -> None:
        self.peak: float | None = None
        self._sum = 0.0
        self._weight = 0.0

    def add(self, value: float | None, weight: float) -> None:
        if value is None:
            return
        self.peak = value if self.peak is None else max(self.peak, value)
        self._sum += value * weight
        self._weight += weight

    @property
    def mean(self) -> float | None:
        return self._sum / self._weight if self._weight else self.peak


class Monitor:
    """Samples one run. Quantities that cannot be measured are absent from the results, not zero.

    Memory is the resident size of all processes of the tree, summed: pages that they share count in each. Of a GPU that
    several runs share, utilisation is the device's, and power and energy are divided by their number.

    Attributes:
        samples: What it used over time, keys as in `wire.Report`.
    """

    def __init__(self, pid: int, gpus: Sequence[str], sharing: int | Callable[[], int], now: float) -> None:
        """Begin to watch.

        Args:
            pid: The script's process.
            gpus: The GPUs that it may use.
            sharing: How many runs share them; where that changes, what tells how many do now. Then the run's own part
                is measured too, as `gpu_share_mean`.
            now: In monotonic seconds, as everywhere here.
        """
        self.samples = Samples()
        self._pid, self._started_at = pid, now
        self._sharing = sharing
        self._sharers = self._most_sharers = self._count_sharers()
        self._share = _Track()
        self._gauges = [Gauge(gpu) for gpu in gpus]
        self._energy_before = [gauge.energy_j() for gauge in self._gauges]
        self._energy_j: float | None = None
        self._tree: dict[int, psutil.Process] = {}
        self._cpu_s: dict[int, float] = {}
        self._cpu_total_s = 0.0
        self._largest = 0
        """The most that one process of the tree had resident, in bytes."""
        self._sampled_at = now
        self._next_at = now + _FIRST_AFTER_S
        self._tracks = {
            name: _Track() for name in ("memory_gb", "cpu_percent", "gpu_percent", "gpu_memory_gb", "power_w")
        }

    def sample(self, now: float) -> None:
        """Take a sample, if one is due; the script's high-water mark is read each time, for it goes with the script."""
        self._note_high_water(self._pid)
        if now < self._next_at:
            return
        elapsed = max(now - self._sampled_at, 1e-3)
        self._sharers = self._count_sharers()
        self._most_sharers = max(self._most_sharers, self._sharers)
        self._share.add(1 / self._sharers, elapsed)
        memory, cpu_s = self._read_tree()
        self._cpu_total_s += cpu_s
        measured = {"memory_gb": memory / _GB if memory else None, "cpu_percent": 100 * cpu_s / elapsed}
        measured |= self._read_gpus()
        for name, track in self._tracks.items():
            track.add(measured.get(name), elapsed)
        self.samples.add(now - self._started_at, elapsed, measured)
        age = now - self._started_at
        self._sampled_at, self._next_at = now, now + min(EVERY_S, max(_FIRST_AFTER_S, age / 2))

    def results(self, now: float, ended: Exit | None = None) -> dict[str, float]:
        """Peaks and means so far, keys as in `wire.Report`; with `ended` also what the kernel counted at the end."""
        results: dict[str, float] = {}
        for name, track in self._tracks.items():
            if track.peak is not None and track.mean is not None:
                results |= {f"{name}_peak": track.peak, f"{name}_mean": track.mean}
        if ended is not None:
            results |= self._from_the_kernel(results, ended, max(now - self._started_at, 1e-3))
        if self._energy_j is not None:
            results["energy_kwh"] = self._energy_j / _JOULES_PER_KWH
        if self._gauges and callable(self._sharing) and self._share.mean is not None:
            results["gpu_share_mean"] = self._share.mean
        return results

    def limits(self) -> Limits:
        """How much memory the run may have."""
        return Limits(host_limit_gb(), _sum([gauge.total_gb() for gauge in self._gauges]), len(self._gauges))

    @property
    def is_guest(self) -> bool:
        """Whether it has, or just had, to share with others what it may have to itself another time."""
        return callable(self._sharing) and max(self._sharers, self._count_sharers()) > 1

    def _count_sharers(self) -> int:
        return max(1, self._sharing() if callable(self._sharing) else self._sharing)

    def _from_the_kernel(self, results: dict[str, float], ended: Exit, seconds: float) -> dict[str, float]:
        """A run too short for a sample has its largest process and its CPU time from the kernel's own books."""
        exact: dict[str, float] = {}
        largest = max(self._largest, ended.memory_bytes or 0) / _GB
        if largest:
            exact["memory_gb_peak"] = max(largest, results.get("memory_gb_peak", 0.0))
            exact["memory_gb_mean"] = results.get("memory_gb_mean", largest)
        if ended.cpu_s is not None:
            mean = 100 * max(ended.cpu_s, self._cpu_total_s) / seconds
            exact |= {"cpu_percent_mean": mean, "cpu_percent_peak": max(mean, results.get("cpu_percent_peak", 0.0))}
        return exact

    def _note_high_water(self, pid: int) -> None:
        if pid != os.getpid():  # a function runs in the agent, whose mark is older than the run
            self._largest = max(self._largest, high_water(pid))

    def _read_tree(self) -> tuple[int, float]:
        """Resident bytes of the tree, and CPU seconds that it used since the last sample."""
        memory, cpu_s = 0, 0.0
        processes = {pid: self._tree.get(pid) or _process(pid) for pid in tree_of(self._pid)}
        self._tree = {pid: process for pid, process in processes.items() if process is not None}
        for pid, process in self._tree.items():
            self._note_high_water(pid)
            try:
                memory += process.memory_info().rss
                times = process.cpu_times()
            except psutil.Error:
                continue
            used = times.user + times.system
            cpu_s += max(0.0, used - self._cpu_s.get(pid, 0.0))
            self._cpu_s[pid] = used
        return memory, cpu_s

    def _add_energy(self) -> None:
        """Its part of what the GPUs have used since they were last asked."""
        energy = [gauge.energy_j() for gauge in self._gauges]
        pairs = zip(self._energy_before, energy, strict=True)
        used = [after - before for before, after in pairs if before is not None and after is not None]
        if used:
            self._energy_j = (self._energy_j or 0.0) + sum(used) / self._sharers
        self._energy_before = energy

    def _read_gpus(self) -> dict[str, float | None]:
        """All GPUs together, and each alone where there are several."""
        if not self._gauges:
            return {}
        is_alone = self._most_sharers == 1
        percents = [gauge.percent() for gauge in self._gauges]
        memory = [gauge.memory_gb(self._tree, is_alone=is_alone) for gauge in self._gauges]
        watts = [gauge.power_w() for gauge in self._gauges]
        power = [None if each is None else each / self._sharers for each in watts]
        self._add_energy()
        total = _sum(percents)
        measured = {
            "gpu_percent": None if total is None else total / len(percents),
            "gpu_memory_gb": _sum(memory),
            "power_w": _sum(power),
        }
        if len(self._gauges) > 1:
            of_each = {"gpu_percent": percents, "gpu_memory_gb": memory, "power_w": power}
            measured |= {f"{name}.{at}": value for name, values in of_each.items() for at, value in enumerate(values)}
        return measured


def tree_of(pid: int) -> list[int]:
    """A process and all its descendants.

    Linux lists the children of each thread, so this looks at the tree only; psutil's way looks at every process of the
    machine, once a second for every agent, and is left for kernels without that list.
    """
    if not Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").exists():
        try:
            return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
        except psutil.Error:
            return [pid]
    found, to_visit = [], [pid]
    while to_visit:
        parent = to_visit.pop()
        found.append(parent)
        to_visit.extend(_children(parent))
    return found


def _children(pid: int) -> list[int]:
    children: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - once a second for every process of every run
            with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as file:  # noqa: PTH123 - see above
                children.extend(map(int, file.read().split()))
    except OSError:  # ended meanwhile
        pass
    return children


def _process(pid: int) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except psutil.Error:
        return None


def _sum(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
