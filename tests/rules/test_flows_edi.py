"""Trading partners from their own bytes: an order to cash in EDIFACT, changed orders in both syntaxes, in any order of arrival."""

import io
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import permutations

import pytest

from tieout.connectors import Refused, System
from tieout.core.values import Role
from tieout.formats import x12
from tieout.formats.edifact import Envelope, MessageDraft, Row, write
from tieout.runtime.apply import apply
from tieout.runtime.configuration import connector
from tieout.runtime.statements import Arrival
from world import NOW, SYSTEMS, World, line

MADE = datetime(2026, 3, 2, 9, 0)
OPTIONS = {"identifiers": ["14:US"], "order_changes": "by line"}
EDIFACT = System("edi", "edifact", Role.PARTNER, currency="USD", options=OPTIONS)
X12 = System("edi", "x12", Role.PARTNER, options={**OPTIONS, "identifiers": ["ZZ:US"]})
ORDER = "edi/order/THEM:PO1"
DAY = ("DTM", ("137", "20260302", "102"))
Worlds = Callable[..., World]


def message(type_: str, *rows: Row, sent: bool = False, control: str = "1") -> bytes:
    sender, receiver = ("US", "THEM") if sent else ("THEM", "US")
    return write(Envelope(sender, receiver, control, "14", "14"), [MessageDraft(type_, "1", rows)], MADE)


def placed(control: str = "1") -> bytes:
    return message(
        "ORDERS", ("BGM", "220", "PO1", "9"), DAY, *wanted("1", "A", "10", "2"), *wanted("2", "B", "5", "4"), ("UNS", "S"), control=control
    )


def changed(*rows: Row, control: str, function: str = "4") -> bytes:
    return message("ORDCHG", ("BGM", "230", f"C{control}", function), DAY, ("RFF", ("ON", "PO1")), *rows, ("UNS", "S"), control=control)


def wanted(number: str, item: str, quantity: str, price: str, action: str = "") -> tuple[Row, ...]:
    return ("LIN", number, action, (item, "SA")), ("QTY", ("21", quantity, "PCE")), ("PRI", ("AAA", price))


def receive(world: World, documents: Iterable[bytes], system: System = EDIFACT) -> None:
    """Import documents one by one; every statement in them is counted (rule 29)."""
    module = connector(system.connector)
    for raw in documents:
        for piece in module.split(io.BytesIO(raw), "in.edi", system):
            assert not isinstance(piece, Refused), piece.refusal
            world.sent += len(list(module.translate(piece, system)))
            apply(world.connection, world.configuration, [Arrival(piece, system, NOW)], NOW)
            world.check_counts()


def edi_world(world_of: Worlds, system: System = EDIFACT) -> World:
    return world_of(systems={**SYSTEMS, "edi": system})


@pytest.fixture
def world(world_of: Worlds) -> World:
    return edi_world(world_of)


def test_an_order_to_cash_in_edifact_leaves_nothing_open(world: World) -> None:
    head: tuple[Row, ...] = (DAY, ("RFF", ("ON", "PO1")))
    receive(world, [placed()])
    assert world.of("TBK") == {
        f"{ORDER} A EA": 10, f"{ORDER} A $USD": 20, f"{ORDER} B EA": 5, f"{ORDER} B $USD": 20,
    }  # fmt: skip
    booked = message(
        "ORDRSP", ("BGM", "231", "S1", "29"), *head, *wanted("1", "A", "10", "2", "5"), *wanted("2", "B", "5", "4", "5"), sent=True, control="51"
    )  # fmt: skip
    notice = message(
        "DESADV", ("BGM", "351", "D1", "9"), *head, ("CPS", "1"), ("LIN", "1", "", ("A", "SA")), ("QTY", ("12", "10")),
        ("LIN", "2", "", ("B", "SA")), ("QTY", ("12", "5")), sent=True, control="52",
    )  # fmt: skip
    bill = message(
        "INVOIC", ("BGM", "380", "I1", "9"), *head, ("CUX", ("2", "USD", "4")),
        ("LIN", "1", "", ("A", "SA")), ("QTY", ("47", "10")), ("MOA", ("203", "20")),
        ("LIN", "2", "", ("B", "SA")), ("QTY", ("47", "5")), ("MOA", ("203", "20")), ("UNS", "S"), ("MOA", ("77", "40")), sent=True, control="53",
    )  # fmt: skip
    paid = message(
        "REMADV", ("BGM", "481", "R1", "9"), DAY, ("CUX", ("2", "USD", "11")), ("DOC", "380", "I1"), ("MOA", ("12", "40")),
        ("UNS", "S"), ("MOA", ("12", "40")), control="2",
    )  # fmt: skip
    receive(world, [booked, notice, bill, paid])
    assert {code: world.of(code) for code in ("TBK", "TSH", "SNI", "TBL")} == {"TBK": {}, "TSH": {}, "SNI": {}, "TBL": {}}
    assert (world.of("TCO"), world.of("CSH")) == ({"erp/invoice/I1  $USD": 40}, {"erp/invoice/I1  $USD": 40})
    world.say("CashApplied", "erp", "CR1", 30, [line(1, "erp/invoice/I1", value=40)])
    assert (world.of("TCO"), world.of("CSH")) == ({}, {})
    assert set(world.of("EAK")) == {f"edi/group/THEM:{n}  DOC" for n in (51, 52, 53)}
    report = [("UCI", str(n), ("US", "14"), ("THEM", "14"), "7") for n in (51, 52, 53)]
    receive(world, [message("CONTRL", row, control=f"9{n}") for n, row in enumerate(report)])
    answers = [message("CONTRL", ("UCI", n, ("THEM", "14"), ("US", "14"), "7"), sent=True, control=f"8{n}") for n in ("1", "2")]
    receive(world, answers)
    assert (world.of("EAK"), world.of("EAN")) == ({}, {})
    assert [name for name in world.complete(24 * 90) if name[:3] != "TAL"] == []


