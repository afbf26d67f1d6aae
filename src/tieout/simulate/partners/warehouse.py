"""Our own warehouse system: JSON events, one a line."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from tieout.simulate.clock import iso
from tieout.simulate.paper import Paper
from tieout.simulate.partners import File
from tieout.simulate.wire import packed

SYSTEMS = ("wms",)
EVENTS = {
    "reservation": "allocated",
    "reservation_released": "deallocated",
    "shipment": "shipped",
    "return_received": "return_received",
    "restocked": "restocked",
    "received": "received",
    "moved": "stock_moved",
    "counted": "counted",
}
"""What the warehouse calls each kind of paper."""
_encode = msgspec.json.Encoder().encode


def write(papers: Sequence[Paper], at: int) -> Iterator[File]:
    """All events of the slice in one file."""
    return packed(papers, "events-{}.jsonl", at, _event)


def _event(paper: Paper) -> bytes:
    event: dict[str, Any] = {
        "event": EVENTS[paper.kind],
        "event_id": paper.more.get("event", paper.number),
        "occurred_at": paper.more.get("stated") or iso(paper.happened),
        "warehouse": paper.more.get("warehouse", ""),
        "revision": 0 if paper.kind == "counted" else paper.revision,
        "lines": [{"item": line.item, "quantity": line.quantity, "unit": line.unit} for line in paper.lines],
    }
    if not paper.about.startswith("*/"):
        system, kind, number = paper.about.split("/", 2)
        event["order"] = {"system": system, "type": kind, "number": number}
    if paper.kind == "shipment":
        event["shipment"] = paper.number
        event["parcels"] = paper.more["parcels"]
        if "release" in paper.more:
            event |= {"delivery": paper.more["delivery"], "release_id": paper.more["release"]}
    if paper.void:
        event["void"] = True
    return _encode(event) + b"\n"
