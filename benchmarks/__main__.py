"""Measures and prints all tables, or those named; exits 1 where a limit was missed: `python -m benchmarks [NAME]`."""

from __future__ import annotations

import argparse
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
    "load",
    "shared_folder",
    "history",
    "importance",
    "dashboard",
    "dashboard_load",
    "wandb_scale",
    "wandb_load",
)


def main(words: list[str]) -> int:
    """0, or 1 where a limit was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--agents", nargs="+", type=int, default=[], metavar="N", help="so many at once, for load")
    options = parser.parse_args(words)
    unknown = set(options.names) - set(NAMES)
    if unknown:
        parser.error(f"unknown {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    load = os.getloadavg()[0]
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load:.1f} at the start\n", flush=True)
    is_kept = True
    for name in options.names or NAMES:
        measure = import_module(f"benchmarks.{name}").measure
        result: Result = measure(options.agents) if name == "load" and options.agents else measure()
        print(result.table(), end="\n\n", flush=True)
        is_kept &= all(row.is_kept is not False for row in result.rows)
    return 0 if is_kept else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
