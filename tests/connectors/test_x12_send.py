"""Commands as X12 documents: each set is read back as the fact that was meant, and what is lacking is said before anything leaves."""

import io
import json
import random
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import jsonschema
import msgspec
import pytest

from tieout.connectors import Address, Document, Numbers, System, x12
from tieout.connectors.x12 import send
from tieout.connectors.x12.verdicts import verdicts
from tieout.core.command import Act, Command, Rejected
from tieout.core.facts import Fact, Line, Refusal
from tieout.core.values import Ref, Role, Side, ref
from tieout.formats.x12 import describe

HOME = Path(str(x12.__file__)).parent
NUMBERS = Numbers(5002, 17, 1, datetime(2025, 6, 10, 13, 5, tzinfo=UTC))
OPTIONS = {
    "identifiers": ["ZZ:CUPLINE"],
    "partners": {"BIGBOX": {}, "LAKE3PL": {"id": "LAKE3PL"}, "ACMEPOT": {"qualifier": "01", "id": "123456789"}},
}
EDI = System("edi", "x12", Role.PARTNER, timezone="America/Chicago", options=OPTIONS)
THREEPL = System("threepl", "x12", Role.WMS, timezone="America/Chicago", options={"identifiers": ["ZZ:CUPLINE"], "partners": {"LAKE3PL": {}}})
PO = ref("edi", "order", "BIGBOX:4500884")
SO = ref("erp", "sales_order", "SO-70009")


def goods(name: str, item: str, quantity: str, value: str | None = None, subject: Ref = PO, unit: str = "EA", **more: object) -> Line:
    return Line(name, subject, item, name, Decimal(quantity), unit, Decimal(value) if value else None, **more)  # type: ignore[arg-type]


def charge(name: str, kind: str, value: str) -> Line:
    return Line(name, PO, value=Decimal(value), charge=kind)


def command(act: Act, *lines: Line, **more: object) -> Command:
    given: dict[str, object] = {
        "system": "edi",
        "account": "TBK",
        "side": Side.DEBIT,
        "group": PO,
        "number": 1,
        "references": (PO, SO),
        "currency": "USD",
    }
    return Command(act=act, lines=lines, **(given | more))  # type: ignore[arg-type]


def written(asked: Command, system: System = EDI, numbers: Numbers = NUMBERS) -> list[str]:
    """The segments between ST and SE."""
    raw = send.document(asked, system, numbers)
    assert isinstance(raw, bytes), raw
    return raw.decode().split("~")[3:-4]


def refused(asked: Command, system: System = EDI) -> str:
    said = send.document(asked, system, NUMBERS)
    assert isinstance(said, Rejected), said
    return said.reason


def read(asked: Command, system: System = EDI) -> Fact:
    """What our own connector finds in the document that was written: the fact beside the one about the group."""
    raw = send.document(asked, system, NUMBERS)
    assert isinstance(raw, bytes), raw
    (piece,) = x12.split(io.BytesIO(raw), "out.edi", system)
    assert isinstance(piece, Document) and piece.raw == raw
    facts = x12.translate(piece, system)
    assert not [fact for fact in facts if isinstance(fact, Refusal)], facts
    found = facts[-1]
    assert isinstance(found, Fact)
    return found


