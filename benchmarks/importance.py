"""Shares of variance by besom and by Optuna's evaluators, on the same trials, against Sobol' indices in closed form."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

import numpy as np

import besom
from benchmarks.known_shares import ALL, Known
from benchmarks.peers.environment import OPTUNA, ROOT
from benchmarks.result import Result, Row
from benchmarks.search.environments import python_with
from besom.analysis.importance import Importance
from besom.analysis.importance import importance as importance_of
from besom.records import Reason, Trial, TrialState
from besom.space import Space

FUNCTIONS = ("Ishigami", "g-function", "additive", "mixed")  # the interaction has no shares of single parameters
METHODS = ("bayes", "random")
TRIALS = (20, 50, 100, 200)
SEEDS = 3
PEERS = ("fANOVA", "MDI", "PED-ANOVA")


@dataclass(frozen=True, slots=True)
class Case:
    """Trials of one search of one function, and what each says of them."""

    method: str
    trials: int
    truth: Mapping[str, float]
    besom: Importance
    peers: Mapping[str, Mapping[str, float]]

    def error(self, who: str) -> float:
        """Half the sum of absolute differences between shares, all made to sum to 1: 0 for the truth, 1 at most."""
        mine = {share.names[0]: share.share for share in self.besom.parameters}
        shares = mine if who == "besom" else self.peers[who]
        ours, theirs = sum(shares.values()) or 1.0, sum(self.truth.values())
        return sum(abs(shares.get(n, 0.0) / ours - share / theirs) for n, share in self.truth.items()) / 2


@dataclass(frozen=True, slots=True)
class Table(Result):
    """A result whose table has a column for each peer."""

    cases: tuple[Case, ...] = ()

    def table(self) -> str:
        """The table as text: mean errors over the cases of which besom says that they can be told."""
        lines = [f"{'':<14}{'told':>8}{'besom':>8}" + "".join(f"{peer:>11}" for peer in PEERS)]
        for method in METHODS:
            for trials in TRIALS:
                every = [case for case in self.cases if (case.method, case.trials) == (method, trials)]
                told = [case for case in every if case.besom.is_telling]
                cells = [f"{mean(case.error(who) for case in told):.3f}" if told else "-" for who in ("besom", *PEERS)]
                of = f"{len(told)}/{len(every)}"
                line = f"{method:<7}{trials:>5}  {of:>8}{cells[0]:>8}" + "".join(f"{cell:>11}" for cell in cells[1:])
                lines.append(line)
        rows = Result.table(self).splitlines()[1 + len(self.how.splitlines()) :]
        return "\n".join([self.title, self.how, *lines, "", *rows])


def measure() -> Table:
    """Errors of shares by method and number of trials; how often errors tell the truth; and what it takes."""
    sweeps = [(ALL[name](), method, seed) for name in FUNCTIONS for method in METHODS for seed in range(SEEDS)]
    jobs = [job for known, method, seed in sweeps for job in _jobs(known, method, seed)]
    python = python_with("optuna_importance", ((OPTUNA, "scikit-learn>=1.5"),))
    peer = [str(python), "-m", "benchmarks.peers.optuna_importance"]
    plain = json.dumps([{key: job[key] for key in ("parameters", "configs", "values")} for job in jobs])
    done = subprocess.run(peer, input=plain, capture_output=True, text=True, check=True, cwd=ROOT)
    cases = tuple(_case(job, peers) for job, peers in zip(jobs, json.loads(done.stdout), strict=True))
    hits = [hit for case, job in zip(cases, jobs, strict=True) for hit in _hits(case.besom, job["known"])]
    told_of_noise = [_of_noise(seed).is_telling for seed in range(40)]
    rows = (
        Row("true shares within two errors, %", 100 * mean(hits), 90, more_is_better=True),
        Row("told of pure noise, 10 parameters, 30 trials, %", 100 * mean(told_of_noise), 10),
        Row("100 trials, 10 parameters, CPU ms", 1e3 * _seconds(100), 300),
        Row("1,000 trials, 10 parameters, CPU ms", 1e3 * _seconds(1000), 2000),
    )
    how = (
        "Error of the parameters' shares (half the sum of differences; 0 is the truth), mean over the functions\n"
        f"{', '.join(FUNCTIONS)} and {SEEDS} searches each: besom's bayes and random search, the same trials for\n"
        "all. Told: where besom finds enough trials to tell; there all are held against the truth."
    )
    return Table("Importance of parameters", how, rows, f"{OPTUNA}", cases)


def _jobs(known: Known, method: str, seed: int) -> list[dict[str, Any]]:
    """The first trials of a search, for each number of them."""
    config: dict[str, Any] = {
        "method": method,
        "metric": {"name": "value", "goal": "minimize"},
        "run_cap": max(TRIALS),
        "parameters": dict(known.parameters),
        "besom": {"seed": seed, "stop_when": "never"} if method == "bayes" else {"seed": seed},
    }
    trials = besom.tune(known.value, config).trials
    return [
        {
            "known": known,
            "method": method,
            "parameters": dict(known.parameters),
            "configs": [dict(trial.config) for trial in trials[:count]],
            "values": [trial.value for trial in trials[:count]],
        }
        for count in TRIALS
    ]


def _case(job: Mapping[str, Any], peers: Mapping[str, Mapping[str, float]]) -> Case:
    known: Known = job["known"]
    truth = {names[0]: share for names, share in known.shares.items() if len(names) == 1}
    trials = _trials(job["configs"], job["values"])
    found = importance_of(trials, Space.from_file(known.parameters), "minimize")
    return Case(job["method"], len(trials), truth, found, peers)


def _hits(found: Importance, known: Known) -> list[bool]:
    """Of each share told, whether the true one lies within two errors, but for a tenth of a per cent."""
    return [
        abs(share.share - known.shares.get(share.names, known.shares.get(share.names[::-1], 0.0)))
        <= 2 * share.error + 0.001
        for share in (*found.parameters, *found.pairs)
    ]


def _trials(configs: Sequence[Mapping[str, Any]], values: Sequence[float]) -> list[Trial]:
    reason = Reason("random")
    return [
        Trial("sweep", number, config, reason, 0.0, state=TrialState.FINISHED, value=value)
        for number, (config, value) in enumerate(zip(configs, values, strict=True))
    ]


def _of_noise(seed: int) -> Importance:
    space = Space.from_file({f"x{i}": {"min": 0.0, "max": 1.0} for i in range(10)})
    rng = np.random.default_rng(seed)
    return importance_of(_trials(space.sample(rng, 30), rng.standard_normal(30).tolist()), space, "minimize")


def _seconds(count: int) -> float:
    """Seconds of one processor, on which it runs alone: the median of three."""
    space = Space.from_file({f"x{i}": {"min": 0.0, "max": 1.0} for i in range(10)})
    configs = space.sample(np.random.default_rng(0), count)
    trials = _trials(configs, [4 * c["x0"] + 2 * c["x1"] * c["x2"] + np.sin(9 * c["x3"]) for c in configs])
    taken = []
    for _ in range(4):
        began = time.process_time()
        importance_of(trials, space, "minimize")
        taken.append(time.process_time() - began)
    return median(taken[1:])
