import json

from tieout.connectors import Document, System, carrier_json
from tieout.core.facts import Fact
from tieout.core.values import Role

CARRIER = System("ups", "carrier_json", Role.CARRIER)


def fact(**fields: str) -> Fact:
    event = {
        "carrier": "UPS",
        "tracking_number": "1z9",
        "status": "delivered",
        "occurred_at": "2026-03-04T12:00:00Z",
        "event_id": "e1",
    } | fields
    (result,) = carrier_json.translate(Document(json.dumps(event).encode(), "scans"), CARRIER)
    assert isinstance(result, Fact)
    return result


def test_a_parcel_is_delivered_once_however_often_it_is_said() -> None:
    first, again = fact(), fact(event_id="e2")
    later = fact(occurred_at="2026-03-05T09:00:00Z")

    assert first == again
    assert later.identity == first.identity
    assert later.revision > first.revision


def test_other_scans_move_nothing_and_are_kept_apart() -> None:
    one, two = fact(status="in_transit"), fact(status="in_transit", event_id="e2")

    assert one.kind == two.kind == "ParcelScanned"
    assert one.identity != two.identity
    assert all(line.quantity is None and line.value is None for line in one.lines)


def test_scans_without_an_id_are_told_apart_by_status_and_time() -> None:
    one = fact(status="in_transit", event_id="")

    assert one.identity == fact(status="In_Transit ", event_id="").identity
    assert one.identity != fact(status="in_transit", event_id="", occurred_at="2026-03-04T12:00:01Z").identity
    assert one.identity != fact(status="arrived", event_id="").identity
