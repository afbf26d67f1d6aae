"""From a customer's order by X12 to his invoice: each document is owed, written, and cleared by what was sent; the rest is silence."""

import io
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from edi_partner import TAKES, Desk, sets_of, systems

from tieout.connectors import System
from tieout.core.values import Role
from tieout.policy import CompanyPolicy
from tieout.runtime.configuration import Configuration
from tieout.runtime.rebuild import rebuild
from world import World, line

SALE, PO = "erp/sales_order/SO-1", "edi/order/BIGBOX:PO-1"
BOOK = {"links": [[SALE, PO]]}
ACKNOWLEDGE, ANNOUNCE, SEND = f"EOA+ {PO} 1", f"EAS+ {PO} 1", f"EIS+ {PO} 1"
ANSWER = "EAN+ edi/group/BIGBOX:301 1"


@pytest.fixture
def desk_of(world_of: Callable[..., World], tmp_path: Path) -> Callable[..., Desk]:
    def make(takes: list[str] | None = None, **partners: dict[str, object]) -> Desk:
        known = {"BIGBOX": {} if takes is None else {"takes": takes}, **partners}
        return Desk(world_of(systems=systems(known)), tmp_path / "out")

    return make


def booked(desk: Desk, *lines: tuple[str, str, str], sale: str = "SO-1", order: str = PO, revision: int = 1) -> None:
    """The ERP books an order: item, quantity, value by line."""
    subject = f"erp/sales_order/{sale}"
    made = [line(n, subject, item, quantity, value) for n, (item, quantity, value) in enumerate(lines, 1)]
    desk.say("OrderBooked", sale, 1, made, links=[[subject, order]], revision=revision)


def read_by_another(raw: bytes) -> list[str]:
    """The segments that pyx12 finds, which must find no fault."""
    x12file = pytest.importorskip("pyx12.x12file")
    reader = x12file.X12Reader(io.StringIO(raw.decode()))
    names = [segment.get_seg_id() for segment in reader]
    reader.cleanup()
    assert reader.pop_errors() == []
    return names


