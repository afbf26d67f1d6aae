"""The parcel carrier: tracking events in JSON, one a line."""

from collections.abc import Iterator, Sequence

import msgspec

from tieout.simulate.clock import iso
from tieout.simulate.paper import Paper
from tieout.simulate.partners import File
from tieout.simulate.wire import packed

SYSTEMS = ("carrier",)
_encode = msgspec.json.Encoder().encode


def write(papers: Sequence[Paper], at: int) -> Iterator[File]:
    """All scans of the slice in one file."""
    return packed(papers, "scans-{}.jsonl", at, _scan)


def _scan(paper: Paper) -> bytes:
    event = {
        "carrier": "FASTPARCEL",
        "tracking_number": paper.number,
        "status": "delivered" if paper.kind == "delivery" else "in_transit",
        "occurred_at": iso(paper.happened),
        "event_id": paper.more.get("event", f"{paper.number}-{paper.happened}"),
    }
    return _encode(event) + b"\n"
