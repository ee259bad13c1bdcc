"""What Hugging Face's `hyperparameter_search(backend="wandb")` asks of wandb: each run is begun twice by one name."""

import wandb

SWEEP = {
    "method": "random",
    "metric": {"name": "eval/loss", "goal": "minimize"},
    "parameters": {"learning_rate": {"distribution": "uniform", "min": 1e-6, "max": 1e-4}},
}


def objective() -> float:
    """One trial."""
    run = wandb.init()
    run.config.update({"assignments": {}, "metric": "eval/loss"})
    name, rate = run.name, run.config.learning_rate
    wandb.finish()  # WandbCallback.on_train_begin, which then begins it as one of its own
    wandb.init(project="huggingface", name=name, group="out")
    wandb.config.update({"learning_rate": rate}, allow_val_change=True)
    wandb.define_metric("train/global_step")
    wandb.define_metric("*", step_metric="train/global_step", step_sync=True)
    for step in (5, 10):
        wandb.log({"train/loss": rate, "train/global_step": step})
    wandb.log({"eval/loss": 2 * rate, "train/global_step": 10})
    return 2 * rate


wandb.agent(wandb.sweep(SWEEP, project="huggingface"), function=objective, count=2)
