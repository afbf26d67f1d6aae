"""The B2B portal: orders as JSON records, as its interface lists them; read by the project's mapping `portal.toml`."""

from collections.abc import Iterator, Sequence

import msgspec

from tieout.simulate.clock import iso
from tieout.simulate.paper import Paper, money
from tieout.simulate.partners import File
from tieout.simulate.wire import packed

SYSTEMS = ("portal",)
_encode = msgspec.json.Encoder().encode


def write(papers: Sequence[Paper], at: int) -> Iterator[File]:
    """The orders of the slice in one file."""
    return packed(papers, "orders-{}.jsonl", at, _record)


def _record(paper: Paper) -> bytes:
    lines = [{"sku": line.item, "qty": line.quantity, "amount": money(line.value or 0)} for line in paper.lines]
    record = {
        "id": paper.number, "company": paper.more["customer"], "submitted": iso(paper.happened),
        "changed": iso(paper.more.get("changed", paper.happened)), "lines": lines,
    }  # fmt: skip
    return _encode(record) + b"\n"