ANSWER = command(Act.ACKNOWLEDGE_ORDER, goods("1", "KETTLE", "40", "1000"), goods("2", "MUG", "3", "10.50"), data={"order_date": "2025-06-09"})
RELEASE = command(
    Act.RELEASE_SHIPMENT, goods("1", "KETTLE", "12", subject=SO), goods("4", "MUG", "2", subject=SO, unit="CS"),
    system="threepl", group=SO, warehouse="EAST", data={"ship_to": "Café Zoë", "ship_to_street": "1 Main St\nDock 4", "ship_to_city": "Chicago",
    "ship_to_state": "IL", "ship_to_zip": "60601", "ship_to_country": "US", "ship_by": "2025-06-12", "customer": "BIGBOX", "customer_id": "BB01"},
)  # fmt: skip
NOTICE = command(
    Act.ANNOUNCE_SHIPMENT, goods("1", "KETTLE", "6"), goods("2", "MUG", "4"), warehouse="EAST",
    data={"shipment": "SH-31002", "shipped": "2025-06-10T14:54:00Z", "tracking": "1Z9,1Z8", "carrier": "UPSN"},
)  # fmt: skip
INVOICE = command(
    Act.SEND_INVOICE, goods("1", "MUG-BLUE", "120", "1080"), goods("2", "MUG-RED", "3", "10", unit="CS"), charge("f", "freight", "25.5"),
    charge("d", "discount", "-8"), charge("t", "tax", "77.35"), total=Decimal("1184.85"),
    data={"invoice": "INV-88002", "invoice_date": "2025-06-10", "order_date": "2025-06-09", "due": "2025-07-10", "price 2": "3.333333333"},
)  # fmt: skip
ORDER = command(
    Act.BOOK_ORDER, goods("1", "PART-9", "100", "110", due=datetime(2025, 6, 21, 5, tzinfo=UTC)), goods("2", "PART-10", "5", "100", unit="CS"),
    group=ref("erp", "purchase_order", "PO-7001"), references=(), data={"partner": "acmepot"},
)  # fmt: skip
ALL = {"855": (ANSWER, EDI), "940": (RELEASE, THREEPL), "856": (NOTICE, EDI), "810": (INVOICE, EDI), "850": (ORDER, EDI)}


def test_an_order_answered_without_change() -> None:
    assert written(ANSWER) == [
        "BAK*00*AD*4500884*20250609****SO-70009*20250610", "CUR*SE*USD",
        "PO1*1*40*EA*25**VN*KETTLE", "ACK*IA*40*EA", "PO1*2*3*EA*3.5**VN*MUG", "ACK*IA*3*EA", "CTT*2",
    ]  # fmt: skip
    fact = read(ANSWER)
    assert (fact.kind, fact.ref, fact.links) == ("OrderBooked", SO, ((SO, PO),))
    assert [(line.order_line, line.quantity, line.value) for line in fact.lines] == [("1", 40, 1000), ("2", 3, Decimal("10.5"))]


def test_backorders_and_rejections_are_answered_line_by_line_and_add_up_to_what_was_ordered() -> None:
    asked = msgspec.structs.replace(ANSWER, data={"order_date": "2025-06-09", "line 1": "IA 30, IB 10", "line 2": "IA 3, IR 2"})
    body = written(asked)
    assert body[0].startswith("BAK*00*AC*")
    assert body[2:7] == ["PO1*1*40*EA*25**VN*KETTLE", "ACK*IA*30*EA", "ACK*IB*10*EA", "PO1*2*5*EA*3.5**VN*MUG", "ACK*IA*3*EA"]
    assert [line.quantity for line in read(asked).lines] == [40, 3]
    wrong = msgspec.structs.replace(ANSWER, data={"order_date": "2025-06-09", "line 1": "IA 30"})
    assert refused(wrong) == "Line 1: the answers 'IA 30' book 30, the command books 40. Correct the data; both must say the same."


def test_an_order_rejected_whole_books_nothing() -> None:
    asked = command(Act.ACKNOWLEDGE_ORDER, goods("1", "KETTLE", "0"), data={"order_date": "2025-06-09", "line 1": "IR 40"})
    assert written(asked)[0].startswith("BAK*00*RD*4500884")
    assert [line.quantity for line in read(asked).lines] == [0]


def test_a_release_becomes_a_warehouse_shipping_order() -> None:
    assert written(RELEASE, THREEPL) == [
        "W05*N*SO-70009*4500884", "N1*WH*EAST*92*EAST", "N1*BY*BIGBOX*92*BB01", "N1*ST*Cafe Zoe", "N3*1 Main St*Dock 4",
        "N4*Chicago*IL*60601*US", "G62*10*20250612", "LX*1", "W01*12*EA**VN*KETTLE", "N9*LI*1", "LX*2", "W01*2*CS**VN*MUG", "N9*LI*4", "W76*14",
    ]  # fmt: skip
    fact = read(RELEASE, THREEPL)
    assert (fact.kind, fact.warehouse, fact.relates) == ("Linked", "EAST", ((SO, ref("threepl", "order", "4500884")),))


