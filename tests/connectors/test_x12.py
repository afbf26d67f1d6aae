"""X12 documents as statements: direction, amounts, quantities, links, refusals; and that damage never raises."""

import io
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tieout.connectors import DOCUMENT_MAX, Document, Refused, System, x12
from tieout.core.facts import Fact, Refusal, Statement
from tieout.core.values import Role
from tieout.formats.x12 import describe

FIXTURES = Path(str(x12.__file__)).parent / "fixtures"
RAW = {path.parent.name: path.read_bytes() for path in sorted(FIXTURES.glob("*/input.edi"))}


def partner(**options: object) -> System:
    return System("edi", "x12", Role.PARTNER, timezone="America/Chicago", options={"identifiers": ["ZZ:US"], **options})


def isa(sender: str, receiver: str, control: int, day: str = "240105") -> str:
    head = f"ISA*00*          *00*          *ZZ*{sender:<15}*ZZ*{receiver:<15}"
    return f"{head}*{day}*0930*U*00401*{control:09d}*0*P*>"


def document(*body: str, code: str, sent: bool = False, control: int = 1, day: str = "240105") -> bytes:
    sender, receiver = ("US", "THEM") if sent else ("THEM", "US")
    segments = [
        isa(sender, receiver, control, day),
        f"GS*XX*{sender}*{receiver}*20240105*0930*7*X*004010",
        f"ST*{code}*0001",
        *body,
        f"SE*{len(body) + 2}*0001",
        "GE*1*7",
        f"IEA*1*{control:09d}",
    ]
    return "".join(f"{segment}~" for segment in segments).encode()


def statements(raw: bytes, system: System | None = None) -> list[Statement]:
    system = system or partner()
    found: list[Statement] = []
    for piece in x12.split(io.BytesIO(raw), "in.edi", system):
        found += [piece.refusal] if isinstance(piece, Refused) else x12.translate(piece, system)
    return found


def one(raw: bytes, system: System | None = None) -> Fact:
    """The one business fact beside the fact about the group."""
    group, fact = statements(raw, system)
    assert isinstance(group, Fact) and group.kind in ("GroupSent", "GroupReceived")
    assert isinstance(fact, Fact), fact
    return fact


def refused(raw: bytes, system: System | None = None) -> Refusal:
    refusal = statements(raw, system)[-1]
    assert isinstance(refusal, Refusal), refusal
    return refusal


def order(*lines: str, number: str = "PO1", purpose: str = "00", **how: object) -> bytes:
    return document(f"BEG*{purpose}*SA*{number}**20240105", *lines, code="850", **how)  # type: ignore[arg-type]


def values(fact: Fact) -> list[Decimal | None]:
    return [line.value for line in fact.lines]


def test_who_sent_it_decides_whether_a_purchase_order_is_a_sale_or_a_purchase() -> None:
    received, sent = one(order("PO1*1*2*EA*3")), one(order("PO1*1*2*EA*3", sent=True))
    assert (received.kind, received.ref, received.partner) == ("OrderPlaced", "edi/order/THEM:PO1", "THEM")
    assert (sent.kind, sent.ref, sent.partner) == ("PurchaseOrdered", "erp/purchase_order/PO1", "THEM")
    assert [line.subject for line in received.lines] == [received.ref]


def test_without_identifiers_everything_counts_as_received() -> None:
    system = msgspec.structs.replace(partner(), options={})
    assert one(order("PO1*1*2*EA*3", sent=True), system).ref == "edi/order/US:PO1"


def test_an_interchange_between_others_is_refused_whole() -> None:
    raw = order("PO1*1*2*EA*3").replace(f"{'US':<15}".encode(), f"{'ELSE':<15}".encode(), 1)
    (refusal,) = statements(raw)
    assert isinstance(refusal, Refusal)
    assert refusal.rule == "x12/not-ours"
    assert refusal.reason == "The interchange is from ZZ:THEM to ZZ:ELSE; neither is ours (ZZ:US)."


def test_a_test_interchange_counts_nothing_unless_it_is_asked_for() -> None:
    raw = order("PO1*1*2*EA*3").replace(b"*0*P*>", b"*0*T*>", 1)
    (refusal,) = statements(raw)
    assert isinstance(refusal, Refusal)
    assert (refusal.rule, refusal.source.place) == ("x12/test", "segment 1 (ISA), element 15")
    assert one(raw, partner(accept_test=True)).kind == "OrderPlaced"


