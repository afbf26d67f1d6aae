"""Changed purchase orders (860), carriers' status (214) and freight invoices (210): what they revise, and what they never guess."""

import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from test_x12 import document, one, order, partner, refused, statements

from tieout.core.facts import Fact

BY_LINE = partner(order_changes="by line")
CHANGE = "BCH*04*SA*PO1**1*20240105*****20240106"


def change(*lines: str, head: str = CHANGE, **how: object) -> bytes:
    return document(head, *lines, code="860", **how)  # type: ignore[arg-type]


def facts(raw: bytes, system: object = BY_LINE) -> list[Fact]:
    found = statements(raw, system)  # type: ignore[arg-type]
    assert all(isinstance(each, Fact) for each in found), found
    return [each for each in found if isinstance(each, Fact) and each.type != "group"]


def standing(*documents: bytes) -> dict[str, Decimal]:
    """Quantity by line as the winning revisions of all documents say it."""
    versions: dict[str, dict[str, Fact]] = {}
    for raw in documents:
        for fact in facts(raw):
            versions.setdefault(fact.identity, {})[fact.revision] = fact
    winners = [max(each.items())[1] for each in versions.values()]
    return {line.line: line.quantity for fact in winners if not fact.void for line in fact.lines if line.quantity is not None}


def test_a_replacement_is_a_revision_of_the_order_it_names() -> None:
    placed = one(order("PO1*1*10*EA*2"))
    replaced = one(change("POC*1*RZ*8**EA*2*PE*VN*A", head="BCH*05*SA*PO1**1*20240105*****20240106", control=2))
    assert (placed.identity, placed.revision < replaced.revision) == (replaced.identity, True)
    assert [line.quantity for line in replaced.lines] == [8]
    assert replaced.happened == datetime(2024, 1, 6, 6, tzinfo=UTC)


def test_a_cancellation_voids_the_whole_order() -> None:
    cancelled = one(change(head="BCH*01*SA*PO1***20240105"))
    assert (cancelled.identity, cancelled.void, cancelled.lines) == (one(order("PO1*1*10*EA*2")).identity, True, ())


def test_a_change_of_single_lines_is_refused_where_orders_are_kept_as_a_whole() -> None:
    refusal = refused(change("POC*1*CA*8**EA*2"))
    assert refusal.rule == "x12/line-change"
    assert 'order_changes = "by line"' in refusal.next_step


def test_lines_are_changed_added_and_deleted_whatever_arrives_first() -> None:
    placed = order("PO1*1*10*EA*2*PE*VN*A", "PO1*2*5*EA*4*PE*VN*B")
    changed = change("POC*1*CA*8**EA*2*PE*VN*A", "POC*2*DI*0**EA**PE*VN*B", "POC*3*AI*12**EA*1*PE*VN*C", control=2)
    again = change("POC*3*CA*11**EA*1*PE*VN*C", control=3)
    expected = {"1": Decimal(8), "3": Decimal(11)}
    assert standing(placed, changed, again) == standing(again, changed, placed) == expected


@pytest.mark.parametrize("purpose", ["01", "05"])
def test_an_original_that_is_sent_again_does_not_undo_a_change_but_a_replacement_does(purpose: str) -> None:
    changed = one(change("POC*1*RZ*8**EA*2*PE*VN*A", head=f"BCH*{purpose}*SA*PO1**1*20240105*****20240106", control=2))
    placed, again = one(order("PO1*1*10*EA*2")), one(order("PO1*1*10*EA*2", control=3))
    assert placed.revision < again.revision < changed.revision
    replaced = one(order("PO1*1*10*EA*2", purpose="05", control=4))
    assert (replaced.identity, replaced.revision > changed.revision) == (changed.identity, True)


def test_an_order_by_line_keeps_all_that_the_whole_order_says() -> None:
    raw = order("PO1*1*10*EA*2*PE*VN*A", "SAC*A*C310***100", "PO1*2*5*EA*4*PE*VN*B", "CTT*2", "SAC*C*D240***700")
    whole = one(raw)
    split = facts(raw)
    assert sorted(line.line for fact in split for line in fact.lines) == sorted(line.line for line in whole.lines)
    assert [(fact.scope, [line.line for line in fact.lines]) for fact in split] == [
        ("", ["SAC1"]), ("1", ["1", "1/SAC1"]), ("2", ["2"]),
    ]  # fmt: skip
    assert {fact.ref for fact in split} == {whole.ref}


@pytest.mark.parametrize("code", ["QD", "QI"])
def test_a_decrease_or_increase_is_read_only_when_it_is_known_what_it_states(code: str) -> None:
    raw = change(f"POC*1*{code}*8**EA*2*PE*VN*A")
    assert refused(raw, BY_LINE).rule == "x12/changed-quantity"
    (read,) = facts(raw, partner(order_changes="by line", changed_quantity="new"))
    assert [line.quantity for line in read.lines] == [8]


def test_a_cancellation_that_names_no_lines_is_refused_where_orders_are_kept_by_line() -> None:
    assert refused(change(head="BCH*01*SA*PO1***20240105"), BY_LINE).rule == "x12/line-missing"


@pytest.mark.parametrize(
    ("zone", "hour"), [("ET", 14), ("CT", 15), ("MT", 16), ("PT", 17), ("UT", 9), ("LT", 15), ("", 15), ("ES", 14), ("ED", 13)]
)
def test_a_status_stands_in_the_zone_it_names(zone: str, hour: int) -> None:
    fact = one(document("B10*PRO1*BOL1*FAST", f"AT7*D1****20240105*0930*{zone}", code="214"))
    assert fact.happened == datetime(2024, 1, 5, hour, 30, tzinfo=UTC)


def test_daylight_saving_is_the_zones_own() -> None:
    summer = one(document("B10*PRO1*BOL1*FAST", "AT7*D1****20240705*0930*ET", code="214"))
    assert summer.happened == datetime(2024, 7, 5, 13, 30, tzinfo=UTC)


def test_a_second_confirmation_of_a_parcel_is_a_revision_of_the_first() -> None:
    first, second = (one(document("B10*PRO1*BOL1*FAST", f"AT7*D1****2024010{day}*0930*ET", code="214", control=day)) for day in (5, 6))
    assert (first.identity, first.revision < second.revision) == (second.identity, True)


def test_freight_is_stated_as_the_carrier_asks_for_it_even_if_its_charges_do_not_add_up() -> None:
    head = "B3**F1*BOL1*PP**20240106*9000****FAST"
    good = one(document(head, "L1*1***8000", "L1*2***1000****FUE", code="210"))
    assert [(line.charge, line.value) for line in good.lines] == [("freight", 80), ("fuel", 10)]
    bad = one(document(head, "L1*1***8500", code="210"))
    assert ([line.value for line in bad.lines], bad.total, bad.data["difference"]) == ([90], 90, "5")
    assert {line.subject for line in good.lines + bad.lines} == {"*/freight/BOL1"}


def test_a_tender_states_what_the_freight_should_cost() -> None:
    fact = one(document("B2**FAST**BOL1**PP", "L3*****12000", code="204", sent=True))
    assert (fact.kind, fact.lines[0].subject, fact.lines[0].value) == ("FreightRated", "*/freight/BOL1", 120)
    assert refused(document("B2**FAST**BOL1**PP", code="204", sent=True)).rule == "x12/no-rate"


def test_a_long_change_costs_time_in_proportion_to_its_size() -> None:
    began = time.process_time()
    assert len(facts(change(*(f"POC*{n}*CA*1**EA*1*PE*VN*A" for n in range(1, 8001))))) == 8000
    assert time.process_time() - began < 4
