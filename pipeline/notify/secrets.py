"""Secrets, each in a file of its own, and the signature that is made with them.

What is told to a webhook is signed as the specification Standard Webhooks 1.0.0 says, with HMAC-SHA256.
"""

import base64
import binascii
import hashlib
import hmac
import stat
from collections.abc import Sequence
from pathlib import Path

PREFIX = "whsec_"
LEAST_BYTES, MOST_BYTES = 24, 64
"""How long the specification has a key."""

_MOST_FILE = 4_096


class SecretError(Exception):
    """A file with a secret cannot be used. It does not tell what is in the file."""


def read_secrets(path: Path) -> list[bytes]:
    """The keys of a file, a line each: the one that counts, and while it is being changed the one before.

    Raises:
        SecretError: there is none, or it is none.
    """
    lines = [line.strip() for line in _text(path).splitlines() if line.strip()]
    if not 1 <= len(lines) <= 2:
        raise SecretError(f"{path}: has {len(lines)} lines; it has one secret, or two while it is being changed")
    return [_key(path, line) for line in lines]


def read_authorization(path: Path) -> str:
    """What goes in the header Authorization: the first line of a file.

    Raises:
        SecretError: there is none, or it is none.
    """
    line = _text(path).partition("\n")[0].strip()
    if not line or not line.isascii() or not line.isprintable():
        raise SecretError(f"{path}: its first line is no header's value, such as: Bearer …")
    return line


def is_open_to_all(path: Path) -> bool:
    """Whether everybody on this machine may read a file."""
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False


def signatures(keys: Sequence[bytes], event_id: str, sent_s: int, body: bytes) -> str:
    """The header webhook-signature: a signature by each key.

    Args:
        sent_s: the header webhook-timestamp, seconds since 1970.
    """
    signed = f"{event_id}.{sent_s}.".encode() + body
    made = (base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in keys)
    return " ".join(f"v1,{one}" for one in made)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            found = file.read(_MOST_FILE + 1)
        if len(found) > _MOST_FILE:
            raise SecretError(f"{path}: is too long for a secret")
        return found.decode("utf-8")
    except OSError as error:
        raise SecretError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise SecretError(f"{path}: is no text") from error


def _key(path: Path, line: str) -> bytes:
    try:
        key = base64.b64decode(line.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not line.startswith(PREFIX) or not LEAST_BYTES <= len(key) <= MOST_BYTES:
        raise SecretError(f"{path}: a secret is {PREFIX} and the base64 of {LEAST_BYTES} to {MOST_BYTES} random bytes")
    return key
