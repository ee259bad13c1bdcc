"""W&B's node ids: opaque to the client, and for us the names of what they stand for."""

from __future__ import annotations

import binascii
import zlib
from base64 import b64decode, b64encode
from typing import Any

from besom.errors import UnknownName


def node_id(kind: str, *names: str) -> str:
    """The id of a node, such as `node_id("Run", name, project, entity)`."""
    return b64encode("\0".join((kind, *names)).encode()).decode()


def names_of(kind: str, given: object) -> list[str]:
    """The names that `node_id(kind, …)` was made of.

    Raises:
        UnknownName: It is no id of that kind.
    """
    try:
        found, *names = b64decode(str(given), validate=True).decode().split("\0")
    except (binascii.Error, ValueError):
        found, names = "", []
    if found != kind:
        raise UnknownName(f"id {given!r}: must be that of a {kind.lower()}; ask for it by its name first.")
    return names


def project_node(entity: str, project: str) -> dict[str, Any]:
    """A project as far as its names tell: what runs, sweeps and artifacts say of theirs."""
    return {
        "__typename": "Project",
        "id": node_id("Project", project, entity),
        "internalId": internal_id(entity, project),
        "name": project,
        "entityName": entity,
        "entity": {"id": node_id("Entity", entity), "name": entity, "organization": None},
    }


def project_number(entity: str, project: str) -> int:
    """The number that clients know a project by; the same for the same names."""
    return zlib.crc32(f"{entity}/{project}".encode()) >> 1


def internal_id(entity: str, project: str) -> str:
    """The form of `project_number` that clients decode."""
    return b64encode(f"ProjectInternalId:{project_number(entity, project)}".encode()).decode()
