"""The connector `tryton` without a server: what each unusable answer is called, and what a record says."""

import io
import json
import random
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tieout.connectors import Document, System
from tieout.connectors.tryton import split, translate
from tieout.connectors.tryton.options import options_of
from tieout.connectors.tryton.poll import poll
from tieout.connectors.tryton.send import DOINGS, probe, send
from tieout.core.command import Absent, Accepted, Act, Call, Command, Failed, Polled, Rejected, Reply
from tieout.core.facts import Fact, Line, Refusal
from tieout.core.values import Ref, Role, Side
from tieout.errors import SettingsError

SYSTEM = System("erp", "tryton", Role.ERP, options={"url": "https://erp.example.com/db/", "orders": {"": "shop/order", "PO": "edi/order"}})
SECRETS = {"login": "tieout", "password": "secret"}
BOOK = Command(Act.BOOK_ORDER, "erp", "TBK", Side.DEBIT, Ref("shop/order/1"), 1, (Line("1", Ref("shop/order/1"), "A", quantity=Decimal(2)),))
DATE = {"date": "Mon, 02 Mar 2026 09:00:00 GMT"}


def result(value: Any) -> Reply:
    return Reply(200, DATE, json.dumps({"id": 1, "result": value}).encode())


def error(*value: Any) -> Reply:
    return Reply(200, DATE, json.dumps({"id": 1, "error": list(value)}).encode())


def hold(conversation: Generator[Call, Reply, Any], answer: Callable[[Call, str], Reply]) -> tuple[Any, list[Call]]:
    """Hold a conversation; what came out, and the calls."""
    calls: list[Call] = []
    try:
        call = next(conversation)
        while True:
            calls.append(call)
            assert len(calls) < 100
            call = conversation.send(answer(call, json.loads(call.body)["method"]))
    except StopIteration as end:
        return end.value, calls


def answering(**known: Any) -> Callable[[Call, str], Reply]:
    """A Tryton that knows these methods, by their last two words; any other search finds nothing."""

    def answer(call: Call, method: str) -> Reply:
        name = "_".join(method.split(".")[-2:])
        if name in known:
            reply = known[name]
            return reply if isinstance(reply, Reply) else result(reply)
        if name == "db_login":
            return result([2, "abc", None])
        return result({"company": 1}) if name == "user_get_preferences" else result([])

    return answer


