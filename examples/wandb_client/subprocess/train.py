"""Softmax regression on 150 irises, in numpy; its settings come from `wandb.config`."""

import numpy as np
import wandb
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split

DEFAULTS = {"lr": 0.05, "alpha": 0.0001, "batch_size": 16, "shuffle": True, "epochs": 30}

with wandb.init(project="iris", config=DEFAULTS) as run:
    config = run.config
    rng = np.random.default_rng(0)
    x, y = load_iris(return_X_y=True)
    x = np.hstack([(x - x.mean(axis=0)) / x.std(axis=0), np.ones((len(x), 1))])
    x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.4, stratify=y, random_state=0)
    weights = np.zeros((5, 3))

    def probabilities(rows: np.ndarray) -> np.ndarray:
        """Of the three species, shape (n, 3)."""
        exp = np.exp(rows @ weights - (rows @ weights).max(axis=1, keepdims=True))
        return exp / exp.sum(axis=1, keepdims=True)

    for epoch in range(config.epochs):
        order = rng.permutation(len(x_train)) if config.shuffle else np.arange(len(x_train))
        for start in range(0, len(order), config.batch_size):
            batch = order[start : start + config.batch_size]
            error = probabilities(x_train[batch]) - np.eye(3)[y_train[batch]]
            weights -= config.lr * (x_train[batch].T @ error / len(batch) + config.alpha * weights)
        found = probabilities(x_val)
        loss = -np.mean(np.log(found[np.arange(len(y_val)), y_val] + 1e-12))
        run.log({"epoch": epoch, "loss": loss, "accuracy": np.mean(found.argmax(axis=1) == y_val)})
