"""Inside sales: orders taken by telephone, as CSV, one row for each line; read by the project's mapping `desk.toml`."""

from collections.abc import Iterator, Sequence

from tieout.simulate.clock import local
from tieout.simulate.paper import Paper, money
from tieout.simulate.partners import File
from tieout.simulate.story import price_of
from tieout.simulate.wire import packed

SYSTEMS = ("desk",)
HEAD = b"Order,Version,Placed,Customer,Line,Item,Qty,Unit,Price\n"


def write(papers: Sequence[Paper], at: int) -> Iterator[File]:
    """The orders of the slice in one file."""
    return packed(papers, "orders-{}.csv", at, _rows, head=HEAD)


def _rows(paper: Paper) -> bytes:
    """One row a line, in the office's local time."""
    placed = local(paper.happened).strftime("%Y-%m-%d %H:%M:%S")
    start = f"{paper.number},{paper.revision},{placed},{paper.more['customer']}"
    return "".join(
        f"{start},{n},{line.item},{line.quantity},{line.unit},{money(price_of(line))}\n" for n, line in enumerate(paper.lines, 1)
    ).encode()
