"""Artifacts, collections and their files as GraphQL's nodes."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from besom.errors import UnknownName
from besom.server.wandb.artifacts.manifests import hex_digest, read_manifest
from besom.server.wandb.artifacts.records import Artifact, Collection, RunPath, version_of
from besom.server.wandb.artifacts.shelf import Shelf
from besom.server.wandb.caller import Caller, instant
from besom.server.wandb.ids import node_id, project_node
from besom.server.wandb.pages import page
from besom.server.wandb.transfers import blob_place

_TTL_INHERITED = -2
_Fields = dict[str, Any]


def type_node(entity: str, project: str, name: str, since: float) -> _Fields:
    """A type of artifacts."""
    return {
        "__typename": "ArtifactType",
        "id": node_id("ArtifactType", name, project, entity),
        "name": name,
        "description": None,
        "createdAt": instant(since),
    }


class Nodes:
    """What is on the shelf, as one client is told of it.

    Args:
        shelf: Where it is.
        caller: Who asks: links lead to the address that it knows.
    """

    def __init__(self, shelf: Shelf, caller: Caller) -> None:
        self.shelf = shelf
        self.caller = caller

    def artifact(self, artifact: Artifact) -> _Fields:
        """An artifact, committed or not."""
        version = self.shelf.version(artifact.uid)
        sequence = self.shelf.collection(artifact.sequence)
        return {
            "__typename": "Artifact",
            "id": node_id("Artifact", artifact.uid),
            "artifactSequence": lambda _: self.collection(sequence),
            "versionIndex": version,
            "artifactType": lambda _: {
                **type_node(sequence.entity, sequence.project, sequence.type, sequence.created_at),
                "project": project_node(sequence.entity, sequence.project),
            },
            "description": artifact.description,
            "metadata": artifact.metadata,
            "labels": "[]",
            "tags": _tags(artifact.tags),
            "ttlDurationSeconds": artifact.ttl_s or _TTL_INHERITED,
            "ttlIsInherited": artifact.ttl_s is None,
            "historyStep": artifact.history_step,
            "state": "PENDING" if version is None else "COMMITTED",
            "size": artifact.size,
            "digest": artifact.digest,
            "digestAlgorithm": "MANIFEST_MD5",
            "commitHash": None if version is None else artifact.uid,
            "fileCount": artifact.file_count,
            "createdAt": instant(artifact.created_at),
            "updatedAt": instant(artifact.updated_at),
            "aliases": lambda _: [
                alias for at, number in self.shelf.places(artifact.uid) for alias in self._aliases(at, number)
            ],
            "currentManifest": lambda _: self._manifest(artifact),
            "files": lambda arguments: self.files(artifact, arguments),
            "filesByManifestEntries": lambda arguments: self.files(
                artifact, {**arguments, "names": [each.get("name") for each in arguments.get("entries") or []]}
            ),
            "createdBy": lambda _: _run_node(artifact.logged_by) if artifact.run else None,
            "usedBy": lambda _: {"edges": [{"node": _run_node(run)} for run in artifact.used_by]},
            "artifactMemberships": lambda _: {
                "edges": [{"node": self.membership(at, number)} for at, number in self.shelf.places(artifact.uid)]
            },
        }

    def collection(self, collection: Collection) -> _Fields:
        """A sequence or a portfolio."""
        return {
            "__typename": collection.kind,
            "id": node_id("ArtifactCollection", collection.uid),
            "name": collection.name,
            "description": collection.description,
            "createdAt": instant(collection.created_at),
            "updatedAt": instant(collection.updated_at),
            "state": "READY",
            "project": project_node(collection.entity, collection.project),
            "defaultArtifactType": type_node(
                collection.entity, collection.project, collection.type, collection.created_at
            ),
            "tags": {"edges": [{"node": each} for each in _tags(collection.tags)]},
            "latestArtifact": lambda _: self._latest(collection),
            "aliases": lambda arguments: page(
                sorted(collection.aliases),
                arguments,
                str,
                lambda alias: self._alias(collection, alias),
            ),
            "artifactMembership": lambda arguments: self.find(collection, str(arguments.get("aliasName") or "latest")),
            "artifactMemberships": lambda arguments: page(
                sorted(collection.members),
                arguments,
                int,
                lambda version: self.membership(collection, version),
                is_descending=True,
            ),
        }

    def find(self, collection: Collection, alias: str) -> _Fields | None:
        """The membership that an alias, a version or a digest stands for."""
        version = collection.find(alias)
        if version is None:
            for number, uid in sorted(collection.members.items(), reverse=True):
                artifact = self.shelf.artifact(uid)
                if artifact is not None and artifact.digest == alias:
                    version = number
                    break
        return None if version is None else self.membership(collection, version)

    def membership(self, collection: Collection, version: int) -> _Fields:
        """An artifact's place in a collection."""
        artifact = self.shelf.existing(collection.members[version])
        return {
            "__typename": "ArtifactCollectionMembership",
            "id": node_id("ArtifactCollectionMembership", collection.uid, str(version)),
            "versionIndex": version,
            "createdAt": instant(collection.since.get(version, artifact.created_at)),
            "aliases": self._aliases(collection, version),
            "artifactCollection": lambda _: self.collection(collection),
            "artifact": lambda _: self.artifact(artifact),
            "files": lambda arguments: self.files(artifact, arguments),
        }

    def files(self, artifact: Artifact, arguments: Mapping[str, Any]) -> _Fields:
        """The artifact's files, references among them, by path."""
        entries = self._entries(artifact)
        names = arguments.get("names")
        paths = sorted(entries) if not names else sorted(set(map(str, names)) & entries.keys())
        return page(paths, arguments, str, lambda path: self._file(artifact, path, entries[path]))

    def _file(self, artifact: Artifact, path: str, entry: Mapping[str, Any]) -> _Fields:
        where = "" if entry.get("ref") else blob_place(hex_digest(str(entry["digest"])))
        url = self.shelf.storage.link(self.caller.base_url, "GET", where) if where else str(entry["ref"])
        return {
            "__typename": "File",
            "id": node_id("ArtifactFile", path, artifact.uid),
            "name": path,
            "displayName": path,
            "url": url,
            "directUrl": url,
            "sizeBytes": int(entry.get("size") or 0),
            "storagePath": where or None,
            "mimetype": mimetypes.guess_type(path)[0] or "application/octet-stream",
            "updatedAt": instant(artifact.updated_at),
            "digest": entry["digest"],
            "md5": entry["digest"],
            "artifact": {"id": node_id("Artifact", artifact.uid)},
        }

    def _entries(self, artifact: Artifact) -> Mapping[str, Any]:
        if not artifact.manifest or self.shelf.version(artifact.uid) is None:
            return {}
        return _entries_at(self.shelf.storage.path(f"{self.shelf.folder(artifact)}/{artifact.manifest}"))

    def _manifest(self, artifact: Artifact) -> _Fields | None:
        if not artifact.manifest or self.shelf.version(artifact.uid) is None:
            return None
        where = f"{self.shelf.folder(artifact)}/{artifact.manifest}"
        return {
            "id": node_id("ArtifactManifest", artifact.uid, "0"),
            "digest": artifact.digest,
            "file": {
                "id": node_id("ArtifactFile", artifact.manifest, artifact.uid),
                "name": "wandb_manifest.json",
                "directUrl": self.shelf.storage.link(self.caller.base_url, "GET", where),
            },
        }

    def _latest(self, collection: Collection) -> _Fields | None:
        uid = collection.members[max(collection.members)] if collection.members else ""
        artifact = self.shelf.artifact(uid)
        return self.artifact(artifact) if artifact else None

    def _aliases(self, collection: Collection, version: int) -> list[_Fields]:
        return [self._alias(collection, alias) for alias in collection.names_of(version)]

    def _alias(self, collection: Collection, alias: str) -> _Fields:
        return {
            "__typename": "ArtifactAlias",
            "id": node_id("ArtifactAlias", alias, collection.uid),
            "alias": alias,
            "artifactCollectionName": collection.name,
            "artifactCollection": lambda _: self.collection(collection),
            "isVersion": version_of(alias) is not None,
        }


def _tags(tags: tuple[str, ...]) -> list[_Fields]:
    return [
        {"__typename": "Tag", "id": node_id("Tag", tag), "name": tag, "tagCategoryName": None, "attributes": "{}"}
        for tag in tags
    ]


def _run_node(run: RunPath) -> _Fields:
    entity, project, name = run
    return {
        "__typename": "Run",
        "id": node_id("Run", name, project, entity),
        "name": name,
        "project": project_node(entity, project),
    }


@lru_cache(maxsize=4)
def _entries_at(path: Path) -> Mapping[str, Any]:
    """What a committed manifest lists; it never changes, and a list of many files is asked for page by page."""
    try:
        entries: Mapping[str, Any] = read_manifest(path.read_bytes())["contents"]
    except OSError as error:
        raise UnknownName(f"artifact: its manifest cannot be read ({error.strerror}); it has been deleted.") from error
    return entries
