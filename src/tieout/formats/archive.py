"""Opens what an operator names (files, folders, patterns, .gz, .zip) as plain streams; nothing is unpacked to disk.

    open_all("in/")            every file below, sorted by path
    open_all("in/*.csv")       a pattern, sorted
    open_all("day.zip")        each member, origin `day.zip!orders.json`; its name is shown, never used as a path
    open_all("feed.json.gz")   unpacked on the way
    open_all("-", stdin)       standard input

An archive of a stranger may be a bomb: the limits below are counted while reading, whatever its headers say, and a
hit ends that file with a `Broken`, not with a crash and not with a full disk.
"""

import glob
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

EXPANDED_MAX = 2 * 1024**3
"""Most bytes an archive may expand to, all members together."""
RATIO_MAX = 200
"""Most expanded bytes per packed byte, judged once more than `RATIO_FROM` are expanded."""
RATIO_FROM = 10 * 1024 * 1024
MEMBERS_MAX = 10_000
ARCHIVES = (".zip", ".gz", ".tar", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".zst", ".jar")
ZIP_MAGIC, GZIP_MAGIC = b"PK\x03\x04", b"\x1f\x8b"
UNREADABLE = (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError)
"""What the standard library raises on a damaged archive; `zipfile` says NotImplementedError for a compression it does not know
and RuntimeError for an encrypted member."""


class Limits(msgspec.Struct, frozen=True):
    """What one archive may cost."""

    expanded_max: int = EXPANDED_MAX
    ratio_max: int = RATIO_MAX
    ratio_from: int = RATIO_FROM
    members_max: int = MEMBERS_MAX


class Opened(msgspec.Struct, frozen=True):
    """A stream to read, and where it comes from. The stream is closed when the next one is asked for."""

    origin: str
    stream: BinaryIO


class Broken(msgspec.Struct, frozen=True):
    """A file or member that cannot be read, or only up to a limit; `fault` says why, `next_step` what to do."""

    origin: str
    rule: str
    fault: str
    next_step: str


class LimitHit(OSError):
    """An archive crossed a limit while it was being read; raised by `read`, so a reader sees it as a failed read."""

    def __init__(self, broken: Broken) -> None:
        super().__init__(broken.fault)
        self.broken = broken


def open_all(place: str, stdin: BinaryIO | None = None, limits: Limits | None = None) -> Iterator[Opened | Broken]:
    """Everything `place` names, in sorted order. A name that matches nothing yields one Broken."""
    limits = limits or Limits()
    if place == "-":
        if stdin is not None:
            yield from _open_stream(stdin, "-", limits)
        return
    paths = files(place)
    if not paths:
        yield Broken(place, "archive/missing", "There is no such file.", "Check the path; quote patterns.")
    for path in paths:
        try:
            with path.open("rb") as stream:
                yield from _open_stream(stream, str(path), limits)
        except OSError as error:
            yield Broken(str(path), "archive/unreadable", f"The file cannot be read: {error}.", "Check its rights.")


def files(place: str) -> list[Path]:
    """The files a path, folder or pattern names, sorted; hidden files in folders are left out."""
    path = Path(place)
    if path.is_dir():
        found = (p for p in path.rglob("*") if not any(part.startswith(".") for part in p.relative_to(path).parts))
        return sorted(p for p in found if p.is_file())
    if path.exists():
        return [path]
    return sorted(p for p in map(Path, glob.glob(place, recursive=True)) if p.is_file())  # noqa: PTH207


class Metered(io.RawIOBase):
    """A stream that counts what it expands and stops at the limits."""

    def __init__(self, inner: BinaryIO, origin: str, meter: "Meter") -> None:
        self._inner = inner
        self._origin = origin
        self._meter = meter

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        """Read on. Raises LimitHit at a limit or where the archive is damaged."""
        try:
            data = self._inner.read(len(buffer))
        except LimitHit:
            raise
        except UNREADABLE as error:
            raise LimitHit(_damaged(self._origin, error)) from error
        self._meter.count(len(data), self._origin)
        buffer[: len(data)] = data
        return len(data)


