"""A small network on the digits by Lightning, with its WandbLogger."""

from __future__ import annotations

import argparse

import lightning
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import WandbLogger
from sklearn.datasets import load_digits
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset


class Network(lightning.LightningModule):
    """One hidden layer."""

    def __init__(self, lr: float, hidden: int) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.layers = torch.nn.Sequential(torch.nn.Linear(64, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, 10))

    def training_step(self, batch: list[torch.Tensor], batch_number: int) -> torch.Tensor:
        loss = functional.cross_entropy(self.layers(batch[0]), batch[1])
        self.log("train/loss", loss)
        return loss

    def validation_step(self, batch: list[torch.Tensor], batch_number: int) -> None:
        scores = self.layers(batch[0])
        self.log("val/loss", functional.cross_entropy(scores, batch[1]))
        self.log("val/accuracy", (scores.argmax(1) == batch[1]).float().mean())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=self.hparams.lr)


parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=1e-3)
parser.add_argument("--hidden", type=int, default=32)
args = parser.parse_args()

x, y = load_digits(return_X_y=True)
data = TensorDataset(torch.tensor(x / 16, dtype=torch.float32), torch.tensor(y))
train, held_out = torch.utils.data.Subset(data, range(1200)), torch.utils.data.Subset(data, range(1200, 1797))
model = Network(args.lr, args.hidden)
logger = WandbLogger(project="integrations", log_model="all")
logger.watch(model, log="all", log_freq=10)
trainer = lightning.Trainer(
    max_epochs=3,
    logger=logger,
    accelerator="cpu",
    log_every_n_steps=5,
    enable_progress_bar=False,
    callbacks=[ModelCheckpoint(monitor="val/loss", mode="min")],
)
trainer.fit(model, DataLoader(train, batch_size=64, shuffle=True), DataLoader(held_out, batch_size=256))
logger.log_table("predictions", columns=["label"], data=[[int(label)] for label in y[:3]])
logger.log_image("digits", [x[0].reshape(8, 8) * 15])