def test_two_customers_with_one_order_number_are_two_orders() -> None:
    other = order("PO1*1*2*EA*3").replace(f"{'THEM':<15}".encode(), f"{'OTHER':<15}".encode(), 1)
    assert {one(order("PO1*1*2*EA*3")).ref, one(other).ref} == {"edi/order/THEM:PO1", "edi/order/OTHER:PO1"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("PO1*1*500*EA*3.75*PE", "1875"),
        ("PO1*1*500*EA*3.75", "1875"),
        ("PO1*1*500*EA*3.75*HP", "18.75"),
        ("PO1*1*500*EA*3.75*TP", "1.875"),
        ("PO1*1*500*EA*3.75*TT", "0.1875"),
        ("PO1*1*500*EA*3.75*HT", "0.01875"),
        ("PO1*1*24*EA*3*PD", "6"),
        ("PO1*1*2*DZ*3*PD", "6"),
        ("PO1*1*2*LB*3*PP", "6"),
        ("PO1*1*0.5*EA*0.333333333", "0.1666666665"),
    ],
)
def test_value_is_price_times_quantity_by_the_basis_of_the_price(line: str, expected: str) -> None:
    if len(expected) > 11:
        assert refused(order(line)).rule == "x12/amount"
    else:
        assert values(one(order(line))) == [Decimal(expected)]


@pytest.mark.parametrize("line", ["PO1*1*5*EA", "PO1*1*5*EA*2*PP", "PO1*1*5*EA*1*PD", "PO1*1*5*CA*2*PF"])
def test_a_value_that_cannot_be_known_is_none_not_zero(line: str) -> None:
    assert values(one(order(line))) == [None]


def test_items_are_named_by_the_preferred_qualifier() -> None:
    line = "PO1*1*1*EA*1**UP*012345678905*BP*OURS*VN*THEIRS"
    assert one(order(line)).lines[0].item == "THEIRS"
    assert one(order(line), partner(item_qualifiers=["BP", "VN"])).lines[0].item == "OURS"
    assert one(order("PO1*1*1*EA*1**ZZ*odd  part")).lines[0].item == "ODD PART"


def test_lines_without_number_take_their_position_and_repeated_numbers_stay_apart() -> None:
    fact = one(order("PO1**1*EA", "PO1*7*1*EA", "PO1*7*1*EA"))
    assert [line.line for line in fact.lines] == ["1", "7", "7#3"]


def test_due_is_the_end_of_the_local_day_of_the_requested_shipment() -> None:
    fact = one(order("DTM*002*20240115", "DTM*010*20240112", "PO1*1*1*EA", "PO1*2*1*EA", "DTM*010*20240711"))
    assert fact.due == datetime(2024, 1, 13, 6, tzinfo=UTC)
    assert [line.due for line in fact.lines] == [None, datetime(2024, 7, 12, 5, tzinfo=UTC)]
    assert (fact.happened, fact.day) == (datetime(2024, 1, 5, 6, tzinfo=UTC), True)


def test_allowances_and_charges_are_lines_with_implied_decimals() -> None:
    fact = one(order("PO1*1*1*EA*10", "SAC*A*C310***250", "CTT*1", "SAC*C*D240***1000", "SAC*N*D500***999"))
    assert [(line.line, line.charge, line.value) for line in fact.lines] == [
        ("1", "", Decimal(10)),
        ("1/SAC1", "discount", Decimal("-2.5")),
        ("SAC1", "freight", Decimal(10)),
    ]


def test_an_order_cancelled_whole_is_void() -> None:
    assert one(order("PO1*1*1*EA", purpose="01")).void
    assert not one(order("PO1*1*1*EA", purpose="05")).void


def test_a_later_interchange_is_a_later_revision_of_the_same_order() -> None:
    first, second, third = (
        one(order("PO1*1*1*EA", control=control, day=day)) for control, day in ((9, "240105"), (10, "240105"), (1, "240106"))
    )
    assert first.identity == second.identity == third.identity
    assert first.revision < second.revision < third.revision


