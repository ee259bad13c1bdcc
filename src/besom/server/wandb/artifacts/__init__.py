"""Artifacts, W&B's versioned folders of files: what clients ask of them and do with them."""

from besom.server.wandb.artifacts.changes import delete_logged
from besom.server.wandb.artifacts.queries import artifact_fields_of_project, artifact_fields_of_run, artifact_queries
from besom.server.wandb.artifacts.roots import artifact_mutations
from besom.server.wandb.artifacts.shelf import Shelf

__all__ = [
    "Shelf",
    "artifact_fields_of_project",
    "artifact_fields_of_run",
    "artifact_mutations",
    "artifact_queries",
    "delete_logged",
]