HTML = b"<!doctype html><title>Sorry</title>"
ANSWERS = {
    "credentials": (Reply(401, DATE, HTML), "credentials", False),
    "not open to this user": (Reply(403, DATE, HTML), "credentials", False),
    "no such database": (Reply(404, DATE, HTML), "status", False),
    "an old version": (Reply(405, DATE, HTML), "status", False),
    "a redirect": (Reply(302, {**DATE, "location": "https://other.example.com/"}, b""), "redirect", False),
    "too many": (Reply(429, {**DATE, "retry-after": "30"}, b""), "rate-limit", False),
    "a server error": (Reply(500, DATE, HTML), "status", True),
    "a proxy error": (Reply(502, DATE, HTML), "status", True),
    "html with 200": (Reply(200, DATE, HTML), "not-json", True),
    "nothing": (Reply(200, DATE, b""), "not-json", True),
    "cut off": (Reply(200, DATE, b'{"id": 1, "result": [1,'), "not-json", True),
    "another value": (Reply(200, DATE, b"[1, 2]"), "not-json", True),
    "neither": (Reply(200, DATE, b'{"id": 1}'), "answer", True),
    "an error without a name": (Reply(200, DATE, b'{"id": 1, "error": {}}'), "answer", True),
    "a strange number": (result({"__class__": "Decimal", "decimal": "x"}), "not-json", True),
    "a bug": (error("'nonsense'", ""), "answer", False),
    "a crossing": (error("ConcurrencyException", "Records were modified"), "answer", False),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_unusable_answer_to_the_first_call_has_a_name(name: str) -> None:
    reply, fault, _ = ANSWERS[name]
    outcome, calls = hold(send(BOOK, SYSTEM, SECRETS), answering(db_login=reply))
    assert isinstance(outcome, Failed), outcome
    assert (outcome.fault, outcome.in_doubt, len(calls)) == (fault, False, 1)
    assert outcome.reason
    assert "secret" not in outcome.reason


KNOWN: dict[str, Any] = {
    "product_search_read": [{"id": 1, "code": "A", "default_uom": 1, "default_uom.": {"id": 1, "category": 1}}],
    "party_search_read": [{"id": 4, "code": "SHOP"}],
    "uom_search_read": [{"id": 1, "symbol": "u"}],
    "sale_default_get": {"company": 1},
    "sale_on_change": {"party": 4},
    "line_on_change": {"unit_price": {"__class__": "Decimal", "decimal": "11"}},
}
SHOP = System("erp", "tryton", Role.ERP, options={**SYSTEM.options, "party": "SHOP"})


@pytest.mark.parametrize("name", ANSWERS)
def test_an_unusable_answer_to_a_write_says_whether_it_is_in_doubt(name: str) -> None:
    reply, fault, in_doubt = ANSWERS[name]
    outcome, calls = hold(send(BOOK, SHOP, SECRETS), answering(**KNOWN, sale_create=reply))
    assert isinstance(outcome, Failed), outcome
    assert (outcome.fault, outcome.in_doubt) == (fault, in_doubt)
    assert [json.loads(call.body)["method"] for call in calls if call.writes] == ["model.sale.sale.create"]
    assert outcome.retry_after == (30.0 if name == "too many" else None)


def test_after_a_write_every_failure_is_in_doubt() -> None:
    searches = iter([result([]), result([]), Reply(500, DATE, HTML)])

    def answer(call: Call, method: str) -> Reply:
        return next(searches) if method == "model.sale.sale.search_read" else answering(**KNOWN, sale_create=[1])(call, method)

    outcome, _ = hold(send(BOOK, SHOP, SECRETS), answer)
    assert isinstance(outcome, Failed)
    assert outcome.in_doubt


def test_a_refusal_is_kept_in_tryton_s_own_words() -> None:
    told = error("UserError", ["The period is closed.", "Open it first.", None])
    outcome, _ = hold(send(BOOK, SHOP, SECRETS), answering(**KNOWN, sale_create=told))
    assert outcome == Rejected("The period is closed. Open it first.")


def test_only_the_named_warnings_are_skipped() -> None:
    warnings = iter(
        [error("UserWarning", ["sale,1.no_carrier", "No carrier.", ""]), error("UserWarning", ["sale,1.credit", "Over the limit.", ""])]
    )

    def answer(call: Call, method: str) -> Reply:
        return next(warnings) if method == "model.sale.sale.create" else answering(**KNOWN, warning_skip=None)(call, method)

    outcome, calls = hold(send(BOOK, SHOP, SECRETS), answer)
    assert outcome == Rejected("Over the limit.")
    assert [json.loads(call.body)["params"][0] for call in calls if "warning.skip" in call.body.decode()] == ["sale,1.no_carrier"]


def test_a_probe_writes_nothing_and_reports_absence() -> None:
    outcome, calls = hold(probe(BOOK, SYSTEM, SECRETS), answering())
    assert outcome == Absent()
    assert not any(call.writes for call in calls)


def test_an_act_that_tryton_cannot_do_is_refused_without_a_call() -> None:
    other = Command(Act.ACKNOWLEDGE_GROUP, "erp", "ACK", Side.DEBIT, Ref("a/group/1"), 1)
    assert hold(send(other, SYSTEM, SECRETS), answering()) == (Rejected("Tryton cannot acknowledge_group."), [])
    assert hold(probe(other, SYSTEM, SECRETS), answering()) == (Absent(), [])


ODD: tuple[Any, ...] = (None, 0, -1, "", "x", [], {}, [None], [[]], [{}], {"id": 1}, {"__class__": "Decimal", "decimal": "1"}, 1e300)


def shaken(value: Any, rng: random.Random) -> Any:
    """A value with something in it replaced or taken out."""
    if isinstance(value, dict) and value and rng.random() < 0.8:
        key = rng.choice(list(value))
        rest = {name: one for name, one in value.items() if name != key}
        return rest if rng.random() < 0.4 else {**value, key: shaken(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.8:
        n = rng.randrange(len(value))
        return value[:n] + value[n + 1 :] if rng.random() < 0.3 else [*value[:n], shaken(value[n], rng), *value[n + 1 :]]
    return rng.choice(ODD)


def sound() -> dict[str, Any]:
    """Answers with which every act gets somewhere."""
    ten = {"__class__": "Decimal", "decimal": "10"}
    made = {
        "id": 1,
        "number": "S1",
        "state": "processing",
        "reference": "1",
        "description": BOOK.key,
        "lines": [1],
        "shipments": [1],
        "invoices": [1],
    }
    made |= {"shipment_returns": [1], "tax_amount": ten, "untaxed_amount": ten, "total_amount": ten, "party": 4, "create_date": moment(1)}
    one = {
        "id": 1,
        "type": "line",
        "product": 1,
        "product.": {"id": 1, "code": "A", "default_uom": 1},
        "quantity": 2.0,
        "unit": 1,
        "moves": [1],
    }
    one |= {"unit_price": ten, "amount": ten, "sale": 1, "base": 2, "internal_quantity": 2.0, "state": "draft", "origin": "sale.line,1"}
    bill = {
        "id": 1,
        "number": "I1",
        "state": "posted",
        "description": "",
        "lines": [1],
        "amount_to_pay": ten,
        "payment_lines": [1],
        "lines_to_pay": [],
    }
    paid = {"id": 1, "debit": ten, "credit": ten, "move.": {"id": 1, "description": BOOK.key}}
    move = {
        "id": 1,
        "number": "1",
        "state": "waiting",
        "reference": BOOK.key,
        "inventory_moves": [1],
        "outgoing_moves": [1],
        "incoming_moves": [1],
    }
    view = {"view": {"defaults": {"amount": ten, "date": {"__class__": "date", "year": 2026, "month": 3, "day": 2}}, "values": {}}}
    return KNOWN | {
        "sale_search_read": [made], "sale_read": [made], "line_read": [one], "move_read": [one], "out_read": [move], "return_read": [move],
        "out_search_read": [move], "return_search_read": [move], "invoice_read": [bill], "invoice_search_read": [bill | {"currency.": {"code": "USD"}}],
        "sale_fields_get": {"amendments": {}}, "amendment_search_read": [{"id": 1, "state": "validated", "sale": 1, "description": BOOK.key + " = 1:1"}],
        "method_search_read": [{"id": 1, "name": "Bank"}], "pay_create": [1, "start", "end"], "pay_execute": view, "db_login": [2, "abc", None],
        "user_get_preferences": {"company": 1}, "sale_search": [1], "sale_search_count": 1, "product_search": [1], "out_search": [1],
        "product_read": [{"id": 1, "code": "A", "create_date": moment(1), "default_uom.": {"id": 1}, "sale_uom.": {"id": 2}}],
        "line_search": [1], "location_search": [1], "location_read": [{"id": 1, "type": "storage", "parent": None}], "paid": paid,
    }  # fmt: skip


@pytest.mark.parametrize("act", [*DOINGS, None])
def test_answers_of_any_shape_end_in_an_outcome(act: Act | None) -> None:
    """A poll where the act is None."""
    references = (Ref("erp/sales_order/S1"), Ref("erp/return/S1"), Ref("erp/invoice/I1"))
    rng = random.Random(str(act))
    kinds = set()
    for _ in range(400):
        known = sound()
        for name in rng.sample(sorted(known), rng.randrange(4)):
            known[name] = shaken(known[name], rng)
        if act is None:
            conversation: Any = poll(SHOP, SECRETS, "", [])
        else:
            wanted = Command(act, "erp", "TBK", Side.DEBIT, Ref("shop/order/1"), 1, BOOK.lines, Decimal(5), references=references)
            conversation = rng.choice((send, probe))(wanted, SHOP, SECRETS)
        outcome, _ = hold(conversation, answering(**known))
        kinds.add(type(outcome))
    assert kinds <= {Accepted, Rejected, Failed, Absent, Polled}
    assert Failed in kinds


def test_the_carrier_that_a_fallback_names_is_written_on_the_shipment_and_read_back() -> None:
    by_carrier = System("erp", "tryton", Role.ERP, options={**SHOP.options, "carriers": {"FDXG": "FEDEX"}})
    post = Command(
        Act.POST_SHIPMENT, "erp", "TSH", Side.DEBIT, Ref("shop/order/1"), 1, (Line("1", Ref("shop/order/1"), "A", quantity=Decimal(2)),),
        references=(Ref("erp/sales_order/S1"),), data={"carrier": "FDXG"},
    )  # fmt: skip
    known = sound()
    known["out_read"] = [known["out_read"][0] | {"state": "assigned", "carrier.": {"id": 3, "party.": {"id": 9, "code": "UPS"}}}]
    known["carrier_search_read"] = [{"id": 3, "party.": {"id": 9, "code": "FEDEX"}}]
    outcome, calls = hold(send(post, by_carrier, SECRETS), answering(**known))
    bodies = [json.loads(call.body) for call in calls]
    assert [body["params"][0] for body in bodies if body["method"] == "model.carrier.search_read"] == [[["party.code", "=", "FEDEX"]]]
    written = [body["params"][1] for body in bodies if body["method"] == "model.stock.shipment.out.write"]
    assert written == [{"reference": post.key, "carrier": 3}]
    assert isinstance(outcome, Accepted)
    assert "carrier of shipment 1: meant FEDEX, there UPS" in outcome.differs
    outcome, _ = hold(send(post, by_carrier, SECRETS), answering(**{**known, "carrier_search_read": []}))
    assert outcome == Rejected("Tryton has no carriers whose party has the code 'FEDEX'; the option `carriers` has to name one.")
    _, calls = hold(send(post, SHOP, SECRETS), answering(**{**known, "out_read": [known["out_read"][0]]}))
    assert not [call for call in calls if b"carrier" in call.body]


def test_an_address_that_is_none_is_said_without_a_call() -> None:
    outcome, calls = hold(send(BOOK, System("erp", "tryton", Role.ERP), SECRETS), answering())
    assert isinstance(outcome, Failed)
    assert (outcome.fault, calls) == ("request", [])


def test_numbers_travel_exactly() -> None:
    exact = Command(
        Act.BOOK_ORDER, "erp", "TBK", Side.DEBIT, Ref("shop/order/1"), 1,
        (Line("1", Ref("shop/order/1"), "A", quantity=Decimal("0.3"), value=Decimal("0.1")),),
    )  # fmt: skip
    _, calls = hold(send(exact, SHOP, SECRETS), answering(**KNOWN, sale_create=[1]))
    (created,) = (call.body for call in calls if b"sale.create" in call.body)
    assert b'"quantity":0.3' in created
    assert b'"unit_price":{"__class__":"Decimal","decimal":"0.3333"}' in created


def test_a_poll_needs_the_server_s_clock_and_reports_what_it_cannot_read() -> None:
    found: list[Document] = []
    no_clock = {"db_login": Reply(200, {}, b'{"result": [2, "a"]}'), "user_get_preferences": Reply(200, {}, b'{"result": {}}')}
    outcome, _ = hold(poll(SYSTEM, SECRETS, "", found), answering(**no_clock))
    assert isinstance(outcome, Failed)
    assert "clock" in outcome.reason

    refused, _ = hold(poll(SYSTEM, SECRETS, "", found), answering(product_search=error("UserError", ["You may not read this.", "", None])))
    assert refused == Failed("answer", "You may not read this.")
    assert found == []


@pytest.mark.parametrize("options", [{"overlap": -1}, {"page": 0}, {"page": "many"}, {"units": [1]}])
def test_wrong_options_are_named(options: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="erp"):
        options_of(System("erp", "tryton", Role.ERP, options=options))


# What records say -----------------------------------------------------------------------------------------------------


def moment(second: int) -> dict[str, Any]:
    return {"__class__": "datetime", "year": 2026, "month": 3, "day": 2, "hour": 9, "minute": 0, "second": second, "microsecond": 0}


def sale(**more: Any) -> dict[str, Any]:
    lines = more.pop("lines", [sold(1, 2)])
    record = {
        "id": 7,
        "number": "S7",
        "state": "processing",
        "create_date": moment(0),
        "write_date": moment(5),
        "currency.": {"id": 1, "code": "USD"},
    }
    return {"model": "sale.sale", "record": {**record, **more}, "lines": lines, "ignored": []}


def sold(number: int, quantity: float, second: int = 1) -> dict[str, Any]:
    amount = {"__class__": "Decimal", "decimal": str(quantity * 10)}
    return {
        "id": number,
        "create_date": moment(second),
        "quantity": quantity,
        "amount": amount,
        "product.": {"id": 1, "code": "A"},
        "unit.": {"id": 1, "symbol": "u"},
    }


def read(document: dict[str, Any]) -> list[Fact]:
    raw = json.dumps(document).encode()
    (cut,) = split(io.BytesIO(raw), "test", SYSTEM)
    assert isinstance(cut, Document)
    found = translate(cut, SYSTEM)
    assert not any(isinstance(one, Refusal) for one in found), found
    return [one for one in found if isinstance(one, Fact)]


@pytest.mark.parametrize(
    ("reference", "description", "link"),
    [
        ("1001", None, "shop/order/1001"),
        ("po 77", None, "shop/order/PO 77"),
        ("PO77", None, "edi/order/PO77"),
        ("1001", "TBK+ market/order/9/9 3", "market/order/9/9"),
        ("1001", "as agreed by phone", "shop/order/1001"),
        (None, "TBK+ market/order/9/9 3", None),
        (None, None, None),
    ],
)
def test_a_sale_belongs_to_what_its_key_or_reference_names(reference: str | None, description: str | None, link: str | None) -> None:
    (fact,) = read(sale(reference=reference, description=description))
    assert fact.links == (() if link is None else ((Ref("erp/sales_order/S7"), Ref(link)),))


@pytest.mark.parametrize(("state", "void"), [("draft", True), ("quotation", True), ("confirmed", False), ("done", False), ("cancelled", True)])
def test_only_a_confirmed_sale_is_booked(state: str, void: bool) -> None:
    (fact,) = read(sale(state=state))
    assert (fact.kind, fact.identity, fact.void) == ("OrderBooked", "erp/sale//7", void)


def test_a_draft_without_a_number_says_nothing() -> None:
    assert read(sale(number=None, state="draft")) == []


def test_an_exchange_is_an_order_and_a_return() -> None:
    facts = read(sale(lines=[sold(1, 2), sold(2, -1)]))
    assert [(fact.kind, fact.lines[0].subject, fact.lines[0].quantity) for fact in facts] == [
        ("OrderBooked", "erp/sales_order/S7", Decimal(2)),
        ("ReturnAuthorised", "erp/return/S7", Decimal(1)),
    ]


def test_a_changed_line_makes_a_later_revision_of_an_unchanged_sale() -> None:
    (first,), (second,) = read(sale()), read(sale(lines=[{**sold(1, 2), "write_date": moment(9)}]))
    assert first.revision < second.revision


def amendment(text: str | None) -> dict[str, Any]:
    return {"id": 4, "create_date": moment(7), "state": "validated", "description": text, "sale": 7}


def test_what_our_amendment_cut_stays_booked_and_is_cancelled_under_the_command_s_key() -> None:
    line = {**sold(1, 2), "unit_price": {"__class__": "Decimal", "decimal": "10"}}
    document = sale(lines=[line]) | {"amendments": [amendment("TBC+ shop/order/1 3 = 1:1.5"), amendment("TBC+ shop/order/1 4 = 9:1")]}
    facts = read(document)
    assert [(fact.kind, fact.lines[0].quantity, fact.lines[0].value, fact.data.get("command")) for fact in facts] == [
        ("OrderBooked", Decimal("3.5"), Decimal(35), None),
        ("BookingCancelled", Decimal("1.5"), Decimal(15), "TBC+ shop/order/1 3"),
    ]


@pytest.mark.parametrize("text", [None, "", "less, please", "TBC+ shop/order/1 3", "x = 1:1", "TBC+ shop/order/1 3 = 1:x"])
def test_what_people_amend_is_a_revision_of_what_was_booked(text: str | None) -> None:
    facts = read(sale() | {"amendments": [amendment(text)]})
    assert [(fact.kind, fact.lines[0].quantity) for fact in facts] == [("OrderBooked", Decimal(2))]


def invoice(lines: list[dict[str, Any]], tax: str = "0", **more: Any) -> dict[str, Any]:
    record = {"id": 3, "number": "I1", "state": "posted", "create_date": moment(0), "currency.": {"id": 1, "code": "USD"}}
    record |= {"tax_amount": {"__class__": "Decimal", "decimal": tax}}
    sales = [{"id": n, "quantity": quantity, "sale.": {"id": n, "number": f"S{n}"}} for n, quantity in ((1, 5.0), (2, 5.0), (3, -1.0))]
    return {"model": "account.invoice", "record": {**record, **more}, "lines": lines, "sold": sales, "credited": [], "payments": []}


def test_a_consolidated_invoice_splits_its_tax_over_its_sales_without_a_rest() -> None:
    (fact,) = read(invoice([{**sold(1, 1), "origin": "sale.line,1"}, {**sold(2, 2), "origin": "sale.line,2"}], tax="1.00"))
    taxes = {line.subject: line.value for line in fact.lines if line.charge == "tax"}
    assert taxes == {"erp/sales_order/S1": Decimal("0.33"), "erp/sales_order/S2": Decimal("0.67")}
    assert fact.total == 31


def test_an_invoice_that_also_takes_back_is_an_invoice_and_a_credit() -> None:
    facts = read(invoice([{**sold(1, 3), "origin": "sale.line,1"}, {**sold(2, -1), "origin": "sale.line,3"}], tax="2"))
    assert [(fact.kind, fact.total) for fact in facts] == [("Invoiced", 32), ("CreditIssued", 10)]


def test_a_credit_note_voids_and_is_never_a_command_s_own() -> None:
    document = invoice([{**sold(1, -2), "origin": "account.invoice.line,9"}], number="C1", description="SNI+ shop/order/1 1")
    document["credited"] = [{"id": 9, "quantity": 2.0, "invoice.": {"id": 2, "number": "I9"}, "origin": "sale.line,1"}]
    (fact,) = read(document)
    assert (fact.kind, fact.lines[0].subject, fact.lines[0].quantity) == ("InvoiceVoided", "erp/sales_order/S1", 2)
    assert fact.data == {"against": "erp/invoice/I9"}


@pytest.mark.parametrize(("origin", "void"), [("account.invoice,5", False), ("account.move,5", True), (None, True)])
def test_a_cancelled_invoice_is_void_unless_a_credit_note_says_the_opposite(origin: str | None, void: bool) -> None:
    cancel = {"cancel_move.": {"id": 1, "origin": origin}} if origin else {}
    (fact,) = read(invoice([{**sold(1, 1), "origin": "sale.line,1"}], state="cancelled", **cancel))
    assert fact.void is void


def test_a_unit_kept_by_its_rate_is_exact() -> None:
    dozen = {"id": 2, "symbol": "dz", "factor": 0.083333333333, "rate": 12.0}
    record = {
        "id": 1,
        "code": "A",
        "create_date": moment(0),
        "default_uom.": dozen,
        "sale_uom.": {"id": 1, "symbol": "u", "factor": 1.0, "rate": 1.0},
    }
    (fact,) = read({"model": "product.product", "record": record})
    assert (fact.data["base"], fact.data["unit"], fact.data["factor"]) == ("DZ", "EA", "12")


def test_a_list_speaks_of_all_types_a_sale_states() -> None:
    facts = read({"model": "sale.sale", "listed": [1, 2], "at": "2026-03-02T09:00:00Z"})
    assert {fact.data["type"] for fact in facts} == {"sale", "return_sale", "sale_cancellation"}
    assert {fact.happened for fact in facts} == {datetime(2026, 3, 2, 9, tzinfo=UTC)}
