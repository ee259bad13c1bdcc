"""What clients do with artifacts: the mutations that are merged into the root."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from besom.errors import MessageError, StoreError
from besom.server.wandb.artifacts.changes import artifact_changes
from besom.server.wandb.artifacts.making import Making
from besom.server.wandb.artifacts.shelf import Shelf


def artifact_mutations(shelf: Shelf) -> dict[str, Any]:
    """All that clients do with artifacts, for the root of mutations."""
    mutations = {**Making(shelf).mutations(), **artifact_changes(shelf)}
    return {name: _final(name, mutation) for name, mutation in mutations.items()}


def _final(name: str, mutation: Callable[[Mapping[str, Any]], Any]) -> Callable[[Mapping[str, Any]], Any]:
    """The mutation, with a full disk as an error that clients do not try again: their scripts go on without it."""

    def tried(arguments: Mapping[str, Any]) -> Any:
        try:
            return mutation(arguments)
        except StoreError as error:
            raise MessageError(str(error)) from error
        except KeyError as error:
            raise MessageError(f"{name}: needs {error.args[0]}, got none; give it.") from error

    return tried
