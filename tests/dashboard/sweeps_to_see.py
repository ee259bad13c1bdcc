"""Sweeps for pages to show, made as agents make them: by asking, reporting and finishing."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

from besom.records import Cause, Failure, Sweep
from besom.service import Service
from besom.wire import Ask, Assignment, Command, Finish, Hello, Receipt, Report

METRIC = "val/accuracy"
EPOCHS = 6
FILE: dict[str, Any] = {
    "program": "train.py",
    "name": "digits",
    "method": "random",
    "metric": {"name": METRIC, "goal": "maximize"},
    "parameters": {
        "lr": {"distribution": "log_uniform_values", "min": 1e-5, "max": 0.1},
        "dropout": {"min": 0.0, "max": 0.6},
        "width": {"min": 16, "max": 20_000},
        "layers": {"values": [1, 2, 3, 4]},
        "optimizer": {"values": ["sgd", "adam", "lion"]},
    },
    "besom": {"seed": 3, "budget": {"trials": 60}, "fidelity": {"metric": "epoch", "max": EPOCHS}},
}
_names = itertools.count(1)


def accuracy(config: Mapping[str, Any], epoch: int) -> float:
    """What a configuration comes to after so many epochs."""
    final = 0.95 - 0.04 * (math.log10(config["lr"]) + 2.5) ** 2 - 0.8 * (config["dropout"] - 0.2) ** 2
    return final - 0.5 * math.exp(-0.6 * epoch)


class Trainer:
    """An agent in a test's hands: it runs what it is given as far as the test says.

    Args:
        service: The server.
        sweep_id: What it asks for runs of.
        name: What it is called; a name that no other has by default.
        host: Where it is.
    """

    def __init__(self, service: Service, sweep_id: str, name: str = "", host: str = "node7") -> None:
        self.name = name or f"agent {next(_names)}"
        self._service = service
        self._sweep_id = sweep_id
        self._requests = (f"{self.name}/{number}" for number in itertools.count())
        self._rows: dict[str, int] = {}
        self._printed: dict[str, int] = {}
        self._host = host
        service.hello(Hello(self.name, self.name, host, 4242, ("0", "1")))

    def begin(self) -> Assignment:
        """A run to execute."""
        run = self._service.ask(self._sweep_id, Ask(self.name, next(self._requests), self._host, ("0", "1")))
        assert isinstance(run, Assignment), run
        return run

    def report(self, run: Assignment, rows: list[dict[str, Any]] | None = None, output: str = "") -> Receipt:
        """Log rows, the next epoch's where none are given, and print."""
        first, at = self._rows.get(run.run_id, 0), self._printed.get(run.run_id, 0)
        if rows is None:
            rows = [{"epoch": first + 1, METRIC: accuracy(run.config, first + 1), "loss": 1.0 / (first + 1)}]
        resources = {"memory_gb_peak": 2.5, "cpu_percent_mean": 80.0, "gpu_percent_mean": 66.0}
        samples = [{"_runtime": float(first), "cpu_percent": 80.0 + first, "memory_gb": 2.0}]
        receipt = self._service.report(
            Report(run.run_id, run.lease, first, rows, output, at, resources, first_sample=first, samples=samples)
        )
        self._rows[run.run_id] = first + len(rows)
        self._printed[run.run_id] = at + len(output.encode())
        return receipt

    def finish(self, run: Assignment, ended: Any = "finished", failure: Failure | None = None) -> None:
        """Say how it ended."""
        self._service.finish(Finish(run.run_id, run.lease, ended, failure, seconds=3.0))

    def whole_trial(self) -> int:
        """The number of a trial that was run from its beginning to its end."""
        run = self.begin()
        for _ in range(EPOCHS):
            self.report(run)
        self.finish(run)
        return run.trial

    def failed_trial(self) -> int:
        """The number of one that ran out of memory."""
        run = self.begin()
        lines = "Traceback (most recent call last):\n  train.py\ntorch.OutOfMemoryError"
        self.report(run, [], output=lines)
        self.finish(run, "failed", Failure(Cause.CUDA_OUT_OF_MEMORY, "CUDA out of memory.", 1, last_lines=lines))
        return run.trial

    def stopped_trial(self) -> int:
        """The number of one that a person stopped."""
        run = self.begin()
        self.report(run)
        self._service.command(self._sweep_id, Command("stop_trial", trial=run.trial))
        self.finish(run, "stopped")
        return run.trial


def kinds() -> Iterator[str]:
    """How trials end, in turn."""
    return itertools.cycle(["whole"] * 5 + ["stopped"] + ["whole"] * 4 + ["failed"])


def ended_sweep(service: Service, trials: int = 40) -> Sweep:
    """A sweep that used up its budget of trials."""
    sweep = service.create_sweep({**FILE, "name": "ended", "besom": {**FILE["besom"], "budget": {"trials": trials}}})
    trainer = Trainer(service, sweep.id, "early bird")
    ways = {"whole": trainer.whole_trial, "stopped": trainer.stopped_trial, "failed": trainer.failed_trial}
    for _, kind in zip(range(trials), kinds(), strict=False):
        ways[kind]()
    service.bye(trainer.name)
    return service.sweep(sweep.id)
