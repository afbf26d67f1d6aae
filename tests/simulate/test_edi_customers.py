"""EDI customers in the drill: both syntaxes and dialects are read as written, a clean world is silent, each fault is found and nothing else."""

import re
from collections import Counter
from io import BytesIO
from pathlib import Path

import pytest
from drilling import played, told
from test_marketplaces import only
from test_world import audited

from servers import Server
from tieout.connectors import DOCUMENT_MAX
from tieout.formats import edifact, x12
from tieout.simulate.faults import faults
from tieout.simulate.partners import partners
from tieout.simulate.truth import Outcome
from tieout.simulate.wire import spoiled
from tieout.simulate.world import World

FAMILIES = ("customers", "remitting", "collective")
OURS = [kind for kind, fault in faults().items() if fault.strike.__module__.rpartition(".")[2] in FAMILIES]
OF_RUNS = [kind for kind in OURS if faults()[kind].on != "order"]
OF_ORDERS = [kind for kind in OURS if kind not in OF_RUNS]


def sent(system: str, world: World) -> bytes:
    """All that is sent by or to the customers of a system."""
    days = [(day.end, [paper for paper in day.papers if paper.system == system]) for day in world.unfold()]
    return b"".join(file.data for end, papers in days for file in partners()[system].write(papers, end))


def test_customers_write_x12_in_two_dialects() -> None:
    seen: dict[str, Counter[str]] = {"GREENMART": Counter(), "": Counter()}
    for piece in x12.cut(BytesIO(sent("edi", World("dialects", 2, 150, []))), DOCUMENT_MAX):
        found = x12.parse(piece.raw)
        assert isinstance(found, x12.Interchange) and not found.faults
        header = found.header
        mart = "GREENMART" in (header.sender, header.receiver)
        assert (header.version, b"|" in piece.raw) == (("00501", True) if mart else ("00401", False))
        seen["GREENMART" if mart else ""].update(each.code for group in found.groups for each in group.sets)
        assert (b"CTT" in piece.raw) <= (not mart)
    for codes in seen.values():
        assert codes.keys() == {"850", "855", "856", "860", "810", "820", "997"}
        assert codes["856"] == codes["855"]
    assert seen[""]["810"] == seen[""]["856"], "an invoice for each shipment"
    assert 1 <= seen["GREENMART"]["810"] <= 2 < seen["GREENMART"]["856"], "one a week"


@pytest.mark.parametrize("digit", "0123456789")
def test_a_damaged_control_number_is_another_one(digit: str) -> None:
    assert partners(), "they say how their papers are damaged"
    for end in (f"IEA*1*{digit}00004711~", f"UNZ+1+{digit}309'"):
        damaged = spoiled(end.encode(), "control_number")
        assert (len(damaged), damaged != end.encode()) == (len(end), True)


def test_customers_write_edifact() -> None:
    seen: Counter[str] = Counter()
    for piece in edifact.cut(BytesIO(sent("edifact", World("dialects", 2, 150, []))), DOCUMENT_MAX):
        found = edifact.parse(piece.raw, {})
        assert isinstance(found, edifact.Interchange) and not found.faults
        seen.update(message.type for message in found.messages)
    assert seen.keys() == {"ORDERS", "ORDCHG", "ORDRSP", "DESADV", "INVOIC", "REMADV", "CONTRL"}


def test_customers_change_single_lines_in_every_way_and_language() -> None:
    world = World("changes", 6, 150, only("change_after_shipment", rate=0.5))
    edi, edifact_ = ({"BIGBOX": set(), "GREENMART": set()}, set())
    for day in world.unfold():
        for paper in (paper for paper in day.papers if paper.kind == "order_changed" and not paper.void):
            raw = next(iter(partners()[paper.system].write([paper], day.end))).data
            if paper.system == "edifact":
                edifact_ |= set(re.findall(rb"LIN\+\d+\+(\d)\+", raw))
            else:
                edi.setdefault(paper.more["partner"], set()).update(re.findall(rb"POC.\d+.([A-Z]{2})", raw))
    assert edi["BIGBOX"] == edi["GREENMART"] == {b"AI", b"DI", b"PC", b"CA", b"NC"}
    assert edifact_ == {b"1", b"2", b"3", b"4"}


def test_clean_customers_end_at_nothing_by_the_auditor_over_many_seeds() -> None:
    for seed in range(8):
        events, balances = audited(World(f"customers {seed}", 2, 80, []))
        of_customers = [name for name in balances if name[0].startswith(("edi/", "edifact/", "erp/invoice/"))]
        assert (events, of_customers) == ([], []), seed


@pytest.mark.parametrize("kind", OURS)
def test_a_fault_of_a_customer_says_of_itself_what_the_papers_show(kind: str) -> None:
    world = World("each", 3, 80, only(kind, rate=1.0 if kind in OF_RUNS else 0.7))
    events, _ = audited(world)
    stands: dict[str, list[tuple[str, int, int] | None]] = {}
    for event in events:
        stand = event.stand
        stands.setdefault(event.case, []).append(None if stand is None else (stand.owner, stand.quantity, stand.cents or 0))
    assert world.truths
    for truth in world.truths:
        for expected in truth.expected:
            wanted = (expected.owner, sum(expected.quantity.values()), expected.cents or 0)
            assert wanted in stands.get(expected.case, []), truth
            assert truth.corrected is None or stands[expected.case][-1] is None, truth
        if truth.outcome is Outcome.HEALED:
            assert not [case for case in stands if truth.subject in case], truth


def test_every_fault_of_customers_is_found_and_nothing_else(server: Server, tmp_path: Path) -> None:
    mix = only(*OF_ORDERS, rate=0.1) + only(*OF_RUNS, rate=0.1)
    grade = played(server, tmp_path, World("customers", 4, 120, mix))
    assert grade.is_clean, told(grade)
    assert sum(kind.found for kind in grade.kinds.values()) > 40
