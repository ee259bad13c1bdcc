"""One fold of a regression on the diabetes data; the last state of the network lies in the run's own folder."""

from __future__ import annotations

import argparse
import pickle
from pathlib import Path

import wandb
from sklearn.datasets import load_diabetes
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import KFold
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import StandardScaler


def arguments() -> argparse.Namespace:
    """The settings, from the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.001)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--fold", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=40)
    return parser.parse_args()


def main() -> None:
    """One run."""
    args = arguments()
    run = wandb.init(project="clinic", entity="lab", config=vars(args), group=f"fold-{args.fold}")
    x, y = load_diabetes(return_X_y=True)
    train, held_out = list(KFold(5, shuffle=True, random_state=0).split(x))[args.fold]
    scaler = StandardScaler().fit(y[train].reshape(-1, 1))
    target = scaler.transform(y.reshape(-1, 1)).ravel()
    model = MLPRegressor(
        hidden_layer_sizes=(args.width,) * args.layers, learning_rate_init=args.lr, random_state=args.fold
    )
    for epoch in range(args.epochs):
        model.partial_fit(20 * x[train], target[train])
        predicted = scaler.inverse_transform(model.predict(20 * x[held_out]).reshape(-1, 1)).ravel()
        wandb.log(
            {
                "epoch": epoch,
                "train_loss": model.loss_,
                "val_mae": mean_absolute_error(y[held_out], predicted),
                "val_r2": r2_score(y[held_out], predicted),
            }
        )
    Path(run.dir).mkdir(parents=True, exist_ok=True)  # there is none where WANDB_MODE is disabled
    (Path(run.dir) / "model.pickle").write_bytes(pickle.dumps(model))
    wandb.finish()


if __name__ == "__main__":
    main()
