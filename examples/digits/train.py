"""A multilayer perceptron on 1,797 handwritten digits (8 x 8 pixels), one `partial_fit` an epoch.

Runs under a sweep (`besom run sweep.yaml`) and by hand (`python train.py`), with the configuration below where no
sweep gives another.
"""

from __future__ import annotations

import pickle

import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score, f1_score, log_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

import besom

DEFAULTS = {
    "learning_rate": 0.001,
    "batch_size": 128,
    "layers": 1,
    "width": 128,
    "activation": "relu",
    "alpha": 0.0001,
    "epochs": 27,
}


def load() -> tuple[np.ndarray, ...]:
    """Training (60 %), validation (20 %) and test data (20 %), standardised by the training data alone.

    The search sees the validation data only, so the test data still tell how well its winner does.
    """
    x, y = load_digits(return_X_y=True)
    x_train, x_rest, y_train, y_rest = train_test_split(x, y, test_size=0.4, stratify=y, random_state=0)
    x_val, x_test, y_val, y_test = train_test_split(x_rest, y_rest, test_size=0.5, stratify=y_rest, random_state=0)
    scaler = StandardScaler().fit(x_train)
    return scaler.transform(x_train), y_train, scaler.transform(x_val), y_val, scaler.transform(x_test), y_test


def measure(model: MLPClassifier, x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Validation metrics; F1 and AUC are means over the ten digits."""
    probabilities = model.predict_proba(x)
    predicted = model.classes_[probabilities.argmax(axis=1)]
    return {
        "val/accuracy": float(accuracy_score(y, predicted)),
        "val/f1": float(f1_score(y, predicted, average="macro")),
        "val/auc": float(roc_auc_score(y, probabilities, multi_class="ovr")),
        "val/loss": float(log_loss(y, probabilities)),
    }


def main() -> None:
    """Train, report after each epoch, and go on from the checkpoint where an earlier run left one."""
    run = besom.init(config=DEFAULTS)
    config = run.config
    x_train, y_train, x_val, y_val, x_test, y_test = load()
    model = MLPClassifier(
        hidden_layer_sizes=(config.width,) * config.layers,
        activation=config.activation,
        alpha=config.alpha,
        learning_rate_init=config.learning_rate,
        batch_size=config.batch_size,
        random_state=0,
    )
    done = 0
    checkpoint = besom.checkpoint_dir() / "model.pickle"
    if checkpoint.exists():
        done, model = pickle.loads(checkpoint.read_bytes())

    for epoch in range(done + 1, config.epochs + 1):
        model.partial_fit(x_train, y_train, classes=np.unique(y_train))
        part = checkpoint.with_suffix(".part")
        part.write_bytes(pickle.dumps((epoch, model)))
        part.replace(checkpoint)  # whole or not at all, whenever the run is killed
        besom.log({"epoch": epoch, "train/loss": float(model.loss_), **measure(model, x_val, y_val)})

    run.summary["test/accuracy"] = float(model.score(x_test, y_test))
    besom.finish()


if __name__ == "__main__":
    main()
