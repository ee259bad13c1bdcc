"""Boosted trees on the wines by XGBoost, with W&B's callback; then W&B's pictures for scikit-learn."""

from __future__ import annotations

import wandb
import xgboost
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from wandb.integration.xgboost import WandbCallback

run = wandb.init(project="integrations", config={"eta": 0.3, "max_depth": 3})
x, y = load_wine(return_X_y=True)
x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.4, stratify=y, random_state=0)
model = xgboost.XGBClassifier(
    n_estimators=20,
    learning_rate=run.config.eta,
    max_depth=run.config.max_depth,
    eval_metric="mlogloss",
    callbacks=[WandbCallback(log_model=True)],
)
model.fit(x_train, y_train, eval_set=[(x_val, y_val)], verbose=False)
wandb.sklearn.plot_confusion_matrix(y_val, model.predict(x_val), ["a", "b", "c"])
wandb.sklearn.plot_class_proportions(y_train, y_val, ["a", "b", "c"])
run.finish()
