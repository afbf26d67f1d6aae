"""EDIFACT documents as statements: direction, amounts, quantities, links, acknowledgments, refusals; and that damage never raises."""

import io
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tieout.connectors import Refused, System, edifact
from tieout.core.facts import Fact, Refusal, Statement
from tieout.core.values import Role
from tieout.formats.edifact import Envelope, MessageDraft, Row, write

FIXTURES = Path(str(edifact.__file__)).parent / "fixtures"
RAW = {path.parent.name: path.read_bytes() for path in sorted(FIXTURES.glob("*/input.edi"))}
MADE = datetime(2024, 1, 5, 9, 30)
ISSUED = ("DTM", ("137", "20240105", "102"))


def partner(**options: object) -> System:
    return System("edi", "edifact", Role.PARTNER, timezone="Europe/Berlin", currency="EUR", options={"identifiers": ["14:US"], **options})


def document(*rows: Row, type_: str = "ORDERS", sent: bool = False, control: str = "1", release: str = "96A", **envelope: object) -> bytes:
    sender, receiver = ("US", "THEM") if sent else ("THEM", "US")
    wanted = msgspec.structs.replace(Envelope(sender, receiver, control, "14", "14"), **envelope)
    return write(wanted, [MessageDraft(type_, "1", rows, release=release)], MADE)


def statements(raw: bytes, system: System | None = None) -> list[Statement]:
    system = system or partner()
    found: list[Statement] = []
    for piece in edifact.split(io.BytesIO(raw), "in.edi", system):
        found += [piece.refusal] if isinstance(piece, Refused) else edifact.translate(piece, system)
    return found


def one(raw: bytes, system: System | None = None) -> Fact:
    """The one business fact beside the fact about the interchange."""
    group, fact = statements(raw, system)
    assert isinstance(group, Fact) and group.kind in ("GroupSent", "GroupReceived")
    assert isinstance(fact, Fact), fact
    return fact


def refused(raw: bytes, system: System | None = None) -> Refusal:
    refusal = statements(raw, system)[-1]
    assert isinstance(refusal, Refusal), refusal
    return refusal


def order(*rows: Row, number: str = "PO1", function: str = "9", **how: object) -> bytes:
    return document(("BGM", "220", number, function), ISSUED, *rows, ("UNS", "S"), **how)  # type: ignore[arg-type]


def item(number: str, quantity: str, *rows: Row, name: str = "A", unit: str = "PCE", action: str = "") -> tuple[Row, ...]:
    return (("LIN", number, action, (name, "SA")), ("QTY", ("21", quantity, unit)), *rows)


def price(amount: str, kind: str = "AAA", basis: str = "", unit: str = "") -> Row:
    return ("PRI", (kind, amount, "", "", basis, unit))


def invoice(*rows: Row, total: str, tail: tuple[Row, ...] = (), code: str = "380", **how: object) -> bytes:
    head: tuple[Row, ...] = (("BGM", code, "INV1", "9"), ISSUED, ("RFF", ("ON", "PO1")), ("CUX", ("2", "EUR", "4")))
    return document(*head, *rows, ("UNS", "S"), ("MOA", ("77", total)), *tail, type_="INVOIC", **how)  # type: ignore[arg-type]


def billed(number: str, quantity: str, amount: str, *rows: Row) -> tuple[Row, ...]:
    return (("LIN", number, "", ("A", "SA")), ("QTY", ("47", quantity, "PCE")), ("MOA", ("203", amount)), *rows)


def charge(indicator: str, amount: str, code: str = "", moa: str = "8") -> tuple[Row, ...]:
    return (("ALC", indicator, "", "", "", code), ("MOA", (moa, amount)))


def test_who_sent_it_decides_whether_an_order_is_a_sale_or_a_purchase() -> None:
    received, sent = one(order(*item("1", "2", price("3")))), one(order(*item("1", "2", price("3")), sent=True))
    assert (received.kind, received.ref, received.partner) == ("OrderPlaced", "edi/order/THEM:PO1", "THEM")
    assert (sent.kind, sent.ref, sent.partner) == ("PurchaseOrdered", "erp/purchase_order/PO1", "THEM")
    assert [line.subject for line in received.lines] == [received.ref]


