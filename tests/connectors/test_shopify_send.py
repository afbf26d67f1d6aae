"""Fulfilments, cancellations and refunds told to a shop over a real socket: made once, read back, and every wrong answer named."""

import itertools
import random
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from graphql import build_schema, parse, validate

from systems.drive_shop import drive, exchange
from systems.shop import TOKEN, Served
from tieout.connectors import System, shopify
from tieout.connectors.shopify import send
from tieout.connectors.shopify.send import cancellation, fulfilment_queries, refund
from tieout.core.command import Absent, Accepted, Act, Command, Failed, Outcome, Rejected
from tieout.core.facts import Line
from tieout.core.values import Role, Side, ref

ORDER = ref("shop", "order_id", "1001")
SCHEMA = build_schema((Path(__file__).parent.parent / "systems/shop_schema.graphql").read_text())
QUERIES = {
    name: text
    for module in (fulfilment_queries, cancellation, refund)
    for name, text in vars(module).items()
    if isinstance(text, str) and name.isupper() and text.startswith("\n")
}


def goods(line: str, quantity: str, value: str | None = None) -> Line:
    return Line(line, ORDER, "MUG", line, Decimal(quantity), "EA", Decimal(value) if value else None)


def command(act: Act, *lines: Line, **more: object) -> Command:
    given: dict[str, object] = {"system": "shop", "account": "TSH", "side": Side.CREDIT, "group": ref("shop", "order", "1001"), "number": 1}
    return Command(act=act, lines=lines, references=(ORDER,), currency="USD", **(given | more))  # type: ignore[arg-type]


SHIPPED = command(Act.CONFIRM_FULFILMENT, goods("11", "2"), goods("12", "1"), warehouse="EAST", data={"tracking": "1Z9, 1Z8", "carrier": "UPS"})
CANCELLED = command(Act.CANCEL_BOOKING, goods("11", "3"), goods("12", "1"), data={"reason": "inventory"})
REFUNDED = command(Act.ISSUE_REFUND, goods("11", "1", "12.50"), total=Decimal("15.00"), data={"reason": "arrived broken"})
WAYS = {"fulfilment": SHIPPED, "cancellation": CANCELLED, "refund": REFUNDED}
each_way = pytest.mark.parametrize("asked", WAYS.values(), ids=WAYS)


class Desk:
    """The shop, and a connector that talks to it."""

    def __init__(self, served: Served) -> None:
        self.shop = served.shop
        self.system = System("shop", "shopify", Role.CHANNEL, options={"url": served.url})
        self.secrets = {"access_token": TOKEN}

    def send(self, asked: Command) -> Outcome:
        return drive(send.send(asked, self.system, self.secrets))

    def probe(self, asked: Command) -> Outcome | Absent:
        return drive(send.probe(asked, self.system, self.secrets))


@pytest.fixture
def desk() -> Iterator[Desk]:
    with Served() as served:
        made = Desk(served)
        made.shop.order(1001, {11: 3, 12: 1}, {"gift_card": "10.00", "shopify_payments": "30.00"})
        yield made


def reason(outcome: Outcome | Absent) -> str:
    assert isinstance(outcome, Rejected), outcome
    return outcome.reason


@pytest.mark.parametrize("name", QUERIES)
def test_every_query_is_valid_by_the_schema(name: str) -> None:
    assert validate(SCHEMA, parse(QUERIES[name])) == []
    assert len(QUERIES) == 8


def test_a_shipment_is_a_fulfilment_with_its_tracking_numbers(desk: Desk) -> None:
    done = desk.send(SHIPPED)
    assert isinstance(done, Accepted)
    ((document,), (shipped,)) = done.documents, desk.shop.fulfillments.values()
    assert document == f"shop/fulfillment/{shipped['id'].rsplit('/', 1)[-1]}"
    assert (done.final, done.differs) == ({"11": 2, "12": 1}, ())
    (wrote,) = desk.shop.writes
    assert wrote["fulfillment"]["trackingInfo"] == {"numbers": ["1Z9", "1Z8"], "company": "UPS"}
    assert wrote["fulfillment"]["notifyCustomer"] is False


