"""Held commands wait beside the decisions of people: what the system would be told, line by line, let go or refused by its hash."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from browsing import Seat
from console_server import serving
from playwright.sync_api import expect

from analysts import join, ordered, shipped
from ground_rules import PlainRules
from tieout.cases.follow import follow
from tieout.console.desk import Desk
from tieout.core.attempt import Target
from tieout.core.ground import Ruling
from tieout.runtime.batch import Batch
from tieout.runtime.configuration import Driving
from tieout.runtime.outbox import due, orchestrate
from tieout.store.pool import Pool
from world import NOW, World, line, say


@pytest.fixture
def holding(world: World) -> Iterator[str]:
    """Two shipped orders whose invoices wait for an approver."""
    rules = PlainRules(checkpoint=lambda command, found: Ruling(True, "row 1: every order"))
    world.configuration.driving = Driving(rules, dict.fromkeys(world.systems, Target(settle=timedelta(minutes=5))))
    for number in ("1", "2"):
        world.apply(
            [ordered(number), say("OrderBooked", "erp", f"SO{number}", 1, [line(1, f"shop/order/{number}", "A", 1, "10.00")]), shipped(number)]
        )
    with world.connection.transaction():
        orchestrate(Batch(world.connection, world.configuration, NOW, "decide", alone=False), list(due(world.connection, NOW)))
    follow(world.connection, world.configuration, NOW)
    join(world, "bo", "approver")
    join(world, "ana", "analyst")
    with serving(Desk(Pool(world.database.connect), "Books", configuration=world.configuration, clock=lambda: NOW)) as base:
        yield base


def test_a_held_command_is_let_go_and_another_refused(holding: str, world: World, sit: Callable[..., Seat]) -> None:
    page = sit(holding, world.database, "bo").go("/approvals")
    expect(page.locator("article")).to_have_count(2)
    expect(page.locator("article").first).to_contain_text("erp is told to post invoice worth 10.00 USD: 1 line; nothing else.")
    page.locator("article").first.locator("summary").click()
    expect(page.locator("article").first.locator(".plainlist")).to_contain_text("10.00 USD")
    page.locator("article").first.focus()
    page.keyboard.press("y")
    page.locator("#sheet button.main").wait_for()
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-said]")).to_contain_text("it goes")
    expect(page.locator("article")).to_have_count(1)
    page.locator("article").first.focus()
    page.keyboard.press("n")
    page.locator("#sheet").get_by_label("Why").fill("wrong price")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".empty")).to_contain_text("Nothing waits for your approval")
    states = world.connection.execute("select state, approved_by from command where act = 'post_invoice' order by state").fetchall()
    assert states == [("queued", "bo"), ("refused", "")]
    actions = [action for (action,) in world.connection.execute("select action from action where action like '%command' order by id")]
    assert actions == ["approve command", "reject command"]


def test_who_may_not_approve_sees_why_and_is_refused(holding: str, world: World, sit: Callable[..., Seat]) -> None:
    ana = sit(holding, world.database, "ana")
    page = ana.go("/approvals?show=all")
    expect(page.locator('[data-name="approve"]').first).to_have_attribute("data-reason", "ana may not approve")
    ((ref,),) = world.connection.execute("select ref from work where kind = 'command' order by id limit 1").fetchall()
    assert ana.post(f"/approvals/{ref}/approve", hash="0" * 64) == 403
    assert world.connection.execute("select count(*) from command where state = 'held'").fetchall() == [(2,)]
