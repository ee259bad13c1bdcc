"""Softmax regression on the wine data (178 wines, 13 measurements, 3 growers) in plain numpy; prints its progress."""

import argparse

import numpy as np
from sklearn.datasets import load_wine

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.01, help="learning rate in the first epoch")
parser.add_argument("--final_lr", type=float, default=0.01, help="learning rate in the last epoch")
parser.add_argument("--batch", type=int, default=32)
parser.add_argument("--optimizer", choices=["sgd", "momentum"], default="sgd")
parser.add_argument("--momentum", type=float, default=0.0)
parser.add_argument("--epochs", type=int, default=20)
args = parser.parse_args()

x, y = load_wine(return_X_y=True)
rng = np.random.default_rng(0)
order = rng.permutation(len(x))
train, held_out = order[:118], order[118:]
x = (x - x[train].mean(axis=0)) / x[train].std(axis=0)
x = np.hstack([x, np.ones((len(x), 1))])
targets = np.eye(3)[y]
weights = np.zeros((14, 3))
velocity = np.zeros_like(weights)


def predict(rows: np.ndarray) -> np.ndarray:
    """Probabilities of the three growers, shape (n, 3)."""
    scores = x[rows] @ weights
    exp = np.exp(scores - scores.max(axis=1, keepdims=True))
    return exp / exp.sum(axis=1, keepdims=True)


for epoch, lr in enumerate(np.geomspace(args.lr, args.final_lr, args.epochs), start=1):
    shuffled = rng.permutation(train)
    for start in range(0, len(shuffled), args.batch):
        rows = shuffled[start : start + args.batch]
        gradient = x[rows].T @ (predict(rows) - targets[rows]) / len(rows)
        velocity = args.momentum * velocity - lr * gradient
        weights = weights + velocity
    probabilities = predict(held_out)
    loss = -np.mean(np.log(probabilities[np.arange(len(held_out)), y[held_out]] + 1e-12))
    accuracy = np.mean(probabilities.argmax(axis=1) == y[held_out])
    print(f"epoch {epoch}: loss {loss:.4f} accuracy {accuracy:.4f}", flush=True)
