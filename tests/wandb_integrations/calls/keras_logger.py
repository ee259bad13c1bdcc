"""What W&B's callbacks for Keras ask of wandb, by epoch and by batch, the latter with a step of its own."""

from pathlib import Path

import wandb

run = wandb.init(project="keras", config={"lr": 0.01})
wandb.define_metric("batch/batch_step")
wandb.define_metric("batch/*", step_metric="batch/batch_step")
wandb.define_metric("epoch/epoch")
wandb.define_metric("epoch/*", step_metric="epoch/epoch")
wandb.config.update({"keras_version": "3"}, allow_val_change=True)
for epoch in range(3):
    for batch in range(4):
        wandb.log({"batch/loss": 2.0, "batch/learning_rate": run.config.lr, "batch/batch_step": 4 * epoch + batch})
    loss = run.config.lr / (epoch + 1)
    wandb.log({"epoch/loss": loss, "epoch/val_loss": 2 * loss, "epoch/epoch": epoch, "epoch/learning_rate": 0.01})
    file = Path(f"model-{run.id}.keras")
    file.write_bytes(bytes(epoch + 1))
    model = wandb.Artifact(f"run_{run.id}_model", type="model")
    model.add_file(str(file))
    run.log_artifact(model, aliases=["latest", f"epoch_{epoch}"])
