"""The shelf: all artifacts and collections, on disk and in memory.

Each record is a JSON file that is replaced as a whole. What makes an artifact a version is that its sequence's record
has it as a member: that file is written last, so a server that is killed at any moment leaves an artifact that is
either committed, with its aliases, or still pending.

    ENTITY/PROJECT/collections/UID.json
    ENTITY/PROJECT/artifacts/UID/artifact.json, claims, manifest-N.json
"""

from __future__ import annotations

import re
import secrets
import shutil
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from besom.errors import StoreError, UnknownName, WrongState
from besom.server.wandb.artifacts.records import LATEST, Artifact, Collection, RunPath, read_record
from besom.server.wandb.storage import Storage, place
from besom.server.wandb.transfers import blob_place

_ABANDONED_S = 7 * 86400.0
_DIGEST = re.compile(r"^[0-9a-f]{32}$", re.MULTILINE)


class Shelf:
    """Artifacts and collections by their names.

    Args:
        storage: Where they lie. The shelf reads it when it is first asked.
        clock: The time, in seconds since 1970.
        new_id: A new id.
    """

    def __init__(
        self,
        storage: Storage,
        clock: Callable[[], float] = time.time,
        new_id: Callable[[], str] = lambda: secrets.token_hex(9),
    ) -> None:
        self.storage = storage
        self.lock = threading.RLock()
        """Held by whoever changes something in several steps."""
        self.clock = clock
        self.new_id = new_id
        self._is_loaded = False
        self._is_whole = True
        self._artifacts: dict[str, Artifact] = {}
        self._collections: dict[str, Collection] = {}
        self._names: dict[tuple[str, str, str], str] = {}
        self._clients: dict[str, str] = {}
        self._places: dict[str, dict[str, int]] = defaultdict(dict)
        self._logged: dict[RunPath, dict[str, None]] = defaultdict(dict)
        self._used: dict[RunPath, dict[str, None]] = defaultdict(dict)

    # What there is

    def artifact(self, uid: str) -> Artifact | None:
        """The artifact with this id, or None."""
        with self._loaded():
            return self._artifacts.get(uid)

    def existing(self, uid: str) -> Artifact:
        """The artifact.

        Raises:
            UnknownName: There is none.
        """
        artifact = self.artifact(uid)
        if artifact is None:
            raise UnknownName("artifact: is not here; it has been deleted.")
        return artifact

    def collection(self, uid: str) -> Collection:
        """The collection with this id.

        Raises:
            UnknownName: There is none.
        """
        with self._loaded():
            if uid not in self._collections:
                raise UnknownName(f"collection {uid!r}: is not here; it has been deleted.")
            return self._collections[uid]

    def named(self, entity: str, project: str, name: str) -> Collection | None:
        """The collection with this name."""
        with self._loaded():
            return self._collections.get(self._names.get((entity, project, name), ""))

    def collections(self, entity: str, project: str, kind: str | None = None) -> list[Collection]:
        """Those of a project (and type) that have something in them, by name."""
        with self._loaded():
            found = [self._collections[uid] for at, uid in self._names.items() if at[:2] == (entity, project)]
        wanted = (each for each in found if each.members and kind in (None, each.type))
        return sorted(wanted, key=lambda each: each.name)

    def projects(self) -> dict[tuple[str, str], float]:
        """Each entity and project that has something in a collection, and since when."""
        since: dict[tuple[str, str], float] = {}
        with self._loaded():
            for each in self._collections.values():
                path = (each.entity, each.project)
                if each.members:
                    since[path] = min(each.created_at, since.get(path, each.created_at))
        return since

    def of_client(self, client_id: str) -> Artifact | None:
        """The artifact that a client made under an id of its own."""
        with self._loaded():
            return self._artifacts.get(self._clients.get(client_id, ""))

    def of_distributed(self, sequence: str, distributed_id: str) -> Artifact | None:
        """The pending artifact that several runs make together."""
        with self._loaded():
            return next(
                (
                    each
                    for each in self._artifacts.values()
                    if each.sequence == sequence
                    and each.distributed_id == distributed_id
                    and self.version(each.uid) is None
                ),
                None,
            )

    def places(self, uid: str) -> list[tuple[Collection, int]]:
        """Each collection that has the artifact, with its version there; its own sequence first."""
        with self._loaded():
            found = [(self._collections[at], version) for at, version in self._places.get(uid, {}).items()]
        return sorted(found, key=lambda each: (not each[0].is_sequence, each[0].name))

    def version(self, uid: str) -> int | None:
        """The artifact's version in its sequence; None while it is pending."""
        with self._loaded():
            artifact = self._artifacts.get(uid)
            return self._places.get(uid, {}).get(artifact.sequence) if artifact else None

    def logged(self, run: RunPath) -> list[Artifact]:
        """The versions that a run made, oldest first."""
        return self._versions(self._logged, run)

    def used(self, run: RunPath) -> list[Artifact]:
        """The versions that a run used, in this order."""
        return self._versions(self._used, run)

    def _versions(self, index: Mapping[RunPath, Mapping[str, None]], run: RunPath) -> list[Artifact]:
        with self._loaded():
            return [self._artifacts[uid] for uid in index.get(run, ()) if self.version(uid) is not None]

    # Changes: each is on disk when the method returns

    def put(self, artifact: Artifact) -> Artifact:
        """Keep the artifact. Raises StoreError."""
        with self._loaded():
            self.storage.put_json(f"{self.folder(artifact)}/artifact.json", artifact.to_json())
            self._know(artifact)
        return artifact

    def put_collection(self, collection: Collection) -> Collection:
        """Keep the collection. Raises StoreError."""
        with self._loaded():
            self.storage.put_json(self._file(collection), collection.to_json())
            self._know_collection(collection)
        return collection

    def claim(self, artifact: Artifact, digests: Iterable[str]) -> None:
        """Say that the artifact needs these blobs, before anybody relies on their being there. Raises StoreError."""
        lines = "".join(f"\n{each}" for each in digests)  # the break in front: an earlier line may have been torn
        if not lines:
            return
        path = self.storage.path(f"{self.folder(artifact)}/claims")
        try:
            with self.lock, path.open("a", encoding="ascii") as file:
                file.write(lines + "\n")
        except OSError as error:
            raise StoreError(
                f"storage: cannot be written ({error.strerror}); make room on the server's disk."
            ) from error

    def delete(self, uid: str, *, with_aliases: bool) -> None:
        """Take the artifact off all collections, then away, with the blobs that only it needs.

        Raises:
            WrongState: It has aliases, and these are not to go with it.
            StoreError: The disk cannot be written.
        """
        with self._loaded():
            artifact = self._artifacts[uid]
            named = {alias for at, version in self.places(uid) for alias in at.names_of(version)[:-1]}
            if named - {LATEST} and not with_aliases:
                law = f"artifact: must have no alias to be deleted, has {', '.join(sorted(named))}"
                raise WrongState(f"{law}; use delete(delete_aliases=True).")
            for at, _ in self.places(uid):
                self.put_collection(at.without(uid, self.clock()))
            self._forget(artifact)

    def delete_collection(self, collection: Collection) -> None:
        """Take it away; a sequence goes with all its versions. Raises StoreError."""
        with self._loaded():
            if collection.is_sequence:
                for uid in [each.uid for each in self._artifacts.values() if each.sequence == collection.uid]:
                    self.delete(uid, with_aliases=True)
            self.storage.delete(self._file(collection))
            del self._collections[collection.uid]
            self._names.pop((collection.entity, collection.project, collection.name), None)
            for places in self._places.values():
                places.pop(collection.uid, None)

    def folder(self, artifact: Artifact) -> str:
        """Where the artifact's own files lie."""
        return f"{place(artifact.entity, artifact.project)}/artifacts/{artifact.uid}"

    def _file(self, collection: Collection) -> str:
        return f"{place(collection.entity, collection.project)}/collections/{collection.uid}.json"

    # In memory

    def _know(self, artifact: Artifact) -> None:
        self._artifacts[artifact.uid] = artifact
        if artifact.client_id:
            self._clients[artifact.client_id] = artifact.uid
        if artifact.run:
            self._logged[artifact.logged_by].setdefault(artifact.uid)
        for run in artifact.used_by:
            self._used[run].setdefault(artifact.uid)

    def _know_collection(self, collection: Collection) -> None:
        before = self._collections.get(collection.uid)
        if before is not None:
            self._names.pop((before.entity, before.project, before.name), None)
            for uid in before.members.values():
                self._places[uid].pop(collection.uid, None)
        self._collections[collection.uid] = collection
        self._names[collection.entity, collection.project, collection.name] = collection.uid
        for version, uid in collection.members.items():
            self._places[uid][collection.uid] = version

    def _forget(self, artifact: Artifact) -> None:
        orphans = self._claims(artifact)
        shutil.rmtree(self.storage.path(self.folder(artifact)), ignore_errors=True)
        del self._artifacts[artifact.uid]
        self._places.pop(artifact.uid, None)
        self._clients.pop(artifact.client_id, None)
        self._logged[artifact.logged_by].pop(artifact.uid, None)
        for run in artifact.used_by:
            self._used[run].pop(artifact.uid, None)
        for other in self._artifacts.values():
            if not orphans:
                return
            orphans -= self._claims(other)
        if not self._is_whole:  # a record that could not be read may claim them
            return
        for each in orphans:
            self.storage.delete(blob_place(each))

    def _claims(self, artifact: Artifact) -> set[str]:
        try:
            text = self.storage.path(f"{self.folder(artifact)}/claims").read_text(encoding="ascii")
        except OSError:
            return set()
        return set(_DIGEST.findall(text))

    def _loaded(self) -> threading.RLock:
        """The lock, once what is on disk is known."""
        with self.lock:
            if not self._is_loaded:
                self._is_loaded = True
                self._load()
        return self.lock

    def _load(self) -> None:
        root = self.storage.root
        artifacts = [read_record(path, Artifact.from_json) for path in root.glob("*/*/artifacts/*/artifact.json")]
        collections = [read_record(path, Collection.from_json) for path in root.glob("*/*/collections/*.json")]
        self._is_whole = None not in artifacts and None not in collections
        for artifact in sorted(filter(None, artifacts), key=lambda each: each.created_at):
            self._know(artifact)
        for collection in filter(None, collections):
            lost = {version for version, uid in collection.members.items() if uid not in self._artifacts}
            members = {version: uid for version, uid in collection.members.items() if version not in lost}
            aliases = {alias: version for alias, version in collection.aliases.items() if version not in lost}
            self._know_collection(replace(collection, members=members, aliases=aliases))
        too_old = self.clock() - _ABANDONED_S
        for artifact in list(self._artifacts.values()):
            if self._is_whole and not self._places.get(artifact.uid) and artifact.updated_at < too_old:
                self._forget(artifact)
