"""Optuna's journal file under the load of `many_agents`; runs in Optuna's environment and prints one JSON object."""

from __future__ import annotations

import json
import multiprocessing
import sys
import tempfile
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend


def worker(path: str, trials: int, reports: int, barrier: Barrier) -> None:
    """Ask, report and tell, as fast as it goes; each report is followed by the question whether to stop."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = JournalStorage(JournalFileBackend(path))
    never = optuna.pruners.SuccessiveHalvingPruner(min_resource=1_000)
    study = optuna.load_study(study_name="s", storage=storage, sampler=optuna.samplers.RandomSampler(), pruner=never)
    barrier.wait()
    for _ in range(trials):
        trial = study.ask()
        x = trial.suggest_float("x", 0, 1)
        trial.suggest_float("y", 0, 1)
        for step in range(reports):
            trial.report(x + 1 / (step + 1), step)
            if trial.should_prune():
                raise RuntimeError("no rung lies within the reports")
        study.tell(trial, x)


def main(agents: int, trials: int, reports: int) -> None:
    """Run the load and print what came of it."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "journal.log"))
        optuna.create_study(study_name="s", storage=JournalStorage(JournalFileBackend(path)))
        context = multiprocessing.get_context("fork")
        barrier = context.Barrier(agents + 1)
        workers = [context.Process(target=worker, args=(path, trials, reports, barrier)) for _ in range(agents)]
        for process in workers:
            process.start()
        barrier.wait()
        began = time.perf_counter()
        for process in workers:
            process.join()
        seconds = time.perf_counter() - began
        kept = optuna.load_study(study_name="s", storage=JournalStorage(JournalFileBackend(path))).trials
        complete = [t for t in kept if t.state.is_finished() and len(t.intermediate_values) == reports]
        dead = sum(process.exitcode != 0 for process in workers)
        print(json.dumps({"seconds": seconds, "trials": len(complete), "dead": dead}))


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
