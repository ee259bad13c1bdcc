"""A sweep made of a dict, and a function that runs its trials in this process."""

import json
import sys
from pathlib import Path

import wandb

sys.path.insert(0, str(Path(__file__).resolve().parent))
from train import train

sweep_id = wandb.sweep(json.loads(sys.argv[1]), project="p", entity="e")
wandb.agent(sweep_id, function=train, count=int(sys.argv[2]), entity="e", project="p")
print("TOLD " + json.dumps(sweep_id), flush=True)
