"""What may happen to bytes on their way, and the common ways to pack papers into files; a damaged paper travels in a file of its own."""

from collections.abc import Callable, Iterator, Sequence

from tieout.simulate.clock import local
from tieout.simulate.paper import Paper
from tieout.simulate.partners import File

SPOILS: dict[str, Callable[[bytes], bytes]] = {
    "truncated": lambda raw: raw[: len(raw) * 2 // 3],
    "encoding": lambda raw: raw.decode().encode("utf-16-le"),
}
"""How bytes are damaged whatever their format; a partner may know further ways of its own."""


def stamp(at: int) -> str:
    """The part of a file's name that says when it was sent: `20260302-0915-30`, local time."""
    return local(at).strftime("%Y%m%d-%H%M-%S")


def packed(
    papers: Sequence[Paper], name: str, at: int, one: Callable[[Paper], bytes], *, glue: bytes = b"", head: bytes = b""
) -> Iterator[File]:
    """The papers in one file, each written by `one`; those that are damaged each in a file of their own. `{}` in `name` becomes the time."""
    whole = name.format(stamp(at))
    parts: list[bytes] = []
    for n, paper in enumerate(papers):
        raw = one(paper)
        if paper.spoil:
            paper.origin = name.format(f"{stamp(at)}-{n}")
            yield File(paper.origin, head + spoiled(raw, paper.spoil))
        else:
            paper.origin = whole
            parts.append(raw)
    if parts:
        yield File(whole, head + glue.join(parts))


def spoiled(raw: bytes, how: str) -> bytes:
    """The bytes as they arrive."""
    return SPOILS[how](raw) if how in SPOILS else raw
