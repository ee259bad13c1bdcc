"""W&B's calls that have nothing to do here: accepted so that `import besom as wandb` runs, and without effect."""

from __future__ import annotations

from enum import Enum
from typing import Any

from besom.sdk.journal import say


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
require = mark_preempting = log_code = log_artifact = log_model = link_artifact = restore = watch


def termlog(string: str = "", *args: Any, **ignored: Any) -> None:
    """Says something on standard error, which is kept with the run's output."""
    say(string)


termwarn = termerror = termlog


class Error(Exception):
    """The base of W&B's exceptions, for scripts that catch it; besom's SDK raises none of them."""


class UsageError(Error):
    """W&B's; see `Error`."""


class CommError(Error):
    """W&B's; see `Error`."""


class Api:
    """Stands in for W&B's public API, which reads from a service that is not there."""

    def __init__(self, *args: Any, **ignored: Any) -> None:
        """Refuse, with the way to the same data.

        Raises:
            UsageError: Always.
        """
        raise UsageError(
            "besom.Api: reads W&B's service, and there is none here; "
            "use `besom export SWEEP --history`, or besom.client.Client for a server's own API."
        )


def use_artifact(name: Any, *args: Any, **ignored: Any) -> Any:
    """Refuse: there is no store of artifacts to take one from.

    Raises:
        UsageError: Always.
    """
    raise UsageError(f"besom.use_artifact: no artifacts are kept here, got {name!r}; read the file itself.")
