"""CPU milliseconds of decisions on curves: `python -m benchmarks.search.curve_decisions PARAMETERS CURVES COUNT`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator

import numpy as np

from benchmarks.search.filled import space_of, value_of
from besom.tuner import Tuner

_MOST = 50
_TRAININGS = 100
_NOISE = 0.01


def decisions(parameters: int, curves: int) -> Iterator[float]:
    """Milliseconds of each decision at which a trial is to go on or to leave, once there are so many curves."""
    space = space_of(parameters)
    options = {"seed": 1, "fidelity": {"metric": "epoch", "max": _MOST}, "checkpoints": True}
    budget = {"epochs": _TRAININGS * _MOST}
    tuner = Tuner(
        {"method": "bayes", "metric": {"name": "y"}, "parameters": space, "besom": {**options, "budget": budget}}
    )
    rng = np.random.default_rng(1)
    reached: dict[int, int] = {}
    while (trial := tuner.ask()) is not None:
        floor = value_of(space, dict(trial.config))
        look = _MOST if trial.until is None else round(trial.until)
        epoch, order = reached.get(trial.id, 0), "continue"
        while order == "continue" and epoch < _MOST:
            epoch += 1
            value = floor + np.exp(-epoch / 10) + _NOISE * rng.standard_normal()
            began = time.process_time()
            order = tuner.report(trial.id, epoch, float(value))
            if epoch >= look and epoch < _MOST and len(reached) >= curves:
                yield 1e3 * (time.process_time() - began)
        reached[trial.id] = epoch
        tuner.tell(trial.id, float(value))


def main(parameters: int, curves: int, count: int) -> None:
    """Print the milliseconds of the first `count` of them."""
    print(json.dumps([ms for ms, _ in zip(decisions(parameters, curves), range(count), strict=False)]))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