@pytest.mark.parametrize(
    ("carrier", "segment"),
    [("FDXG", "W66*DF*ZZ********FDXG"), ("FedEx Ground", "W66*DF*ZZ***FedEx Ground")],
)
def test_the_carrier_that_a_fallback_names_stands_in_the_shipping_order(carrier: str, segment: str) -> None:
    by = msgspec.structs.replace(RELEASE, data=RELEASE.data | {"carrier": carrier})
    lines = written(by, THREEPL)
    assert (lines.index(segment), [line for line in lines if line != segment]) == (lines.index("LX*1") - 1, written(RELEASE, THREEPL))
    assert read(by, THREEPL) == read(RELEASE, THREEPL)


def test_a_shipment_becomes_a_notice_with_items_below_the_order() -> None:
    assert written(NOTICE) == [
        "BSN*00*SH-31002*20250610*0805*0004", "HL*1**S*1", "TD5**2*UPSN", "REF*CN*1Z9", "REF*CN*1Z8", "DTM*011*20250610*0954",
        "N1*SF*EAST*92*EAST", "HL*2*1*O*1", "PRF*4500884", "HL*3*2*I*0", "LIN*1*VN*KETTLE", "SN1*1*6*EA", "HL*4*2*I*0", "LIN*2*VN*MUG",
        "SN1*2*4*EA", "CTT*4*10",
    ]  # fmt: skip
    fact = read(NOTICE)
    assert (fact.kind, fact.number, fact.parcels, fact.warehouse) == ("Shipped", "SH-31002", ("1Z9", "1Z8"), "EAST")
    assert fact.happened == datetime(2025, 6, 10, 14, 54, tzinfo=UTC)
    assert [(line.subject, line.order_line, line.quantity) for line in fact.lines] == [(PO, "1", 6), (PO, "2", 4)]


def test_packs_stand_between_order_and_items_and_hold_all_of_it() -> None:
    packs = {"pack 003123450000000018": "1 4", "pack 003123450000000025": "1 2, 2 4"}
    asked = msgspec.structs.replace(NOTICE, data=NOTICE.data | packs)
    body = written(asked)
    assert body[0].endswith("*0001") and [row for row in body if row.startswith("HL")] == [
        "HL*1**S*1", "HL*2*1*O*1", "HL*3*2*P*1", "HL*4*3*I*0", "HL*5*2*P*1", "HL*6*5*I*0", "HL*7*5*I*0",
    ]  # fmt: skip
    fact = read(asked)
    assert [(line.order_line, line.quantity) for line in fact.lines] == [("1", 4), ("1", 2), ("2", 4)]
    assert fact.parcels[-2:] == ("003123450000000018", "003123450000000025")
    short = msgspec.structs.replace(NOTICE, data=NOTICE.data | {"pack A": "1 6, 2 3"})
    assert refused(short) == "The packs do not hold what was shipped: line 2 differs. Correct the packs or the lines."


def test_one_notice_may_be_about_several_orders_of_one_customer() -> None:
    other = ref("edi", "order", "BIGBOX:4500900")
    asked = msgspec.structs.replace(NOTICE, lines=(*NOTICE.lines, goods("1", "LID", "9", subject=other)))
    assert [row for row in written(asked) if row.startswith("PRF")] == ["PRF*4500884", "PRF*4500900"]
    assert [line.subject for line in read(asked).lines] == [PO, PO, other]
    foreign = msgspec.structs.replace(NOTICE, lines=(goods("1", "LID", "9", subject=ref("edi", "order", "HOMEHUB:7")),))
    assert "the notice goes to BIGBOX" in refused(foreign)


