"""A trial that logs, and ends, as its configuration says; it tells a file of its own each row that it logged."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import wandb


def train():
    run = wandb.init(config={"epochs": 3, "how": "good", "pace": 0.0, "of_script": 1})
    config = wandb.config
    told = Path(os.environ["WANDB_DIR"], f"told-{run.id}.jsonl").open("a")  # noqa: SIM115 - it may be killed at any moment
    if config.how == "least":
        run.define_metric("loss", summary="min")
    if config.how == "raise":
        raise ValueError("of the script's own")
    for epoch in range(config.epochs):
        loss = config.get("lr", 0.0) + [3.0, 1.0, 2.0][epoch % 3] * 0.001
        if config.how == "nan":
            loss = float("nan")
        row = {"epoch": epoch, "loss": loss, "val": {"loss": loss}}
        if config.how in ("missing", "summary"):
            row = {"epoch": epoch}
        wandb.log(row)
        told.write(json.dumps(row) + "\n")
        told.flush()
        if config.get("lr", 0.0) > 0.5:  # only what is bad takes its time
            time.sleep(config.pace)
    if config.how == "summary":
        run.summary["loss"] = 0.25
    if config.how == "kill":
        time.sleep(float(os.environ.get("LINGER", "3")))  # for what was logged to be on its way
        os.kill(os.getpid(), signal.SIGKILL)
    print("trained as", config.how, flush=True)
    while config.how == "hold" and not Path("let-go").exists():
        time.sleep(0.05)
    run.finish(exit_code=3 if config.how == "exit" else None)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print("arguments", *sys.argv[1:], flush=True)
    train()