@pytest.mark.parametrize("release", ["96A", "01B"])
@pytest.mark.parametrize("syntax", ["UNOA", "UNOC"])
def test_directories_and_syntaxes_say_the_same(release: str, syntax: str) -> None:
    fact = one(order(*item("1", "10", price("2.50")), release=release, syntax=syntax))
    assert [(line.item, line.quantity, line.unit, line.value) for line in fact.lines] == [("A", 10, "EA", 25)]


def test_the_same_order_in_both_directories_has_one_identity_and_one_content() -> None:
    old, new = (one(order(*item("1", "10", price("2.50")), release=release)) for release in ("96A", "01B"))
    assert msgspec.structs.replace(old, source=None) == msgspec.structs.replace(new, source=None)


@pytest.mark.parametrize(
    ("rows", "unit", "value"),
    [
        ((price("3.75"),), "PCE", "1875"),
        ((price("3.75", basis="100"),), "PCE", "18.75"),
        ((price("3.75", basis="100", unit="PCE"),), "C62", "18.75"),
        ((price("3.75", basis="1", unit="CT"),), "PCE", None),
        ((price("1", basis="3"),), "PCE", None),
        ((price("3.75", kind="AAB"),), "PCE", "1875"),
        ((price("9", kind="AAB"), price("3.75")), "PCE", "1875"),
        ((price("3.75"), ("MOA", ("203", "1870.10"))), "PCE", "1870.1"),
        ((price("3.75", basis="0"),), "PCE", None),
        ((), "PCE", None),
    ],
)
def test_value_is_the_stated_amount_else_price_times_quantity_by_its_basis(rows: tuple[Row, ...], unit: str, value: str | None) -> None:
    fact = one(order(*item("1", "500", *rows, unit=unit)))
    assert [line.value for line in fact.lines] == [None if value is None else Decimal(value)]


def test_an_allowance_of_a_line_counts_beside_a_gross_price_only() -> None:
    gross, net = (one(order(*item("1", "10", price("4", kind=kind), *charge("A", "1", "DI")))) for kind in ("AAB", "AAA"))
    assert [(line.charge, line.value) for line in gross.lines] == [("", 40), ("discount", -1)]
    assert [(line.charge, line.value) for line in net.lines] == [("", 40)]


def test_items_are_named_by_the_preferred_number() -> None:
    rows: tuple[Row, ...] = (
        ("LIN", "1", "", ("4012345111118", "EN")),
        ("PIA", "1", ("OURS", "BP"), ("THEIRS", "SA")),
        ("QTY", ("21", "1")),
    )
    assert one(order(*rows)).lines[0].item == "THEIRS"
    assert one(order(*rows), partner(item_qualifiers=["EN"])).lines[0].item == "4012345111118"


def test_units_are_named_as_other_systems_name_them() -> None:
    rows = item("1", "1", unit="XKT")
    assert one(order(*rows)).lines[0].unit == "XKT"
    assert one(order(*rows), partner(units={"XKT": "KIT"})).lines[0].unit == "KIT"


def test_due_is_the_requested_despatch_before_the_requested_delivery() -> None:
    head: tuple[Row, ...] = (("DTM", ("2", "20240115", "102")), ("DTM", ("10", "20240112", "102")))
    fact = one(order(*head, *item("1", "1"), *item("2", "1", ("DTM", ("63", "202407111200", "203")))))
    assert fact.due == datetime(2024, 1, 12, 23, tzinfo=UTC)
    assert [line.due for line in fact.lines] == [None, datetime(2024, 7, 11, 10, tzinfo=UTC)]
    assert (fact.happened, fact.day) == (datetime(2024, 1, 4, 23, tzinfo=UTC), True)


@pytest.mark.parametrize("function", ["9", "5", "7", "31"])
def test_an_order_that_is_repeated_or_replaced_keeps_its_identity(function: str) -> None:
    first, again = one(order(*item("1", "2"))), one(order(*item("1", "2"), function=function, control="2"))
    assert (again.identity, again.lines, again.revision > first.revision, again.void) == (first.identity, first.lines, True, False)


def test_an_order_with_the_function_cancellation_is_void() -> None:
    assert one(order(*item("1", "2"), function="1")).void


@pytest.mark.parametrize("function", ["16", "46", "13"])
def test_a_proposal_is_no_order(function: str) -> None:
    assert refused(order(*item("1", "2"), function=function)).rule == "edifact/function"