def test_an_invoice_foots_to_the_cent() -> None:
    assert written(INVOICE) == [
        "BIG*20250610*INV-88002*20250609*4500884", "CUR*SE*USD", "ITD*01*3****20250710", "IT1*1*120*EA*9**VN*MUG-BLUE",
        "IT1*2*3*CS*3.333333333**VN*MUG-RED", "TDS*118485", "TXI*TX*77.35", "SAC*C*D240***2550", "SAC*A*C310***800", "CTT*2",
    ]  # fmt: skip
    fact = read(INVOICE)
    assert (fact.kind, fact.ref, fact.total, fact.data) == (
        "Invoiced",
        ref("erp", "invoice", "INV-88002"),
        Decimal("1184.85"),
        {"foots": "yes"},
    )
    assert {line.charge: line.value for line in fact.lines if line.charge} == {
        "tax": Decimal("77.35"),
        "freight": Decimal("25.5"),
        "discount": -8,
    }
    assert fact.due == datetime(2025, 7, 11, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"total": Decimal("1184.86")}, "The invoice does not foot: its lines sum to 1184.85 USD, the total is 1184.86."),
        (
            {"lines": (goods("1", "A", "3", "10"),), "total": None, "data": INVOICE.data | {"price 1": ""}},
            "Line 1: 10 USD for 3 EA gives no exact unit price",
        ),
        ({"data": INVOICE.data | {"price 2": "3.34"}}, "Line 2: 10 USD for 3 CS gives no exact unit price"),
        (
            {"lines": (goods("1", "A", "1", "0.004"), goods("2", "B", "1", "0.004")), "total": None},
            "lines sum to 0.008 USD, no total is stated",
        ),
        ({"lines": (goods("1", "A", "3"),), "total": None}, "Line 1 has no amount."),
        ({"lines": (goods("1", "A", "-3", "-3"),), "total": None}, "Line 1 has the quantity -3."),
        ({"lines": (goods("1+2", "A", "3", "3"),), "total": None}, "Line 1+2 is a group of several lines"),
        ({"lines": (goods("1", "", "3", "3"),), "total": None}, "Line 1 names no item."),
        ({"lines": (charge("f", "freight", "3"),), "total": None}, "The command has no lines of goods."),
        ({"currency": ""}, "The command states no currency."),
        (
            {"currency": "KWD", "lines": (goods("1", "A", "1", "1.234"),), "total": None},
            "The total is 1.234 KWD; this segment has two decimals.",
        ),
        ({"data": {"invoice_date": "2025-06-10"}}, "The command does not say the invoice number. Give it the data `invoice`."),
        ({"data": INVOICE.data | {"due": "10.7.2025"}}, "The data `due` is '10.7.2025', not a date such as 2025-06-10."),
        ({"references": (PO, ref("edi", "order", "BIGBOX:2"))}, "the command names several (BIGBOX:4500884, BIGBOX:2)".replace("BIGBOX:", "")),
        ({"lines": (goods("1", "A*B", "1", "1"),), "total": None}, "set 810, segment 5 (IT1), element 7: IT107 holds '*', which separates"),
        (
            {"lines": (goods("1", "A", "1", "1", unit="PCE"),), "total": None},
            "set 810, segment 5 (IT1), element 3: IT103 is 'PCE': 3 characters, 2 are allowed.",
        ),
        ({"act": Act.POST_MOVEMENT}, "There is no X12 set for post_movement. A partner can be sent: acknowledge_group, acknowledge_order"),
        ({"act": Act.RELEASE_SHIPMENT}, "release_shipment is a 940, which goes to a system with the role wms; edi is partner."),
    ],
)
def test_what_a_document_lacks_or_contradicts_is_said_and_nothing_is_written(changed: dict[str, object], reason: str) -> None:
    lines = {"data": {key: said for key, said in INVOICE.data.items() if key != "price 2"}} if "lines" in changed else {}
    assert reason in refused(msgspec.structs.replace(INVOICE, **(lines | changed)))


