"""How an artifact is made: created, filled with files and a manifest, and committed as a version; and used."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from besom.errors import MessageError, UnknownName, WrongState
from besom.server.wandb.artifacts.changes import new_collection, ttl
from besom.server.wandb.artifacts.manifests import Contents, contents_of, hex_digest, merged, read_manifest
from besom.server.wandb.artifacts.nodes import Nodes
from besom.server.wandb.artifacts.queries import single
from besom.server.wandb.artifacts.records import (
    FULL,
    INCREMENTAL,
    SEQUENCE,
    Artifact,
    Collection,
    Manifest,
    checked_alias,
    version_of,
)
from besom.server.wandb.artifacts.shelf import Shelf
from besom.server.wandb.caller import Caller
from besom.server.wandb.ids import names_of, node_id
from besom.server.wandb.transfers import blob_place

MANIFEST = "manifest.json"
Input = Mapping[str, Any]
_Fields = dict[str, Any]


class Making:
    """The mutations that bring an artifact from nothing to a committed version, and those that use it."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def mutations(self) -> dict[str, Any]:
        """For the root of mutations."""
        return {
            "createArtifact": self._told(self.create),
            "createArtifactType": self.create_type,
            "createArtifactManifest": self.create_manifest,
            "updateArtifactManifest": self.update_manifest,
            "createArtifactFiles": self.create_files,
            "commitArtifact": self._told(self.commit),
            "useArtifact": self._told(self.use),
        }

    def _told(self, change: Callable[[Input], Artifact]) -> Callable[[Input], _Fields]:
        def mutation(arguments: Input) -> _Fields:
            artifact = change(arguments["input"])
            return {"artifact": Nodes(self._shelf, arguments["request"]).artifact(artifact)}

        return mutation

    def create(self, given: Input) -> Artifact:
        """A pending artifact; or the version of the sequence that already has these contents, with the new aliases."""
        shelf = self._shelf
        with shelf.lock:
            sequence = self._sequence(given)
            client_id, together = str(given.get("clientID") or ""), str(given.get("distributedID") or "")
            known = shelf.of_client(client_id) if client_id else None
            known = known or (shelf.of_distributed(sequence.uid, together) if together else None)
            if known is not None and known.sequence == sequence.uid:  # asked again, or by another run of the group
                return known
            aliases = tuple(
                (str(each.get("artifactCollectionName") or sequence.name), str(each["alias"]))
                for each in given.get("aliases") or []
                if version_of(str(each["alias"])) is None
            )
            for _, alias in aliases:
                checked_alias(alias)
            same = None if together else self._same(sequence, str(given["digest"]))
            if same is not None:
                shelf.put_collection(sequence.with_member(same.uid, (alias for _, alias in aliases), shelf.clock())[0])
                return shelf.put(replace(same, client_id=client_id)) if client_id else same
            now = shelf.clock()
            return shelf.put(
                Artifact(
                    uid=shelf.new_id(),
                    sequence=sequence.uid,
                    entity=sequence.entity,
                    project=sequence.project,
                    digest=str(given["digest"]),
                    created_at=now,
                    updated_at=now,
                    run=str(given.get("runName") or ""),
                    description=given.get("description"),
                    metadata=given.get("metadata"),
                    tags=tuple(str(each["tagName"]) for each in given.get("tags") or []),
                    aliases=aliases,
                    ttl_s=ttl(given.get("ttlDurationSeconds"), None),
                    client_id=client_id,
                    distributed_id=together,
                    history_step=given.get("historyStep"),
                )
            )

    def _sequence(self, given: Input) -> Collection:
        entity, project = str(given["entityName"] or ""), str(given["projectName"] or "")
        names = given.get("artifactCollectionNames") or [given.get("artifactCollectionName")]
        name, kind = str(names[0] or ""), str(given["artifactTypeName"])
        if not (entity and project and name):
            raise MessageError("createArtifact: needs entityName, projectName and a collection's name; give all three.")
        found = self._shelf.named(entity, project, name)
        if found is None:
            return self._shelf.put_collection(new_collection(self._shelf, entity, project, name, SEQUENCE, kind))
        if not found.is_sequence or found.type != kind:
            has = f"type {found.type}" if found.is_sequence else "links only"
            raise WrongState(f"artifact {name}: has {has}, got type {kind}; give the artifact another name.")
        return found

    def _same(self, sequence: Collection, digest: str) -> Artifact | None:
        versions = (self._shelf.artifact(sequence.members[each]) for each in sorted(sequence.members, reverse=True))
        return next((each for each in versions if each is not None and each.digest == digest), None)

    def create_type(self, arguments: Input) -> _Fields:
        """Types are there as soon as something has them."""
        given = arguments["input"]
        name = str(given.get("name"))
        entity, project = str(given.get("entityName")), str(given.get("projectName"))
        return {"artifactType": {"id": node_id("ArtifactType", name, project, entity), "name": name}}

    def create_manifest(self, arguments: Input) -> _Fields:
        """A manifest's id, and where its file goes. One that is whole takes the place of an earlier one."""
        given = arguments["input"]
        manifest = Manifest(str(given.get("type") or FULL), str(given.get("digest") or ""), _base(given))
        with self._shelf.lock:
            artifact = self._pending(single("Artifact", given["artifactID"]))
            kept = tuple(each for each in artifact.manifests if manifest.kind != FULL)
            self._shelf.put(replace(artifact, manifests=(*kept, manifest)))
        return self._manifest(arguments["request"], artifact, len(kept))

    def update_manifest(self, arguments: Input) -> _Fields:
        """The same, for a manifest that was announced before its digest was known."""
        given = arguments["input"]
        names = names_of("ArtifactManifest", given["artifactManifestID"])
        with self._shelf.lock:
            artifact = self._pending(names[0])
            at = int(names[-1])
            if not at < len(artifact.manifests):
                raise UnknownName(f"manifest {at}: the artifact has {len(artifact.manifests)}; create it first.")
            before = artifact.manifests[at]
            after = replace(before, digest=str(given.get("digest") or before.digest), base=_base(given) or before.base)
            manifests = (*artifact.manifests[:at], after, *artifact.manifests[at + 1 :])
            self._shelf.put(replace(artifact, manifests=manifests))
        return self._manifest(arguments["request"], artifact, at)

    def _manifest(self, caller: Caller, artifact: Artifact, at: int) -> _Fields:
        where = f"{self._shelf.folder(artifact)}/{_manifest_file(at)}"
        return {
            "artifactManifest": {
                "id": node_id("ArtifactManifest", artifact.uid, str(at)),
                "file": {
                    "id": node_id("ArtifactFile", _manifest_file(at), artifact.uid),
                    "name": "wandb_manifest.json",
                    "displayName": "wandb_manifest.json",
                    "uploadUrl": self._shelf.storage.link(caller.base_url, "PUT", where),
                    "uploadHeaders": [],
                },
            }
        }

    def create_files(self, arguments: Input) -> _Fields:
        """Where each file goes; no address for what is already here, whichever artifact brought it."""
        shelf, caller = self._shelf, arguments["request"]
        edges = []
        with shelf.lock:
            wanted: dict[str, tuple[Artifact, list[str]]] = {}
            for each in arguments["input"].get("artifactFiles") or []:
                uid, digest = single("Artifact", each["artifactID"]), hex_digest(str(each["md5"]))
                artifact, digests = wanted.setdefault(uid, (self._pending(uid), []))
                digests.append(digest)
                edges.append({"node": self._file(caller, artifact, str(each["name"]), digest)})
            for artifact, digests in wanted.values():
                shelf.claim(artifact, digests)
        return {"files": {"edges": edges}}

    def _file(self, caller: Caller, artifact: Artifact, name: str, digest: str) -> _Fields:
        where, storage = blob_place(digest), self._shelf.storage
        is_here = storage.path(where).is_file()
        return {
            "id": node_id("ArtifactFile", name, artifact.uid),
            "name": name,
            "displayName": name,
            "storagePath": where,
            "uploadUrl": None if is_here else storage.link(caller.base_url, "PUT", where),
            "uploadHeaders": [],
            "uploadMultipartUrls": None,
            "artifact": {"id": node_id("Artifact", artifact.uid)},
        }

    def commit(self, given: Input) -> Artifact:
        """The artifact as a version of its sequence, with its aliases. Doing it again changes nothing.

        Raises:
            MessageError: Its manifest has not arrived, or files that it lists.
        """
        shelf = self._shelf
        artifact = self._shelf.existing(single("Artifact", given["artifactID"]))
        if shelf.version(artifact.uid) is not None:
            return artifact
        contents, manifest = self._contents(artifact)  # reads files, and so does not keep others waiting
        with shelf.lock:
            artifact = self._shelf.existing(artifact.uid)
            if shelf.version(artifact.uid) is not None:
                return artifact
            shelf.claim(artifact, contents.blobs)
            self._check_blobs(contents)
            # In a file that no link leads to: those for the parts can still be written.
            shelf.storage.put(f"{shelf.folder(artifact)}/{MANIFEST}", manifest)
            now = shelf.clock()
            is_part = artifact.manifests[-1].kind != FULL
            artifact = shelf.put(
                replace(
                    artifact,
                    size=contents.size,
                    file_count=contents.file_count,
                    digest=contents.digest if is_part else artifact.digest,
                    manifest=MANIFEST,
                    updated_at=now,
                )
            )
            sequence = shelf.collection(artifact.sequence)
            own = [alias for name, alias in artifact.aliases if name == sequence.name]
            shelf.put_collection(sequence.with_member(artifact.uid, own, now)[0])
            return artifact

    def _check_blobs(self, contents: Contents) -> None:
        storage = self._shelf.storage
        missing = [each for each in contents.blobs if not storage.path(blob_place(each)).is_file()]
        if missing:
            law = f"artifact: needs all {contents.file_count} files to be committed, {len(missing)} have not arrived"
            raise MessageError(f"{law}; log it again.")

    def _contents(self, artifact: Artifact) -> tuple[Contents, bytes]:
        """What is in it, and its manifest, made of the parts where it came in parts."""
        if not artifact.manifests:
            raise MessageError("artifact: needs a manifest to be committed, has none; log it again.")
        parts = [self._read(artifact, _manifest_file(at)) for at in range(len(artifact.manifests))]
        if artifact.manifests[-1].kind == FULL:
            whole = parts[-1]
        else:
            base = artifact.manifests[-1].base if artifact.manifests[-1].kind == INCREMENTAL else ""
            before = self._shelf.existing(base) if base else None
            whole = merged(self._read(before, before.manifest) if before else None, parts)
        return contents_of(whole["contents"]), json.dumps(whole).encode()

    def _read(self, artifact: Artifact, file: str) -> dict[str, Any]:
        path = self._shelf.storage.path(f"{self._shelf.folder(artifact)}/{file}")
        if not file or not path.is_file():
            raise MessageError("artifact: needs its manifest to be committed, which has not arrived; log it again.")
        return read_manifest(path.read_bytes())

    def use(self, given: Input) -> Artifact:
        """The artifact, among the inputs of the run from now on."""
        with self._shelf.lock:
            artifact = self._shelf.existing(single("Artifact", given["artifactID"]))
            run = tuple(str(given.get(name) or "") for name in ("entityName", "projectName", "runName"))
            entity, project, name = run
            if not name or (entity, project, name) in artifact.used_by:
                return artifact
            return self._shelf.put(replace(artifact, used_by=(*artifact.used_by, (entity, project, name))))

    def _pending(self, uid: str) -> Artifact:
        artifact = self._shelf.existing(uid)
        if self._shelf.version(uid) is not None:
            raise WrongState("artifact: must be pending to be filled, and is committed; make a new version of it.")
        return artifact


def _manifest_file(at: int) -> str:
    return f"manifest-{at}.json"


def _base(given: Input) -> str:
    return single("Artifact", given["baseArtifactID"]) if given.get("baseArtifactID") else ""
