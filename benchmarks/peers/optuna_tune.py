"""Optuna's random search in memory under the load of `tuning`; prints seconds a trial."""

from __future__ import annotations

import sys
import time

import optuna


def main(trials: int) -> None:
    """Optimise a sum, which costs nothing."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    began = time.perf_counter()
    study.optimize(
        lambda trial: sum(trial.suggest_float(name, 1e-4, 1, log=True) for name in "abcd"),
        n_trials=trials,
    )
    print((time.perf_counter() - began) / trials)


if __name__ == "__main__":
    main(int(sys.argv[1]))
