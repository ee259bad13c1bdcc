"""What may be asked of artifacts: fields for the root, for projects and for runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from besom.errors import MessageError, nearest
from besom.server.wandb.artifacts.nodes import Nodes, type_node
from besom.server.wandb.artifacts.records import Artifact, Collection, RunPath
from besom.server.wandb.artifacts.shelf import Shelf
from besom.server.wandb.caller import Caller
from besom.server.wandb.filters import matches
from besom.server.wandb.ids import names_of, node_id, project_node
from besom.server.wandb.pages import page

_AGES = ("createdAt", "created_at", "version", "versionIndex", "version_index")
_Arguments = Mapping[str, Any]
_Fields = dict[str, Any]


def artifact_queries(shelf: Shelf) -> dict[str, Any]:
    """For the root of queries: `artifact`, `artifactCollection` and `clientIDMapping`."""

    def artifact(arguments: _Arguments) -> _Fields | None:
        found = shelf.artifact(single("Artifact", arguments.get("id")))
        return Nodes(shelf, arguments["request"]).artifact(found) if found else None

    def collection(arguments: _Arguments) -> _Fields | None:
        found = shelf.collection(single("ArtifactCollection", arguments.get("id")))
        return Nodes(shelf, arguments["request"]).collection(found)

    def client_id(arguments: _Arguments) -> _Fields | None:
        found = shelf.of_client(str(arguments.get("clientID")))
        return {"serverID": node_id("Artifact", found.uid)} if found else None

    return {"artifact": artifact, "artifactCollection": collection, "clientIDMapping": client_id}


def artifact_fields_of_run(shelf: Shelf, caller: Caller, run: RunPath) -> dict[str, Any]:
    """For a run's node: `outputArtifacts` and `inputArtifacts`.

    Args:
        shelf: Where the artifacts are.
        caller: Who asks.
        run: Entity, project and name.
    """
    nodes = Nodes(shelf, caller)

    def listed(versions: list[Artifact], arguments: _Arguments) -> _Fields:
        ordered = sorted(versions, key=_by_age)
        return page(ordered, arguments, _by_age, nodes.artifact, lambda each: _version_of(shelf, each))

    return {
        "outputArtifacts": lambda arguments: listed(shelf.logged(run), arguments),
        "inputArtifacts": lambda arguments: listed(shelf.used(run), arguments),
    }


def artifact_fields_of_project(shelf: Shelf, caller: Caller, entity: str, project: str) -> dict[str, Any]:
    """For a project's node: `artifact`, `artifactType(s)`, `artifactCollection(s)` and their like."""
    nodes = Nodes(shelf, caller)

    def membership(arguments: _Arguments) -> _Fields | None:
        name, _, alias = str(arguments.get("name") or "").rsplit("/", 1)[-1].partition(":")
        found = shelf.named(entity, project, name)
        return nodes.find(found, alias or "latest") if found else None

    def artifact(arguments: _Arguments) -> _Fields | None:
        found = membership(arguments)
        whole: _Fields | None = found["artifact"](arguments) if found else None
        return whole

    def types() -> dict[str, float]:
        since: dict[str, float] = {}
        for each in shelf.collections(entity, project):
            since[each.type] = min(each.created_at, since.get(each.type, each.created_at))
        return dict(sorted(since.items()))

    def kind(name: str, since: float) -> _Fields:
        return {
            **type_node(entity, project, name, since),
            "project": project_node(entity, project),
            "artifact": artifact,
            **_collection_fields(nodes, entity, project, name),
        }

    def one_type(arguments: _Arguments) -> _Fields | None:
        name = str(arguments.get("name"))
        known = types()
        return kind(name, known[name]) if name in known else None

    def all_types(arguments: _Arguments) -> _Fields:
        known = types()
        return page(list(known), arguments, str, lambda name: kind(name, known[name]))

    return {
        "artifact": artifact,
        "artifactCollectionMembership": membership,
        "artifactType": one_type,
        "artifactTypes": all_types,
        **_collection_fields(nodes, entity, project, None),
    }


