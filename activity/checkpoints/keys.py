"""The Ed25519 key that signs checkpoints: given as a setting, or kept in a file of the data folder, never in the
database."""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from django.conf import settings

from activity.checkpoints.problems import CheckpointProblem


def signing_key(*, make: bool = False) -> Ed25519PrivateKey:
    """The key, from the setting or from its file; with `make`, a new one where there is none.

    Raises CheckpointProblem for one that is missing or cannot be read.
    """
    if settings.CHECKPOINT_KEY:
        return read_key(settings.CHECKPOINT_KEY, "CHECKPOINT_KEY")
    path: Path = settings.CHECKPOINT_KEY_PATH
    try:
        if make and not path.exists():
            _keep(Ed25519PrivateKey.generate(), path)
        return read_key(path.read_text(encoding="ascii"), str(path))
    except FileNotFoundError:
        raise CheckpointProblem(
            f"The key that signs checkpoints is missing: there is no file {path}. Bring it back from your backup, or "
            "say `manage.py checkpoint_key --replace REASON` to go on with a new one."
        ) from None
    except (OSError, UnicodeDecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "it is not text"
        raise CheckpointProblem(f"The key that signs checkpoints, {path}, cannot be read: {reason}.") from None


def read_key(text: str, where: str) -> Ed25519PrivateKey:
    """A private key from its PEM text; raises CheckpointProblem."""
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise CheckpointProblem(f"{where} holds no private key in the form PEM.") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise CheckpointProblem(f"{where} holds a key of another kind; an Ed25519 key is needed.")
    return key


def public_text(key: Ed25519PrivateKey) -> str:
    """The public half, as checkpoints and the verifier have it: 32 bytes in base64."""
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def replace_key(key: Ed25519PrivateKey) -> None:
    """Keep another key in the place of the one in the file; raises CheckpointProblem where the key is a setting."""
    if settings.CHECKPOINT_KEY:
        raise CheckpointProblem("The key is given by CHECKPOINT_KEY; set another one there.")
    path: Path = settings.CHECKPOINT_KEY_PATH
    fresh = _written(key, path)
    os.replace(fresh, path)


def _keep(key: Ed25519PrivateKey, path: Path) -> None:
    fresh = _written(key, path)
    try:
        # A link, unlike a rename, never replaces the key another process has made meanwhile.
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def _written(key: Ed25519PrivateKey, path: Path) -> Path:
    path.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        file.flush()
        os.fsync(file.fileno())
    return fresh
