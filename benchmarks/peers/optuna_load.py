"""Optuna's storages under load; runs in Optuna's environment and prints one JSON object.

Takes `rdb`, `journal` or `grpc`, the numbers of workers, reports and seconds, and the URL of an empty database.
"""

from __future__ import annotations

import json
import multiprocessing
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import optuna
from optuna.storages import BaseStorage, GrpcStorageProxy, JournalStorage, RDBStorage, run_grpc_proxy_server
from optuna.storages.journal import JournalFileBackend

from benchmarks import crew
from benchmarks.crew import Over, Shift

_STUDY = "load"


def opened(kind: str, place: str) -> BaseStorage:
    """One worker's own storage."""
    if kind == "journal":
        return JournalStorage(JournalFileBackend(place))
    if kind == "grpc":
        return GrpcStorageProxy(host="localhost", port=int(place))
    # Tables are there; without `skip_…` each worker would look for them first.
    return RDBStorage(place, skip_compatibility_check=True, skip_table_creation=True)


def work(kind: str, place: str, reports: int, number: int, shift: Shift) -> None:
    """Ask, report and tell, as fast as it goes; each report is followed by the question whether to stop."""
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    never = optuna.pruners.SuccessiveHalvingPruner(min_resource=1_000)
    sampler = optuna.samplers.RandomSampler(seed=number)
    study = optuna.load_study(study_name=_STUDY, storage=opened(kind, place), sampler=sampler, pruner=never)
    shift.begin()
    while not shift.is_over:
        try:
            _trial(study, reports, shift)
        except Over:
            return
        except Exception as error:  # noqa: BLE001 - it is what is counted
            shift.note(error)


def _trial(study: optuna.Study, reports: int, shift: Shift) -> None:
    began = time.perf_counter()
    trial = study.ask()
    x = trial.suggest_float("x", 0, 1)
    trial.suggest_float("y", 0, 1)
    asked_s = time.perf_counter() - began
    shift.count()
    shift.figures.asks_s.append(asked_s)
    for step in range(reports):
        trial.report(x + 1 / (step + 1), step)
        if trial.should_prune():
            raise RuntimeError("no rung lies within the reports")
        shift.count()
    study.tell(trial, x)
    shift.count()
    shift.figures.told.append(trial.number)


def _serve(url: str, port: int) -> None:
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    run_grpc_proxy_server(RDBStorage(url), host="localhost", port=port)


@contextmanager
def _placed(kind: str, url: str) -> Iterator[tuple[str, BaseStorage]]:
    """Where workers find a new study, and a storage to look at it."""
    if kind == "journal":
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder, "journal.log"))
            yield path, opened(kind, path)
        return
    storage = RDBStorage(url)
    if kind == "rdb":
        yield url, storage
        return
    with socket.create_server(("localhost", 0)) as free:
        port = free.getsockname()[1]
    proxy = multiprocessing.get_context("spawn").Process(target=_serve, args=(url, port), daemon=True)
    proxy.start()
    GrpcStorageProxy(host="localhost", port=port).wait_server_ready(timeout=60)
    yield str(port), storage
    proxy.kill()


def main(kind: str, workers: int, reports: int, seconds: float, url: str) -> None:
    """Run the load and print what came of it."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with _placed(kind, url) as (place, storage):
        optuna.create_study(study_name=_STUDY, storage=storage)
        figures = crew.run(partial(work, kind, place, reports), workers, seconds)
        kept = optuna.load_study(study_name=_STUDY, storage=storage).trials
    whole = {t.number for t in kept if t.state.is_finished() and len(t.intermediate_values) == reports}
    print(json.dumps({"figures": figures.plain(), "lost": len(set(figures.told) - whole)}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), sys.argv[5])