def test_the_rest_of_an_order_is_another_fulfilment_and_more_than_the_rest_none(desk: Desk) -> None:
    desk.send(SHIPPED)
    rest = msgspec.structs.replace(SHIPPED, number=2, lines=(goods("11", "1"),), data={"shipment": "SH-2"})
    assert isinstance(desk.send(rest), Accepted)
    more = msgspec.structs.replace(SHIPPED, number=3, lines=(goods("11", "1"),), data={"shipment": "SH-3"})
    assert reason(desk.send(more)).startswith("No one location has this left to fulfil: line 11: 1 shipped, 0 left to fulfil")
    assert len(desk.shop.fulfillments) == 2


def test_a_fulfilment_is_made_at_the_location_that_the_warehouse_is(desk: Desk) -> None:
    desk.shop.order(1002, {11: 2, 12: 1}, places={"70": {11: 2, 12: 1}, "71": {11: 2, 12: 1}})
    asked = msgspec.structs.replace(SHIPPED, references=(ref("shop", "order_id", "1002"),), lines=tuple(
        msgspec.structs.replace(line, subject=ref("shop", "order_id", "1002")) for line in SHIPPED.lines
    ))  # fmt: skip
    assert reason(desk.send(asked)).startswith("Several locations (70, 71) could have shipped this: say in the option `locations`")
    desk.system = msgspec.structs.replace(desk.system, options=desk.system.options | {"locations": {"EAST": "71"}})
    assert isinstance(desk.send(asked), Accepted)
    left = {
        one["assignedLocation"]["name"]: one["lines"][0]["remainingQuantity"] for one in desk.shop.orders["gid://shopify/Order/1002"]["work"]
    }
    assert left == {"70": 2, "71": 0}


def test_a_fulfilment_order_on_hold_is_not_fulfilled(desk: Desk) -> None:
    (work,) = desk.shop.orders["gid://shopify/Order/1001"]["work"]
    work |= {"status": "ON_HOLD", "supportedActions": [{"action": "RELEASE_HOLD"}]}
    assert "fulfilment orders: ON_HOLD with 4 left" in reason(desk.send(SHIPPED))


def test_a_whole_order_is_cancelled_and_no_money_moves(desk: Desk) -> None:
    assert desk.send(CANCELLED) == Accepted((ORDER,))
    (wrote,) = desk.shop.writes
    assert (wrote["reason"], wrote["restock"], wrote["refundMethod"]) == ("INVENTORY", True, {"originalPaymentMethodsRefund": False})
    assert wrote["staffNote"] == f"[{CANCELLED.key}]"
    assert desk.shop.orders["gid://shopify/Order/1001"]["cancelledAt"]


def test_a_part_of_an_order_is_never_cancelled_as_the_whole(desk: Desk) -> None:
    part = msgspec.structs.replace(CANCELLED, lines=(goods("11", "1"),))
    assert "this is a part: quantity of line 11: 1 meant, 3 found; quantity of line 12: 0 meant, 1 found" in reason(desk.send(part))
    assert desk.shop.writes == []


def test_a_refusal_of_the_shop_is_its_own_words(desk: Desk) -> None:
    desk.send(SHIPPED)
    assert desk.send(CANCELLED) == Rejected("orderId: Cannot cancel a fulfilled order")


def test_a_refund_is_exactly_the_money_owed_on_the_payments_it_came_by(desk: Desk) -> None:
    done = desk.send(REFUNDED)
    assert isinstance(done, Accepted) and done.differs == ()
    (made,) = desk.shop.orders["gid://shopify/Order/1001"]["returned"]
    assert done.documents == (f"shop/refund/{made['id'].rsplit('/', 1)[-1]}",)
    assert made["note"] == f"[{REFUNDED.key}] arrived broken"
    assert [(one["gateway"], one["amount"]) for one in made["input"]["transactions"]] == [("gift_card", "10.00"), ("shopify_payments", "5.00")]
    assert made["input"]["refundLineItems"] == [{"lineItemId": "gid://shopify/LineItem/11", "quantity": 1, "restockType": "NO_RESTOCK"}]

    second = msgspec.structs.replace(REFUNDED, number=2, total=Decimal("25.01"))
    assert reason(desk.send(second)) == "25.01 USD is owed, only 25 is left of the payments."
    last = msgspec.structs.replace(REFUNDED, number=3, total=Decimal(25), lines=(Line("f", ORDER, value=Decimal(4), charge="freight"),))
    assert isinstance(desk.send(last), Accepted)
    assert desk.shop.writes[-1]["input"]["shipping"] == {"amount": "4.00"}
    assert [(one["gateway"], one["amount"]) for one in desk.shop.writes[-1]["input"]["transactions"]] == [("shopify_payments", "25.00")]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"total": Decimal("10.005")}, "10.005 USD is no amount that can be refunded."),
        ({"total": Decimal(-1)}, "-1 USD is no amount that can be refunded."),
        ({"currency": "EUR"}, "The refund is owed in EUR, the shop keeps USD and the customer paid in USD; refund it in Shopify."),
        ({"references": (), "lines": ()}, "The command names no order id of shop; it must name one."),
        ({"references": (ORDER, ref("shop", "order_id", "2"))}, "The command names several orders of shop; it must name one."),
        ({"lines": (goods("11", "0.5", "1"),)}, "Line 11 has the quantity 0.5; Shopify takes whole units above zero."),
        ({"lines": (goods("MUG", "1", "1"),)}, "Line MUG names the order line 'MUG', not one of Shopify's line ids."),
        ({"references": (ref("shop", "order_id", "7"),), "lines": ()}, "Shopify knows no order gid://shopify/Order/7."),
        ({"act": Act.POST_INVOICE}, "Shopify is not told to post_invoice: it can cancel_booking, confirm_fulfilment, issue_refund."),
    ],
)
def test_what_cannot_be_refunded_is_said_and_nothing_moves(desk: Desk, changed: dict[str, object], said: str) -> None:
    assert said in reason(desk.send(msgspec.structs.replace(REFUNDED, **changed)))
    assert desk.shop.writes == []


