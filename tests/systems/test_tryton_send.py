"""Commands to a real Tryton: done once whatever is lost on the way, refused in its own words, found again by a probe."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from systems.driver import Lost, converse, transport
from systems.erp import SECRETS, D, Erp, charge, command, goods
from tieout.connectors.tryton.send import send
from tieout.core.command import Absent, Accepted, Act, Call, Command, Failed, Rejected, Reply

pytestmark = pytest.mark.tryton


class DropsAnswers:
    """Every different write reaches the server, and its answer is lost the first time."""

    def __init__(self) -> None:
        self.lost: set[str] = set()

    def __call__(self, call: Call) -> Reply:
        reply = transport(call)
        asked = json.loads(call.body)
        name = asked["method"] + (str(asked["params"][2]) if asked["method"].endswith(".execute") else "")
        if call.writes and name not in self.lost:
            self.lost.add(name)
            raise Lost(name)
        return reply


def through_losses(erp: Erp, wanted: Command) -> Accepted:
    """Send a command again and again until its answer comes through; every write's answer is lost once."""
    dropping = DropsAnswers()
    for _ in range(20):
        try:
            outcome = erp.send(wanted, dropping)
        except Lost:
            continue
        assert isinstance(outcome, Accepted), outcome
        assert dropping.lost
        return outcome
    raise AssertionError("it never came through")


def order(n: int, **more: Any) -> Command:
    subject = f"shop/order/{n}"
    lines = [goods(1, "SKU-0001", 5, 55, subject), goods(2, "SKU-0002", 2, 24, subject), charge("tax", "7.90", subject)]
    return command(Act.BOOK_ORDER, subject, lines, **more)


def test_every_lost_answer_leaves_one_document_of_each_kind(erp_of: Callable[..., Erp]) -> None:
    erp = erp_of()
    subject, back = "shop/order/1", "shop/return/R1"
    sale = through_losses(erp, order(1))
    named = {"references": erp.named(sale)}
    assert sale.differs == ()

    through_losses(erp, command(Act.CANCEL_BOOKING, subject, [goods(2, "SKU-0002", 1)], "TBC", **named))
    shipment = through_losses(erp, command(Act.POST_SHIPMENT, subject, [goods(1, "SKU-0001", 3)], "TSH", **named))
    invoice = through_losses(erp, command(Act.POST_INVOICE, subject, [goods(1, "SKU-0001", 3, 33)], "SNI", **named))
    cash = through_losses(erp, command(Act.APPLY_CASH, invoice.documents[0], account="CSH", total=D("36.30")))
    part = command(Act.RECEIVE_RETURN, back, [goods(1, "SKU-0001", 1, 11, back)], "RRC", **named)
    through_losses(erp, part)
    credit = through_losses(erp, command(Act.ISSUE_CREDIT, back, [goods(1, "SKU-0001", 1, 11, back)], "RCR", **named))

    assert [one["state"] for one in erp.records("sale.sale", [], "state")] == ["processing", "processing"]
    assert [one["quantity"] for one in erp.records("sale.line", [["sale", "=", 1]], "quantity")] == [5, 1]
    assert [one["state"] for one in erp.records("sale.amendment", [], "state")] == ["validated"]
    done = erp.records("stock.move", [["to_location.type", "=", "customer"], ["state", "=", "done"]], "quantity")
    assert [one["quantity"] for one in done] == [3]
    posted = erp.records("account.invoice", [["state", "in", ["posted", "paid"]]], "number", "total_amount", "amount_to_pay")
    assert [(one["total_amount"], one["amount_to_pay"]) for one in posted] == [(D("36.30"), 0), (D("-12.10"), D("-12.10"))]
    assert len(shipment.documents) == len(invoice.documents) == len(cash.documents) == len(credit.documents) == 1


def test_a_create_that_arrives_late_leaves_a_draft_that_the_next_attempt_removes(shared: Erp) -> None:
    held: list[Call] = []

    def hold_create(call: Call) -> Reply:
        if json.loads(call.body)["method"] == "model.sale.sale.create":
            held.append(call)
            raise Lost("not sent yet")
        return transport(call)

    wanted = order(20)
    with pytest.raises(Lost):
        shared.send(wanted, hold_create)
    assert shared.probe(wanted) == Absent()
    booked = shared.done(wanted)
    transport(held[0])
    assert len(shared.records("sale.sale", [["reference", "=", "20"]], "state")) == 2

    assert shared.send(wanted).documents == booked.documents  # type: ignore[union-attr]
    assert [one["state"] for one in shared.records("sale.sale", [["reference", "=", "20"]], "state")] == ["processing"]