def changed(*rows: Row, function: str = "4", control: str = "2") -> bytes:
    head: tuple[Row, ...] = (("BGM", "230", "C1", function), ISSUED, ("RFF", ("ON", "PO1")))
    return document(*head, *rows, ("UNS", "S"), type_="ORDCHG", control=control)


def test_changes_cancel_and_replace_the_order_they_name() -> None:
    placed = one(order(*item("1", "10"), *item("2", "5")))
    replaced = one(changed(*item("1", "8", action="3"), *item("2", "0", action="2"), function="5"))
    cancelled = one(changed(function="1"))
    assert placed.identity == replaced.identity == cancelled.identity
    assert ([line.quantity for line in replaced.lines], cancelled.void) == ([8], True)
    refusal = refused(changed(*item("1", "8", action="3")))
    assert (refusal.rule, 'order_changes = "by line"' in refusal.next_step) == ("edifact/line-change", True)


def test_an_original_that_is_sent_again_does_not_undo_a_change_but_a_replacement_does() -> None:
    amended = one(changed(*item("1", "8"), function="5", control="2"))
    again = one(order(*item("1", "10"), control="3"))
    replaced = one(order(*item("1", "9"), function="5", control="4"))
    assert again.revision < amended.revision < replaced.revision
    assert again.identity == amended.identity == replaced.identity


def test_lines_are_changed_added_and_deleted_whatever_arrives_first() -> None:
    system = partner(order_changes="by line")
    documents = [
        order(*item("1", "10"), *item("2", "5")),
        changed(*item("1", "8", action="3"), ("LIN", "2", "2"), *item("3", "12", action="1"), *item("4", "1", action="4")),
        changed(*item("3", "11", action="3"), control="3"),
    ]
    for arranged in (documents, documents[::-1]):
        winners: dict[str, Fact] = {}
        for fact in (each for raw in arranged for each in statements(raw, system)):
            assert isinstance(fact, Fact), fact
            if fact.type == "order" and (fact.identity not in winners or winners[fact.identity].revision < fact.revision):
                winners[fact.identity] = fact
        assert {line.line: line.quantity for fact in winners.values() if not fact.void for line in fact.lines} == {"1": 8, "3": 11}


def answered(*rows: Row, function: str = "30", **how: object) -> bytes:
    head: tuple[Row, ...] = (("BGM", "231", "AB1", function), ISSUED, ("RFF", ("ON", "PO1")))
    return document(*head, *rows, ("UNS", "S"), type_="ORDRSP", **how)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("action", "quantities", "accepted"),
    [
        ("5", [("21", "40")], 40),
        ("6", [("21", "40"), ("113", "30")], 30),
        ("3", [("21", "40"), ("113", "30"), ("83", "10")], 30),
        ("7", [("21", "40")], 0),
        ("2", [("21", "40"), ("113", "40")], 0),
    ],
)
def test_a_vendor_accepts_what_it_will_deliver(action: str, quantities: list[tuple[str, str]], accepted: int) -> None:
    fact = one(answered(("LIN", "1", action, ("A", "SA")), *(("QTY", (kind, many, "PCE")) for kind, many in quantities)))
    assert (fact.kind, [line.quantity for line in fact.lines]) == ("PurchaseAcknowledged", [accepted])
    assert [line.subject for line in fact.lines] == ["erp/purchase_order/PO1"]


def test_a_response_that_refuses_the_order_accepts_nothing() -> None:
    fact = one(answered(("LIN", "1", "", ("A", "SA")), ("QTY", ("21", "40")), function="27"))
    assert [line.quantity for line in fact.lines] == [0]


def test_our_response_books_the_order_with_what_is_on_backorder() -> None:
    rows: tuple[Row, ...] = (("LIN", "1", "6", ("A", "SA")), ("QTY", ("113", "8")), ("QTY", ("83", "2")), price("2.50"))
    fact = one(answered(*rows, sent=True))
    assert (fact.kind, fact.ref, fact.links) == (
        "OrderBooked", "erp/sales_order/AB1", (("erp/sales_order/AB1", "edi/order/THEM:PO1"),)
    )  # fmt: skip
    assert [(line.quantity, line.value) for line in fact.lines] == [(10, 25)]


