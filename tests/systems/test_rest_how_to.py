"""The how-to is true: its mapping, taken from the page, drives a small ERP through a bad day, and every order exists once."""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hostile import Hostile
from small_erp import CLIENT, small_erp

from tieout.connectors import Document, System
from tieout.connectors.rest import acts_of, mapping, poll, send, states_of, translate
from tieout.core.command import Absent, Accepted, Act, Command, Failed, Polled, Rejected
from tieout.core.facts import Fact, Line
from tieout.core.values import Ref, Role, Side
from tieout.runtime.transport import Transport

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "connect-your-own-erp-by-rest.md"
SECRETS = {"client_secret": CLIENT[1]}


def pieces() -> list[str]:
    return re.findall(r"^```toml\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)


def mapping_text() -> str:
    return "\n".join(piece for piece in pieces() if not piece.startswith("# tieout.toml"))


@pytest.fixture
def erp() -> Iterator[Hostile]:
    with small_erp() as server:
        yield server


@pytest.fixture
def system(erp: Hostile) -> System:
    return System("erp", "rest", Role.ERP, currency="EUR", lines=True, options={"mapping": mapping_text(), "base": erp.base})


@pytest.fixture
def transport() -> Iterator[Transport]:
    with Transport() as made:
        yield made


def order(number: str = "1001", customer: str = "C-7") -> Command:
    subject = Ref(f"shop/order/{number}")
    lines = (
        Line("1", subject, "BOLT-8", "10", Decimal(100), "EA", Decimal("45")),
        Line("2", subject, "SAW", "20", Decimal("2.5"), "EA", Decimal("61.25")),
        Line("3", subject, value=Decimal("6.50"), charge="freight"),
    )
    return Command(Act.BOOK_ORDER, "erp", "TBK", Side.DEBIT, subject, 1, lines, currency="EUR", customer=customer)


def news(transport: Transport, system: System, cursor: str = "") -> tuple[Polled, list[Fact], list[Document]]:
    found: list[Document] = []
    polled = transport.perform(poll.poll(system, SECRETS, cursor, found))
    assert isinstance(polled, Polled), polled
    facts = [fact for document in found for fact in translate(document, system)]
    assert all(isinstance(fact, Fact) for fact in facts)
    return polled, facts, found


def test_an_order_is_booked_read_back_and_comes_back_as_a_fact(erp: Hostile, system: System, transport: Transport) -> None:
    outcome = transport.perform(send.send(order(), system, SECRETS))

    assert outcome == Accepted((Ref("erp/sales_order/O0001"),))
    (made,) = erp.state["orders"]
    assert made["external_ref"] == "TBK+ shop/order/1001 1"
    assert [(line["pos"], line["sku"], line["qty"], line["price"]) for line in made["lines"]] == [
        ("10", "BOLT-8", 100, "0.45"),
        ("20", "SAW", "2.5", "24.5"),
    ]
    assert "warehouse" not in made
    polled, (fact,), _ = news(transport, system)
    assert (fact.kind, fact.number, fact.customer) == ("OrderBooked", "O0001", "C-7")
    assert [(line.item, line.quantity, line.value) for line in fact.lines] == [
        ("BOLT-8", Decimal(100), Decimal(45)),
        ("SAW", Decimal("2.5"), Decimal("61.25")),
    ]
    assert fact.links == ((Ref("erp/sales_order/O0001"), Ref("shop/order/1001")),)
    assert msgspec.json.decode(polled.cursor) == {"orders": "2026-03-02T08:00:00Z", "invoices": ""}
    assert polled.complete_to is not None


def test_the_same_key_never_makes_two_orders_whatever_gets_lost(erp: Hostile, system: System, transport: Transport) -> None:
    """Half of the answers and half of the requests are lost: each is probed, and sent again only when it is absent."""
    kinds = ["lost answer", "lost request", "locked", None]
    erp.state["faults"] = [kinds[n % 4] for n in range(60)]
    for n in range(40):
        command = order(str(n))
        for _attempt in range(9):
            outcome = transport.perform(send.send(command, system, SECRETS))
            if isinstance(outcome, Failed) and outcome.in_doubt:
                outcome = transport.perform(send.probe(command, system, SECRETS))
                assert isinstance(outcome, Accepted | Absent), outcome
            if isinstance(outcome, Accepted):
                break
    assert sorted(int(one["customer_po"]) for one in erp.state["orders"]) == list(range(40))
    _, facts, _ = news(transport, system)
    assert len(facts) == 40


def test_a_refusal_inside_a_200_keeps_its_words(erp: Hostile, system: System, transport: Transport) -> None:
    assert transport.perform(send.send(order(customer="BROKE"), system, SECRETS)) == Rejected("Customer BROKE is over the credit limit")
    empty = msgspec.structs.replace(order(), lines=())
    assert transport.perform(send.send(empty, system, SECRETS)) == Rejected("lines: may not be empty")
    assert erp.state["orders"] == []


def test_a_lock_is_tried_again_after_the_time_it_asked_for(erp: Hostile, system: System, transport: Transport) -> None:
    erp.state["faults"] = ["locked"]
    outcome = transport.perform(send.send(order(), system, SECRETS))
    assert outcome == Failed("status", "409: customer is being edited", in_doubt=False, retry_after=3.0)


def test_a_token_that_expired_is_fetched_once_anew(erp: Hostile, system: System, transport: Transport) -> None:
    kept = SECRETS | {"access_token": "t0-expired"}
    assert isinstance(transport.perform(send.send(order(), system, kept)), Accepted)
    assert erp.state["tokens"] == 1
    assert isinstance(transport.perform(send.send(order("1002"), system, SECRETS | {"access_token": "t1"})), Accepted)
    assert erp.state["tokens"] == 1


def test_an_invoice_is_sent_again_under_its_key_and_made_once(erp: Hostile, system: System, transport: Transport) -> None:
    transport.perform(send.send(order(), system, SECRETS))
    invoice = msgspec.structs.replace(order(), act=Act.POST_INVOICE, account="SNI", references=(Ref("erp/sales_order/O0001"),))
    erp.state["faults"] = ["lost answer"]

    assert send.knows_key(system, Act.POST_INVOICE) and not send.knows_key(system, Act.BOOK_ORDER)
    lost = transport.perform(send.send(invoice, system, SECRETS))
    again = transport.perform(send.send(invoice, system, SECRETS))

    assert isinstance(lost, Failed) and (lost.fault, lost.in_doubt) == ("closed", True)
    assert again == Accepted((Ref("erp/invoice/I0001"),))
    assert len(erp.state["invoices"]) == 1
    _, facts, _ = news(transport, system)
    assert [(fact.kind, fact.lines[0].subject) for fact in facts[1:]] == [("Invoiced", "erp/sales_order/O0001")]


def test_a_price_that_the_erp_replaced_is_a_difference(erp: Hostile, system: System, transport: Transport) -> None:
    erp.state["faults"] = ["lost answer"]
    transport.perform(send.send(order(), system, SECRETS))
    erp.state["orders"][0]["lines"][0]["price"] = "0.50"
    mapped = system.options["mapping"].replace('url = "/api/orders"', 'url = "/api/orders?again"')
    erp.state["keys"][""] = ({"data": {"number": "O0001"}}, 201)

    outcome = transport.perform(send.send(order(), msgspec.structs.replace(system, options={**system.options, "mapping": mapped}), SECRETS))

    assert isinstance(outcome, Accepted)
    assert outcome.differs == ("data.lines[0].price: expected 0.45, found 0.50",)


def test_polling_goes_on_where_it_was_and_overlaps(erp: Hostile, system: System, transport: Transport) -> None:
    for n in range(5):
        transport.perform(send.send(order(str(n)), system, SECRETS))
    first, facts, documents = news(transport, system)
    assert [fact.number for fact in facts] == [f"O{n:04}" for n in range(1, 6)]
    erp.state["orders"][0]["updated_at"] = "2026-03-02T07:59:30Z"
    second, _, again = news(transport, system, first.cursor)
    assert second.cursor == first.cursor
    assert len(again) == 5
    assert {document.raw for document in again[1:]} <= {document.raw for document in documents}


def test_the_page_makes_one_mapping_for_the_acts_and_facts_it_speaks_of(system: System) -> None:
    assert acts_of(system) == (Act.BOOK_ORDER, Act.POST_INVOICE)
    assert states_of(system) == ("Invoiced", "OrderBooked")


TABLES = {
    "[rest]": mapping.Api,
    "[[error]]": mapping.ErrorRule,
    "[act.NAME]": mapping.ActMapping,
    "[act.NAME.probe]": mapping.Probe,
    "[act.NAME.read_back]": mapping.ReadBack,
    "[[poll]]": mapping.Poll,
    "[[record]]": mapping.Record,
}


@pytest.mark.parametrize("title", TABLES)
def test_every_key_is_explained(title: str) -> None:
    sections = {part.split("\n")[0].strip("`"): part for part in PAGE.read_text("utf-8").split("\n### ")}
    explained = {key for row in re.findall(r"^\| (`.*?) \|", sections[title], re.M) for key in re.findall(r"`(\w+)`", row)}
    assert explained == {field.encode_name for field in msgspec.structs.fields(TABLES[title])}


@pytest.mark.parametrize("struct", [mapping.Auth, mapping.CursorAt, mapping.Paging, mapping.Idempotency, mapping.Test, mapping.DocumentAt])
def test_every_inner_key_is_named(struct: type[msgspec.Struct]) -> None:
    text = PAGE.read_text("utf-8")
    for field in msgspec.structs.fields(struct):
        assert re.search(rf"\b{field.encode_name}\b", text), field.encode_name
