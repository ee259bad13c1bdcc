"""W&B's calls that have nothing to do here: accepted so that `import besom as wandb` runs, and without effect."""

from __future__ import annotations

from enum import Enum
from typing import Any


class AlertLevel(Enum):
    """W&B's levels of alerts."""

    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"


class Settings:
    """Takes any setting of W&B's and uses none: there is no service to set up."""

    def __init__(self, **settings: Any) -> None:
        vars(self).update(settings)


def login(*args: Any, **ignored: Any) -> bool:
    """True: there is nothing to log in to."""
    return True


def watch(*args: Any, **ignored: Any) -> None:
    """Does nothing: gradients and parameters are not recorded."""


def save(*args: Any, **ignored: Any) -> None:
    """Does nothing: files stay where the script writes them; checkpoints belong in `checkpoint_dir()`."""


unwatch = setup = teardown = watch
