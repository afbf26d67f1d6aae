"""Maker and checker: nobody approves the own request, what was approved is exactly what was shown, and every step is written down."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from browsing import Seat
from console_server import serving
from playwright.sync_api import expect

from analysts import invoiced, join, not_invoiced
from tieout.cases import decertify
from tieout.cases.follow import follow
from tieout.console.desk import Desk
from tieout.policy.work import Work, WorkTable
from tieout.store.pool import Pool
from world import World


@pytest.fixture
def books(world: World) -> Iterator[str]:
    """Three orders shipped and not invoiced, 10.00 USD each; Ana may accept 5.00 alone, Bo and Kim approve, up to 50.00 together."""
    join(world, "ana", "analyst", limit="5.00")
    join(world, "bo", "approver")
    join(world, "kim", "approver")
    world.configuration.work = Work(WorkTable(approve_together={"USD": "50.00"}))
    not_invoiced(world, "100", "200", "300")
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
    page.get_by_role("button", name="Accept").click()
    expect(page.locator("[data-said]")).to_contain_text("waiting for approval")
    return ref


def test_the_maker_cannot_and_the_checker_sees_what_will_happen(books: str, world: World, sit: Callable[..., Seat]) -> None:
    ana, bo = sit(books, world.database, "ana"), sit(books, world.database, "bo")
    ref = ask(ana, "100")
    page = ana.go("/approvals?show=mine")
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
    expect(other.locator("main .empty")).to_contain_text("Nothing waits for your approval")
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


def steps_of(world: World, ref: str) -> list[str]:
    return [action for (action,) in world.connection.execute("select action from action where object = %s order by id", [ref])]


def test_a_source_that_changes_after_the_approval_decertifies_it(books: str, world: World, sit: Callable[..., Seat]) -> None:
    ana, bo = sit(books, world.database, "ana"), sit(books, world.database, "bo")
    ref = ask(ana, "100")
    number, hash_ = one(world, "select id from work_request"), str(one(world, "select hash from work_request"))
    bo.go("/approvals")
    assert bo.post(f"/approvals/{number}/approve", hash=hash_) == 303
    assert one(world, f"select state from work where ref = '{ref}'") == "resolved"
    decertify.look(world.connection, world.configuration, datetime.now(UTC))
    assert one(world, "select count(*) from work_decertified") == 0
    world.sent += 1  # the decision itself
    world.apply([invoiced("100", value="4.00")])
    world.tick(everything=True)
    follow(world.connection, world.configuration, datetime.now(UTC))
    for _ in range(2):
        decertify.look(world.connection, world.configuration, datetime.now(UTC))
    page = bo.go("/approvals?show=done")
    expect(page.locator("article .problem")).to_contain_text("1 EA was approved, and the sources say that nothing is open since")
    expect(page.locator("main .banner")).to_contain_text("1 approval has lost the balance that was approved")
    assert steps_of(world, ref) == ["accept requested", "ask for approval", "approve", "decertify approval"]
    told = world.connection.execute("select recipient from notice where subject = 'approval decertified' order by 1").fetchall()
    assert told == [("ana",), ("bo",)]
    expect(ana.go(f"/exceptions/{ref}").locator(".story")).to_contain_text("no longer stands behind the approval")


def test_a_question_leaves_it_waiting_and_tells_the_maker(books: str, world: World, sit: Callable[..., Seat]) -> None:
    ana, bo = sit(books, world.database, "ana"), sit(books, world.database, "bo")
    ref = ask(ana, "100")
    page = bo.go("/approvals")
    page.locator("article").focus()
    page.keyboard.press("c")
    page.locator("#sheet").get_by_label("What do you want to know?").fill("Which call was that?")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-said]")).to_contain_text("ana is asked; the request goes on waiting.")
    expect(page.locator("article")).to_contain_text("1 comment")
    assert one(world, "select state from work_request") == "waiting"
    assert one(world, "select recipient from notice where subject = 'bo mentioned you'") == "ana"
    assert steps_of(world, ref)[-2:] == ["comment", "ask about approval"]


def test_tabs_and_filters_and_the_count_in_the_rail(books: str, world: World, sit: Callable[..., Seat]) -> None:
    ana, bo = sit(books, world.database, "ana"), sit(books, world.database, "bo")
    ask(ana, "100")
    ask(ana, "200")
    page = bo.go("/approvals")
    expect(page.locator("article")).to_have_count(2)
    expect(page.locator("[data-counter=approvals]")).to_have_text("2")
    page.get_by_label("Policy").select_option("over the person's limit")
    expect(page.locator("article")).to_have_count(2)
    page.get_by_label("Amount").fill("50..")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator(".empty")).to_contain_text("0 of 2 match")
    expect(page).to_have_url(f"{books}/approvals?policy=over+the+person%27s+limit&amount=50..")
    page = ana.go("/approvals")
    expect(page.locator("article")).to_have_count(0)
    page.get_by_role("link", name="2 of yours wait for others").click()
    expect(page.locator("article")).to_have_count(2)
    expect(page.locator("[data-counter=approvals]")).to_have_text("")


def test_several_of_one_policy_are_approved_together_below_its_ceiling(books: str, world: World, sit: Callable[..., Seat]) -> None:
    ana, bo = sit(books, world.database, "ana"), sit(books, world.database, "bo")
    for number in ("100", "200", "300"):
        ask(ana, number)
    world.connection.execute("update work_request set amount = 60 where id = (select max(id) from work_request)")
    page = bo.go("/approvals")
    page.get_by_role("link", name="Look at 3 of").click()
    expect(page.locator("h1")).to_have_text("Approve together")
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("tfoot")).to_contain_text("20.00 USD")
    expect(page.locator(".card")).to_contain_text("it is over 50.00 USD")
    world.apply([invoiced("200", value="10.00")])
    page.get_by_role("button", name="Approve those that are ticked").click()
    expect(page.locator("h1")).to_have_text("1 of 2 approved")
    expect(page.locator("tbody")).to_contain_text("changed since it was asked for")
    states = world.connection.execute("select state from work_request order by id").fetchall()
    assert states == [("approved",), ("void",), ("waiting",)]
    big = world.connection.execute("select id, hash from work_request where state = 'waiting'").fetchone()
    assert big is not None
    assert bo.post("/approvals/together", policy="over the person's limit", request=f"{big[0]}:{big[1]}") == 422
    assert ana.post("/approvals/together", policy="over the person's limit", request=f"{big[0]}:{big[1]}") == 403


def test_a_delegation_ends_and_is_taken_back(books: str, world: World, sit: Callable[..., Seat]) -> None:
    bo = sit(books, world.database, "bo")
    page = bo.go("/approvals")
    page.get_by_role("link", name="Delegations").click()
    page.get_by_label("To", exact=True).select_option("kim")
    page.get_by_label("Role").select_option("approver")
    page.get_by_label("Last day").fill((datetime.now(UTC) + timedelta(days=5)).strftime("%Y-%m-%d"))
    page.get_by_label("Why").fill("holiday")
    page.get_by_role("button", name="Delegate").click()
    expect(page.locator("tbody tr")).to_contain_text("holiday")
    ((days,),) = world.connection.execute("select round(extract(epoch from ends - now()) / 86400) from delegation").fetchall()
    assert days in (5, 6)
    page.get_by_role("button", name="Withdraw").click()
    expect(page.locator(".empty")).to_contain_text("Nobody approves in another's place")
    actions = [action for (action,) in world.connection.execute("select action from action where action like '%delegat%' order by id")]
    assert actions == ["delegate", "withdraw delegation"]
