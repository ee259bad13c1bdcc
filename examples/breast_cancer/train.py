"""A multilayer perceptron that tells benign from malignant tumours (UCI WDBC: 569 patients, 30 measurements each).

The script takes its settings as arguments, as it did before there was a sweep: `python train.py --lr=0.01`.
"""

from __future__ import annotations

import argparse
import pickle

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import accuracy_score, f1_score, log_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

import besom


def arguments() -> argparse.Namespace:
    """The script's settings, from its command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.001)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--width", type=int, default=104)
    parser.add_argument("--activation", default="relu")
    parser.add_argument("--alpha", type=float, default=0.0001)
    parser.add_argument("--epochs", type=int, default=27)
    return parser.parse_args()


def measure(model: MLPClassifier, x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Validation metrics; F1 and AUC count the benign tumours as positive, as the data set does."""
    probability = model.predict_proba(x)[:, 1]
    predicted = probability > 0.5
    return {
        "val/loss": float(log_loss(y, probability)),
        "val/accuracy": float(accuracy_score(y, predicted)),
        "val/f1": float(f1_score(y, predicted)),
        "val/auc": float(roc_auc_score(y, probability)),
    }


def build(args: argparse.Namespace) -> MLPClassifier:
    """An untrained network."""
    return MLPClassifier(
        hidden_layer_sizes=(args.width,) * args.layers,
        activation=args.activation,
        alpha=args.alpha,
        learning_rate_init=args.lr,
        batch_size=args.batch_size,
        random_state=0,
    )


def main() -> None:
    """Train, report after each epoch, and go on from the checkpoint where an earlier run left one."""
    args = arguments()
    besom.init(config=args)
    x, y = load_breast_cancer(return_X_y=True)
    x_train, x_rest, y_train, y_rest = train_test_split(x, y, test_size=0.5, stratify=y, random_state=0)
    x_val, x_test, y_val, y_test = train_test_split(x_rest, y_rest, test_size=0.5, stratify=y_rest, random_state=0)
    scaler = StandardScaler().fit(x_train)
    x_train, x_val = scaler.transform(x_train), scaler.transform(x_val)

    done, model = 0, build(args)
    checkpoint = besom.checkpoint_dir() / "model.pickle"
    if checkpoint.exists():
        done, model = pickle.loads(checkpoint.read_bytes())
    for epoch in range(done + 1, args.epochs + 1):
        model.partial_fit(x_train, y_train, classes=np.unique(y_train))
        part = checkpoint.with_suffix(".part")
        part.write_bytes(pickle.dumps((epoch, model)))
        part.replace(checkpoint)
        besom.log({"epoch": epoch, "train/loss": float(model.loss_), **measure(model, x_val, y_val)})

    pipeline: Pipeline = make_pipeline(scaler, model)
    besom.summary["test/accuracy"] = float(pipeline.score(x_test, y_test))


if __name__ == "__main__":
    main()
