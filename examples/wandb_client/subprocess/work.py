"""Works on a sweep in Python: `python work.py SWEEP COUNT`. The training is another process, which frees its memory."""

import subprocess
import sys

import wandb


def train() -> None:
    """One run: the process finds its sweep and its run by itself, from the environment that wandb sets."""
    subprocess.run([sys.executable, "train.py"], check=True)


if __name__ == "__main__":
    sweep, count = sys.argv[1:]
    wandb.agent(sweep, function=train, count=int(count), project="iris")
