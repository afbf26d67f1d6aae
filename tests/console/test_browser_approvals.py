"""Maker and checker: nobody approves the own request, what was approved is exactly what was shown, and every step is written down."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from browsing import Seat
from console_server import serving
from playwright.sync_api import expect

from analysts import invoiced, join, not_invoiced
from tieout.cases.follow import follow
from tieout.console.desk import Desk
from tieout.store.pool import Pool
from world import World


@pytest.fixture
def books(world: World) -> Iterator[str]:
    """Two orders shipped and not invoiced, 10.00 USD each; Ana may accept 5.00 alone, Bo approves."""
    join(world, "ana", "analyst", limit="5.00")
    join(world, "bo", "approver")
    not_invoiced(world, "100", "200")
    with serving(Desk(Pool(world.database.connect), "Books", configuration=world.configuration)) as base:
        yield base


def one(world: World, text: str) -> object:
    ((found,),) = world.connection.execute(text.encode()).fetchall()
    return found


def ask(seat: Seat, number: str) -> str:
    """Ana accepts the difference of an order, which is over her limit; the reference of the exception."""
    page = seat.go(f"/exceptions?class=SNI%2B&q={number}")
    page.locator("#rows tr.cursor").wait_for()
    ref = page.locator("#rows tr.cursor").get_attribute("data-ref") or ""
    seat.go(f"/exceptions/{ref}/accept")
    page.get_by_label("Reason").select_option("agreed")
    page.get_by_label("In words").fill("said on the phone")
    page.get_by_role("button", name="Accept difference").click()
    expect(page.locator("[data-said]")).to_contain_text("waiting for approval")
    return ref


def test_the_maker_cannot_and_the_checker_sees_what_will_happen(books: str, world: World, sit: Callable[..., Seat]) -> None:
    ana, bo = sit(books, world.database, "ana"), sit(books, world.database, "bo")
    ref = ask(ana, "100")
    page = ana.go("/approvals")
    expect(page.locator('[data-name="approve"]')).to_have_attribute("data-reason", "ana may not approve")
    number = one(world, "select id from work_request")
    hash_ = str(one(world, "select hash from work_request"))
    assert ana.post(f"/approvals/{number}/approve", hash=hash_) == 403
    assert one(world, "select state from work_request") == "waiting"
    other = bo.go("/approvals")
    expect(other.locator("article")).to_contain_text("on account SNI is written off")
    expect(other.locator("article")).to_contain_text("10.00 USD → open 0.00 USD")
    other.locator("article").focus()
    other.keyboard.press("y")
    expect(other.locator("#sheet")).to_contain_text("Approve")
    assert other.evaluate("() => document.activeElement.textContent") == "Cancel"
    other.keyboard.press("Control+Enter")
    expect(other.locator("main .empty")).to_contain_text("Nothing waits for approval")
    assert one(world, "select state from work_request") == "approved"
    assert one(world, f"select state from work where ref = '{ref}'") == "resolved"
    expect(bo.go("/approvals?show=done").locator("article")).to_contain_text("approved")
    steps = [action for (action,) in world.connection.execute("select action from action where object = %s order by id", [ref])]
    assert [step for step in steps if step in ("ask for approval", "approve")] == ["ask for approval", "approve"]


def test_what_changed_meanwhile_is_not_what_was_shown(books: str, world: World, sit: Callable[..., Seat]) -> None:
    ana, bo = sit(books, world.database, "ana"), sit(books, world.database, "bo")
    ref = ask(ana, "200")
    page = bo.go("/approvals")
    world.apply([invoiced("200", value="10.00")])
    page.get_by_role("link", name="Approve").click()
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("main .empty")).to_be_visible()
    assert one(world, "select state from work_request") == "void"
    follow(world.connection, world.configuration, datetime.now(UTC))
    assert one(world, f"select state from work where ref = '{ref}'") == "resolved"
    assert one(world, "select count(*) from fact where kind = 'WrittenOff'") == 0


def test_another_payload_under_the_same_request_is_refused(books: str, world: World, sit: Callable[..., Seat]) -> None:
    ana, bo = sit(books, world.database, "ana"), sit(books, world.database, "bo")
    ask(ana, "100")
    bo.go("/approvals")
    number = one(world, "select id from work_request")
    assert bo.post(f"/approvals/{number}/approve", hash="0" * 64) == 403
    assert one(world, "select state from work_request") == "waiting"
    assert one(world, "select count(*) from fact where kind = 'WrittenOff'") == 0
