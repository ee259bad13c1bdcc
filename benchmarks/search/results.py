"""What was measured: a line of JSON for each run, in `results/PROTOCOL-PEER.jsonl`. What is there is not run again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "results"
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Played:
    """One optimiser on one task with one seed.

    Attributes:
        protocol: "A", "B", "P1" or "P4"; see `protocols`.
        peer: The optimiser's short name.
        task: The task's name.
        seed: What the optimiser was seeded with.
        steps: (spent, what the incumbent scores) at each better one, in trials (A), epochs (B) or seconds (P).
        spent: What was spent in all, in the same unit.
        trials: How many configurations were started.
        cpu_s: CPU seconds that the optimiser itself took.
        error: Why the run failed; empty where it did not.
    """

    protocol: str
    peer: str
    task: str
    seed: int
    steps: tuple[tuple[float, float], ...] = ()
    spent: float = 0
    trials: int = 0
    cpu_s: float = 0.0
    error: str = ""

    @property
    def key(self) -> tuple[str, int]:
        """Task and seed."""
        return self.task, self.seed

    def line(self) -> str:
        """The run as JSON, numbers rounded to six digits."""
        shape = asdict(self) | {
            "steps": [[_rounded(spent), _rounded(value)] for spent, value in self.steps],
            "spent": _rounded(self.spent),
            "cpu_s": round(self.cpu_s, 3),
        }
        return json.dumps({name: value for name, value in shape.items() if value != ""}, separators=(",", ":"))


def played_of(line: str) -> Played:
    """The run that `line` says."""
    shape = json.loads(line)
    return Played(**shape | {"steps": tuple((spent, value) for spent, value in shape.get("steps", ()))})


def read(protocol: str, peer: str) -> dict[tuple[str, int], Played]:
    """All runs of a peer by task and seed; of two of the same the later counts."""
    path = path_of(protocol, peer)
    if not path.exists():
        return {}
    runs = [played_of(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return {run.key: run for run in runs}


def append(run: Played) -> None:
    """Keep `run`; several processes may append at once."""
    FOLDER.mkdir(exist_ok=True)
    with path_of(run.protocol, run.peer).open("a", encoding="utf-8") as file:
        file.write(run.line() + "\n")


def drop(protocol: str, peer: str, keys: Iterable[tuple[str, int]]) -> None:
    """Forget those runs of a peer."""
    dropped = set(keys)
    kept = [run for key, run in read(protocol, peer).items() if key not in dropped]
    path = path_of(protocol, peer)
    if kept:
        path.write_text("".join(run.line() + "\n" for run in kept), encoding="utf-8")
    else:
        path.unlink(missing_ok=True)


def measured_peers(protocol: str) -> list[str]:
    """Short names of all that have results under a protocol."""
    return sorted(path.stem.removeprefix(f"{protocol}-") for path in FOLDER.glob(f"{protocol}-*.jsonl"))


def path_of(protocol: str, peer: str) -> Path:
    """Where a peer's runs are kept."""
    return FOLDER / f"{protocol}-{re.sub(r'[^A-Za-z0-9@=._+-]', '-', peer)}.jsonl"


def _rounded(number: float) -> float:
    rounded = float(f"{number:.{_DIGITS}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 10**_DIGITS else rounded
