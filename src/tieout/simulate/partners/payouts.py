"""The bank's list of payouts that marketplaces have sent: CSV, read by the project's mapping `payouts.toml`."""

from collections.abc import Iterator, Sequence

from tieout.simulate.clock import iso
from tieout.simulate.paper import Paper, money
from tieout.simulate.partners import File
from tieout.simulate.wire import packed

SYSTEMS = ("payouts",)
HEAD = b"Reference,Booked,Market,Settlement,Amount\n"


def write(papers: Sequence[Paper], at: int) -> Iterator[File]:
    """The payouts of the slice in one file."""
    return packed(papers, "payouts-{}.csv", at, _row, head=HEAD)


def _row(paper: Paper) -> bytes:
    system, _, settlement = paper.about.split("/")
    return f"{paper.number},{iso(paper.happened)},{system},{settlement},{money(paper.lines[0].value or 0)}\n".encode()
