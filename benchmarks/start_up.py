"""What it costs to start: the command line's help, and `import besom` in a training script."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys

from benchmarks.peers.environment import optuna
from benchmarks.result import Result, Row

REPEATS = 9


def measure() -> Result:
    """CPU seconds, user and system, of a whole process that ends at once; medians."""
    python = sys.executable
    bare = _cpu_s([python, "-c", "pass"])
    besom = _cpu_s([python, "-c", "import besom"])
    peer = str(optuna())
    peer_help = _cpu_s([str(optuna().with_name("optuna")), "--help"])
    peer_import = _cpu_s([peer, "-c", "import optuna"]) - _cpu_s([peer, "-c", "pass"])
    return Result(
        "Start-up",
        f"CPU seconds of a process, median of {REPEATS}; an import is what it adds to a Python that does nothing.",
        (
            Row("besom --help, CPU s", _cpu_s([python, "-m", "besom", "--help"]), 0.3, peer_help),
            Row("import, CPU s", besom - bare, 0.15, peer_import),
        ),
        peer="Optuna",
    )


def _cpu_s(command: list[str]) -> float:
    """CPU seconds of a process; one run before the first counts warms the disk and the bytecode up."""
    seconds = []
    for _ in range(REPEATS + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(seconds[1:])
