"""The scanners of the warehouse in Reno: JSON records in its own local time, one a line; read by the project's mapping `scanner.toml`."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from tieout.simulate.catalogue import RENO
from tieout.simulate.clock import local
from tieout.simulate.paper import Paper
from tieout.simulate.partners import File
from tieout.simulate.wire import packed

SYSTEMS = ("scanner",)
EVENTS = {"shipment": "SHIP", "received": "RECV", "moved": "MOVE", "counted": "COUNT"}
"""What the scanners call each kind of paper."""
_encode = msgspec.json.Encoder().encode


def write(papers: Sequence[Paper], at: int) -> Iterator[File]:
    """All scans of the slice in one file."""
    return packed(papers, "scans-{}.jsonl", at, _scan)


def _scan(paper: Paper) -> bytes:
    scan: dict[str, Any] = {
        "event": EVENTS[paper.kind],
        "id": paper.number,
        "version": paper.revision,
        "at": local(paper.more.get("stated", paper.happened), RENO).strftime("%Y-%m-%dT%H:%M:%S"),
        "site": paper.more["warehouse"],
        "order": "" if paper.about.startswith("*/") else paper.about.rsplit("/", 1)[1],
        "parcel": next(iter(paper.more.get("parcels", ())), ""),
        "lines": [{"sku": line.item, "qty": line.quantity, "unit": line.unit} for line in paper.lines],
    }
    return _encode(scan) + b"\n"