def test_a_purchase_order_goes_to_the_vendor_by_its_own_qualifier() -> None:
    assert send.address(ORDER, EDI) == Address("ZZ:CUPLINE", "01:123456789")
    assert written(ORDER) == [
        "BEG*00*SA*PO-7001**20250610", "CUR*BY*USD", "PO1*1*100*EA*1.1**BP*PART-9", "DTM*010*20250620", "PO1*2*5*CS*20**BP*PART-10", "CTT*2",
    ]  # fmt: skip
    fact = read(ORDER)
    assert (fact.kind, fact.ref, fact.lines[0].due) == ("PurchaseOrdered", ref("erp", "purchase_order", "PO-7001"), ORDER.lines[0].due)
    assert [(line.item, line.quantity, line.value) for line in fact.lines] == [("PART-9", 100, 110), ("PART-10", 5, 100)]


RECEIVED = (
    "ISA*00*          *00*          *ZZ*BIGBOX         *ZZ*CUPLINE        *250610*0700*U*00401*000000301*0*P*>~GS*PO*BIGBOX*CUPLINE*20250610*0700*102*X*004010~"
    "ST*850*0001~BEG*00*SA*1**20250610~PO1*1*1*EA*1**VN*A~SE*4*0001~ST*850*0002~BEG*00*SA*2**20250610~SE*{segments}*0002~GE*{sets}*102~IEA*1*000000301~"
)


@pytest.mark.parametrize(
    ("segments", "sets", "expected"),
    [
        (3, 2, ["AK1*PO*102", "AK2*850*0001", "AK5*A", "AK2*850*0002", "AK5*A", "AK9*A*2*2*2"]),
        (9, 2, ["AK1*PO*102", "AK2*850*0001", "AK5*A", "AK2*850*0002", "AK5*R*4", "AK9*P*2*2*1"]),
        (3, 3, ["AK1*PO*102", "AK2*850*0001", "AK5*A", "AK2*850*0002", "AK5*A", "AK9*E*3*2*2*5"]),
    ],
)
def test_a_received_group_is_acknowledged_as_it_was_read(segments: int, sets: int, expected: list[str]) -> None:
    data = verdicts(RECEIVED.format(segments=segments, sets=sets).encode(), "102")
    asked = command(Act.ACKNOWLEDGE_GROUP, group=ref("edi", "group", "BIGBOX:102"), references=(), currency="", data=data)
    assert written(asked) == expected
    fact = read(asked)
    assert (fact.kind, fact.ref, fact.data["status"]) == ("GroupAnswered", "edi/group/BIGBOX:102", data["status"])


def test_a_group_that_cannot_be_read_is_rejected_and_one_that_is_not_there_is_not_acknowledged() -> None:
    broken = RECEIVED.format(segments=3, sets=2).replace("GE*2*102", "GE*2*103").encode()
    data = verdicts(broken, "102")
    assert (data["status"], data["accepted"], data["codes"]) == ("R", "0", "4")
    for raw, control in ((broken, "7"), (b"hello", "102")):
        with pytest.raises(ValueError, match="there is no group"):
            verdicts(raw, control)
    asked = command(Act.ACKNOWLEDGE_GROUP, group=ref("edi", "group", "BIGBOX:102"), references=(), data={"functional": "PO"})
    assert refused(asked) == "The command does not say whether the group was accepted. Give it the data `status`."
    own = msgspec.structs.replace(asked, data={"functional": "FA", "status": "A", "sets": "997/0001 A", "accepted": "1"})
    assert refused(own) == "The group is an acknowledgment itself, which nobody acknowledges. Cancel the command."


@pytest.mark.parametrize("code", ALL)
def test_the_same_numbers_give_the_same_bytes(code: str) -> None:
    asked, system = ALL[code]
    first, again = send.document(asked, system, NUMBERS), send.document(asked, system, NUMBERS)
    assert isinstance(first, bytes) and first == again
    assert first.decode().split("~")[2] == f"ST*{code}*0001"


