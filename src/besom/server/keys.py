"""Who bears the server's token: our own clients as it is, W&B's client by the key that is made of it."""

from __future__ import annotations

import hmac
from base64 import b64decode

from besom.connections import wandb_key

__all__ = ["is_authorised", "wandb_key"]


def is_authorised(header: str, token: str) -> bool:
    """Whether an Authorization header bears the token: as `Bearer`, or as W&B's client sends its key."""
    kind, _, given = header.partition(" ")
    if kind.lower() == "bearer":
        return hmac.compare_digest(given.encode(), token.encode())
    if kind.lower() != "basic":
        return False
    try:
        password = b64decode(given, validate=True).partition(b":")[2]
    except ValueError:
        return False
    return any(hmac.compare_digest(password, each.encode()) for each in (wandb_key(token), token))
