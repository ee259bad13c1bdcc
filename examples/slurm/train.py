"""A linear classifier on 1,797 handwritten digits, an epoch at a time, which goes on from its checkpoint."""

from __future__ import annotations

import os
import pickle

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import besom

DEFAULTS = {"eta0": 0.01, "alpha": 0.0001, "penalty": "l2", "epochs": 9}


def main() -> None:
    """Train, and report after each epoch."""
    config = besom.init(config=DEFAULTS).config
    print("GPUs:", os.environ.get("CUDA_VISIBLE_DEVICES", "none"), "on", os.environ.get("SLURMD_NODENAME", "no node"))
    x, y = load_digits(return_X_y=True)
    x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.3, stratify=y, random_state=0)
    scaler = StandardScaler().fit(x_train)
    x_train, x_val = scaler.transform(x_train), scaler.transform(x_val)
    model = SGDClassifier(
        loss="log_loss",
        learning_rate="invscaling",
        eta0=config.eta0,
        alpha=config.alpha,
        penalty=config.penalty,
        random_state=0,
    )
    done = 0
    checkpoint = besom.checkpoint_dir() / "model.pickle"
    if checkpoint.exists():
        done, model = pickle.loads(checkpoint.read_bytes())

    for epoch in range(done + 1, config.epochs + 1):
        model.partial_fit(x_train, y_train, classes=np.unique(y))
        part = checkpoint.with_suffix(".part")
        part.write_bytes(pickle.dumps((epoch, model)))
        part.replace(checkpoint)  # whole or not at all, whenever the job ends
        besom.log({"epoch": epoch, "val/accuracy": float(model.score(x_val, y_val))})
    besom.finish()


if __name__ == "__main__":
    main()