def single(kind: str, given: object) -> str:
    """The one name that an id of this kind was made of.

    Raises:
        UnknownName: It is no such id.
    """
    names = names_of(kind, given)
    return names[0] if len(names) == 1 else names_of(kind, "")[0]


def _collection_fields(nodes: Nodes, entity: str, project: str, kind: str | None) -> dict[str, Any]:
    """Collections of a project, or of one type; sequences alone go by a name of their own."""

    def one(wants: Callable[[Collection], bool]) -> Callable[[_Arguments], _Fields | None]:
        def field(arguments: _Arguments) -> _Fields | None:
            found = nodes.shelf.named(entity, project, str(arguments.get("name")))
            is_it = found is not None and kind in (None, found.type) and wants(found)
            return {**nodes.collection(found), **_versions(nodes, found)} if found and is_it else None

        return field

    def several(wants: Callable[[Collection], bool]) -> Callable[[_Arguments], _Fields]:
        def field(arguments: _Arguments) -> _Fields:
            found = [each for each in nodes.shelf.collections(entity, project, kind) if wants(each)]
            chosen = [each for each in found if matches(_facts_of_collection(each), _filters(arguments), _fact)]
            is_descending = str(arguments.get("order") or "").startswith("-")
            return page(chosen, arguments, lambda each: each.name, nodes.collection, is_descending=is_descending)

        return field

    return {
        "artifactCollection": one(lambda _: True),
        "artifactSequence": one(lambda each: each.is_sequence),
        "artifactCollections": several(lambda _: True),
        "artifactSequences": several(lambda each: each.is_sequence),
    }


def _versions(nodes: Nodes, collection: Collection) -> dict[str, Any]:
    """`artifacts` of a collection, newest first, with the number that each has there."""

    def artifacts(arguments: _Arguments) -> _Fields:
        wanted = _filters(arguments)
        chosen = [
            version
            for version, uid in sorted(collection.members.items())
            if matches(_facts(nodes.shelf, collection, version, uid), wanted, _fact)
        ]
        return page(
            chosen,
            arguments,
            int,
            lambda version: nodes.artifact(nodes.shelf.existing(collection.members[version])),
            lambda version: {"version": f"v{version}"},
            is_descending=_is_descending(arguments.get("order")),
        )

    return {"artifacts": artifacts}


def _is_descending(order: Any) -> bool:
    """Versions come newest first, unless an order wants it otherwise."""
    if order is None:
        return True
    name = str(order).lstrip("+-")
    if name not in _AGES:
        raise MessageError(f"order: no such field {name}; {nearest(name, _AGES)}.")
    return str(order).startswith("-")


def _by_age(artifact: Artifact) -> str:
    return f"{artifact.created_at:020.6f} {artifact.uid}"


def _version_of(shelf: Shelf, artifact: Artifact) -> _Fields:
    return {"version": f"v{shelf.version(artifact.uid)}"}


def _facts(shelf: Shelf, collection: Collection, version: int, uid: str) -> _Fields:
    """What versions are filtered by."""
    artifact = shelf.existing(uid)
    return {
        "state": "COMMITTED" if shelf.version(uid) is not None else "PENDING",
        "version": version,
        "versionIndex": version,
        "type": collection.type,
        "name": collection.name,
        "digest": artifact.digest,
        "description": artifact.description,
        "size": artifact.size,
        "tag": list(artifact.tags),
        "tags": list(artifact.tags),
        "alias": collection.names_of(version),
        "aliases": collection.names_of(version),
    }


def _facts_of_collection(collection: Collection) -> _Fields:
    return {
        "name": collection.name,
        "type": collection.type,
        "description": collection.description,
        "tag": list(collection.tags),
        "tags": list(collection.tags),
    }


def _filters(arguments: _Arguments) -> Mapping[str, Any]:
    try:
        wanted = json.loads(arguments.get("filters") or "{}")
    except (TypeError, ValueError):
        wanted = None
    if not isinstance(wanted, dict):
        raise MessageError(f"filters: must be a JSON object, got {arguments.get('filters')!r}; correct it.")
    return wanted


def _fact(facts: Mapping[str, Any], name: str) -> Any:
    if name not in facts:
        raise MessageError(f"filters: no such field {name}; {nearest(name, facts)}.")
    return facts[name]
