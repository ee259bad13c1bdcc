"""A network on the breast cancer data; which layers it has comes as a list."""

import argparse
import json

import numpy as np
import wandb
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

parser = argparse.ArgumentParser()
parser.add_argument("--hidden_layer_sizes", type=json.loads, default=[64, 32])
parser.add_argument("--betas", type=json.loads, default=[0.9, 0.999])
parser.add_argument("--activation", default="relu")
args = parser.parse_args()

with wandb.init(project="tumours", config=args) as run:
    assert run.config.hidden_layer_sizes == args.hidden_layer_sizes, "a list stays a list, on both ways"
    x, y = load_breast_cancer(return_X_y=True)
    x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.3, stratify=y, random_state=0)
    scaler = StandardScaler().fit(x_train)
    x_train, x_val = scaler.transform(x_train), scaler.transform(x_val)
    model = MLPClassifier(
        hidden_layer_sizes=tuple(run.config.hidden_layer_sizes),
        activation=run.config.activation,
        beta_1=run.config.betas[0],
        beta_2=run.config.betas[1],
        random_state=0,
    )
    for epoch in range(30):
        model.partial_fit(x_train, y_train, classes=np.unique(y))
        probability = model.predict_proba(x_val)[:, 1]
        scores = {"auc": roc_auc_score(y_val, probability), "f1": f1_score(y_val, probability > 0.5)}
        run.log({"epoch": epoch, "train/loss": model.loss_, "val": scores, "val/auc": scores["auc"]})