@pytest.mark.parametrize(
    ("raw", "rule", "place", "reason"),
    [
        (order("PO1*1*one*EA"), "x12/element", "segment 3 (PO1), element 2", "PO102: 'one' is not a number"),
        (order("PO1*1**EA"), "x12/element-missing", "segment 3 (PO1), element 2", "PO102, the quantity ordered, is missing"),
        (order("PO1*1*1*EA*1e5"), "x12/element", "segment 3 (PO1), element 4", "PO104: '1e5' is not a number"),
        (order("PO1*1*1*EA", number=""), "x12/element-missing", "segment 2 (BEG), element 3", "BEG03"),
        (order("PO1*1*1*EA", "CTT*2"), "x12/line-count", "segment 4 (CTT), element 1", "CTT01 says '2' lines, 1 arrived"),
        (order("DTM*010*20240231", "PO1*1*1*EA"), "x12/element", "segment 3 (DTM), element 2", "not a day"),
        (order("CUR*BY*US1", "PO1*1*1*EA"), "x12/currency", "segment 3 (CUR), element 2", "'US1'"),
        (order("PO1*1*1*EA", number="9" * 200), "x12/value", "", "1 to 120 characters"),
        (document("REF*1*2", code="850"), "x12/segment-missing", "", "Segment BEG is missing"),
    ],
)
def test_what_cannot_be_read_is_refused_at_its_segment_and_element(raw: bytes, rule: str, place: str, reason: str) -> None:
    refusal = refused(raw)
    assert refusal.rule == rule
    assert refusal.source.place == ("set 850/0001, " + place if place else "set 850/0001")
    assert reason in refusal.reason
    if place:
        name = place.split("(")[1].split(")")[0].encode()
        assert refusal.source.byte is not None and raw[refusal.source.byte :].startswith(name)


def test_sources_count_bytes_from_the_start_of_the_stream() -> None:
    raw = b"\r\n" + order("PO1*1*1*EA") + b"\n" + order("PO1*1*x*EA", control=2)
    found = statements(raw)
    facts = [each for each in found if isinstance(each, Fact)]
    assert facts[1].source is not None and raw[facts[1].source.byte or 0 :].startswith(b"BEG*")
    refusal = found[-1]
    assert isinstance(refusal, Refusal) and raw[refusal.source.byte or 0 :].startswith(b"PO1*1*x")


def test_a_set_without_mapping_is_refused_as_valid_but_unread() -> None:
    refusal = refused(document("BSI*1*2*20240105", code="869"))
    assert refusal.rule == "x12/unsupported-set"
    assert refusal.reason == "869 (received) is valid X12 but no mapping reads it yet."


def test_one_broken_set_does_not_spoil_its_siblings() -> None:
    found = statements(RAW["bad-one-set-among-siblings"], partner(identifiers=["ZZ:TIEOUT"]))
    shown = [each.number if isinstance(each, Fact) else each.rule for each in found]
    assert shown == [
        "BIGBUYER:30", "BIGBUYER:GOOD-1", "x12/se-count", "x12/element", "x12/unsupported-set", "BIGBUYER:GOOD-2",
    ]  # fmt: skip


def test_a_control_number_that_differs_in_the_trailer_refuses_the_whole_interchange() -> None:
    assert [each.rule for each in statements(order("PO1*1*1*EA").replace(b"IEA*1*000000001", b"IEA*1*000000002"))
            if isinstance(each, Refusal)] == ["x12/iea-control"]  # fmt: skip
    assert len(statements(order("PO1*1*1*EA").replace(b"IEA*1*000000001", b"IEA*1*000000002"))) == 1


@pytest.mark.parametrize(
    ("answers", "accepted"),
    [
        (["ACK*IA*10*EA"], "10"),
        (["ACK*BP*6*EA", "ACK*IB*4*EA"], "6"),
        (["ACK*IA*6*EA", "ACK*IR*4*EA"], "6"),
        (["ACK*IQ*2.5*EA", "ACK*DR*2.5*EA"], "5"),
        (["ACK*IH*10*EA"], "0"),
        (["ACK*R3*10*EA"], "0"),
        (["ACK*IF*10*EA"], "0"),
    ],
)
def test_only_accepting_codes_count_as_acknowledged(answers: list[str], accepted: str) -> None:
    raw = document("BAK*00*AC*PO1*20240106", "PO1*1*10*EA*2**VP*V1", *answers, code="855")
    (line,) = one(raw).lines
    assert (line.quantity, line.subject) == (Decimal(accepted), "erp/purchase_order/PO1")


