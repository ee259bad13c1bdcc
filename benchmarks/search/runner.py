"""Has runs played: children in the peers' environments, several runs a child, each result kept as it comes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.environment import ROOT
from benchmarks.search import results
from benchmarks.search.environments import python_for
from benchmarks.search.play import READY
from benchmarks.search.results import Played
from benchmarks.search.roster import entry

RUNS_OF_A_CHILD = 40
_LETTERS_OF_AN_ERROR = 400
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class CannotStart(Exception):
    """A peer that breaks before its first run: its environment is wrong, which says nothing of the peer."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a command asks for; `limit_s` is the longest that one run may take."""

    protocol: str
    peers: Sequence[str]
    tasks: Sequence[str]
    seeds: int
    jobs: int
    limit_s: float


def run(wanted: Wanted) -> None:
    """Play what is wanted and not there yet: the first seed of every task before the second of any."""
    batches = [(peer, batch) for peer in wanted.peers for batch in _batches(missing(wanted, peer))]
    for peer in dict.fromkeys(peer for peer, _ in batches):
        python_for(entry(peer))  # two jobs must not make the same environment
    with ThreadPoolExecutor(wanted.jobs) as pool:
        for played in [pool.submit(_play_batch, wanted.protocol, *batch, wanted.limit_s) for batch in batches]:
            played.result()


def missing(wanted: Wanted, peer: str) -> list[tuple[str, int]]:
    """Tasks and seeds of which there is no result."""
    there = results.read(wanted.protocol, peer)
    return [(task, seed) for seed in range(wanted.seeds) for task in wanted.tasks if (task, seed) not in there]


def progress(wanted: Wanted) -> str:
    """How many of the wanted runs are there, peer by peer."""
    lines = []
    for peer in wanted.peers:
        there = [run for run in results.read(wanted.protocol, peer).values() if run.task in wanted.tasks]
        done = sum(run.seed < wanted.seeds for run in there)
        failed = sum(bool(run.error) for run in there)
        cpu_s = sum(run.cpu_s for run in there) / max(len(there), 1)
        lines.append(
            f"{wanted.protocol:3} {peer:32} {done:5} of {len(wanted.tasks) * wanted.seeds:5}"
            f"   {failed:4} failed   {cpu_s:8.2f} CPU s a run"
        )
    return "\n".join(lines)


def _batches(pairs: list[tuple[str, int]]) -> Iterator[list[tuple[str, int]]]:
    for start in range(0, len(pairs), RUNS_OF_A_CHILD):
        yield pairs[start : start + RUNS_OF_A_CHILD]


def _play_batch(protocol: str, peer: str, pairs: list[tuple[str, int]], limit_s: float) -> None:
    """Play the runs in one child; where it dies, that run has failed and another child takes the rest."""
    there = results.read(protocol, peer)
    waiting = [pair for pair in pairs if pair not in there]
    while waiting:
        began = time.monotonic()
        try:
            played, why = _play_child(protocol, peer, waiting, limit_s)
        except CannotStart as error:
            print(error, file=sys.stderr, flush=True)
            return
        waiting = [pair for pair in waiting if pair not in played]
        if waiting:
            task, seed = waiting.pop(0)
            results.append(Played(protocol, peer, task, seed, error=why))
        print(f"{protocol} {peer}: {len(played)} runs in {time.monotonic() - began:.0f} s {why}", flush=True)


def _play_child(
    protocol: str, peer: str, pairs: list[tuple[str, int]], limit_s: float
) -> tuple[set[tuple[str, int]], str]:
    """What was played, and why the child did not get to its end; empty where it did."""
    words = [word for task, seed in pairs for word in (task, str(seed))]
    command = [str(python_for(entry(peer))), "-m", "benchmarks.search.play", peer, protocol, *words]
    played: set[tuple[str, int]] = set()
    is_ready = False
    with tempfile.TemporaryDirectory(prefix="besom-peer-") as scratch, Path(scratch, "errors").open("w+") as errors:
        environment = {**os.environ, **dict.fromkeys(_THREADS, "1"), "TMPDIR": scratch, "PYTHONHASHSEED": "0"}
        child = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True)
        assert child.stdout is not None
        timer = _killer(child, limit_s)
        for line in child.stdout:
            timer.cancel()
            is_ready |= line == READY + "\n"
            if line.startswith('{"protocol"'):
                run = results.played_of(line)
                results.append(run)
                played.add(run.key)
            timer = _killer(child, limit_s)
        code = child.wait()
        timer.cancel()
        errors.seek(0)
        said = errors.read()[-_LETTERS_OF_AN_ERROR:]
    if code == 0:
        return played, ""
    if not is_ready:
        raise CannotStart(f"{peer} cannot be started, so nothing was recorded:\n{said}")
    return played, f"took more than {limit_s:g} s" if code < 0 and not said else f"ended with {code}: {said.strip()}"


def _killer(child: subprocess.Popen[str], limit_s: float) -> threading.Timer:
    """A clock that ends the child unless it is stopped first."""
    timer = threading.Timer(limit_s, child.kill)
    timer.daemon = True
    timer.start()
    return timer
