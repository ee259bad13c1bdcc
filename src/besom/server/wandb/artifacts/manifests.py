"""Manifests: the lists of an artifact's files, as clients write them."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from besom.errors import MessageError

Entries = Mapping[str, Mapping[str, Any]]
"""By path: `digest`, `size`, and `ref` where the bytes are elsewhere."""

_MD5_BYTES = 16


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in an artifact."""

    digest: str
    size: int
    file_count: int
    blobs: frozenset[str]
    """Hexadecimal MD5s of the files that lie with us."""


def read_manifest(content: bytes) -> dict[str, Any]:
    """A manifest, whose `contents` are entries.

    Raises:
        MessageError: It is none.
    """
    try:
        manifest = json.loads(content)
        entries = manifest["contents"]
        is_sound = all(isinstance(each["digest"], str) for each in entries.values())
    except (ValueError, TypeError, KeyError, AttributeError):
        is_sound = False
    if not is_sound:
        raise MessageError("manifest: must be JSON with a digest for each of its contents, and is not; log it again.")
    return dict(manifest)


def merged(base: Mapping[str, Any] | None, additions: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """One manifest of several; of entries for the same path the last one holds."""
    whole: dict[str, Any] = dict(base) if base else {}
    entries: dict[str, Any] = dict(whole.get("contents", {}))
    for each in additions:
        whole = {**each, **whole}
        entries.update(each["contents"])
    return {**whole, "contents": dict(sorted(entries.items()))}


def contents_of(entries: Entries) -> Contents:
    """The digest by which W&B knows equal contents, and their size.

    Raises:
        MessageError: A file's digest is no MD5.
    """
    whole = hashlib.md5(b"wandb-artifact-manifest-v1\n", usedforsecurity=False)
    for path, entry in sorted(entries.items()):
        whole.update(f"{path}:{entry['digest']}\n".encode("utf-8", "surrogatepass"))
    ours = [entry for entry in entries.values() if not entry.get("ref")]
    return Contents(
        digest=whole.hexdigest(),
        size=sum(int(entry.get("size") or 0) for entry in entries.values()),
        file_count=len(entries),
        blobs=frozenset(hex_digest(str(entry["digest"])) for entry in ours),
    )


def hex_digest(digest: str) -> str:
    """An MD5 in Base64, in hexadecimal.

    Raises:
        MessageError: It is none.
    """
    try:
        raw = b64decode(digest, validate=True)
    except ValueError:
        raw = b""
    if len(raw) != _MD5_BYTES:
        law = f"digest {digest[:60]!r}: must be the MD5 of a file in Base64"
        raise MessageError(f"{law}; use digest_algorithm='MD5'.")
    return raw.hex()
