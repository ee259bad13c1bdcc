"""A small convolutional network in numpy, which reads handwritten digits; its settings come from `wandb.config`."""

from __future__ import annotations

import numpy as np
import wandb
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

DEFAULTS = {"lr": 0.03, "momentum": 0.9, "dropout": 0.2, "batch_size": 32, "filters": 8, "epochs": 10}


class Network:
    """3 x 3 filters, ReLU, the greatest of each 2 x 2 pixels, dropout, softmax."""

    def __init__(self, filters: int, dropout: float, rng: np.random.Generator) -> None:
        self.dropout, self.rng = dropout, rng
        self.kernel = rng.normal(0, np.sqrt(2 / 9), (9, filters))
        self.weights = rng.normal(0, np.sqrt(1 / (9 * filters)), (9 * filters, 10))
        self.speeds = [0.0, 0.0]

    def forward(self, images: np.ndarray, *, is_training: bool) -> np.ndarray:
        """Probabilities of the ten digits, shape (n, 10)."""
        self.patches = sliding_window_view(images, (3, 3), axis=(1, 2)).reshape(-1, 6, 6, 9)
        maps = np.maximum(self.patches @ self.kernel, 0)
        blocks = maps.reshape(len(images), 3, 2, 3, 2, -1)
        pooled = blocks.max(axis=(2, 4), keepdims=True)
        self.passes = (blocks == pooled) & (blocks > 0)
        features = pooled.reshape(len(images), -1)
        kept = self.rng.random(features.shape) >= self.dropout if is_training else 1 - self.dropout
        self.kept, self.features = kept, features * kept
        scores = self.features @ self.weights
        exp = np.exp(scores - scores.max(axis=1, keepdims=True))
        return exp / exp.sum(axis=1, keepdims=True)

    def learn(self, images: np.ndarray, labels: np.ndarray, lr: float, momentum: float) -> None:
        """One step of gradient descent with momentum."""
        error = (self.forward(images, is_training=True) - np.eye(10)[labels]) / len(images)
        back = (error @ self.weights.T * self.kept).reshape(len(images), 3, 1, 3, 1, -1) * self.passes
        back = back.reshape(-1, self.kernel.shape[1])
        gradients = (self.patches.reshape(-1, 9).T @ back, self.features.T @ error)
        self.speeds = [momentum * speed - lr * gradient for speed, gradient in zip(self.speeds, gradients, strict=True)]
        self.kernel, self.weights = self.kernel + self.speeds[0], self.weights + self.speeds[1]


wandb.init(project="cnn", config=DEFAULTS)
config = wandb.config
rng = np.random.default_rng(0)
digits = load_digits()
x_train, x_val, y_train, y_val = train_test_split(
    digits.images / 16, digits.target, test_size=0.3, stratify=digits.target, random_state=0
)
network = Network(config.filters, config.dropout, rng)
for epoch in range(config.epochs):
    order = rng.permutation(len(x_train))
    for start in range(0, len(order), config.batch_size):
        batch = order[start : start + config.batch_size]
        network.learn(x_train[batch], y_train[batch], config.lr, config.momentum)
    probabilities = network.forward(x_val, is_training=False)
    wandb.log(
        {
            "epoch": epoch,
            "val_accuracy": np.mean(probabilities.argmax(axis=1) == y_val),
            "val_loss": -np.mean(np.log(probabilities[np.arange(len(y_val)), y_val] + 1e-12)),
        }
    )