def test_a_notice_about_several_orders_says_at_each_line_which() -> None:
    rows: tuple[Row, ...] = (
        ("BGM", "351", "LS1", "9"),
        ISSUED,
        ("CPS", "1"),
        ("GIN", "BJ", "354123450000000018"),
        ("LIN", "1", "", ("A", "SA")),
        ("QTY", ("12", "30")),
        ("RFF", ("ON", "PO1", "10")),
        ("CPS", "2", "1"),
        ("GIN", "BJ", "354123450000000025"),
        ("LIN", "2", "", ("B", "SA")),
        ("QTY", ("12", "5")),
        ("RFF", ("ON", "PO2")),
        ("CNT", ("2", "2")),
    )
    fact = one(document(*rows, type_="DESADV"))
    assert [(line.subject, line.order_line, line.quantity) for line in fact.lines] == [
        ("erp/purchase_order/PO1", "10", 30), ("erp/purchase_order/PO2", "2", 5),
    ]  # fmt: skip
    assert fact.parcels == ("354123450000000018", "354123450000000025")
    sent = one(document(*rows, type_="DESADV", sent=True))
    assert (sent.kind, sent.lines[0].subject) == ("Shipped", "edi/order/THEM:PO1")
    miscounted = (*rows[:-1], ("CNT", ("2", "3")))
    assert refused(document(*miscounted, type_="DESADV")).rule == "edifact/line-count"


VAT: tuple[Row, ...] = (("TAX", "7", "VAT", "", "", ("", "", "", "19")), ("MOA", ("124", "7.60")))


@pytest.mark.parametrize(
    ("raw", "data", "charges"),
    [
        (invoice(*billed("1", "10", "40"), total="40"), {"foots": "yes"}, []),
        (invoice(*billed("1", "10", "40"), total="47.60", tail=VAT), {"foots": "yes"}, ["STAX1"]),
        (invoice(*charge("C", "5", "FC"), *billed("1", "10", "40"), total="52.60", tail=VAT), {"foots": "yes"}, ["ALC1", "STAX1"]),
        (
            invoice(*charge("C", "5", "FC"), *billed("1", "10", "40"), total="45", tail=charge("C", "5", "FC")),
            {"foots": "yes", "repeated": "summary SALC"},
            ["ALC1"],
        ),
        (invoice(*billed("1", "10", "40", *VAT), total="47.60", tail=VAT), {"foots": "yes", "repeated": "summary STAX"}, ["1/TAX1"]),
        (invoice(*billed("1", "10", "40"), total="47.60", tail=(("MOA", ("124", "7.60")),)), {"foots": "yes"}, ["STAXES1"]),
        (invoice(*billed("1", "10", "40"), total="41"), {"foots": "no", "difference": "1"}, []),
    ],
)
def test_an_invoice_foots_with_its_lines_charges_and_taxes_or_says_by_how_much_not(
    raw: bytes, data: dict[str, str], charges: list[str]
) -> None:
    fact = one(raw)
    assert (fact.kind, fact.data) == ("VendorInvoiced", data)
    assert sorted(line.line for line in fact.lines if line.charge) == sorted(charges)


def test_an_invoice_about_several_orders_without_saying_which_line_belongs_where_stands_for_itself() -> None:
    fact = one(invoice(("RFF", ("ON", "PO2")), *billed("1", "10", "40"), total="40"))
    assert [line.subject for line in fact.lines] == ["edi/vendor_invoice/INV1"]


def test_a_credit_note_names_the_invoice_it_is_about() -> None:
    fact = one(invoice(("RFF", ("IV", "INV0")), *billed("1", "1", "4"), total="4", code="381"))
    assert (fact.kind, fact.type, fact.data["against"]) == ("VendorCredited", "vendor_credit", "edi/vendor_invoice/INV0")


def test_amounts_of_another_currency_are_refused() -> None:
    rows: tuple[Row, ...] = (("LIN", "1", "", ("A", "SA")), ("QTY", ("47", "1")), ("MOA", ("203", "4", "USD")))
    assert refused(invoice(*rows, total="4")).rule == "edifact/currency"


@pytest.mark.parametrize(
    ("row", "due"),
    [
        (("DTM", ("13", "20240209", "102")), datetime(2024, 2, 9, 23, tzinfo=UTC)),
        (("PAT", "1", "", ("5", "3", "D", "30")), datetime(2024, 2, 4, 23, tzinfo=UTC)),
        (("PAT", "1"), None),
    ],
)
def test_an_invoice_is_due_as_its_terms_say(row: Row, due: datetime | None) -> None:
    assert one(invoice(row, *billed("1", "1", "4"), total="4")).due == due


