"""What a form sent: fields, and at most one file. Read here from both encodings that a browser uses; bounded, and nothing touches the disk."""

import re
from collections.abc import AsyncIterator, Mapping
from urllib.parse import parse_qs

import msgspec
from starlette.exceptions import HTTPException

FORM_MAX = 1024 * 1024
PARTS_MAX = 50
_BOUNDARY = re.compile(r'boundary="?([^";,]{1,200})"?', re.IGNORECASE)
_NAME = re.compile(r'\bname="([^"]*)"')
_FILE = re.compile(r'\bfilename="([^"]*)"')


class Upload(msgspec.Struct, frozen=True):
    """A file as it was sent: its name as the browser gave it, which nothing relies on, and its bytes."""

    name: str
    raw: bytes


class Form(msgspec.Struct, frozen=True):
    """The fields of a form, each with all its values, and the file if there was one."""

    fields: Mapping[str, list[str]] = {}
    upload: Upload | None = None


async def body(stream: AsyncIterator[bytes], most: int) -> bytes:
    """A body, bounded. Raises HTTPException 413."""
    parts, size = [], 0
    async for part in stream:
        size += len(part)
        if size > most:
            raise HTTPException(413)
        parts.append(part)
    return b"".join(parts)


def read(raw: bytes, media: str) -> Form:
    """A form by its encoding. What cannot be read is an empty form, which has no token and so does nothing."""
    if not media.lower().startswith("multipart/form-data"):
        return Form(parse_qs(raw.decode("utf-8", "replace"), keep_blank_values=True))
    found = _BOUNDARY.search(media)
    return _parts(raw, b"--" + found[1].encode()) if found else Form()


def _parts(raw: bytes, mark: bytes) -> Form:
    fields: dict[str, list[str]] = {}
    upload = None
    for part in (b"\r\n" + raw).split(b"\r\n" + mark)[1 : PARTS_MAX + 1]:
        head, gap, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        said = next((line for line in head.decode("utf-8", "replace").split("\r\n") if line.lower().startswith("content-disposition:")), "")
        name = _NAME.search(said)
        if not gap or name is None:
            continue
        if file := _FILE.search(said):
            upload = Upload(file[1], content) if file[1] or content else upload
        else:
            fields.setdefault(name[1], []).append(content.decode("utf-8", "replace"))
    return Form(fields, upload)