def test_a_late_draft_is_also_removed_by_what_is_done_next_for_the_order(shared: Erp) -> None:
    held: list[Call] = []

    def hold_create(call: Call) -> Reply:
        if json.loads(call.body)["method"] == "model.sale.sale.create":
            held.append(call)
            raise Lost("not sent yet")
        return transport(call)

    with pytest.raises(Lost):
        shared.send(order(21), hold_create)
    shared.done(order(21))
    transport(held[0])
    assert len(shared.records("sale.sale", [["reference", "=", "21"]], "state")) == 2

    shared.done(command(Act.POST_SHIPMENT, "shop/order/21", [goods(1, "SKU-0001", 5)], "TSH"))
    assert [one["state"] for one in shared.records("sale.sale", [["reference", "=", "21"]], "state")] == ["processing"]


def test_a_copy_that_people_make_of_our_sale_is_theirs(shared: Erp) -> None:
    booked = shared.done(order(22))
    (copy,) = shared.clerk("sale.sale", "copy", [int(booked.documents[0].rpartition("/")[2])])

    assert shared.done(order(22)).documents == booked.documents
    assert shared.records("sale.sale", [["id", "=", copy]], "state", "description")[0]["description"] == order(22).key
    assert shared.records("sale.sale", [["id", "=", copy]], "state")[0]["state"] == "draft"


def test_a_killed_server_forgets_nothing_that_was_confirmed_and_doubles_nothing(erp_of: Callable[..., Erp]) -> None:
    erp = erp_of()
    wanted = order(1)
    calls = 0

    def killed_at_confirm(call: Call) -> Reply:
        nonlocal calls
        calls += 1
        if json.loads(call.body)["method"] == "model.sale.sale.confirm":
            erp.tryton.kill()
        return transport(call)

    with pytest.raises(OSError):
        erp.send(wanted, killed_at_confirm)
    with pytest.raises(OSError):
        erp.probe(wanted)
    erp.tryton.restart()
    assert erp.probe(wanted) == Absent()
    assert erp.done(wanted).documents == ("erp/sale/1",)
    assert [one["state"] for one in erp.records("sale.sale", [], "state")] == ["processing"]


def test_another_price_than_the_list_is_kept_and_reported(shared: Erp) -> None:
    subject = "shop/order/30"
    outcome = shared.done(command(Act.BOOK_ORDER, subject, [goods(1, "SKU-0002", 3, 25, subject)], customer="CUST-2"))

    assert outcome.differs == (
        "unit_price of SKU-0002: ordered 8.3333, Tryton's price is 9.99",
        "tax: ordered 0, there 2.5",
    )
    (sale,) = shared.records("sale.sale", [["reference", "=", "30"]], "untaxed_amount", "party.code")
    assert sale["untaxed_amount"] == 25
    assert sale["party."]["code"] == "CUST-2"


def test_an_order_without_a_price_takes_the_price_list(shared: Erp) -> None:
    subject = "shop/order/31"
    outcome = shared.done(
        command(Act.BOOK_ORDER, subject, [goods(1, "SKU-0002", 2, None, subject), charge("tax", "2.00", subject)], customer="CUST-2")
    )
    assert outcome.differs == ()
    (sale,) = shared.records("sale.sale", [["reference", "=", "31"]], "untaxed_amount")
    assert sale["untaxed_amount"] == D("19.98")


@pytest.mark.parametrize(
    ("number", "wanted", "reason"),
    [
        (40, {"lines": [goods(1, "NO-SUCH", 1, 1)]}, "Tryton has no salable product NO-SUCH."),
        (41, {"lines": [goods(1, "SKU-0001", 1, 11), charge("insurance", 3)]}, "No product stands for the charge insurance"),
        (42, {"lines": [goods(1, "SKU-0001", 1, 11)], "warehouse": "W9"}, "Tryton has no warehouse W9."),
        (43, {"lines": [goods(1, "SKU-0001", D("1.5"), 16)]}, "The number of digits in the value"),
        (44, {"lines": []}, "The command has no line that a sale could hold."),
    ],
)
def test_an_order_that_cannot_be_booked_is_refused_and_leaves_nothing(shared: Erp, number: int, wanted: dict[str, Any], reason: str) -> None:
    outcome = shared.send(command(Act.BOOK_ORDER, f"shop/order/{number}", **wanted))
    assert isinstance(outcome, Rejected), outcome
    assert reason in outcome.reason
    assert shared.records("sale.sale", [["reference", "=", str(number)]], "state") == []


def test_an_order_booked_by_hand_in_the_meantime_is_not_booked_again(shared: Erp) -> None:
    by_phone = shared.by_hand("SKU-0001", 5, reference="50")
    shared.clerk("sale.sale", "confirm", [by_phone])

    outcome = shared.send(order(50))
    assert isinstance(outcome, Rejected)
    assert "with the reference 50 already" in outcome.reason


