"""Many agents on one server, on SQLite and on PostgreSQL, and Optuna's storages under the same load."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import load_agents, load_asks
from benchmarks.crew import PROCESSES, Figures
from benchmarks.peers.environment import ROOT, optuna_storages
from benchmarks.postgres import Cluster, cluster
from benchmarks.result import Result, Row

AGENTS = (8, 64, 256)
REPORTS = 20
SECONDS = 8.0
_TIMES_BETTER = 5
_TIMES_BETTER_AT, _NOTHING_LOST_AT = 64, 256
_ASK_MS = 100
SQLITE, POSTGRES = "besom, SQLite", "besom, PostgreSQL"
_BARE = ", a message a report"
_PEERS = {
    "rdb": "Optuna, RDB on PostgreSQL",
    "journal": "Optuna, journal file",
    "grpc": "Optuna, gRPC proxy of that RDB",
}
_HOW = f"""\
No compute, {REPORTS} reports a trial, random search, a pruner asked after each report; {SECONDS:g} s for each line.
An operation is an ask (Optuna's with its suggests), a report or an end. Agents are threads of {PROCESSES} processes
and share nothing, on both sides; what they train runs in the same thread. A report to besom is a line in the run's
folder, which the agent sends on with others; "a message a report": no agents or scripts, and each report waits for the
server's answer, as Optuna's do. Files of earlier lines stay until the end; on ext4 a run soon after many files were
deleted, another run of this for instance, is slower.
Lost: trials that a worker was told are kept whole, and that are not, or that were done twice."""
_HEAD = f"{'agents':>6}  {'':<42}{'1/s':>8}{'ask p50':>10}{'p99, ms':>10}{'errors':>8}{'trials':>8}{'lost':>6}"


@dataclass(frozen=True, slots=True)
class Cell:
    """What `agents` of one system did."""

    system: str
    agents: int
    figures: Figures
    lost: int

    @property
    def rate(self) -> float:
        """Operations a second."""
        return self.figures.operations / SECONDS

    def ask_ms(self, share: float) -> float:
        """What that share of asks took at most, in milliseconds; NaN where none was answered in time."""
        asks = sorted(self.figures.asks_s)
        return 1e3 * asks[min(int(share * len(asks)), len(asks) - 1)] if asks else float("nan")

    def line(self) -> str:
        """The cell as a line of the table."""
        asks = f"{self.ask_ms(0.5):>10,.1f}{self.ask_ms(0.99):>10,.1f}"
        counts = f"{len(self.figures.errors):>8}{len(self.figures.told):>8,}{self.lost:>6}"
        return f"{self.agents:>6}  {self.system:<42}{self.rate:>8,.0f}{asks}{counts}"


def measure(agents: Sequence[int] = AGENTS) -> Result:
    """The table, for so many agents each, and what was promised of it."""
    cells: list[Cell] = []
    print(_HEAD, file=sys.stderr, flush=True)
    with cluster(f"max_connections={2 * max(agents) + 100}") as postgres, tempfile.TemporaryDirectory() as homes:
        for cell in _cells(agents, postgres, Path(homes)):
            print(cell.line(), file=sys.stderr, flush=True)
            for error in sorted(set(cell.figures.errors))[:3]:
                print(f"{'':8}{error}", file=sys.stderr, flush=True)
            cells.append(cell)
    return Result(
        "Many agents at once",
        _HOW,
        (*_promises(cells), *load_asks.rows(_ASK_MS)),
        peer="best of Optuna's",
        preface="\n".join([_HEAD, *(cell.line() for cell in cells)]),
    )


def _cells(agents: Sequence[int], postgres: Cluster, homes: Path) -> Iterator[Cell]:
    """Ours first, whose `homes` stay until the end: where files were just deleted, ext4 takes long to make others."""
    for count in agents:
        for is_bare in (False, True):
            for system, store in ((SQLITE, None), (POSTGRES, postgres.create())):
                home = Path(tempfile.mkdtemp(dir=homes))
                figures, lost = load_agents.played(count, REPORTS, SECONDS, home, store, is_bare=is_bare)
                yield Cell(system + _BARE * is_bare, count, figures, lost)
    for count in agents:
        for kind, system in _PEERS.items():
            yield _peer(kind, system, count, postgres.create())


def _peer(kind: str, system: str, agents: int, url: str) -> Cell:
    words = [kind, str(agents), str(REPORTS), str(SECONDS), url.replace("postgresql://", "postgresql+psycopg://")]
    command = [str(optuna_storages()), "-m", "benchmarks.peers.optuna_load", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise RuntimeError(done.stderr)
    found = json.loads(done.stdout)
    return Cell(system, agents, Figures(**found["figures"]), found["lost"])


def _promises(cells: Sequence[Cell]) -> Iterator[Row]:
    for count in dict.fromkeys(cell.agents for cell in cells):
        ours = [cell for cell in cells if cell.agents == count and cell.system not in _PEERS.values()]
        best = max(cell.rate for cell in cells if cell.agents == count and cell.system in _PEERS.values())
        for cell in ours:
            is_promised = count == _TIMES_BETTER_AT and cell.system in (SQLITE, POSTGRES)
            limit = _TIMES_BETTER * best if is_promised else None
            yield Row(f"operations/s of {count} agents, {cell.system}", cell.rate, limit, best, more_is_better=True)
        failures = sum(len(cell.figures.errors) + cell.lost for cell in ours)
        yield Row(f"errors and lost trials of {count} agents", failures, 0 if count == _NOTHING_LOST_AT else None)