def test_a_customer_who_paid_in_another_currency_is_refunded_by_hand(desk: Desk) -> None:
    desk.shop.orders["gid://shopify/Order/1001"]["presentmentCurrencyCode"] = "EUR"
    assert "the customer paid in EUR; refund it in Shopify." in reason(desk.send(REFUNDED))


def test_without_a_number_to_find_it_by_nothing_is_fulfilled(desk: Desk) -> None:
    assert "give it the data `tracking` or `shipment`" in reason(desk.send(msgspec.structs.replace(SHIPPED, data={})))


@each_way
def test_a_probe_finds_what_was_done_and_only_that(desk: Desk, asked: Command) -> None:
    assert desk.probe(asked) == Absent()
    done = desk.send(asked)
    assert isinstance(done, Accepted)
    assert desk.probe(asked) == done
    if asked is not CANCELLED:
        other = msgspec.structs.replace(asked, number=2, data={"tracking": "1Z7"})
        assert desk.probe(other) == Absent()


@each_way
@pytest.mark.parametrize("fault", ["drop", "cut-after"])
def test_an_answer_that_is_lost_leaves_a_doubt_that_a_probe_settles_and_sending_again_doubles_nothing(
    desk: Desk, asked: Command, fault: str
) -> None:
    desk.shop.faults += ["", "", fault]
    lost = desk.send(asked)
    assert isinstance(lost, Failed) and lost.in_doubt, lost
    assert len(desk.shop.writes) == 1
    found = desk.probe(asked)
    assert isinstance(found, Accepted) and found.differs == ()
    assert desk.send(asked) == found
    assert len(desk.shop.writes) == 1


def test_a_refund_request_that_comes_late_is_no_second_refund(desk: Desk) -> None:
    """The request of an attempt that was given up may arrive after its probe: the shop knows its key."""
    conversation = send.send(REFUNDED, desk.system, desk.secrets)
    call = next(conversation)
    while not call.writes:
        call = conversation.send(exchange(call, 5))
    conversation.close()
    assert isinstance(desk.send(REFUNDED), Accepted)
    exchange(call, 5)
    assert len(desk.shop.orders["gid://shopify/Order/1001"]["returned"]) == 1


@each_way
@pytest.mark.parametrize(
    ("fault", "name", "wait"),
    [
        ("throttled", "rate-limit", 2.0), ("too-many", "rate-limit", 2.0), ("denied", "credentials", None), ("expired", "credentials", None),
        ("page", "status", None), ("gateway", "status", None), ("internal", "status", None), ("moved", "redirect", None), ("cut", "not-json", None),
        ("empty", "not-json", None), ("shapeless", "not-json", None),
    ],
)  # fmt: skip
def test_every_answer_that_is_none_has_a_name(desk: Desk, asked: Command, fault: str, name: str, wait: float | None) -> None:
    if asked is CANCELLED and fault == "shapeless":
        asked = msgspec.structs.replace(asked, lines=())
    desk.shop.faults.append(fault)
    said = desk.send(asked)
    assert isinstance(said, Failed), said
    assert (said.fault, said.retry_after, said.in_doubt) == (name, wait, False)
    assert said.reason
    assert desk.shop.writes == []