def remitted(*documents: tuple[str, str, str], total: str, **how: object) -> bytes:
    rows = [row for code, number, amount in documents for row in (("DOC", code, number), ("MOA", ("12", amount)))]
    head: tuple[Row, ...] = (("BGM", "481", "RA1", "9"), ISSUED, ("CUX", ("2", "EUR", "11")))
    return document(*head, *rows, ("UNS", "S"), ("MOA", ("12", total)), type_="REMADV", **how)  # type: ignore[arg-type]


@pytest.mark.parametrize("credit", ["20", "-20"])
def test_a_credit_note_lowers_what_was_paid_however_its_sign_is_written(credit: str) -> None:
    fact = one(remitted(("380", "I1", "100"), ("381", "C1", credit), total="80"))
    assert (fact.kind, [line.value for line in fact.lines], fact.data["foots"]) == ("CashReceived", [100, -20], "yes")


def test_a_remittance_that_does_not_foot_says_by_how_much() -> None:
    fact = one(remitted(("380", "I1", "100"), total="95"))
    assert (fact.total, fact.data["foots"], fact.data["difference"]) == (95, "no", "-5")


def test_a_remittance_is_only_the_advice_where_the_bank_states_the_money() -> None:
    fact = one(remitted(("380", "I1", "100"), total="100"), partner(remittances="advice"))
    assert (fact.kind, fact.ref, fact.total) == ("RemittanceAdvised", "edi/remittance/THEM:RA1", 100)


TAKES = partner(partners={"THEM": {"takes": ["ORDRSP", "DESADV", "INVOIC"]}})


def test_an_order_keeps_what_its_customer_asks_for_and_where_the_goods_go() -> None:
    party: Row = ("NAD", "DP", ("8712", "", "9"), "", "SHOP 7", ("HIGH STREET 1", "YARD"), "LEEDS", "", "LS1", "GB")
    fact = one(order(party, *item("1", "2")), TAKES)
    assert fact.data == {
        "takes": "acknowledgment invoice ship_notice", "ship_to": "SHOP 7", "ship_to_id": "8712",
        "ship_to_street": "HIGH STREET 1\nYARD", "ship_to_city": "LEEDS", "ship_to_zip": "LS1", "ship_to_country": "GB",
    }  # fmt: skip
    assert one(order(*item("1", "2"))).data == {}


def test_what_a_customer_takes_is_our_word_to_him_and_else_our_own_document() -> None:
    notice: tuple[Row, ...] = (("BGM", "351", "D1", "9"), ISSUED, ("RFF", ("ON", "PO1")), ("LIN", "1", "", ("A", "SA")), ("QTY", ("12", "8")))
    sent = {
        "OrderAcknowledged": answered(*item("1", "8", action="5"), sent=True),
        "ShipmentAnnounced": document(*notice, type_="DESADV", sent=True),
        "InvoiceSent": invoice(*billed("1", "8", "16"), total="16", sent=True),
    }
    told = {kind: one(raw, TAKES) for kind, raw in sent.items()}
    assert [fact.kind for fact in told.values()] == list(sent)
    assert {fact.system for fact in told.values()} == {"edi"}
    assert [fact.data["about"] for fact in told.values()] == ["AB1", "D1", "INV1"]
    assert told["OrderAcknowledged"].lines[0].subject == "edi/order/THEM:PO1"
    assert [one(raw).kind for raw in sent.values()] == ["OrderBooked", "Shipped", "Invoiced"]
    received = document(*notice, type_="DESADV")
    assert one(received, partner(partners={"THEM": {"drop_ships": True}})).kind == "DropShipped"


def contrl(*rows: Row, **how: object) -> list[Statement]:
    return statements(document(*rows, type_="CONTRL", release="3", **how))  # type: ignore[arg-type]


def test_an_interchange_is_acknowledged_by_its_control_reference() -> None:
    ours, _ = statements(order(*item("1", "1"), sent=True, control="77"))
    (answer,) = contrl(("UCI", "77", ("US", "14"), ("THEM", "14"), "7"))
    assert isinstance(ours, Fact) and isinstance(answer, Fact)
    assert (ours.kind, answer.kind) == ("GroupSent", "GroupAcknowledged")
    assert ours.lines == answer.lines
    assert ours.identity != answer.identity


