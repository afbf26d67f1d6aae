import json
from decimal import Decimal
from typing import Any

from tieout.connectors import Document, System, wms_json
from tieout.core.facts import Fact, Refusal, Statement
from tieout.core.values import Role

WMS = System("wms", "wms_json", Role.WMS, timezone="America/New_York")


def read(**fields: Any) -> list[Statement]:
    event = {
        "event": "shipped",
        "event_id": "E-1",
        "occurred_at": "2026-07-01T10:00:00",
        "warehouse": "NJ1",
        "order": {"system": "erp", "type": "sales_order", "number": "so-1"},
        "lines": [{"item": "A", "quantity": 2}],
    } | fields
    return list(wms_json.translate(Document(json.dumps(event).encode(), "events"), WMS))


def fact(**fields: Any) -> Fact:
    (result,) = read(**fields)
    assert isinstance(result, Fact)
    return result


def test_local_times_are_the_warehouses_own() -> None:
    assert fact().happened.isoformat() == "2026-07-01T14:00:00+00:00"


def test_a_shipment_is_identified_by_its_number_and_other_events_by_their_id() -> None:
    assert fact(shipment="sh-9").identity == "wms/shipment//SH-9"
    assert fact(event="allocated", shipment="sh-9").identity == "wms/allocation//E-1"


def test_a_correction_wins_by_its_revision_whatever_its_time() -> None:
    late, early = fact(revision=2, occurred_at="2026-06-30T10:00:00"), fact(revision=1)

    assert late.identity == early.identity
    assert late.revision > early.revision


def test_a_delivery_number_alone_waits_for_a_link_and_both_are_the_link() -> None:
    assert fact(order=None, delivery="8001").lines[0].subject == "wms/delivery/8001"
    assert fact(delivery="8001").links == (("wms/delivery/8001", "erp/sales_order/SO-1"),)


def test_stock_is_shared_by_all_systems_and_signed() -> None:
    moved = fact(event="stock_moved", order=None, lines=[{"item": "a", "quantity": "-2.5", "unit": "kg"}])

    (line,) = moved.lines
    assert (line.subject, line.quantity, line.unit) == ("*/stock/A@NJ1", Decimal("-2.5"), "KG")


def test_the_next_count_of_a_position_replaces_the_last() -> None:
    first = fact(event="counted", order=None, event_id="C-1")
    second = fact(event="counted", order=None, event_id="C-2", occurred_at="2026-07-02T10:00:00")

    assert first.identity == second.identity == "wms/stock_count//A@NJ1"
    assert second.revision > first.revision


def test_a_negative_shipment_is_refused_with_its_place() -> None:
    (result,) = read(lines=[{"item": "A", "quantity": 1}, {"item": "B", "quantity": -1}])

    assert isinstance(result, Refusal)
    assert (result.rule, result.source.place) == ("wms/quantity", "lines[1].quantity")
