"""`python -m benchmarks [NAME...]`: measure and print all tables, or those named. Exits 1 where a limit was missed."""

from __future__ import annotations

import os
import platform
import sys
from importlib import import_module

from benchmarks.result import Result

NAMES = (
    "start_up",
    "install_size",
    "tuning",
    "agent_overhead",
    "many_agents",
    "history",
    "importance",
    "dashboard",
    "dashboard_load",
    "wandb_scale",
    "wandb_load",
)


def main(names: list[str]) -> int:
    """0, or 1 where a limit was missed."""
    unknown = set(names) - set(NAMES)
    if unknown:
        print(f"benchmarks: unknown {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    load = os.getloadavg()[0]
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load:.1f} at the start\n", flush=True)
    is_kept = True
    for name in names or NAMES:
        result: Result = import_module(f"benchmarks.{name}").measure()
        print(result.table(), end="\n\n", flush=True)
        is_kept &= all(row.is_kept is not False for row in result.rows)
    return 0 if is_kept else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