@each_way
@pytest.mark.parametrize(("fault", "doubt"), [("gateway", True), ("internal", True), ("cut", True), ("throttled", False), ("too-many", False)])
def test_an_error_after_a_write_is_in_doubt_unless_the_shop_has_turned_it_away(desk: Desk, asked: Command, fault: str, doubt: bool) -> None:
    desk.shop.faults += ["", "", fault]
    said = desk.send(asked)
    assert isinstance(said, Failed) and said.in_doubt is doubt


@each_way
@pytest.mark.parametrize("fault", ["throttled", "expired", "gateway", "frozen", "cut", "drop"])
def test_what_goes_wrong_while_reading_back_leaves_a_doubt_since_it_was_made(desk: Desk, asked: Command, fault: str) -> None:
    desk.shop.faults += ["", "", "", fault]
    said = desk.send(asked)
    assert len(desk.shop.writes) == 1
    assert isinstance(said, Failed) and said.in_doubt
    assert isinstance(desk.probe(asked), Accepted)


def test_a_shop_that_is_shut_refuses_in_its_own_words(desk: Desk) -> None:
    desk.shop.faults.append("frozen")
    assert reason(desk.send(SHIPPED)) == 'HTTP 402: {"errors":"Unavailable Shop"}'


def test_settings_that_lack_something_are_named_before_anything_is_asked(desk: Desk) -> None:
    assert drive(send.send(SHIPPED, desk.system, {})) == Failed(
        "credentials", "There is no access token for shop: set the secret `access_token`."
    )
    nowhere = msgspec.structs.replace(desk.system, options={})
    assert "set the option `url`" in reason(drive(send.send(SHIPPED, nowhere, desk.secrets)))
    desk.secrets = {"access_token": "wrong"}
    assert isinstance(said := desk.send(SHIPPED), Failed) and said.fault == "credentials"


def test_what_the_shop_has_other_than_meant_is_said_field_by_field(desk: Desk) -> None:
    done = desk.send(REFUNDED)
    (made,) = desk.shop.orders["gid://shopify/Order/1001"]["returned"]
    made["totalRefundedSet"]["shopMoney"]["amount"] = "14.99"
    assert desk.probe(REFUNDED) == msgspec.structs.replace(done, differs=("amount: 15 meant, 14.99 found",))


def test_the_manifest_promises_just_what_is_done() -> None:
    assert set(shopify.MANIFEST.acts) == set(send.WAYS)


def damaged(raw: bytes, rng: random.Random) -> bytes:
    """Cut off, overwritten in one place, or some of its texts replaced."""
    at = rng.randrange(len(raw) + 1)
    odd = rng.choice((b"", b'"', b"null", b"[]", b"-1", b"1e999", b"9" * 80, b'""', b"\xff", b"{}", b"\\u0000"))
    texts = re.sub(rb'"[^"]*"', lambda found: odd if rng.random() < 0.1 else found[0], raw)
    return rng.choice((raw[:at], raw[:at] + odd + raw[at + rng.randrange(30) :], texts))


@each_way
def test_damaged_answers_never_raise_and_what_was_made_is_never_taken_for_failed(desk: Desk, asked: Command) -> None:
    """Whatever the answers are damaged to, there is an outcome; after the shop has done it the outcome is never a plain failure."""
    rng = random.Random(str(asked.act))
    for number in range(2, 150):
        order = ref("shop", "order_id", str(5000 + number))
        desk.shop.order(5000 + number, {11: 3, 12: 1}, {"shopify_payments": "40.00"})
        lines = tuple(msgspec.structs.replace(line, subject=order) for line in asked.lines)
        now = msgspec.structs.replace(asked, number=number, references=(order,), lines=lines)
        conversation = send.send(now, desk.system, desk.secrets)
        bad, before = rng.randrange(4), len(desk.shop.writes)
        try:
            call = next(conversation)
            for n in itertools.count():
                reply = exchange(call, 5)
                call = conversation.send(msgspec.structs.replace(reply, body=damaged(reply.body, rng)) if n == bad else reply)
        except StopIteration as done:
            outcome = done.value
        assert isinstance(outcome, Accepted | Rejected | Failed)
        if len(desk.shop.writes) > before:
            assert isinstance(outcome, Accepted) or (isinstance(outcome, Failed) and outcome.in_doubt), outcome
