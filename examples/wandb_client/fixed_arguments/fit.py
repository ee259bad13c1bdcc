"""Tells growers of wine apart by a linear model: `python fit.py fit --data wine --standardise`."""

import argparse

import numpy as np
import wandb
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

DATA = {"wine": load_wine, "cancer": load_breast_cancer}

parser = argparse.ArgumentParser()
parser.add_argument("action", choices=["fit"], nargs="?", default="fit")
parser.add_argument("--data", choices=DATA, default="wine")
parser.add_argument("--epochs", type=int, default=20)
parser.add_argument("--eta0", type=float, default=0.01)
parser.add_argument("--alpha", type=float, default=0.0001)
parser.add_argument("--penalty", choices=["l1", "l2"], default="l2")
parser.add_argument("--standardise", action="store_true")
parser.add_argument("--average", action="store_true")
args = parser.parse_args()

run = wandb.init(project="wines")
wandb.config.update(args, allow_val_change=True)
x, y = DATA[args.data](return_X_y=True)
x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.4, stratify=y, random_state=0)
if args.standardise:
    mean, spread = x_train.mean(axis=0), x_train.std(axis=0)
    x_train, x_val = (x_train - mean) / spread, (x_val - mean) / spread
model = SGDClassifier(
    loss="log_loss",
    learning_rate="constant",
    eta0=args.eta0,
    alpha=args.alpha,
    penalty=args.penalty,
    average=args.average,
    random_state=0,
)
for epoch in range(args.epochs):
    model.partial_fit(x_train, y_train, classes=np.unique(y))
    loss = log_loss(y_val, np.clip(model.predict_proba(x_val), 1e-9, 1))
    run.log({"val_loss": loss, "val_acc": model.score(x_val, y_val)}, step=epoch)
