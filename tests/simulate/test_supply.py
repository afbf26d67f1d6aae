"""Stock, purchasing, drop ship, freight and exchanges in the drill: a clean world is silent, each fault is found to the piece and the cent."""

from pathlib import Path

from drilling import played, told
from test_world import audited

from servers import Server
from tieout.formats.x12 import Interchange, parse
from tieout.simulate.buying import Purchase
from tieout.simulate.catalogue import ITEMS, WAREHOUSES
from tieout.simulate.exchanging import Exchange
from tieout.simulate.faults import faults
from tieout.simulate.mix import Share, default_mix
from tieout.simulate.partners import partners
from tieout.simulate.truth import Outcome
from tieout.simulate.world import World

OWN = ("exchange", "direct", "purchase", "stock", "count")
OF_ORDERS = (
    "freight_differs", "freight_twice", "freight_for_no_shipment", "freight_not_billed", "wrong_warehouse", "duplicate_customer",
    "order_id_vanishes", "scanner_summer_time_slip", "confirmation_missing", "confirmation_twice",
)  # fmt: skip


def mixed(rate: float, of_orders: float) -> list[Share]:
    """The faults of this part, those of orders at a rate of their own."""
    made = [Share(each.kind, rate, each.parameters) for each in default_mix() if faults()[each.kind].on in OWN]
    return made + [Share(each.kind, of_orders, each.parameters) for each in default_mix() if each.kind in OF_ORDERS]


def test_what_each_fault_says_of_itself_the_auditor_finds_in_the_papers() -> None:
    seen = set()
    stocked = [share for share in mixed(0.3, 0.0) if faults()[share.kind].on in ("stock", "count", "purchase")]
    for world in (World("supply", 5, 260, mixed(0.25, 0.04)), *(World(f"stock {n}", 4, 20, stocked) for n in range(12))):
        events, _ = audited(world)
        stands: dict[str, list[tuple[str, int, int] | None]] = {}
        for event in events:
            stand = event.stand
            stands.setdefault(event.case, []).append(None if stand is None else (stand.owner, stand.quantity, stand.cents or 0))
        for truth in world.truths:
            seen.add(truth.kind)
            for expected in truth.expected:
                wanted = (expected.owner, sum(expected.quantity.values()), expected.cents or 0)
                assert wanted in stands.get(expected.case, []), truth
                assert truth.corrected is None or stands[expected.case][-1] is None, truth
            if truth.outcome is Outcome.HEALED:
                assert not [case for case in stands if case.split(" ", 1)[1].split("#")[0] == truth.subject], truth
    assert seen == {kind for kind, fault in faults().items() if fault.on in OWN} | set(OF_ORDERS)


def test_every_fault_of_stock_and_supply_is_found_and_nothing_else(server: Server, tmp_path: Path) -> None:
    grade = played(server, tmp_path, World("supplied", 4, 120, mixed(0.15, 0.03)))
    assert grade.is_clean, told(grade)
    assert len([kind for kind in grade.kinds.values() if kind.found]) > 14


def test_a_world_in_order_has_everything_in_it_and_nobody_is_told() -> None:
    world, kinds, exchanges, positions = World("orderly", 5, 120, []), set(), [], set()
    directly = 0
    for day in world.unfold():
        kinds |= {(paper.kind, paper.system) for paper in day.papers}
        exchanges += [plan for plan in day.plans if isinstance(plan, Exchange)]
        directly += len([plan for plan in day.plans if isinstance(plan, Purchase) and plan.order.index > 0])
        positions |= {paper.about for paper in day.papers if paper.kind == "counted" and paper.system == "threepl"}
    for kind in ("received", "moved", "counted"):
        assert {system for each, system in kinds if each == kind} == {"wms", "scanner", "threepl"}, kind
    assert kinds >= {
        ("delivery", "freight"),
        ("delivery", "carrier"),
        ("rated", "freight"),
        ("freight_billed", "freight"),
        ("release", "threepl"),
    }
    assert directly > 3
    assert len(positions) == len(ITEMS)
    assert {made.owed > made.credit for made in exchanges} == {True, False}, "the net is paid by the customer, and by us"
    assert audited(World("orderly", 5, 120, []))[0] == []


def test_both_sets_of_books_start_from_the_same_stock_and_a_clean_world_ends_so() -> None:
    last: dict[tuple[str, str], int] = {}
    for day in World("books", 2, 120, []).unfold():
        for paper in day.papers:
            if paper.kind in ("counted", "stated") and paper.about.endswith("@LAKE"):
                last[paper.kind, paper.about] = paper.lines[0].quantity or 0
    assert len(last) == 2 * len(ITEMS)
    assert all(last["counted", about] == last["stated", about] for _, about in last)
    assert WAREHOUSES[2] == "LAKE"


def test_what_vendors_warehouse_and_carrier_send_is_x12_that_can_be_read() -> None:
    seen = set()
    for day in World("wire", 2, 120, []).unfold():
        for system in ("threepl", "vendors", "freight"):
            papers = [paper for paper in day.papers if paper.system == system]
            for file in partners()[system].write(papers, day.end) if papers else ():
                for raw in file.data.split(b"\nISA"):
                    found = parse(raw if raw.startswith(b"ISA") else b"ISA" + raw)
                    assert isinstance(found, Interchange), found
                    assert not found.faults
                    seen |= {one.code for group in found.groups for one in group.sets}
    assert seen == {"204", "210", "214", "810", "846", "850", "855", "856", "940", "944", "945", "947", "997"}
