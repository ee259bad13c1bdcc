"""Faults at random for as long as asked, then count: `python -m benchmarks.chaos --faults 1000 --seed 1`.

A server, agents and their scripts on one machine. They are killed with -9, one or all at once, and started again;
stopped for a while; their database is locked, their disk filled, their history torn, their clocks are set, and the
server stays away. At the end every trial must have ended, none may have finished twice, what the scripts say that they
logged must be in the database in order and once, each trial's configuration must be the one that an undisturbed sweep
with the same seed suggests, and no process may be left. As root the home is on a small disk that can be filled.
"""

from __future__ import annotations

import argparse
import collections
import random
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.chaos.arena import Arena
from benchmarks.chaos.faults import KINDS, strike
from benchmarks.chaos.verdict import wrongs

_LOOK_S = 0.05
_TELL_EVERY_S = 10.0
_FAULTS_A_RUN = 4
"""So many for each run that began, at most: a sweep that never gets anywhere has nothing to lose."""


def main() -> int:
    """Run and print; the exit code is 1 if anything was lost or doubled."""
    parser = argparse.ArgumentParser(description="Faults at random, then count.")
    parser.add_argument("--seconds", type=float, help="so long; 60 where --faults is not given")
    parser.add_argument("--faults", type=int, help="so many faults")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pace", type=float, default=1.0, help="seconds between faults, on the average")
    parser.add_argument("--keep", action="store_true", help="keep the folder, to look at it")
    given = parser.parse_args()
    enough = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: enough.set())
    until = time.monotonic() + (given.seconds or (60.0 if given.faults is None else float("inf")))
    content: dict[str, object] = {
        "program": "train.py",
        "command": [sys.executable, "${program}"],
        "method": "random",
        "metric": {"name": "loss"},
        "parameters": {"x": {"min": 0.0, "max": 1.0}},
        "besom": {"seed": given.seed, "lease": 5, "retries": 20, "checkpoints": True, "grace": 1},
    }
    folder = Path(tempfile.mkdtemp(prefix="besom-chaos-"))
    arena = Arena(folder)
    try:
        arena.begin(content)
        struck = _break(arena, random.Random(given.seed), given.pace, until, given.faults, enough)  # noqa: S311
        trials, runs, kept = arena.end()
        wrong = wrongs(arena, content, trials, runs, kept)
    finally:
        arena.clear(keep=given.keep)
    print(f"faults  {sum(struck.values())}", *(f"  {struck[kind]:4} {kind}" for kind in KINDS), sep="\n")
    print(f"trials  {len(trials)}: {dict(collections.Counter(str(trial.state) for trial in trials))}")
    print(f"runs    {len(runs)}: {dict(collections.Counter(str(run.state) for run in runs))}")
    print(f"rows    {sum(map(len, kept.values()))}")
    print(f"ended   by themselves, and started again: {dict(arena.ended)}")
    print(f"wrong   {len(wrong)}", *wrong, sep="\n  ")
    return 1 if wrong else 0


def _break(
    arena: Arena, rng: random.Random, pace_s: float, until: float, at_most: int | None, enough: threading.Event
) -> collections.Counter[str]:
    """Do faults until it is time, or there are enough, or Ctrl-C; how many of each kind."""
    struck: collections.Counter[str] = collections.Counter()
    started = told = time.monotonic()
    strike_at = started + rng.expovariate(1 / pace_s)
    while not enough.wait(_LOOK_S) and (now := time.monotonic()) < until:
        if at_most is not None and sum(struck.values()) >= at_most:
            break
        arena.undo()
        arena.keep_running()
        runs = sum(1 for _ in arena.folder.glob("told-*"))
        if now >= strike_at and sum(struck.values()) < _FAULTS_A_RUN * runs:
            kind = strike(arena, rng)
            struck.update([kind] if kind else [])
            strike_at = now + rng.expovariate(1 / pace_s)
        if now - told >= _TELL_EVERY_S:
            told = now
            total = f" of {at_most}" if at_most else ""
            print(f"{now - started:6.0f} s  {sum(struck.values())}{total} faults, {runs} runs began", file=sys.stderr)
    return struck


if __name__ == "__main__":
    raise SystemExit(main())
