"""The ERP: its JSON exports, one kind of document a file; read by the project's mapping `erp.toml`."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import msgspec

from tieout.simulate.clock import iso
from tieout.simulate.paper import Line, Paper, money
from tieout.simulate.partners import File
from tieout.simulate.wire import packed

SYSTEMS = ("erp",)
FILES = {
    "booking": "sales_orders", "booking_cancelled": "cancellations", "invoice": "invoices", "invoice_voided": "credit_memos", "receipt": "receipts",
    "return_authorised": "returns", "credit": "credits", "fees_posted": "journals", "unit": "units",
    "posted": "stock_movements", "stated": "stock_levels", "vendor_paid": "vendor_payments", "supplied": "supply_links",
    "credit_applied": "credit_applications",
}  # fmt: skip
"""The export in which each kind of paper stands."""
_encode = msgspec.json.Encoder().encode


def write(papers: Sequence[Paper], at: int) -> Iterator[File]:
    """One file for each kind of document; what stands inside another has none of its own."""
    alone = [paper for paper in papers if "inside" not in paper.more]
    for name, found in groupby(sorted(alone, key=_file), key=_file):
        yield from packed(list(found), f"{name}-{{}}.jsonl", at, _record)


def _file(paper: Paper) -> str:
    return FILES[paper.kind]


def _record(paper: Paper) -> bytes:
    record: dict[str, Any] = {
        "number": paper.number,
        "date": paper.more.get("date") or iso(paper.happened),
        "changed": iso(paper.more.get("changed", paper.happened)),
        "deleted": paper.void,
        "about": paper.about.rsplit("/", 1)[1],
        "customer": paper.more.get("customer", ""),
        "channel": paper.more.get("channel", ""),
        "warehouse": paper.more.get("warehouse", ""),
        "lines": [_line(paper, line) for line in paper.lines],
    }
    if "order" in paper.more:
        system, _, number = paper.more["order"].split("/", 2)
        record["order"] = {system: number}
    if "due" in paper.more:
        record["due"] = paper.more["due"].isoformat()
    if paper.links and paper.kind == "return_authorised":
        record["sales_order"] = paper.links[0][1].rsplit("/", 1)[1]
    if paper.kind == "invoice" and paper.links:
        record["market_order"] = paper.links[0][1].rsplit("/", 1)[1]
    if paper.kind == "fees_posted":
        record["market"] = paper.about.split("/")[0]
    if paper.kind == "credit":
        record["about_type"] = paper.about.split("/")[1]
    for name in ("against", "item", "unit", "factor"):
        if name in paper.more:
            record[name] = paper.more[name]
    return _encode(record) + b"\n"


def _line(paper: Paper, line: Line) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": line.charge or ("goods" if line.item else "amount")}
    if line.item:
        found |= {"sku": line.item, "qty": line.quantity, "unit": line.unit}
    if about := line.about or (paper.about if paper.kind == "invoice" else ""):
        found["about"] = about.rsplit("/", 1)[1]
    if line.value is not None:
        found["amount"] = money(line.value)
    return found