def test_the_same_interchange_again_changes_nothing(world: World) -> None:
    receive(world, [placed()])
    before = world.state()
    receive(world, [placed()])
    assert world.state() == before


CHANGES = (
    placed(),
    changed(*wanted("1", "A", "8", "2", "3"), ("LIN", "2", "2"), control="2"),
    changed(*wanted("3", "C", "12", "1", "1"), control="3"),
    changed(*wanted("3", "C", "11", "1", "3"), control="4"),
)


def x12_changes() -> list[bytes]:
    def document(control: int, code: str, *rows: tuple[str, ...]) -> bytes:
        group = x12.GroupDraft("PO" if code == "850" else "PC", control, (x12.SetDraft(code, 1, rows),))
        return x12.write(x12.Envelope("ZZ", "THEM", "ZZ", "US", control), [group], MADE)

    def poc(number: str, code: str, item: str, quantity: str, price: str) -> tuple[str, ...]:
        return ("POC", number, code, quantity, "", "EA", price, "PE", "VN", item)

    def po1(number: str, item: str, quantity: str, price: str) -> tuple[str, ...]:
        return ("PO1", number, quantity, "EA", price, "PE", "VN", item)

    head = ("BCH", "04", "SA", "PO1", "", "1", "20260302")
    return [
        document(1, "850", ("BEG", "00", "SA", "PO1", "", "20260302"), po1("1", "A", "10", "2"), po1("2", "B", "5", "4")),
        document(2, "860", head, poc("1", "CA", "A", "8", "2"), poc("2", "DI", "B", "0", "4")),
        document(3, "860", head, poc("3", "AI", "C", "12", "1")),
        document(4, "860", head, poc("3", "CA", "C", "11", "1")),
    ]


@pytest.mark.parametrize(("system", "documents"), [(EDIFACT, list(CHANGES)), (X12, x12_changes())], ids=["edifact", "x12"])
def test_changes_of_single_lines_end_in_one_ledger_whatever_arrives_first(world_of: Worlds, system: System, documents: list[bytes]) -> None:
    states = []
    for arranged in (documents, documents[::-1], [documents[n] for n in (2, 0, 3, 1)]):
        one = edi_world(world_of, system)
        receive(one, arranged, system)
        states.append(one.state())
        assert one.of("TBK") == {
            f"{ORDER} A EA": 8, f"{ORDER} A $USD": 16, f"{ORDER} C EA": 11, f"{ORDER} C $USD": 11,
        }  # fmt: skip
    assert states[0] == states[1] == states[2]


def test_an_order_that_is_cancelled_and_one_that_is_replaced(world_of: Worlds) -> None:
    whole = System("edi", "edifact", Role.PARTNER, currency="USD", options={"identifiers": ["14:US"]})
    replaced = changed(*wanted("1", "A", "7", "2", "3"), control="2", function="5")
    cancelled = changed(control="3", function="1")
    for arranged in permutations((placed(), replaced, cancelled)):
        one = edi_world(world_of, whole)
        receive(one, arranged, whole)
        assert one.of("TBK") == {}
    one = edi_world(world_of, whole)
    receive(one, (replaced, placed()), whole)
    assert one.of("TBK") == {f"{ORDER} A EA": 7, f"{ORDER} A $USD": 14}


def test_an_invoice_that_was_sent_for_another_amount_is_found(world_of: Worlds) -> None:
    """Nothing is said of it before it is sent; sent again for the right amount, all is well."""
    world = edi_world(world_of, System("edi", "x12", Role.PARTNER, options={"partners": {"THEM": {"takes": ["810"]}}}))
    world.say("Invoiced", "erp", "I1", 1, [line(1, "erp/sales_order/S1", "A", 10, 100)])
    assert "EIV+ erp/invoice/I1" not in world.complete(48)
    said = {"about": "I1", "against": "erp/invoice/I1"}
    world.say("InvoiceSent", "erp", "THEM:I1", 49, [line(1, ORDER, "A", 10, 90)], data=said)
    assert world.complete(72)["EIV+ erp/invoice/I1"] == ({}, {"USD": "10"})
    world.say("InvoiceSent", "erp", "THEM:I1", 73, [line(1, ORDER, "A", 10, 100)], revision=2, data=said)
    assert "EIV+ erp/invoice/I1" not in world.complete(96)
