"""Polls of a real Tryton: nothing is lost between two of them, nothing is new twice, and each answers in bounded pieces."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from systems.driver import converse, transport
from systems.erp import SECRETS, Erp, command, goods
from tieout.connectors import Document
from tieout.connectors.tryton import translate
from tieout.connectors.tryton.poll import PAGES_MAX, poll
from tieout.core.command import Act, Call, Failed, Polled, Reply
from tieout.core.facts import Fact, Refusal

pytestmark = pytest.mark.tryton


def raws(found: list[Document]) -> set[bytes]:
    return {document.raw for document in found}


def test_the_same_state_polled_twice_is_the_same_documents(shared: Erp) -> None:
    shared.done(command(Act.BOOK_ORDER, "shop/order/1", [goods(1, "SKU-0001", 2, 22)]))
    first = shared.poll()
    second = shared.poll()

    assert any(document.contract == "tryton/sale" for document in second), "the window overlaps"
    assert raws(second) <= raws(first)
    assert all(document.key == "" for document in first), "the content is the key"
    contracts = {document.contract for document in first}
    assert contracts >= {"tryton/sale", "tryton/move", "tryton/product"}


def test_what_changes_while_a_poll_turns_the_pages_is_found_by_the_next(shared: Erp) -> None:
    """The change comes after its page was read and before the round ends: a watermark taken at the end would lose it."""
    (sale,) = (
        int(name.rpartition("/")[2])
        for name in shared.done(command(Act.BOOK_ORDER, "shop/order/2", [goods(1, "SKU-0001", 2, 22)])).documents[:1]
    )
    changed = False

    def clerk_in_between(call: Call) -> Reply:
        nonlocal changed
        reply = transport(call)
        if not changed and json.loads(call.body)["method"] == "model.stock.shipment.out.search":
            changed = True
            shared.amend(sale, quantity=1)
        return reply

    before = raws(shared.poll(clerk_in_between))
    assert changed
    new = [document for document in shared.poll() if document.raw not in before]
    assert [json.loads(document.raw)["lines"][0]["quantity"] for document in new if document.origin == f"erp sale.sale,{sale}"] == [1.0]


def test_each_round_starts_before_the_last_one_by_the_overlap(shared: Erp) -> None:
    shared.poll()
    started = json.loads(shared.cursor)["since"]
    asked: list[Any] = []

    def noted(call: Call) -> Reply:
        body = json.loads(call.body)
        if body["method"] == "model.sale.sale.search":
            asked.append(body["params"][0])
        return transport(call)

    shared.poll(noted)
    since = next(clause for clause in asked[0] if clause[0] == "OR")[1]
    assert since[:2] == ["create_date", ">="]
    assert datetime.fromisoformat(started).second == since[2]["second"]
    polled = datetime.fromisoformat(json.loads(shared.cursor)["since"])
    assert shared.complete_to == polled
    assert polled - datetime.fromisoformat(started) < timedelta(minutes=5)


def test_a_long_history_comes_in_bounded_pieces_and_whole(server_of_module: Any) -> None:
    whole = Erp(server_of_module).poll()
    small = Erp(server_of_module, page=2)
    pieces: list[list[Document]] = []
    while True:
        found: list[Document] = []
        polled = converse(poll(small.system, SECRETS, small.cursor, found))
        assert isinstance(polled, Polled)
        assert len(found) <= PAGES_MAX * 2
        assert (polled.complete_to is None) is polled.more
        pieces.append(found)
        small.cursor = polled.cursor
        if not polled.more:
            break
    assert len(pieces) > 1
    assert raws([document for found in pieces for document in found]) == raws(whole)


def test_a_record_that_tryton_cannot_read_stands_alone_in_quarantine(erp_of: Callable[..., Erp]) -> None:
    erp = erp_of()
    for n in (1, 2, 3):
        erp.done(command(Act.BOOK_ORDER, f"shop/order/{n}", [goods(1, "SKU-0001", 2, 22)]))
    (broken,) = erp.clerk("sale.sale", "create", [{"party": 4711}])

    found = {document.origin: translate(document, erp.system) for document in erp.poll() if document.contract == "tryton/sale"}
    (refusal,) = found.pop(f"erp sale.sale,{broken}")
    assert isinstance(refusal, Refusal)
    assert (refusal.rule, "4711" in refusal.reason) == ("tryton/unreadable", True)
    assert [type(fact) for facts in found.values() for fact in facts] == [Fact] * 3


def test_a_poll_that_breaks_off_leaves_the_cursor_where_it_was(shared: Erp) -> None:
    found: list[Document] = []
    outcome = converse(poll(shared.system, {"login": "tieout", "password": "wrong"}, shared.cursor, found))
    assert isinstance(outcome, Failed)
    assert (outcome.fault, outcome.in_doubt, found) == ("credentials", False, [])