@pytest.mark.parametrize(
    ("rows", "status"),
    [
        ((("UCI", "77", "US", "THEM", "4", "28"),), "R"),
        ((("UCI", "77", "US", "THEM", "8"),), "received"),
        ((("UCI", "77", "US", "THEM", "7"), ("UCM", "1", ("ORDERS", "D", "96A", "UN"), "4", "12")), "P"),
    ],
)
def test_only_a_clean_acknowledgment_clears_the_interchange(rows: tuple[Row, ...], status: str) -> None:
    (answer,) = contrl(*rows)
    assert isinstance(answer, Fact)
    assert (answer.data["status"], answer.lines[0].quantity) == (status, None)
    (own,) = contrl(*rows, sent=True)
    assert isinstance(own, Fact)
    assert (own.kind, own.lines[0].quantity) == ("GroupAnswered", 1)


def test_where_no_contrl_is_exchanged_none_is_awaited() -> None:
    for names in (["THEM"], ["*"]):
        group, _ = statements(order(*item("1", "1")), partner(without_contrl=names))
        assert isinstance(group, Fact)
        assert (group.data["sets"], group.lines[0].quantity) == ("1", None)


def test_a_test_interchange_counts_nothing_unless_it_is_asked_for() -> None:
    raw = order(*item("1", "1"), is_test=True)
    (refusal,) = statements(raw)
    assert isinstance(refusal, Refusal)
    assert refusal.rule == "edifact/test"
    assert one(raw, partner(accept_test=True)).kind == "OrderPlaced"


def test_an_interchange_between_others_is_refused_whole() -> None:
    (refusal,) = statements(order(*item("1", "1")), partner(identifiers=["14:SOMEBODY"]))
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "The interchange is from 14:THEM to 14:US; neither is ours (14:SOMEBODY)."


def test_the_same_interchange_again_gives_the_same_facts_and_a_later_one_a_later_revision() -> None:
    first, again, later = (one(order(*item("1", "1"), control=control)) for control in ("102", "102", "A103"))
    assert first == again
    assert first.revision.endswith(".000000000102")
    assert later.revision.endswith(".000000000103")


def test_refusals_name_message_segment_and_element() -> None:
    refusal = refused(order(("LIN", "1", "", ("A", "SA")), ("QTY", ("21", "one"))))
    assert refusal.source.place == "message ORDERS 1, segment 5 (QTY), element 1"
    assert refusal.reason == "QTY, element 1: 'one' is not a number (digits with one decimal mark and a leading minus)."


def test_what_stands_in_the_middle_of_a_file_is_found_by_its_byte() -> None:
    raw = RAW["orders-received"] + b"\r\n" + RAW["bad-count"]
    for statement in statements(raw, partner(identifiers=[])):
        assert statement.source is not None and statement.source.byte is not None
        assert raw[statement.source.byte : statement.source.byte + 3] in (b"UNB", b"UNH", b"BGM", b"UNZ")


@pytest.mark.parametrize("options", [{}, {"order_changes": "by line"}])
def test_large_messages_cost_time_in_proportion_to_their_size(options: dict[str, object]) -> None:
    lines = [row for n in range(1, 4001) for row in item(str(n), "1", ("MOA", ("203", "1.00", "EUR")), action="3")]
    bills = [row for n in range(1, 4001) for row in billed(str(n), "1", "1.00", ("RFF", ("ON", f"PO{n}")))]
    began = time.process_time()
    for raw in (order(*lines), changed(*lines), answered(*lines), invoice(*bills, total="4000")):
        assert len(statements(raw, partner(**options))) >= 2
    assert time.process_time() - began < 8


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(RAW)), st.integers(0, 900), st.binary(max_size=20), st.integers(0, 60))
def test_damage_never_raises(name: str, at: int, noise: bytes, lost: int) -> None:
    raw = RAW[name]
    for statement in statements(raw[:at] + noise + raw[at + lost :], partner(identifiers=[], order_changes="by line")):
        if isinstance(statement, Refusal):
            assert statement.reason and statement.next_step
        else:
            msgspec.json.encode(statement)
