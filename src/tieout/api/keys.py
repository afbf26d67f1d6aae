"""Access keys: shown once, kept as a hash, good for the systems they name."""

import hmac
import secrets
import time
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

import msgspec

from tieout.api.problem import Problem
from tieout.runtime.batch import Connection
from tieout.store.database import fetch, run

PREFIX = "tieout"
FRESH_SECONDS = 5.0
"""How long what the database said of the keys is believed: a revoked key is refused after that at the latest."""


class AccessKey(msgspec.Struct, frozen=True):
    """A key as it is kept."""

    id: str
    name: str
    systems: tuple[str, ...]
    hash: bytes
    created: datetime
    revoked: datetime | None = None


def keys(connection: Connection) -> list[AccessKey]:
    """All keys, oldest first, revoked ones too."""
    return [
        AccessKey(id_, name, tuple(systems), bytes(hash_), created, revoked)
        for id_, name, systems, hash_, created, revoked in fetch(connection, "access_keys")
    ]


def add(connection: Connection, name: str, systems: tuple[str, ...], now: datetime) -> str:
    """Make a key; the token, which is shown now and never again."""
    id_, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    run(connection, "insert_access_key", id_, name, list(systems), sha256(secret.encode()).digest(), now)
    return f"{PREFIX}_{id_}_{secret}"


def revoke(connection: Connection, id_: str, now: datetime) -> bool:
    """Revoke a key; false when there is none, or it was revoked before."""
    return run(connection, "revoke_access_key", now, id_) == 1


class Gate:
    """Lets a token in to a system, or not. Asks the database again every few seconds."""

    def __init__(self, ask: Callable[[], list[AccessKey]]) -> None:
        self._ask = ask
        self._known: dict[str, AccessKey] = {}
        self._until = 0.0

    def refresh(self) -> None:
        """Learn of keys made and revoked, if it is time."""
        if time.monotonic() >= self._until:
            self._known = {key.id: key for key in self._ask() if key.revoked is None}
            self._until = time.monotonic() + FRESH_SECONDS

    @property
    def is_fresh(self) -> bool:
        """True while nobody has to ask."""
        return time.monotonic() < self._until

    def check(self, authorization: str, system: str) -> None:
        """Raises Problem unless the header's key is known and opens the system. The secret is compared in constant time."""
        scheme, _, token = authorization.partition(" ")
        prefix, _, rest = token.strip().partition("_")
        id_, _, secret = rest.partition("_")
        key = self._known.get(id_)
        hash_ = key.hash if key is not None else bytes(32)
        good = hmac.compare_digest(sha256(secret.encode()).digest(), hash_)
        if scheme.lower() != "bearer" or prefix != PREFIX or key is None or not good:
            detail = "The request has no key that is known here."
            raise Problem(401, "http/key", detail, "Send `Authorization: Bearer KEY`; `tieout keys add` makes one.", closes=True)
        if system not in key.systems:
            detail = f"The key {key.id} does not open the system {system[:40]!r}."
            raise Problem(403, "http/scope", detail, "Use the system's own key; `tieout keys list` shows what each opens.", closes=True)