@pytest.mark.parametrize("code", ALL)
def test_another_reader_finds_no_fault_in_any_set(code: str) -> None:
    x12file = pytest.importorskip("pyx12.x12file")
    raw = send.document(*ALL[code], NUMBERS)
    assert isinstance(raw, bytes)
    reader = x12file.X12Reader(io.StringIO(raw.decode()))
    names = [segment.get_seg_id() for segment in reader]
    reader.cleanup()
    assert reader.pop_errors() == []
    assert names[:3] == ["ISA", "GS", "ST"] and names[-3:] == ["SE", "GE", "IEA"]


def test_a_partner_has_its_own_delimiters_version_and_identifiers() -> None:
    said = {
        "delimiters": "|:\n^",
        "version": "005010",
        "sender": "14:111",
        "group_sender": "CUP",
        "group_receiver": "BBX",
        "usage": "T",
        "first_control_number": 900,
    }
    system = msgspec.structs.replace(
        EDI, options=OPTIONS | {"identifiers": ["ZZ:CUPLINE", "14:111"], "partners": {"BIGBOX": said}, "accept_test": True}
    )
    raw = send.document(ANSWER, system, NUMBERS)
    assert isinstance(raw, bytes)
    lines = raw.decode().split("\n")
    assert lines[0].endswith("|14|111            |ZZ|BIGBOX         |250610|0805|^|00501|000005002|0|T|:")
    assert lines[1] == "GS|PR|CUP|BBX|20250610|0805|17|X|005010"
    assert send.address(ANSWER, system) == Address("14:111", "ZZ:BIGBOX", 900)
    assert read(ANSWER, system).kind == "OrderBooked"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (
            {"partners": {}},
            "The partner BIGBOX of edi is not described. Say under [systems.edi.options.partners.BIGBOX] how it wants documents written.",
        ),
        ({"identifiers": []}, "We have no interchange identifier at edi."),
        ({"partners": {"BIGBOX": {"delimiters": "*~"}}}, "The delimiters of BIGBOX are '*~', not three or four characters."),
        ({"partners": {"BIGBOX": {"delimiters": "**~"}}}, "interchange, segment 1 (ISA), element 16: The delimiters"),
        ({"partners": {"BIGBOX": {"id": "MORETHANFIFTEENLONG"}}}, "interchange, segment 1 (ISA), element 8: ISA08 is 'MORETHANFIFTEENLONG'"),
    ],
)
def test_a_partner_that_is_not_described_gets_nothing(options: dict[str, object], reason: str) -> None:
    assert reason in refused(ANSWER, msgspec.structs.replace(EDI, options=OPTIONS | options))


def test_a_command_about_no_partner_or_two_is_not_sent_to_either() -> None:
    assert "The command names no partner of edi." in refused(msgspec.structs.replace(ANSWER, group=SO, references=(SO,)))
    both = msgspec.structs.replace(ANSWER, references=(SO, ref("edi", "order", "HOMEHUB:1")))
    assert "several partners (BIGBOX, HOMEHUB)" in refused(both)
    assert isinstance(send.address(both, EDI), Rejected)


def test_the_manifest_promises_just_what_is_written_and_the_options_are_a_contract() -> None:
    assert set(x12.MANIFEST.acts) == set(send.FORMS)
    schema = json.loads((HOME / "contracts/options.json").read_text())
    for options in (OPTIONS, {"partners": {"BIGBOX": {"delimiters": "|:~^", "usage": "T", "first_control_number": 7}}}):
        jsonschema.Draft202012Validator(schema).validate(options)
    assert {option.name for option in x12.MANIFEST.options} == set(schema["properties"])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate({"partners": {"BIGBOX": {"delimiter": "|"}}})


