"""Reads handwritten digits; takes overrides as Hydra does: `python train.py optimizer.lr=0.01 model.hidden=64`."""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import wandb
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

DEFAULTS: dict[str, dict[str, Any]] = {
    "data": {"batch_size": 64},
    "model": {"hidden": 64, "activation": "relu"},
    "optimizer": {"lr": 0.001, "weight_decay": 0.0001},
    "trainer": {"epochs": 20},
}


def configuration(overrides: list[str]) -> dict[str, dict[str, Any]]:
    """The defaults, with what the command line puts in their place."""
    config = {group: dict(values) for group, values in DEFAULTS.items()}
    for override in overrides:
        path, text = override.split("=", 1)
        group, name = path.split(".")
        if name not in config[group]:
            sys.exit(f"Could not override '{path}': key '{name}' is not in '{group}'")
        try:
            config[group][name] = json.loads(text)
        except ValueError:
            config[group][name] = text
    return config


def main() -> None:
    """One run."""
    config = configuration(sys.argv[1:])
    run = wandb.init(project="ocr", config=config)
    x, y = load_digits(return_X_y=True)
    x_train, x_val, y_train, y_val = train_test_split(x / 16, y, test_size=0.3, stratify=y, random_state=0)
    model = MLPClassifier(
        hidden_layer_sizes=(config["model"]["hidden"],),
        activation=config["model"]["activation"],
        alpha=config["optimizer"]["weight_decay"],
        learning_rate_init=config["optimizer"]["lr"],
        batch_size=config["data"]["batch_size"],
        random_state=0,
    )
    for epoch in range(1, config["trainer"]["epochs"] + 1):
        model.partial_fit(x_train, y_train, classes=np.unique(y))
        accuracy = model.score(x_val, y_val)
        run.log({"epoch": epoch, "train/loss": model.loss_, "val/accuracy": accuracy})
        print(f"epoch {epoch}: accuracy {accuracy:.4f}")
    run.finish()


if __name__ == "__main__":
    main()