def test_acknowledged_without_change_accepts_all_and_rejected_accepts_nothing() -> None:
    for code, accepted in (("AD", 10), ("AT", 10), ("RJ", 0), ("AC", 0)):
        raw = document(f"BAK*00*{code}*PO1*20240106", "PO1*1*10*EA", code="855")
        assert [line.quantity for line in one(raw).lines] == [accepted]


def test_acknowledged_quantities_that_do_not_sum_to_the_ordered_are_told() -> None:
    raw = document("BAK*00*AC*PO1*20240106", "PO1*1*10*EA", "ACK*IA*6*EA", "ACK*IB*3*EA", code="855")
    assert one(raw).data == {"acknowledgment": "AC", "line 1": "IB 3", "line 1 differs": "-1"}


def test_an_unknown_acknowledgment_code_is_refused() -> None:
    raw = document("BAK*00*AC*PO1*20240106", "PO1*1*10*EA", "ACK*XX*6*EA", code="855")
    assert refused(raw).source.place == "set 855/0001, segment 4 (ACK), element 1"


def test_our_acknowledgment_books_the_order_keeps_backorders_and_links_both_numbers() -> None:
    lines = ("PO1*1*10*EA*2", "ACK*BP*6*EA", "ACK*IB*4*EA")
    fact = one(document("BAK*00*AC*PO1*20240106****SO9", *lines, code="855", sent=True))
    assert (fact.kind, fact.ref) == ("OrderBooked", "erp/sales_order/SO9")
    assert fact.links == (("erp/sales_order/SO9", "edi/order/THEM:PO1"),)
    assert [(line.quantity, line.value) for line in fact.lines] == [(Decimal(10), Decimal(20))]


NOTICE = (
    "BSN*00*ASN1*20240109*1405*0001", "HL*1**S", "REF*CN*TRACK1", "HL*2*1*O", "PRF*PO1", "HL*3*2*P", "MAN*GM*00012",
    "HL*4*3*I", "LIN*1*VP*V9", "SN1*1*60*EA", "HL*5*1*O", "PRF*PO2", "HL*6*5*I", "LIN*1*VP*V3", "SN1**7*CS",
)  # fmt: skip


def test_one_ship_notice_may_be_about_many_orders() -> None:
    for count in ("2", "6"):
        fact = one(document(*NOTICE, f"CTT*{count}", code="856"))
        assert fact.kind == "GoodsAnnounced"
        assert fact.parcels == ("TRACK1", "00012")
        assert [(line.subject, line.item, line.quantity, line.unit) for line in fact.lines] == [
            ("erp/purchase_order/PO1", "V9", Decimal(60), "EA"),
            ("erp/purchase_order/PO2", "V3", Decimal(7), "CS"),
        ]
    assert refused(document(*NOTICE, "CTT*3", code="856")).rule == "x12/line-count"


def test_our_ship_notice_ships_the_customers_order() -> None:
    fact = one(document(*NOTICE, code="856", sent=True))
    assert (fact.kind, fact.ref) == ("Shipped", "erp/shipment/ASN1")
    assert [line.subject for line in fact.lines] == ["edi/order/THEM:PO1", "edi/order/THEM:PO2"]
    assert fact.happened == datetime(2024, 1, 9, 20, 5, tzinfo=UTC)


def test_an_item_without_order_is_refused() -> None:
    body = [segment for segment in NOTICE if not segment.startswith("PRF")]
    assert refused(document(*body, code="856")).rule == "x12/order-missing"


def invoice(*body: str, total: str, head: str = "BIG*20240110*INV1*20240105*PO1", sent: bool = False) -> bytes:
    lines = [each for each in body if each.startswith(("IT1", "line "))]
    summary = [each for each in body if each not in lines]
    lines = [each.removeprefix("line ") for each in lines]
    return document(head, *lines, f"TDS*{total}", *summary, code="810", sent=sent)


def test_the_total_of_an_invoice_has_implied_decimals_and_its_price_has_not() -> None:
    fact = one(invoice("IT1*1*60*EA*1.10*PE*VP*V9", total="6600"))
    assert (fact.kind, fact.ref) == ("VendorInvoiced", "edi/vendor_invoice/INV1")
    assert (fact.total, values(fact), fact.data) == (Decimal(66), [Decimal(66)], {"foots": "yes"})


