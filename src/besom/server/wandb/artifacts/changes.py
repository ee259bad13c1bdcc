"""What changes after an artifact was made: words about it, aliases, links, collections; and deleting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from besom.errors import MessageError, UnknownName, WrongState
from besom.server.wandb.artifacts.nodes import Nodes
from besom.server.wandb.artifacts.queries import single
from besom.server.wandb.artifacts.records import PORTFOLIO, Artifact, Collection, RunPath, checked_alias, version_of
from besom.server.wandb.artifacts.shelf import Shelf
from besom.server.wandb.ids import node_id

Input = Mapping[str, Any]
_Fields = dict[str, Any]


def artifact_changes(shelf: Shelf) -> dict[str, Any]:
    """For the root of mutations."""
    changes = _Changes(shelf)
    return {
        "updateArtifact": changes.update,
        "deleteArtifact": changes.delete,
        "addAliases": changes.add_aliases,
        "deleteAliases": changes.delete_aliases,
        "linkArtifact": changes.link,
        "unlinkArtifact": changes.unlink,
        "updateArtifactSequence": changes.collection("artifactSequenceID", _renamed),
        "updateArtifactPortfolio": changes.collection("artifactPortfolioID", _renamed),
        "moveArtifactSequence": changes.collection("artifactSequenceID", _moved),
        "deleteArtifactSequence": changes.delete_collection("artifactSequenceID"),
        "deleteArtifactPortfolio": changes.delete_collection("artifactPortfolioID"),
        "createArtifactCollectionTagAssignments": changes.tag_collection,
        "deleteArtifactCollectionTagAssignments": changes.untag_collection,
    }


def delete_logged(shelf: Shelf, run: RunPath) -> None:
    """Delete all versions that a run made. Raises StoreError."""
    with shelf.lock:
        for artifact in shelf.logged(run):
            shelf.delete(artifact.uid, with_aliases=True)


def new_collection(shelf: Shelf, entity: str, project: str, name: str, kind: str, type_name: str) -> Collection:
    """An empty collection, not yet on the shelf.

    Raises:
        MessageError: The name cannot be followed by an alias, or be part of a path.
    """
    if not name or len(name) > 128 or ":" in name or "/" in name:
        law = f"artifact {name[:140]!r}: must have a name of at most 128 characters without `:` and `/`"
        raise MessageError(f"{law}; choose another.")
    now = shelf.clock()
    return Collection(shelf.new_id(), entity, project, name, kind, type_name, now, now)


def ttl(given: Any, before: int | None) -> int | None:
    """Seconds; W&B says -1 for what the project has, -2 for for ever, and nothing for no change."""
    return before if given is None else int(given) if int(given) > 0 else None


class _Changes:
    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def update(self, arguments: Input) -> _Fields:
        given = arguments["input"]
        with self._shelf.lock:
            artifact = self._shelf.existing(single("Artifact", given["artifactID"]))
            changed = replace(
                artifact,
                description=artifact.description if given.get("description") is None else given["description"],
                metadata=artifact.metadata if given.get("metadata") is None else given["metadata"],
                tags=_tagged(artifact.tags, given.get("tagsToAdd"), given.get("tagsToDelete")),
                ttl_s=ttl(given.get("ttlDurationSeconds"), artifact.ttl_s),
                updated_at=self._shelf.clock(),
            )
            self._shelf.put(changed)
            if given.get("aliases") is not None:
                self._replace_aliases(changed, given["aliases"])
        return {"artifact": Nodes(self._shelf, arguments["request"]).artifact(changed)}

    def _replace_aliases(self, artifact: Artifact, given: Iterable[Input]) -> None:
        """Old clients send all that an artifact is to have."""
        for at, version in self._shelf.places(artifact.uid):
            wanted = {
                str(each["alias"])
                for each in given
                if each.get("artifactCollectionName") in (None, at.name) and version_of(str(each["alias"])) is None
            }
            others = {alias: number for alias, number in at.aliases.items() if number != version}
            self._shelf.put_collection(
                replace(at, aliases={**others, **{checked_alias(alias): version for alias in wanted}})
            )

    def delete(self, arguments: Input) -> _Fields:
        given = arguments["input"]
        with self._shelf.lock:
            artifact = self._shelf.existing(single("Artifact", given["artifactID"]))
            told = Nodes(self._shelf, arguments["request"]).artifact(artifact)
            self._shelf.delete(artifact.uid, with_aliases=bool(given.get("deleteAliases")))
        return {"artifact": {"id": told["id"], "state": "DELETED"}}

    def add_aliases(self, arguments: Input) -> _Fields:
        def added(at: Collection, version: int, alias: str) -> dict[str, int]:
            return {**at.aliases, checked_alias(alias): version}

        return self._aliases(arguments["input"], added)

    def delete_aliases(self, arguments: Input) -> _Fields:
        def taken(at: Collection, version: int, alias: str) -> dict[str, int]:
            return {name: number for name, number in at.aliases.items() if (name, number) != (alias, version)}

        return self._aliases(arguments["input"], taken)

    def _aliases(self, given: Input, changed: Callable[[Collection, int, str], dict[str, int]]) -> _Fields:
        with self._shelf.lock:
            artifact = self._shelf.existing(single("Artifact", given["artifactID"]))
            for each in given.get("aliases") or []:
                entity, project, name = each["entityName"], each["projectName"], each["artifactCollectionName"]
                at = self._shelf.named(entity, project, name)
                versions = {one.uid: number for one, number in self._shelf.places(artifact.uid)}
                version = versions.get(at.uid) if at else None
                if at is None or version is None:
                    raise UnknownName(
                        f"collection {name}: must have the artifact to name it, and has not; link it first."
                    )
                aliases = changed(at, version, str(each["alias"]))
                self._shelf.put_collection(replace(at, aliases=aliases, updated_at=self._shelf.clock()))
        return {"success": True}

    def link(self, arguments: Input) -> _Fields:
        given, shelf = arguments["input"], self._shelf
        with shelf.lock:
            artifact = self._linked(given)
            portfolio = self._portfolio(given, artifact)
            aliases = [checked_alias(str(each["alias"])) for each in given.get("aliases") or []]
            grown, version = portfolio.with_member(artifact.uid, aliases, shelf.clock())
            shelf.put_collection(grown)
        membership = Nodes(shelf, arguments["request"]).membership(grown, version)
        return {"versionIndex": version, "artifactMembership": membership}

    def _linked(self, given: Input) -> Artifact:
        if given.get("artifactID"):
            return self._shelf.existing(single("Artifact", given["artifactID"]))
        found = self._shelf.of_client(str(given.get("clientID") or ""))
        if found is None:
            raise UnknownName("linkArtifact: needs an artifact that is here, got none; log it first.")
        return found

    def _portfolio(self, given: Input, artifact: Artifact) -> Collection:
        shelf = self._shelf
        if given.get("artifactPortfolioID"):
            return shelf.collection(single("ArtifactCollection", given["artifactPortfolioID"]))
        entity, project = str(given.get("entityName") or ""), str(given.get("projectName") or "")
        name, kind = str(given.get("artifactPortfolioName") or ""), shelf.collection(artifact.sequence).type
        found = shelf.named(entity, project, name)
        if found is None:
            return new_collection(shelf, entity, project, name, PORTFOLIO, kind)
        if found.is_sequence or found.type != kind:
            has = "versions of its own" if found.is_sequence else f"type {found.type}"
            raise WrongState(f"collection {name}: has {has}, got a link to type {kind}; link it elsewhere.")
        return found

    def unlink(self, arguments: Input) -> _Fields:
        given = arguments["input"]
        with self._shelf.lock:
            at = self._shelf.collection(single("ArtifactCollection", given["artifactPortfolioID"]))
            if at.is_sequence:
                raise WrongState(f"collection {at.name}: must be one of links to unlink, and is not; use delete().")
            self._shelf.put_collection(at.without(single("Artifact", given["artifactID"]), self._shelf.clock()))
        return {"success": True, "artifactID": given["artifactID"]}

    def collection(self, key: str, changed: Callable[[Collection, Input], Collection]) -> Callable[[Input], _Fields]:
        def mutation(arguments: Input) -> _Fields:
            shelf, given = self._shelf, arguments["input"]
            with shelf.lock:
                before = shelf.collection(single("ArtifactCollection", given[key]))
                after = replace(changed(before, given), updated_at=shelf.clock())
                other = shelf.named(after.entity, after.project, after.name)
                if other is not None and other.uid != after.uid:
                    raise WrongState(f"collection {after.name}: must have a name of its own; choose another.")
                shelf.put_collection(after)
            return {"artifactCollection": Nodes(shelf, arguments["request"]).collection(after)}

        return mutation

    def delete_collection(self, key: str) -> Callable[[Input], _Fields]:
        def mutation(arguments: Input) -> _Fields:
            with self._shelf.lock:
                found = self._shelf.collection(single("ArtifactCollection", arguments["input"][key]))
                told = Nodes(self._shelf, arguments["request"]).collection(found)
                self._shelf.delete_collection(found)
            return {"artifactCollection": {**told, "state": "DELETED"}}

        return mutation

    def tag_collection(self, arguments: Input) -> _Fields:
        tags = self._tags(arguments["input"], add=True)
        return {"tags": [{"__typename": "Tag", "id": node_id("Tag", tag), "name": tag} for tag in tags]}

    def untag_collection(self, arguments: Input) -> _Fields:
        self._tags(arguments["input"], add=False)
        return {"success": True}

    def _tags(self, given: Input, *, add: bool) -> tuple[str, ...]:
        with self._shelf.lock:
            name = given["artifactCollectionName"]
            found = self._shelf.named(given["entityName"], given["projectName"], name)
            if found is None:
                raise UnknownName(f"collection {name}: is not here; it has been deleted.")
            tags = _tagged(found.tags, given["tags"] if add else None, None if add else given["tags"])
            return self._shelf.put_collection(replace(found, tags=tags)).tags


def _renamed(collection: Collection, given: Input) -> Collection:
    description = given.get("description")
    return replace(
        collection,
        name=given.get("name") or collection.name,
        description=collection.description if description is None else description,
    )


def _moved(collection: Collection, given: Input) -> Collection:
    return replace(collection, type=str(given["destinationArtifactTypeName"]))


def _tagged(before: tuple[str, ...], add: Iterable[Input] | None, delete: Iterable[Input] | None) -> tuple[str, ...]:
    gone = {str(each["tagName"]) for each in delete or ()}
    tags = dict.fromkeys([*before, *(str(each["tagName"]) for each in add or ())])
    return tuple(tag for tag in tags if tag not in gone)
