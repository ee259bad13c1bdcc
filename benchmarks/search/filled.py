"""CPU milliseconds of asks after many told trials: `python -m benchmarks.search.filled TOOL PARAMETERS TOLD ASKS`.

Runs with the tool's Python. Trials are told, not asked for, so that filling costs little.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.search.tasks.spaces import draw, int_range, linear_range, log_range, one_of, place

Config = dict[str, Any]
Turn = Callable[[], None]


def space_of(parameters: int) -> dict[str, Any]:
    """A space like those of sweep files: half logarithmic, then linear, an integer and a list."""
    kinds = (log_range(1e-5, 1.0), linear_range(0.0, 1.0), log_range(1e-3, 10.0), int_range(1, 8), one_of([16, 32, 64]))
    return {f"p{i}": kinds[i % len(kinds)] for i in range(parameters)}


def told(space: dict[str, Any], count: int) -> Iterator[tuple[Config, float]]:
    """Random configurations and what they showed."""
    rng = np.random.default_rng(0)
    for _ in range(count):
        config = draw(space, rng)
        yield config, value_of(space, config)


def value_of(space: dict[str, Any], config: Config) -> float:
    """A bowl with a little ripple."""
    x = place(space, config)
    return float(((x - 0.3) ** 2).sum() + 0.1 * np.sin(9 * x).sum())


def besom(space: dict[str, Any], count: int) -> Turn:
    """Asks besom's tuner."""
    from besom.tuner import Tuner

    sweep = {"method": "bayes", "metric": {"name": "y"}, "parameters": space}
    sweep["besom"] = {"seed": 1, "stop_when": "never"}
    tuner = Tuner(sweep)
    for config, value in told(space, count):
        tuner.add(config)
        asked = tuner.ask()
        assert asked is not None
        tuner.tell(asked.id, value)

    def turn() -> None:
        asked = tuner.ask()
        assert asked is not None
        tuner.tell(asked.id, value_of(space, dict(asked.config)))

    return turn


def optuna_tpe(space: dict[str, Any], count: int) -> Turn:
    """Asks Optuna's TPE."""
    from optuna.samplers import TPESampler

    return _optuna(space, count, TPESampler(seed=1))


def optuna_gp(space: dict[str, Any], count: int) -> Turn:
    """Asks Optuna's Gaussian process."""
    from optuna.samplers import GPSampler

    return _optuna(space, count, GPSampler(seed=1))


def _optuna(space: dict[str, Any], count: int, sampler: Any) -> Turn:
    import optuna

    from benchmarks.search.peers.dimensions import dimensions
    from benchmarks.search.peers.optuna_ import distribution

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    laws = {dimension.name: distribution(dimension) for dimension in dimensions(space)}
    study = optuna.create_study(sampler=sampler)
    for config, value in told(space, count):
        study.add_trial(optuna.trial.create_trial(params=config, distributions=laws, value=value))

    def turn() -> None:
        trial = study.ask(laws)
        study.tell(trial, value_of(space, trial.params))

    return turn


def wandb(space: dict[str, Any], count: int) -> Turn:
    """Asks W&B's engine."""
    from sweeps import RunState, SweepRun, next_run

    sweep = {"method": "bayes", "metric": {"name": "y", "goal": "minimize"}, "parameters": space}

    def run_of(config: Config, value: float) -> SweepRun:
        shape = {name: {"value": entry} for name, entry in config.items()}
        return SweepRun(config=shape, state=RunState.finished, summaryMetrics={"y": value}, history=[{"y": value}])

    runs = [run_of(config, value) for config, value in told(space, count)]

    def turn() -> None:
        run = next_run(sweep, runs)
        assert run is not None
        config = {name: entry["value"] for name, entry in run.config.items()}
        runs.append(run_of(config, value_of(space, config)))

    return turn


TOOLS = {"besom": besom, "optuna-tpe": optuna_tpe, "optuna-gpsampler": optuna_gp, "wandb-bayes": wandb}


def main(tool: str, parameters: int, count: int, asks: int) -> None:
    """Print the milliseconds of each of `asks` turns, one ask and one tell."""
    warnings.simplefilter("ignore")
    turn = TOOLS[tool](space_of(parameters), count)
    spent = []
    for _ in range(asks):
        began = time.process_time()
        turn()
        spent.append(1e3 * (time.process_time() - began))
    print(json.dumps(spent))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
