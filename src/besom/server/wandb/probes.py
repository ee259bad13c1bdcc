"""What clients ask before they do anything: who they are, what this server has, which fields its types have."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from besom.server.wandb.graphql import Node
from besom.server.wandb.ids import node_id
from besom.tracked import ENTITY

_FIELDS = {
    "Query": ("viewer", "project", "model", "serverInfo", "entity", "artifact"),
    "ServerInfo": ("cliVersionInfo", "latestLocalVersionInfo", "features"),
    "Run": ("historyKeys", "projectId"),
    "Project": ("sweep", "run", "runs", "internalId", "artifact", "artifactCollectionMembership"),
    "Artifact": ("aliases", "tags", "ttlDurationSeconds", "ttlIsInherited", "historyStep"),
    "ServerSettings": (),
}
_INPUTS = {
    "CreateArtifactInput": (
        *("entityName", "projectName", "runName", "description", "artifactTypeName", "artifactCollectionNames"),
        *("digest", "digestAlgorithm", "aliases", "metadata", "historyStep", "distributedID", "clientID"),
        *("sequenceClientID", "enableDigestDeduplication"),
    ),
    "CreateArtifactFileSpecInput": ("artifactID", "name", "md5", "mimetype", "artifactManifestID"),
    "UseArtifactInput": ("entityName", "projectName", "runName", "artifactID"),
}
_OLDEST, _NEWEST = "0.10.0", "99.0.0"


def viewer() -> Node:
    """The one person that there is."""
    return {
        "__typename": "User",
        "id": node_id("User", ENTITY),
        "entity": ENTITY,
        "username": ENTITY,
        "name": ENTITY,
        "email": "",
        "admin": True,
        "flags": "{}",
        "deletedAt": None,
        "defaultEntity": {"id": node_id("Entity", ENTITY), "name": ENTITY},
        "teams": {"edges": [{"node": {"name": ENTITY}}]},
        "organizations": [],
        "apiKeys": {"edges": []},
    }


def server_info() -> Node:
    """This server as clients know W&B's: any version of theirs will do."""
    return {
        "cliVersionInfo": {"max_cli_version": _NEWEST, "min_cli_version": _OLDEST},
        "latestLocalVersionInfo": None,
        "features": [],
        "exposesExplicitRunIdParameter": True,
    }


def types(mutations: Iterable[str]) -> Callable[[dict[str, Any]], Node]:
    """What `__type(name:)` is answered with: old clients see by it which fields they may ask for."""
    fields = {**_FIELDS, "Mutation": tuple(mutations)}

    def described(arguments: dict[str, Any]) -> Node:
        name = str(arguments.get("name"))
        return {
            "name": name,
            "fields": [{"name": each, "args": []} for each in fields.get(name, ())],
            "inputFields": [{"name": each} for each in _INPUTS.get(name, ())],
        }

    return described
