"""Writes trials from standard input into a journal of Optuna's, for its dashboard; runs in Optuna's environment."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState, create_trial

STATES = {"finished": TrialState.COMPLETE, "stopped": TrialState.PRUNED, "failed": TrialState.FAIL}
DISTRIBUTIONS: dict[str, BaseDistribution] = {
    "lr": FloatDistribution(1e-5, 0.1, log=True),
    "weight_decay": FloatDistribution(1e-6, 1e-2, log=True),
    "dropout": FloatDistribution(0.0, 0.6),
    "layers": CategoricalDistribution([1, 2, 3, 4]),
    "batch_size": CategoricalDistribution([32, 64, 128, 256]),
    "optimizer": CategoricalDistribution(["sgd", "adam", "lion"]),
}


def main(path: str) -> None:
    """Write the trials into the journal at `path`; into a database they take thirty times as long."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = JournalStorage(JournalFileBackend(path))
    study = optuna.create_study(study_name="generated", storage=storage, direction="minimize")
    study.add_trials([_trial(json.loads(line)) for line in sys.stdin])


def _trial(made: dict[str, Any]) -> FrozenTrial:
    trial = create_trial(
        state=STATES[made["state"]],
        params=made["config"],
        distributions=DISTRIBUTIONS,
        value=made["value"] if made["state"] == "finished" else None,
        intermediate_values=dict(enumerate(made["curve"], 1)),
    )
    trial.datetime_start = datetime.fromtimestamp(made["began_at"])  # noqa: DTZ006 - Optuna's are local
    trial.datetime_complete = datetime.fromtimestamp(made["ended_at"])  # noqa: DTZ006
    return trial


if __name__ == "__main__":
    main(sys.argv[1])
