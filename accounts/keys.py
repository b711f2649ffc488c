"""What a machine's key looks like, and what of it is kept."""

from __future__ import annotations

import hashlib
import secrets

KEY_PREFIX = "wf_"
"""Every key begins with it, so that scanners for leaked secrets recognise one."""


def new_key() -> str:
    """A key of 256 random bits."""
    return KEY_PREFIX + secrets.token_urlsafe(32)


def key_digest(key: str) -> str:
    """SHA-256 of a key, under which it is looked up."""
    return hashlib.sha256(key.encode()).hexdigest()