def test_an_invoice_that_does_not_foot_is_a_fact_with_its_difference() -> None:
    fact = one(invoice("IT1*1*60*EA*1.10", "SAC*C*D240***500", total="7050"))
    assert fact.data == {"foots": "no", "difference": "-0.5"}
    assert values(fact) == [Decimal(66), Decimal(5)]


def test_an_invoice_may_round_once_or_line_by_line() -> None:
    lines = ("IT1*1*1*EA*1.005", "IT1*2*1*EA*1.005")
    assert one(invoice(*lines, total="201")).data == {"foots": "yes"}
    assert one(invoice(*lines, total="202")).data == {"foots": "yes"}
    assert one(invoice(*lines, total="203")).data == {"foots": "no", "difference": "0.02"}


def test_charges_that_the_summary_repeats_count_once() -> None:
    fact = one(invoice("IT1*1*1*EA*10", "line SAC*C*D240***300", "SAC*C*D240***300", "TXI*ST*1", total="1400"))
    assert fact.data == {"foots": "yes", "repeated": "summary SAC"}
    assert [(line.charge, line.value) for line in fact.lines] == [
        ("", Decimal(10)), ("freight", Decimal(3)), ("tax", Decimal(1)),
    ]  # fmt: skip


def test_our_invoice_is_about_the_customers_order_and_due_by_its_terms() -> None:
    fact = one(invoice("IT1*1*2*EA*5", total="1000", sent=True))
    assert (fact.kind, fact.ref, fact.lines[0].subject) == ("Invoiced", "erp/invoice/INV1", "edi/order/THEM:PO1")
    terms = document("BIG*20240110*INV1", "ITD*01*3*****30", "IT1*1*1*EA*1", "TDS*100", code="810")
    assert one(terms).due == datetime(2024, 2, 10, 6, tzinfo=UTC)


def test_a_credit_memo_names_the_invoice_it_is_about() -> None:
    body = ("BIG*20240110*CM1*20240105*PO1***CR", "REF*OI*INV1", "IT1*1*2*EA*5", "TDS*1000")
    received, sent = one(document(*body, code="810")), one(document(*body, code="810", sent=True))
    assert (received.kind, received.data["against"]) == ("VendorCredited", "edi/vendor_invoice/INV1")
    assert (sent.kind, sent.data["against"]) == ("CreditIssued", "erp/invoice/INV1")


REMITTANCE = ("BPR*C*{}*C*ACH************20240201", "TRN*1*T1", "RMR*IV*90012**260", "ADX*-10*01")


@pytest.mark.parametrize(
    ("paid", "expected", "foots"),
    [("260", [260], "yes"), ("250", [260, -10], "yes"), ("255", [260], "no")],
)
def test_adjustments_count_if_the_payment_foots_with_them_and_not_without(paid: str, expected: list[int], foots: str) -> None:
    fact = one(document(*(segment.format(paid) for segment in REMITTANCE), code="820"))
    assert (fact.kind, fact.total, fact.data["foots"]) == ("CashReceived", Decimal(paid), foots)
    assert values(fact) == expected
    assert {line.subject for line in fact.lines} == {"erp/invoice/90012"}


def test_a_remittance_is_only_the_advice_where_the_bank_states_the_money() -> None:
    fact = one(document(*(segment.format("260") for segment in REMITTANCE), code="820"), partner(remittances="advice"))
    assert (fact.kind, fact.ref, fact.total) == ("RemittanceAdvised", "edi/remittance/THEM:T1", Decimal(260))
    assert [(line.subject, line.value) for line in fact.lines] == [("erp/invoice/90012", Decimal(260))]


def test_a_payment_on_something_else_than_invoices_is_refused() -> None:
    raw = document("BPR*C*1*C*ACH************20240201", "TRN*1*T1", "RMR*AZ*X**1", code="820")
    assert (refused(raw).rule, refused(raw).source.place) == ("x12/remittance", "set 820/0001, segment 4 (RMR), element 1")


def test_a_ship_order_identifies_numbers_only_for_a_known_customer() -> None:
    raw = document("W05*N*SO1*PO1", "N1*BY*BIG*92*BB01", code="940", sent=True)
    known, unknown = one(raw, partner(customers={"BB01": "BIGBUYER"})), one(raw)
    assert (known.kind, known.links, known.relates) == (
        "Linked", (("erp/sales_order/SO1", "edi/order/BIGBUYER:PO1"),), (),
    )  # fmt: skip
    assert (unknown.links, unknown.relates) == ((), (("erp/sales_order/SO1", "edi/order/PO1"),))


