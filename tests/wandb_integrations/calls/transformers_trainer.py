"""What Hugging Face's Trainer asks of wandb with report_to="wandb", WANDB_WATCH and WANDB_LOG_MODEL=checkpoint."""

import argparse
import os
from pathlib import Path

import numpy as np
import wandb

parser = argparse.ArgumentParser()
parser.add_argument("--learning_rate", type=float)
args = parser.parse_args()

# WandbCallback.setup: the run is begun, and configured by the arguments and the model's configuration, which overlap
# with what the sweep has set.
wandb.init(project=os.getenv("WANDB_PROJECT", "huggingface"))
model = {
    "_name_or_path": "",
    "architectures": None,
    "id2label": {"0": "LABEL_0"},
    "hidden_size": 32,
    "dtype": "float32",
}
arguments = {"output_dir": "out", "learning_rate": args.learning_rate, "report_to": ["wandb"], "run_name": None}
wandb.config.update({**model, **arguments}, allow_val_change=True)
wandb.define_metric("train/global_step")
wandb.define_metric("*", step_metric="train/global_step", step_sync=True)
wandb.run._label(code="transformers_trainer")
wandb.config["model/num_parameters"] = 4242
architecture = wandb.Artifact(name=f"model-{wandb.run.id}", type="model", metadata={"initial_model": True})
with architecture.new_file("model_architecture.txt", mode="wb") as file:
    file.write(b"Bert")
wandb.run.log_artifact(architecture, aliases=["base_model"])

for step in (5, 10, 15, 20):
    loss = args.learning_rate / step
    wandb.log({"train/loss": loss, "train/grad_norm": 0.2, "train/epoch": step / 10, "train/global_step": step})
    if step % 10:
        continue
    evaluation = {
        "eval/loss": 2 * loss,
        "eval/accuracy": np.float64(0.5),
        "eval/runtime": 1.4,
        "train/epoch": step / 10,
    }
    wandb.log({**evaluation, "train/global_step": step})
    folder = Path("out", f"checkpoint-{step}-{wandb.run.id}")
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(bytes(step))
    checkpoint = wandb.Artifact(name=f"model-{wandb.run.id}", type="model", metadata={"model/num_parameters": 4242})
    checkpoint.add_dir(str(folder))
    wandb.log_artifact(checkpoint, aliases=[f"epoch_{step / 10}", f"checkpoint_global_step_{step}"])

for name, value in {"train_runtime": 7.5, "train_loss": 2.3, "total_flos": 12345.0}.items():
    wandb.run.summary[name] = value
wandb.log({"train/epoch": 2, "train/global_step": 20})
