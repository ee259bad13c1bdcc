"""A small network on the digits by Keras, with W&B's callbacks."""

from __future__ import annotations

import keras
import wandb
from sklearn.datasets import load_digits
from wandb.integration.keras import WandbMetricsLogger, WandbModelCheckpoint

run = wandb.init(project="integrations", config={"lr": 1e-3, "hidden": 32})
x, y = load_digits(return_X_y=True)
model = keras.Sequential(
    [keras.Input((64,)), keras.layers.Dense(run.config.hidden, activation="relu"), keras.layers.Dense(10)]
)
model.compile(
    optimizer=keras.optimizers.Adam(run.config.lr),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
model.fit(
    x[:1200] / 16,
    y[:1200],
    epochs=3,
    verbose=0,
    validation_data=(x[1200:] / 16, y[1200:]),
    callbacks=[WandbMetricsLogger(), WandbModelCheckpoint("model.keras", monitor="val_loss", save_best_only=True)],
)
run.finish()