def test_shipping_advice_ships_what_left_and_tells_what_did_not() -> None:
    fact = one(
        document(
            "W06*P*SO1*20240112*SHP1", "N1*WH*EAST*92*E1", "LX*1", "MAN*GM*0001", "W12*CL*24*20*4*EA**VN*A",
            "W12*CL*4*4*0*EA**VN*A", code="945",
        )
    )  # fmt: skip
    assert (fact.kind, fact.ref, fact.warehouse, fact.parcels) == ("Shipped", "edi/shipment/SHP1", "E1", ("0001",))
    assert [(line.line, line.subject, line.quantity) for line in fact.lines] == [
        ("1", "erp/sales_order/SO1", Decimal(20)),
        ("2", "erp/sales_order/SO1", Decimal(4)),
    ]
    assert fact.data == {"line 1": "CL 20 of 24"}


def test_stock_adjustments_keep_their_sign() -> None:
    raw = document("W15*20240113*ADJ1", "N1*WH*EAST*92*E1", "W19*01*-3*EA**VN*A", "W19*02*5*EA**VN*B", code="947")
    assert [(line.subject, line.quantity) for line in one(raw).lines] == [
        ("*/stock/A@E1", Decimal(-3)),
        ("*/stock/B@E1", Decimal(5)),
    ]


def test_only_on_hand_quantities_are_stock_positions() -> None:
    head = ("BIA*00*MB*I1*20240113*2359", "N1*WH*EAST*92*E1", "LIN*1*VN*A")
    fact = one(document(*head, "QTY*33*9*EA", "QTY*17*14*EA", code="846"))
    assert [(line.subject, line.quantity) for line in fact.lines] == [("*/stock/A@E1", Decimal(14))]
    assert refused(document(*head, "QTY*33*9*EA", code="846")).rule == "x12/no-position"


def test_every_position_of_an_846_is_stated_for_itself_and_replaced_by_the_next() -> None:
    body = ("N1*WH*EAST*92*E1", "LIN*1*VN*A", "QTY*17*14*EA", "LIN*2*VN*B", "QTY*17*3*EA")
    first, later = (
        statements(document(f"BIA*00*MB*{name}*{day}*2100", *body, code="846"))[1:] for name, day in (("I1", "20240113"), ("I2", "20240114"))
    )
    assert all(isinstance(fact, Fact) for fact in (*first, *later))
    assert [fact.ref for fact in first] == [fact.ref for fact in later] == ["edi/stock_count/A@E1", "edi/stock_count/B@E1"]
    assert all(new.revision > old.revision for old, new in zip(first, later, strict=True))
    assert {fact.data["count"] for fact in later} == {"I2"}
    twice = document("BIA*00*MB*I1*20240113*2359", *body[:3], "LIN*2*VN*A", "QTY*17*3*EA", code="846")
    assert refused(twice).rule == "x12/position-twice"


@pytest.mark.parametrize(("status", "quantity"), [("A", 1), ("E", 1), ("P", None), ("R", None), ("X", None)])
def test_a_group_is_acknowledged_by_a_and_e_only(status: str, quantity: int | None) -> None:
    body = ("AK1*PO*14", "AK2*850*0001", "AK5*R*5", f"AK9*{status}*1*1*0")
    raw = document(*body, code="997").replace(b"GS*XX", b"GS*FA")
    (fact,) = statements(raw)
    assert isinstance(fact, Fact)
    assert (fact.kind, fact.identity) == ("GroupAcknowledged", "edi/group/THEM/THEM:14/acknowledged")
    assert [(line.subject, line.quantity, line.unit) for line in fact.lines] == [("edi/group/THEM:14", quantity, "DOC")]
    assert fact.data == {"status": status, "functional": "PO", "refused": "850/0001 R 5"}


def test_group_and_acknowledgment_meet_on_one_subject() -> None:
    group = statements(order("PO1*1*1*EA", sent=True))[0]
    assert isinstance(group, Fact)
    assert (group.kind, group.identity) == ("GroupSent", "edi/group/THEM/THEM:7/sent")
    answer = statements(document("AK1*PO*7", "AK9*A*1*1*1", code="999").replace(b"GS*XX", b"GS*FA"))[0]
    assert isinstance(answer, Fact) and answer.lines[0].subject == group.lines[0].subject == "edi/group/THEM:7"


