"""The vault: what has to be read back and yet must not be readable in the database is kept sealed; its key lies elsewhere."""

import base64
import os
import secrets
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tieout.errors import OperatorError, SettingsError

KEY_MIN = 32
"""Characters of the text that the key is made of: 128 bits, even where somebody writes them as hexadecimal digits."""
_MARK = "v1."
_NONCE = 12


class Vault:
    """Seals texts by AES-256-GCM with a key derived from a text of the operator's. The text is asked for when something is first sealed."""

    def __init__(self, key: Callable[[], str]) -> None:
        self._text = key

    def check(self) -> None:
        """Raises SettingsError when there is no key to seal with."""
        _ = self._cipher

    def seal(self, text: str, about: str) -> str:
        """The text as it is kept. It opens for the same `about` only, so that a row copied to another person's place opens nothing."""
        nonce = os.urandom(_NONCE)
        return _MARK + base64.b64encode(nonce + self._cipher.encrypt(nonce, text.encode(), about.encode())).decode()

    def open(self, kept: str, about: str) -> str:
        """The text again; one from before there was a vault is given as it is. Raises OperatorError when it was sealed with another key."""
        if not is_sealed(kept):
            return kept
        raw = base64.b64decode(kept.removeprefix(_MARK))
        try:
            return self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], about.encode()).decode()
        except InvalidTag as bad:
            raise OperatorError(
                "The second factor cannot be read: it was sealed with another key than `sign_in.key` gives now.",
                "Put the former key back, or have an admin reset the second factor.",
            ) from bad

    @cached_property
    def _cipher(self) -> AESGCM:
        text = self._text()
        if len(text) < KEY_MIN:
            raise SettingsError(
                f"`sign_in.key` leads to {len(text)} characters; a key has at least {KEY_MIN}.", "Make one: `openssl rand -base64 32`."
            )
        return AESGCM(HKDF(SHA256(), 32, None, b"tieout second factor").derive(text.encode()))


def is_sealed(kept: str) -> bool:
    """Whether a text is as the vault keeps it. Secrets of apps are in base 32, which has no full stop."""
    return kept.startswith(_MARK)


def key_beside(folder: Path) -> str:
    """The key that lies in a folder; made there, readable by its owner alone, when there is none."""
    place = folder / "second-factor.key"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
    except FileExistsError:
        pass
    return place.read_text("utf-8").strip()