def test_an_order_is_acknowledged_shipped_and_invoiced_by_documents_that_are_owed_sent_and_accepted(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of(TAKES)
    desk.receive(desk.order("PO-1", ("MUG", "10", "2"), ("TEA", "3", "4.5")))
    assert desk.open("EAN", "EOA", "TBK") == {
        "EAN": {"edi/group/BIGBOX:301  DOC": 1}, "EOA": {},
        "TBK": {f"{PO} MUG EA": 10, f"{PO} MUG $USD": 20, f"{PO} TEA EA": 3, f"{PO} TEA $USD": 13.5},
    }  # fmt: skip
    answered = desk.dispatch()
    assert sets_of(answered)["997"] == ["AK1*PO*301", "AK2*850*0001", "AK5*A", "AK9*A*1*1*1"]

    booked(desk, ("MUG", "10", "20"), ("TEA", "3", "13.50"))
    assert desk.open("EOA", "TBK") == {"EOA": {f"{PO} SO-1 DOC": 1}, "TBK": {}}
    acknowledged = desk.dispatch()
    assert sets_of(acknowledged) == {
        "855": [
            "BAK*00*AD*PO-1*20260302****SO-1*" + made_on(acknowledged), "CUR*SE*USD", "PO1*1*10*EA*2**VN*MUG", "ACK*IA*10*EA",
            "PO1*2*3*EA*4.5**VN*TEA", "ACK*IA*3*EA", "CTT*2",
        ],
    }  # fmt: skip

    desk.event("SH-1", "SO-1", ("MUG", "6"), ("TEA", "3"), parcels=["1Z9"])
    announced = desk.dispatch()
    assert sets_of(announced)["856"][2:] == [
        "REF*CN*1Z9", "DTM*011*20260303*0900", "N1*SF*EAST*92*EAST", "N1*ST*STORE 12*92*0012", "N3*1 MAIN ST", "N4*CHICAGO*IL*60601*US",
        "HL*2*1*O*1", "PRF*PO-1", "HL*3*2*I*0", "LIN*1*VN*MUG", "SN1*1*6*EA", "HL*4*2*I*0", "LIN*2*VN*TEA", "SN1*2*3*EA", "CTT*4*9",
    ]  # fmt: skip

    desk.say(
        "Invoiced", "I-1", 26,
        [line(1, SALE, "MUG", 6, 12), line(2, SALE, "TEA", 3, "13.50"), line(3, SALE, value="2.50", charge="freight")],
        total=28, due="2026-04-02T00:00:00Z",
    )  # fmt: skip
    invoiced = desk.dispatch()
    assert sets_of(invoiced)["810"] == [
        "BIG*20260303*I-1*20260302*PO-1", "CUR*SE*USD", "N1*ST*STORE 12*92*0012", "N3*1 MAIN ST", "N4*CHICAGO*IL*60601*US",
        "ITD*01*3****20260401", "IT1*1*6*EA*2**VN*MUG", "IT1*2*3*EA*4.5**VN*TEA", "TDS*2800", "SAC*C*D240***250", "CTT*2",
    ]  # fmt: skip

    assert desk.states() == {ACKNOWLEDGE: "confirmed", ANNOUNCE: "confirmed", SEND: "confirmed", ANSWER: "confirmed"}
    assert desk.open("EAN", "EOA", "EAS", "EIS", "TBK", "SNI") == {code: {} for code in ("EAN", "EOA", "EAS", "EIS", "TBK", "SNI")}
    assert desk.open("TSH") == {"TSH": {f"{PO} MUG EA": 4}}, "the backorder"
    ours = {**acknowledged, **announced, **invoiced}
    assert sum(desk.open("EAK")["EAK"].values()) == 3, "each group waits for the partner's 997, ours to him for none"
    for raw in ours.values():
        assert read_by_another(raw)[:3] == ["ISA", "GS", "ST"]
        desk.receive(desk.accepts(raw))
    assert desk.open("EAK", "EAN") == {"EAK": {}, "EAN": {}}
    assert desk.world.quarantine() == [] and desk.world.waiting() == set()
    assert not [name for name in desk.complete(24 * 40) if name[:3] in ("EAK", "EAN", "EOA", "EAS", "EIS")]
    controls = [raw.decode().split("*")[13] for raw in {**answered, **ours}.values()]
    assert controls == [f"{n:09d}" for n in range(1, 5)], "one gapless sequence for all that this partner is sent"


def made_on(files: dict[str, bytes]) -> str:
    """The day in GS04 of the first file."""
    return next(iter(files.values())).decode().split("~")[1].split("*")[4]


def test_a_customer_who_asks_for_nothing_is_owed_nothing(desk_of: Callable[..., Desk]) -> None:
    """Beside one who does, so that the accounts are kept at all; and his own 855 stands for our booking, as ever."""
    desk = desk_of(None, OTHER={"takes": TAKES})
    desk.receive(desk.order("PO-1", ("MUG", "10", "2")))
    booked(desk, ("MUG", "10", "20"))
    desk.event("SH-1", "SO-1", ("MUG", "10"))
    desk.say("Invoiced", "I-1", 26, [line(1, SALE, "MUG", 10, 20)])
    assert list(sets_of(desk.dispatch())) == ["997"]
    assert desk.states() == {ANSWER: "confirmed"}
    assert not [name for name in desk.complete(24 * 40) if name[:3] in ("EOA", "EAS", "EIS")]


def test_a_project_whose_customers_ask_for_nothing_keeps_no_such_account(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of(None)
    desk.receive(desk.order("PO-1", ("MUG", "10", "2")))
    booked(desk, ("MUG", "10", "20"))
    desk.event("SH-1", "SO-1", ("MUG", "10"))
    moves = {move[:-1] for plans in desk.world.configuration.plans.of.values() for plan in plans for move in plan.moves}
    assert moves.isdisjoint({"EOA", "EAS", "EIS"}) and "EAN" in moves
    assert not [name for name in desk.world.net() if name.split(" ")[1] in ("EOA", "EAS", "EIS")]


def test_an_order_of_the_day_before_he_began_to_ask_owes_nothing(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of(None, BIGBOX={"takes": TAKES, "takes_from": date(2026, 3, 3)})
    desk.receive(desk.order("PO-1", ("MUG", "10", "2")))
    booked(desk, ("MUG", "10", "20"))
    assert desk.states("EOA") == {}


def test_what_was_not_booked_as_ordered_is_not_acknowledged_before_a_person_has_settled_it(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of(["855"])
    desk.receive(desk.order("PO-1", ("MUG", "10", "2"), ("TEA", "3", "4")))
    booked(desk, ("MUG", "6", "12"), ("TEA", "3", "12"))
    assert desk.states("EOA") == {}
    cases = desk.complete(24 * 3)
    assert {name for name in cases if name[:3] in ("EOA", "TBK")} == {f"EOA+ {PO}#SO-1", f"TBK+ {PO}#MUG"}
    desk.say(
        "WrittenOff", "W1", 80, [line(1, PO)],
        data={"account": "TBK", "key": "MUG", "residual": "4", "unit": "EA", "who": "ann", "why": "four are discontinued"},
    )  # fmt: skip
    assert desk.states("EOA") == {ACKNOWLEDGE: "queued"}
    assert sets_of(desk.dispatch())["855"][2:] == [
        "PO1*1*10*EA*2**VN*MUG",
        "ACK*IA*6*EA",
        "ACK*IR*4*EA",
        "PO1*2*3*EA*4**VN*TEA",
        "ACK*IA*3*EA",
        "CTT*2",
    ]
    assert desk.states("EOA") == {ACKNOWLEDGE: "confirmed"}
    assert desk.open("EOA") == {"EOA": {}}


def test_what_was_cancelled_before_it_was_acknowledged_is_not_accepted(desk_of: Callable[..., Desk]) -> None:
    """He ordered mugs on two lines; the ERP has booked all and cancelled twelve of them again, with his consent."""
    desk = desk_of(["855"])
    desk.receive(desk.order("PO-1", ("MUG", "10", "2"), ("MUG", "10", "2"), ("TEA", "3", "4")))
    cancel = [line(1, PO, "MUG", 12, 24)]
    desk.say("OrderCancelled", "C1", 1, cancel)
    desk.say("BookingCancelled", "X1", 2, [line(1, SALE, "MUG", 12, 24)])
    booked(desk, ("MUG", "20", "40"), ("TEA", "3", "12"))
    assert desk.open("TBK") == {"TBK": {}}
    assert sets_of(desk.dispatch())["855"][2:] == [
        "PO1*1*10*EA*2**VN*MUG", "ACK*IA*8*EA", "ACK*IR*2*EA", "PO1*2*10*EA***VN*MUG", "ACK*IR*10*EA", "PO1*3*3*EA*4**VN*TEA", "ACK*IA*3*EA", "CTT*3",
    ]  # fmt: skip


def test_every_shipment_is_announced_once_and_by_itself(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of(["856"])
    desk.receive(desk.order("PO-1", ("MUG", "10", "2")))
    booked(desk, ("MUG", "10", "20"))
    for number, quantity in (("SH-1", "6"), ("SH-2", "4")):
        desk.event(number, "SO-1", ("MUG", quantity))
        desk.event(number, "SO-1", ("MUG", quantity))
    sent = desk.dispatch()
    assert {row for rows in sets_of(sent).values() for row in rows if row.startswith("SN1")} == {"SN1*1*6*EA", "SN1*1*4*EA"}
    assert desk.states("EAS") == {ANNOUNCE: "confirmed", f"EAS+ {PO} 2": "confirmed"}
    assert desk.dispatch() == {}


def test_more_than_was_booked_is_not_announced_until_somebody_has_settled_it(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of(["856"])
    desk.receive(desk.order("PO-1", ("MUG", "10", "2")))
    booked(desk, ("MUG", "10", "20"))
    desk.event("SH-1", "SO-1", ("MUG", "12"), revision=1)
    assert desk.states("EAS") == {}
    assert desk.open("EAS") == {"EAS": {f"{PO} SH-1 DOC": 1}}
    desk.event("SH-1", "SO-1", ("MUG", "10"), revision=2)
    assert desk.states("EAS") == {ANNOUNCE: "queued"}


def test_a_shipment_of_two_orders_is_one_notice_and_their_one_invoice_names_both(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of(["856", "810"])
    for n in (1, 2):
        desk.receive(desk.order(f"PO-{n}", ("MUG", "10", "2")))
        booked(desk, ("MUG", "10", "20"), sale=f"SO-{n}", order=f"edi/order/BIGBOX:PO-{n}")
    both = [line(1, SALE, "MUG", 10, 20), line(2, "erp/sales_order/SO-2", "MUG", 10, 20)]
    desk.world.configuration.systems["wms"] = desk.world.systems["erp"]
    desk.say("Shipped", "SH-1", 24, [{k: v for k, v in each.items() if k != "value"} for each in both])
    desk.say("Invoiced", "I-1", 26, both, total=40)
    sent = sets_of({name: raw for name, raw in desk.dispatch().items() if b"ST*997" not in raw})
    assert [row for row in sent["856"] if row[:3] in ("PRF", "SN1")] == ["PRF*PO-1", "SN1*1*10*EA", "PRF*PO-2", "SN1*1*10*EA"]
    assert [row for row in sent["810"] if row[:3] in ("BIG", "IT1", "REF", "TDS")] == [
        "BIG*20260303*I-1*20260302", "IT1*1*10*EA*2**VN*MUG", "REF*PO*PO-1", "IT1*1*10*EA*2**VN*MUG", "REF*PO*PO-2", "TDS*4000",
    ]  # fmt: skip
    assert desk.states("EAS", "EIS") == {ANNOUNCE: "confirmed", SEND: "confirmed"}
    assert desk.open("EAS", "EIS") == {"EAS": {}, "EIS": {}}


def test_an_invoice_whose_price_is_in_dispute_is_not_sent(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of(["810"])
    desk.receive(desk.order("PO-1", ("MUG", "10", "2")))
    booked(desk, ("MUG", "10", "20"))
    desk.event("SH-1", "SO-1", ("MUG", "10"))
    desk.say("Invoiced", "I-1", 26, [line(1, SALE, "MUG", 10, 25)], revision=1)
    assert desk.states("EIS") == {}
    desk.say("Invoiced", "I-1", 26, [line(1, SALE, "MUG", 10, 20)], revision=2)
    assert desk.states("EIS") == {SEND: "queued"}
    assert [row for row in sets_of(desk.dispatch())["810"] if row.startswith("TDS")] == ["TDS*2000"]


def test_an_amount_that_no_short_unit_price_gives_is_invoiced_to_the_cent_all_the_same(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of(["810"])
    desk.receive(desk.order("PO-1", ("MUG", "3", "3.333333333")))
    booked(desk, ("MUG", "3", "9.999999999"))
    desk.event("SH-1", "SO-1", ("MUG", "3"))
    desk.say("Invoiced", "I-1", 26, [line(1, SALE, "MUG", 3, 10)], total=10)
    assert [row for row in sets_of(desk.dispatch())["810"] if row[:3] in ("IT1", "TDS")] == ["IT1*1*3*EA*3.333333333**VN*MUG", "TDS*1000"]


def test_a_customers_997_that_refuses_leaves_our_group_open_and_the_document_as_sent(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of(["855"])
    desk.receive(desk.order("PO-1", ("MUG", "10", "2")))
    booked(desk, ("MUG", "10", "20"))
    sent = desk.dispatch()
    (raw,) = (raw for raw in sent.values() if b"ST*855" in raw)
    desk.receive(desk.accepts(raw, "R"))
    assert sum(desk.open("EAK")["EAK"].values()) == 1
    assert desk.states("EOA") == {ACKNOWLEDGE: "confirmed"}
    assert [name for name in desk.complete(24 * 400) if name.startswith("EAK+")]


def test_a_third_partys_warehouse_is_told_to_ship_where_the_customers_order_says(world_of: Callable[..., World], tmp_path: Path) -> None:
    lake = System("lake", "x12", Role.WMS, options={"identifiers": ["ZZ:US"], "partners": {"LAKE3PL": {}}})
    desk = Desk(world_of(systems={**systems({"BIGBOX": {}}), "lake": lake}), tmp_path / "out")
    desk.receive(desk.order("PO-1", ("MUG", "10", "2")))
    booked(desk, ("MUG", "10", "20"))
    assert sets_of(desk.dispatch())["940"] == [
        "W05*N*SO-1*PO-1", "N1*ST*STORE 12*92*0012", "N3*1 MAIN ST", "N4*CHICAGO*IL*60601*US", "LX*1", "W01*10*EA**VN*MUG", "N9*LI*1", "W76*10",
    ]  # fmt: skip


def test_what_was_sent_is_rebuilt_from_its_messages_with_the_commands_it_carried_out(
    desk_of: Callable[..., Desk], world_of: Callable[..., World]
) -> None:
    """The message of a document of ours keeps which command it was written for: the ledger made anew is the same one."""
    desk = desk_of(TAKES)
    desk.receive(desk.order("PO-1", ("MUG", "10", "2")))
    booked(desk, ("MUG", "10", "20"))
    desk.event("SH-1", "SO-1", ("MUG", "10"))
    desk.dispatch()
    fresh = world_of(systems=desk.world.systems)
    fresh.connection.execute("delete from system")
    configuration = Configuration(desk.world.systems.values(), CompanyPolicy({}))
    rebuild(desk.world.connection, desk.world.configuration, fresh.database, configuration)
    assert fresh.net() == desk.world.net() and fresh.hash() == desk.world.hash()
    echoed = "select identity from fact where body::json->'data'->>'command' is not null order by 1"
    assert fresh.connection.execute(echoed).fetchall() == [
        ("edi/group/BIGBOX/BIGBOX:301/answered-000000001",),
        ("edi/order_acknowledgment/BIGBOX/BIGBOX:SO-1",),
        ("edi/ship_notice/BIGBOX/BIGBOX:SH-1",),
    ]