TEXTS = (
    "2025-06-11", "2025-06-10T08:05:00Z", "BIGBOX", "IA 30, IB 10", "IA 1.2.3", "1 6", "1 2, 2 4", "850/0001 A, 850/0002 R 4", "850", "A", "R", "X", "3",
    "25.00", "12", "PO", "SO-1", "Zoë GmbH & Co.", "two\nlines", "60601-0020", "", " ", "*", "a~b", "\0", "\u2028", "x" * 90, "9" * 30,
)  # fmt: skip
KEYS = (
    "partner", "order", "sales_order", "purchase_order", "order_date", "invoice", "invoice_date", "due", "ship_by", "shipment", "shipped", "tracking",
    "carrier", "ship_to", "ship_to_id", "ship_to_street", "ship_to_city", "ship_to_state", "ship_to_zip", "customer", "customer_id", "line 1",
    "price 1", "price 2", "pack A", "pack 003123450000000018", "status", "functional", "sets", "accepted", "received", "codes",
)  # fmt: skip
NUMBERS_ODD = (None, *map(Decimal, ("-1", "0", "0.5", "1", "3", "7", "120", "0.001", "1e12", "123456789.123456789")))


def damaged_command(asked: Command, rng: random.Random) -> Command:
    """One to three parts of a good command replaced by something odd."""
    for _ in range(rng.randint(1, 3)):
        line = rng.choice(asked.lines) if asked.lines else goods("1", "MUG", "1", "1")
        odd: dict[str, object] = rng.choice((
            {"quantity": rng.choice(NUMBERS_ODD)}, {"value": rng.choice(NUMBERS_ODD)}, {"item": rng.choice(TEXTS)}, {"unit": rng.choice(TEXTS)},
            {"order_line": rng.choice((*TEXTS, "1+2"))}, {"charge": rng.choice(("freight", "tax", "fee", "discount", "oddity"))},
            {"subject": rng.choice((PO, SO, ref("edi", "order", "HOMEHUB:9")))},
        ))  # fmt: skip
        lines = tuple(msgspec.structs.replace(each, **odd) if each is line else each for each in asked.lines)
        change: dict[str, object] = rng.choice((
            {"data": asked.data | {rng.choice(KEYS): rng.choice(TEXTS)}}, {"data": asked.data | {rng.choice(KEYS): rng.choice(TEXTS)}}, {"lines": lines},
            {"lines": (*asked.lines, msgspec.structs.replace(line, **odd))}, {"total": rng.choice(NUMBERS_ODD)}, {"warehouse": rng.choice(TEXTS)},
            {"currency": rng.choice(("EUR", "JPY", "KWD", "", "DOLLAR"))},
        ))  # fmt: skip
        asked = msgspec.structs.replace(asked, **change)
    return asked


GROUP = command(
    Act.ACKNOWLEDGE_GROUP, group=ref("edi", "group", "BIGBOX:102"), references=(),
    data={"functional": "PO", "status": "P", "sets": "850/0001 A, 850/0002 R 4", "accepted": "1"},
)  # fmt: skip


@pytest.mark.parametrize("code", [*ALL, "997"])
def test_a_damaged_command_is_written_so_that_we_can_read_it_or_refused_in_a_sentence(code: str) -> None:
    good, system = ALL.get(code, (GROUP, EDI))
    rng = random.Random(code)
    kinds = Counter[str]()
    for _ in range(400):
        asked = damaged_command(good, rng)
        said = send.document(asked, system, NUMBERS)
        kinds[type(said).__name__] += 1
        if isinstance(said, Rejected):
            assert said.reason.endswith(".") and "\0" not in said.reason and len(said.reason) < 600, said
            continue
        told = describe(said)
        assert told.valid and told.interchanges[0].faults == (), (asked, said)
        (piece,) = x12.split(io.BytesIO(said), "out.edi", system)
        assert isinstance(piece, Document) and piece.raw == said
        assert not [fact for fact in x12.translate(piece, system) if isinstance(fact, Refusal)], (asked, said, x12.translate(piece, system))
    assert kinds["bytes"] >= 60 and kinds["Rejected"] >= 40, kinds