class Meter:
    """The expanded bytes of one archive against the bytes it has in packed form."""

    def __init__(self, packed: int, limits: Limits) -> None:
        self.packed = max(packed, 1)
        self.expanded = 0
        self.limits = limits

    def count(self, more: int, origin: str) -> None:
        """Add what was read. Raises LimitHit."""
        self.expanded += more
        if self.expanded > self.limits.expanded_max:
            raise LimitHit(_bomb(origin, f"it expands to more than {self.limits.expanded_max:,} bytes"))
        if self.expanded > self.limits.ratio_from and self.expanded > self.limits.ratio_max * self.packed:
            raise LimitHit(_bomb(origin, f"it expands more than {self.limits.ratio_max} times"))


def _open_stream(stream: BinaryIO, origin: str, limits: Limits) -> Iterator[Opened | Broken]:
    buffered = io.BufferedReader(stream) if isinstance(stream, io.RawIOBase) else stream
    start = buffered.peek(4)[:4] if isinstance(buffered, io.BufferedReader) else b""
    if start.startswith(GZIP_MAGIC):
        yield _gunzip(buffered, origin, limits)
    elif start == ZIP_MAGIC or (not start and origin.lower().endswith(".zip")):
        yield from _unzip(buffered, origin, limits)
    else:
        yield Opened(origin, buffered)


def _gunzip(stream: BinaryIO, origin: str, limits: Limits) -> Opened:
    counted = _Counted(stream)
    meter = _GzipMeter(counted, limits)
    inner = gzip.GzipFile(fileobj=counted, mode="rb")
    return Opened(origin, io.BufferedReader(Metered(inner, origin, meter)))  # type: ignore[arg-type]


class _Counted(io.RawIOBase):
    """Counts the packed bytes as they are read."""

    def __init__(self, inner: BinaryIO) -> None:
        self._inner = inner
        self.count = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._inner.read(size)
        self.count += len(data)
        return data


class _GzipMeter(Meter):
    """A meter whose packed size is what has been read so far."""

    def __init__(self, counted: _Counted, limits: Limits) -> None:
        super().__init__(1, limits)
        self._counted = counted

    def count(self, more: int, origin: str) -> None:
        self.packed = max(self._counted.count, 1)
        super().count(more, origin)


def _unzip(stream: BinaryIO, origin: str, limits: Limits) -> Iterator[Opened | Broken]:
    if not stream.seekable():
        yield Broken(origin, "archive/not-seekable", "A .zip cannot be read from a pipe.", "Name the file instead.")
        return
    try:
        with zipfile.ZipFile(stream) as archive:
            yield from _members(archive, origin, Meter(_size(stream), limits), limits)
    except (*UNREADABLE, UnicodeDecodeError) as error:
        if isinstance(error, LimitHit):
            raise
        yield _damaged(origin, error)


def _size(stream: BinaryIO) -> int:
    here = stream.tell()
    end = stream.seek(0, io.SEEK_END)
    stream.seek(here)
    return end


def _members(archive: zipfile.ZipFile, origin: str, meter: Meter, limits: Limits) -> Iterator[Opened | Broken]:
    members = sorted((m for m in archive.infolist() if not m.is_dir()), key=lambda m: m.filename)
    if len(members) > limits.members_max:
        yield _bomb(origin, f"it has {len(members):,} members; {limits.members_max:,} are accepted")
        return
    for member in members:
        name = f"{origin}!{_shown(member.filename)}"
        if member.filename.lower().endswith(ARCHIVES):
            yield Broken(name, "archive/nested", "An archive inside an archive is not read.", "Unpack it and name it.")
        elif member.flag_bits & 1:
            yield Broken(name, "archive/encrypted", "The member is encrypted.", "Decrypt it first.")
        else:
            with archive.open(member) as inner:
                yield Opened(name, io.BufferedReader(Metered(inner, name, meter)))  # type: ignore[arg-type]


def _shown(name: str) -> str:
    """A member's name as text for people: one line, bounded."""
    return "".join(c if c.isprintable() else "?" for c in name)[:200]


def _bomb(origin: str, fault: str) -> Broken:
    next_step = "Ask the sender for smaller files, or raise the limit."
    return Broken(origin, "archive/limit", f"The archive is refused: {fault}.", next_step)


def _damaged(origin: str, error: BaseException) -> Broken:
    return Broken(origin, "archive/damaged", f"The archive is damaged: {error or type(error).__name__}.", "Fetch the file again.")
