"""The character repertoires that an interchange can declare (UNOA to UNOY), and whether its bytes are what it says."""

import re

CODECS = {
    "UNOA": "ascii",
    "UNOB": "ascii",
    "UNOC": "iso8859-1",
    "UNOD": "iso8859-2",
    "UNOE": "iso8859-5",
    "UNOF": "iso8859-7",
    "UNOG": "iso8859-3",
    "UNOH": "iso8859-4",
    "UNOI": "iso8859-6",
    "UNOJ": "iso8859-8",
    "UNOK": "iso8859-9",
    "UNOL": "iso8859-15",
    "UNOW": "utf-8",
    "UNOY": "utf-8",
}
"""Syntax identifier to the codec of its repertoire. UNOX (ISO 2022) changes its meaning midway and is not read."""
LEVEL_A = re.compile(r"[A-Z0-9 .,\-()/=!\"%&*;<>+:?']*\Z")
"""What UNOA allows, the service characters included."""
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
"""Characters that no repertoire has; 80 to 9F are letters in Windows code pages, so they tell a false declaration."""


def decoded(text: str, codec: str) -> str | None:
    """A segment, read byte for byte as Latin-1, in its own repertoire; None if it is not in it."""
    if text.isascii():
        return None if CONTROL.search(text) else text
    raw = text.encode("latin-1")
    try:
        found = raw.decode(codec)
    except UnicodeDecodeError:
        return None
    return None if CONTROL.search(found) or (codec != "utf-8" and _is_utf8(raw)) else found


def _is_utf8(raw: bytes) -> bool:
    """True if bytes beyond ASCII form valid UTF-8, which text in an eight-bit repertoire does by accident only."""
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
