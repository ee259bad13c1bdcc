"""What Lightning's WandbLogger asks of wandb, with log_model="all"."""

import argparse
from pathlib import Path

import wandb

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
args = parser.parse_args()

run = wandb.init(name=None, project="lightning_logs", dir=".", id=None, resume="allow")
run.define_metric("trainer/global_step")
run.define_metric("*", step_metric="trainer/global_step", step_sync=True)
run.config.update({"lr": args.lr, "hidden": 32}, allow_val_change=True)
for epoch in range(3):
    for step in (10 * epoch + 4, 10 * epoch + 9):
        run.log({"train/loss": args.lr / (step + 1), "epoch": epoch, "trainer/global_step": step})
    run.log({"val/loss": args.lr / (epoch + 1), "val/accuracy": 0.5, "epoch": epoch, "trainer/global_step": step})
    file = Path(f"epoch={epoch}-{run.id}.ckpt")
    file.write_bytes(bytes(10 + epoch))
    artifact = wandb.Artifact(name=f"model-{run.id}", type="model", metadata={"score": 0.5, "ModelCheckpoint": {}})
    artifact.add_file(str(file), name="model.ckpt", policy="mutable")
    run.log_artifact(artifact, aliases=["latest", "best"])
run.log({"predictions": wandb.Table(columns=["label"], data=[[1], [2]]), "trainer/global_step": step})