def test_what_tryton_has_not_shipped_is_shipped_before_it_is_invoiced_and_only_once(erp_of: Callable[..., Erp]) -> None:
    erp = erp_of(queued=True)
    sale = through_losses(erp, order(1))
    named = {"references": erp.named(sale)}
    erp.done(command(Act.POST_SHIPMENT, "shop/order/1", [goods(1, "SKU-0001", 1)], "TSH", **named))
    invoice = through_losses(erp, command(Act.POST_INVOICE, "shop/order/1", [goods(1, "SKU-0001", 3, 33)], "SNI", **named))
    assert invoice.differs == ()
    assert len(invoice.documents) == 2, "Tryton drafts one for each shipment"
    done = erp.records("stock.move", [["to_location.type", "=", "customer"], ["state", "=", "done"]], "quantity")
    assert [one["quantity"] for one in done] == [1, 2]
    assert [one["state"] for one in erp.records("account.invoice", [], "state")] == ["posted", "posted"]


def test_nothing_is_shipped_invoiced_or_paid_beyond_what_is_open(shared: Erp) -> None:
    sale = shared.done(order(60))
    subject, named = "shop/order/60", {"references": shared.named(sale)}
    too_much = shared.send(command(Act.POST_SHIPMENT, subject, [goods(1, "SKU-0001", 6)], "TSH", 1, **named))
    assert too_much == Rejected("Not open to ship in Tryton: 1 of SKU-0001.")
    too_much = shared.send(command(Act.POST_INVOICE, subject, [goods(1, "SKU-0001", 6, 66)], "SNI", 1, **named))
    assert too_much == Rejected("Not open to ship in Tryton: 1 of SKU-0001.")

    shared.done(command(Act.POST_SHIPMENT, subject, [goods(1, "SKU-0001", 5)], "TSH", 2, **named))
    less = shared.send(command(Act.POST_INVOICE, subject, [goods(1, "SKU-0001", 4, 44)], "SNI", 2, **named))
    assert less == Rejected("Tryton's draft holds 5 of SKU-0001, but owed is only 4 of SKU-0001.")
    (invoice,) = shared.done(command(Act.POST_INVOICE, subject, [goods(1, "SKU-0001", 5, 55)], "SNI", 3, **named)).documents
    over = shared.send(command(Act.APPLY_CASH, invoice, account="CSH", total=D("60.51")))
    assert isinstance(over, Rejected) and "60.5 is open" in over.reason
    late = shared.send(command(Act.CANCEL_BOOKING, subject, [goods(1, "SKU-0001", 1)], "TBC", **named))
    assert late == Rejected("Not open in Tryton any more: 1 of SKU-0001.")


def test_an_order_without_stock_keeps_its_shipment_as_it_was(shared: Erp) -> None:
    subject = "shop/order/70"
    sale = shared.done(command(Act.BOOK_ORDER, subject, [goods(1, "SKU-0009", 1500, None, subject)]))
    ship = command(Act.POST_SHIPMENT, subject, [goods(1, "SKU-0009", 1200)], "TSH", references=shared.named(sale))

    assert shared.send(ship) == Rejected("Tryton has not enough stock to assign shipment " + _shipment(shared, sale)["number"] + ".")
    assert _shipment(shared, sale)["state"] == "waiting"
    assert _shipment(shared, sale)["reference"] is None
    in_stock = command(Act.POST_SHIPMENT, subject, [goods(1, "SKU-0009", 800)], "TSH", 2, references=shared.named(sale))
    assert isinstance(shared.send(in_stock), Accepted)


def _shipment(erp: Erp, sale: Accepted) -> dict[str, Any]:
    (sold,) = erp.records("sale.sale", [["id", "=", int(sale.documents[0].rpartition("/")[2])]], "shipments")
    return erp.records("stock.shipment.out", [["id", "in", sold["shipments"]]], "number", "state", "reference")[0]


def test_pieces_of_a_product_sold_by_the_dozen_are_booked_in_pieces(shared: Erp) -> None:
    subject = "shop/order/80"
    shared.done(command(Act.BOOK_ORDER, subject, [goods(1, "SKU-0005", 24, 360, subject)]))
    (sale,) = shared.records("sale.sale", [["reference", "=", "80"]], "lines")
    (line,) = shared.records("sale.line", [["id", "in", sale["lines"]]], "quantity", "unit.symbol", "amount")
    assert (line["quantity"], line["unit."]["symbol"], line["amount"]) == (24, "u", 360)


@pytest.mark.parametrize(
    "secrets", [{"login": "tieout", "password": "wrong"}, {"login": "nobody", "password": "x"}, {"session": "tieout:2:00"}]
)
def test_wrong_credentials_are_named(shared: Erp, secrets: dict[str, str]) -> None:
    outcome = converse(send(order(90), shared.system, secrets))
    assert isinstance(outcome, Failed)
    assert (outcome.fault, outcome.in_doubt) == ("credentials", False)


def test_a_session_spares_the_log_in(shared: Erp) -> None:
    asked = json.dumps({"id": 1, "method": "common.db.login", "params": [SECRETS["login"], {"password": SECRETS["password"]}]}).encode()
    reply = transport(Call("POST", shared.tryton.url + "rpc/", {"content-type": "application/json"}, asked))
    user, token, *_ = json.loads(reply.body)["result"]
    assert isinstance(converse(send(order(91), shared.system, {"session": f"tieout:{user}:{token}"})), Accepted)
