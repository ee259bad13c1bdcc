"""W&B's protocol, as its unmodified clients speak it: docs/wandb.md tells what is answered, and what is not."""
