"""A sweep script as written for W&B: nothing but the import differs. `python train.py` runs the whole sweep."""

import numpy as np
from sklearn.datasets import load_iris
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

import besom as wandb

sweep_configuration = {
    "name": "iris",
    "method": "random",
    "metric": {"goal": "minimize", "name": "val_loss"},
    "parameters": {
        "lr": {"distribution": "log_uniform_values", "min": 0.001, "max": 1.0},
        "alpha": {"distribution": "log_uniform_values", "min": 0.00001, "max": 0.1},
        "schedule": {"values": ["constant", "invscaling"]},
        "epochs": {"value": 10},
    },
}


def train() -> None:
    """One trial."""
    with wandb.init() as run:
        x, y = load_iris(return_X_y=True)
        x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.4, stratify=y, random_state=0)
        model = SGDClassifier(
            loss="log_loss",
            eta0=wandb.config.lr,
            alpha=wandb.config.alpha,
            learning_rate=wandb.config.schedule,
            random_state=0,
        )
        for epoch in range(wandb.config.epochs):
            model.partial_fit(x_train, y_train, classes=np.unique(y))
            probabilities = model.predict_proba(x_val)
            run.log(
                {
                    "epoch": epoch,
                    "val_acc": model.score(x_val, y_val),
                    "val_loss": log_loss(y_val, np.clip(probabilities, 1e-9, 1)),
                }
            )


if __name__ == "__main__":
    sweep_id = wandb.sweep(sweep=sweep_configuration, project="my-first-sweep")
    wandb.agent(sweep_id, function=train, count=5)
