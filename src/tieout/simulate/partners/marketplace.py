"""Two marketplaces' own interface: orders, and financial events as they happen, as JSON records; read by `market.toml`."""

from collections.abc import Iterator, Sequence

import msgspec

from tieout.simulate.clock import iso
from tieout.simulate.paper import Paper, money
from tieout.simulate.partners import File, portal
from tieout.simulate.wire import packed

SYSTEMS = ("mira", "bazaar")
_encode = msgspec.json.Encoder().encode


def write(papers: Sequence[Paper], at: int) -> Iterator[File]:
    """The orders of the slice in one file, the events in another."""
    yield from portal.write([paper for paper in papers if paper.kind == "order"], at)
    yield from packed([paper for paper in papers if paper.kind != "order"], "events-{}.jsonl", at, _event)


def _event(paper: Paper) -> bytes:
    record = {
        "id": paper.number,
        "order": paper.about.rsplit("/", 1)[1],
        "posted": iso(paper.happened),
        "amount": money(paper.lines[0].value or 0),
    }
    return _encode(record) + b"\n"
