"""Artifacts and collections as records: frozen, and as JSON. A collection's record alone says what is committed."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from besom.errors import MessageError

T = TypeVar("T")
log = logging.getLogger("besom.server")
LATEST = "latest"
SEQUENCE, PORTFOLIO = "ArtifactSequence", "ArtifactPortfolio"
FULL, PATCH, INCREMENTAL = "FULL", "PATCH", "INCREMENTAL"
RunPath = tuple[str, str, str]
"""Entity, project and name of a run."""

_VERSION = re.compile(r"v(0|[1-9][0-9]*)")


def version_of(alias: str) -> int | None:
    """The number that an alias such as `v3` is; None for a word."""
    found = _VERSION.fullmatch(alias)
    return int(found.group(1)) if found else None


def checked_alias(alias: str) -> str:
    """The alias.

    Raises:
        MessageError: It is a version's, or has characters that names of artifacts give a meaning to.
    """
    if not alias or len(alias) > 128 or version_of(alias) is not None or re.search(r"[:/]", alias):
        law = f"alias {alias[:140]!r}: must be a word of at most 128 characters without `:` and `/`, and not a version"
        raise MessageError(f"{law}; choose another.")
    return alias


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a client announced of a list of files; the list itself is a file of the artifact's folder."""

    kind: str = FULL
    digest: str = ""
    base: str = ""
    """The artifact that it adds to."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A version of a collection, or one that is still being made.

    `aliases` are those it is to have when it is committed, each with its collection's name. `manifest` is the name of
    the file that lists what is in it. Its folder is in the project that it was made in.
    """

    uid: str
    sequence: str
    entity: str
    project: str
    digest: str
    created_at: float
    updated_at: float
    run: str = ""
    description: str | None = None
    metadata: str | None = None
    tags: tuple[str, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    ttl_s: int | None = None
    client_id: str = ""
    distributed_id: str = ""
    history_step: int | None = None
    size: int = 0
    file_count: int = 0
    manifest: str = ""
    manifests: tuple[Manifest, ...] = ()
    used_by: tuple[RunPath, ...] = ()

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Artifact:
        """What `to_json` was made of. Raises TypeError, KeyError and ValueError where it is something else."""
        return cls(
            **{
                **given,
                "tags": tuple(given["tags"]),
                "aliases": tuple((name, alias) for name, alias in given["aliases"]),
                "manifests": tuple(Manifest(**each) for each in given["manifests"]),
                "used_by": tuple((entity, project, run) for entity, project, run in given["used_by"]),
            }
        )

    def to_json(self) -> dict[str, Any]:
        """The record as JSON."""
        return asdict(self)

    @property
    def logged_by(self) -> RunPath:
        """The run that made it."""
        return self.entity, self.project, self.run


@dataclass(frozen=True, slots=True)
class Collection:
    """Versions of one thing (a sequence), or a choice of other collections' versions (a portfolio)."""

    uid: str
    entity: str
    project: str
    name: str
    kind: str
    type: str
    created_at: float
    updated_at: float
    description: str | None = None
    tags: tuple[str, ...] = ()
    next_version: int = 0
    members: Mapping[int, str] = field(default_factory=dict)
    since: Mapping[int, float] = field(default_factory=dict)
    aliases: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Collection:
        """What `to_json` was made of. Raises TypeError, KeyError and ValueError where it is something else."""
        members = {int(version): str(uid) for version, uid in given["members"].items()}
        since = {int(version): float(at) for version, at in given["since"].items()}
        return cls(**{**given, "tags": tuple(given["tags"]), "members": members, "since": since})

    def to_json(self) -> dict[str, Any]:
        """The record as JSON."""
        return asdict(self)

    @property
    def is_sequence(self) -> bool:
        """Whether versions are made here."""
        return self.kind == SEQUENCE

    def names_of(self, version: int) -> list[str]:
        """The version's aliases, its number among them."""
        return [*sorted(alias for alias, at in self.aliases.items() if at == version), f"v{version}"]

    def with_member(self, uid: str, aliases: Iterable[str], now: float) -> tuple[Collection, int]:
        """The collection with this artifact in it as its latest version, and the version's number."""
        version = next((version for version, member in self.members.items() if member == uid), self.next_version)
        moved = {alias: version for alias in (LATEST, *aliases) if version_of(alias) is None}
        grown = replace(
            self,
            members={**self.members, version: uid},
            since={version: now, **self.since},
            aliases={**self.aliases, **moved},
            next_version=max(self.next_version, version + 1),
            updated_at=now,
        )
        return grown, version

    def without(self, uid: str, now: float) -> Collection:
        """The collection without an artifact; `latest` goes back to the newest of those that stay."""
        members = {version: member for version, member in self.members.items() if member != uid}
        aliases = {alias: version for alias, version in self.aliases.items() if version in members}
        if members:
            aliases.setdefault(LATEST, max(members))
        since = {version: at for version, at in self.since.items() if version in members}
        return replace(self, members=members, since=since, aliases=aliases, updated_at=now)

    def find(self, alias: str) -> int | None:
        """The version that an alias (`latest`, `best`, `v3`) stands for; None where there is none."""
        version = version_of(alias)
        if version is None:
            return self.aliases.get(alias)
        return version if version in self.members else None


def read_record(path: Path, from_json: Callable[[Mapping[str, Any]], T]) -> T | None:
    """What a record's file tells; None, and a line in the log, where it cannot be read."""
    try:
        return from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        log.warning("%s cannot be read (%s); what it tells of is left out", path, error)
        return None
