"""What a file is, by its bytes and never by what its sender calls it. Pure. Nothing here opens, unpacks or renders one."""

from typing import NamedTuple

from tieout.errors import OperatorError

LOOKED_AT = 8192


class Content(NamedTuple):
    """A kind of file that is kept: what people call it, and the endings of names that may stand for it."""

    name: str
    endings: tuple[str, ...]


_TEXT = Content(
    "text", ("txt", "csv", "tsv", "json", "jsonl", "xml", "html", "htm", "eml", "edi", "x12", "log", "md", "yaml", "yml", "toml", "svg", "sql")
)
_OFFICE = ("zip", "xlsx", "docx", "pptx", "ods", "odt", "odp", "xlsm")
SIGNS: tuple[tuple[bytes, int, Content], ...] = (
    (b"%PDF-", 0, Content("PDF", ("pdf",))),
    (b"\x89PNG\r\n\x1a\n", 0, Content("picture", ("png",))),
    (b"\xff\xd8\xff", 0, Content("picture", ("jpg", "jpeg"))),
    (b"GIF8", 0, Content("picture", ("gif",))),
    (b"WEBP", 8, Content("picture", ("webp",))),
    (b"II*\0", 0, Content("picture", ("tif", "tiff"))),
    (b"MM\0*", 0, Content("picture", ("tif", "tiff"))),
    (b"PK\x03\x04", 0, Content("archive or office document", _OFFICE)),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, Content("older office document", ("xls", "doc", "ppt", "msg"))),
    (b"\x1f\x8b", 0, Content("archive", ("gz", "tgz"))),
)
"""The first bytes of a kind, where they stand, and what it is."""
_KNOWN = {ending for _, _, content in SIGNS for ending in content.endings} | set(_TEXT.endings)


def content_of(raw: bytes) -> Content | None:
    """What some bytes are; None for what is not kept: programs, and whatever nobody knows."""
    for sign, at, content in SIGNS:
        if raw[at : at + len(sign)] == sign:
            return content
    return _TEXT if _is_text(raw[:LOOKED_AT]) else None


def check(name: str, raw: bytes) -> Content:
    """The kind of a file. Raises OperatorError for a kind that is not kept, and for a name that says another kind than the bytes do."""
    found = content_of(raw)
    if found is None:
        raise OperatorError(
            f"The file {name} is of no kind that is kept here.",
            "Attach a PDF, a picture, text (CSV, JSON, XML, EDI, mail), an office document or a ZIP.",
        )
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if ending in _KNOWN and ending not in found.endings:
        raise OperatorError(f"The file is called {name}, and by its bytes it is {_a(found.name)}.", "Give it the ending of what it is.")
    return found


def _is_text(raw: bytes) -> bool:
    """True for UTF-8 or UTF-16 with its mark, or any single-byte text, without control signs; never for a script that a system would run."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    if raw.startswith(b"#!"):
        return False
    return not any(byte < 32 and byte not in b"\t\n\v\f\r\x1b\x1c\x1d\x1e\x1f" for byte in raw) and b"\x7f" not in raw


def _a(name: str) -> str:
    return f"{'an' if name[0] in 'aeo' else 'a'} {name}"
