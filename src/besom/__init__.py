"""Hyperparameter sweeps on your own machines.

In a training script: `besom.init`, `log`, `config`, `summary`, `checkpoint_dir`, `finish`, as in W&B's client.
To sweep from Python: `besom.tune`, `besom.Tuner`, `besom.sweep`, `besom.agent`; to look at sweeps: `besom.plot`.
Every name resolves on first use, so that the import costs a script next to nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from besom import plot  # noqa: F401
    from besom.launch.python import agent, sweep  # noqa: F401
    from besom.sdk import *  # noqa: F403
    from besom.sdk.config import Config
    from besom.sdk.summary import Summary
    from besom.server.connect import connect  # noqa: F401
    from besom.tuner import Tuner  # noqa: F401
    from besom.tuning import tune  # noqa: F401

    config: Config
    summary: Summary
    run: Run | None  # noqa: F405

__version__ = "0.1.0"

_ELSEWHERE = {
    "connect": "besom.server.connect",
    "sweep": "besom.launch.python",
    "tune": "besom.tuning",
    "Tuner": "besom.tuner",
}
_OF_THE_RUN = {"run": "current", "config": "config", "summary": "summary"}


def __getattr__(name: str) -> Any:
    if name in _OF_THE_RUN:  # never kept: another init() makes another one
        return getattr(import_module("besom.sdk.run"), _OF_THE_RUN[name])()
    if name.startswith("_"):
        raise AttributeError(f"module 'besom' has no attribute {name!r}")
    if name == "agent":
        return import_module("besom.agent")
    if name == "plot":
        found: Any = import_module("besom.plot")
    elif name in _ELSEWHERE:
        found = getattr(import_module(_ELSEWHERE[name]), name)
    else:
        found = _from_sdk(name)
    globals()[name] = found
    return found


def _from_sdk(name: str) -> Any:
    sdk = import_module("besom.sdk")
    if name not in sdk.__all__:
        raise AttributeError(f"module 'besom' has no attribute {name!r}")
    return getattr(sdk, name)


def __dir__() -> list[str]:
    return sorted({*import_module("besom.sdk").__all__, *_ELSEWHERE, *_OF_THE_RUN, "agent", "plot", "__version__"})


class _AgentPackage(ModuleType):
    """The package `besom.agent`, which may also be called: `besom.agent(sweep_id, function)`, as in W&B."""

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return import_module("besom.launch.python").agent(*args, **keywords)


class _Besom(ModuleType):
    """This package. Python binds the package `agent` here whoever imports it first; from then on it can be called."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "agent" and isinstance(value, ModuleType):
            value.__class__ = _AgentPackage
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Besom