def test_a_rejecting_ta1_is_shown_and_an_accepting_one_says_nothing() -> None:
    raw = f"{isa('THEM', 'US', 5)}~TA1*000000104*240105*0930*%s*018~IEA*0*000000005~"
    (refusal,) = statements((raw % "R").encode())
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "The partner rejected our interchange 000000104: TA1 note code 018."
    assert statements((raw % "A").encode()) == []


def test_documents_are_the_bytes_of_their_interchange() -> None:
    one_, two = order("PO1*1*1*EA", control=1), order("PO1*1*1*EA", control=2)
    pieces = list(x12.split(io.BytesIO(one_ + b"\r\n" + two), "in.edi", partner()))
    assert pieces == [
        Document(one_, "in.edi", 1, 0, "x12"),
        Document(two, "in.edi", 2, len(one_) + 2, "x12"),
    ]


def test_an_interchange_beyond_the_limit_is_refused_with_its_first_part() -> None:
    raw = f"{isa('THEM', 'US', 1)}~".encode() + b"MSG*" + b"x" * (DOCUMENT_MAX + 1000)
    (piece,) = x12.split(io.BytesIO(raw), "in.edi", partner())
    assert isinstance(piece, Refused)
    assert (piece.refusal.rule, len(piece.document.raw)) == ("x12/too-long", DOCUMENT_MAX)


HEAD = f"{isa('THEM', 'US', 1)}~GS*PO*THEM*US*20240105*0930*7*X*004010~".encode()
ITEMS = b"".join(b"HL*%d*1*I~SN1**1*EA~" % number for number in range(2, 20_000))
HOSTILE = {
    "line ends": isa("THEM", "US", 1).encode() + b"\n" * 400_000,
    "headers": b"ISA*" * 50_000,
    "blanks": HEAD + b"~ " * 200_000,
    "trailers": HEAD + b"SE*1*1~" * 50_000,
    "begun trailers": HEAD + b"~I" * 200_000,
    "items under one order": HEAD + b"ST*856*1~BSN*00*1*20240105*1200~HL*1**S~PRF*P~" + ITEMS + b"SE*40001*1~GE*1*7~",
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_documents_cost_time_in_proportion_to_their_size(raw: bytes) -> None:
    began = time.monotonic()
    assert statements(raw)
    describe(raw)
    assert time.monotonic() - began < 10


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    raw = bytearray(RAW[draw(st.sampled_from(sorted(RAW)))])
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(len(raw) - 1, 0)))
        match draw(st.sampled_from(["flip", "delete", "insert", "cut", "swap"])):
            case "flip":
                raw[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
            case "delete":
                del raw[at : at + draw(st.integers(1, 40))]
            case "insert":
                raw[at:at] = draw(st.sampled_from([b"~", b"*", b"\x00", b"\n", b"9" * 130, b"ISA*", b"SE*", b"\xff", b"-"]))
            case "cut":
                del raw[at:]
            case "swap":
                segments = bytes(raw).split(b"~\n")
                other = draw(st.integers(0, len(segments) - 1))
                segments[0 if other else -1], segments[other] = segments[other], segments[0 if other else -1]
                raw = bytearray(b"~\n".join(segments))
    return bytes(raw)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(damaged())
def test_damaged_documents_give_facts_or_refusals_quickly_and_never_an_exception(raw: bytes) -> None:
    began = time.monotonic()
    system = partner(identifiers=["ZZ:TIEOUT"])
    for statement in statements(raw, system):
        assert "\\u0000" not in msgspec.json.encode(statement).decode()
        if isinstance(statement, Refusal):
            assert statement.rule.startswith("x12/") and statement.reason and statement.next_step
    describe(raw)
    for document_ in (Document(raw, "whole"), Document(b"", "empty")):
        x12.translate(document_, system)
    assert time.monotonic() - began < 2


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([b"", b"ISA*", isa("THEM", "US", 1).encode() + b"~"]))
def test_any_bytes_are_answered(tail: bytes, head: bytes) -> None:
    for statement in statements(head + tail):
        assert isinstance(statement, Fact | Refusal)
    describe(head + tail)
