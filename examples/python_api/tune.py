"""The search in your own process, without server or files.

`besom.tune` when a function is all you have, `besom.Tuner` when you want the loop in your own hands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.datasets import load_wine
from sklearn.kernel_approximation import RBFSampler
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import besom

EPOCHS = 27
SWEEP = {
    "method": "bayes",
    "metric": {"name": "val/loss", "goal": "minimize"},
    "parameters": {
        "gamma": {"distribution": "log_uniform_values", "min": 0.0001, "max": 1.0},
        "eta0": {"distribution": "log_uniform_values", "min": 0.001, "max": 1.0},
        "alpha": {"distribution": "log_uniform_values", "min": 1e-6, "max": 0.1},
        "penalty": {"values": ["l1", "l2"]},
    },
    "early_terminate": {"type": "hyperband", "min_iter": 3},
    "besom": {
        "seed": 1,
        "budget": {"trials": 20},
        "fidelity": {"metric": "epoch", "max": EPOCHS},
        "baseline": [{"gamma": 0.05, "eta0": 0.01, "alpha": 0.0001, "penalty": "l2"}],
    },
}


def losses(config: dict[str, Any]) -> Iterator[float]:
    """The validation loss after each epoch of a kernel classifier on 178 wines: what is bad may be stopped early."""
    x, y = load_wine(return_X_y=True)
    x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.4, stratify=y, random_state=0)
    scaler, features = StandardScaler(), RBFSampler(gamma=config["gamma"], n_components=200, random_state=0)
    x_train = features.fit_transform(scaler.fit_transform(x_train))
    x_val = features.transform(scaler.transform(x_val))
    model = SGDClassifier(
        loss="log_loss",
        penalty=config["penalty"],
        alpha=config["alpha"],
        eta0=config["eta0"],
        learning_rate="constant",
        random_state=0,
    )
    for _ in range(EPOCHS):
        model.partial_fit(x_train, y_train, classes=np.unique(y))
        yield float(log_loss(y_val, model.predict_proba(x_val)))


def with_a_function() -> None:
    """One call."""
    result = besom.tune(losses, SWEEP)
    baseline = result.trials[0]
    print(f"besom.tune:  {baseline.value:.4f} → {result.best.value:.4f} with {dict(result.best.config)}")
    stopped = sum(trial.state == "stopped" for trial in result.trials)
    print(f"             {stopped} of {len(result.trials)} trials stopped early")


def with_your_own_loop() -> None:
    """The same search, asked and told by hand: `ask`, `report` after each epoch, `tell` at the end."""
    tuner = besom.Tuner(SWEEP)
    while trial := tuner.ask():
        for epoch, loss in enumerate(losses(dict(trial.config)), start=1):
            if tuner.report(trial.id, epoch, loss) != "continue":
                break
        else:
            tuner.tell(trial.id, loss)
    print(f"besom.Tuner: {tuner.best.value:.4f} with {dict(tuner.best.config)}")


if __name__ == "__main__":
    with_a_function()
    with_your_own_loop()
