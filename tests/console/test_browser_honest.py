"""Honest outcomes: asked for is not done, a refusal stands in the system's own words, and what cannot be tried says why."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import msgspec
import pytest
from browsing import Seat
from console_server import serving
from playwright.sync_api import expect

from analysts import join, later, ordered, shipped, shown
from ground_rules import SYSTEMS, PlainRules
from tieout.cases.follow import follow
from tieout.cases.listing import Item
from tieout.console.desk import Desk
from tieout.core.attempt import Event, Sent, Target
from tieout.core.circuit import Circuit, Stage
from tieout.core.command import Rejected
from tieout.runtime import lane
from tieout.runtime.batch import Batch
from tieout.runtime.configuration import Driving
from tieout.runtime.outbox import due, orchestrate, record
from tieout.store.pool import Pool
from world import NOW, World, line, say

KEY = "SNI+ shop/order/1 "
WORDS = "Customer C1 is blocked (E-77)."


@pytest.fixture
def told(world: World) -> Iterator[str]:
    """Shipped; the ERP was told to invoice it and has refused."""
    names = {*world.systems, *SYSTEMS.values()}
    world.configuration.driving = Driving(PlainRules(), dict.fromkeys(names, Target(settle=timedelta(minutes=5))))
    world.apply([ordered("1"), say("OrderBooked", "erp", "SO1", 1, [line(1, "shop/order/1", "A", 1, "10.00")]), shipped("1")])
    join(world, "ana", "analyst")
    happened(world, 1, Sent(), Rejected(WORDS))
    lane.make(world.connection, sorted(names), NOW)
    with serving(Desk(Pool(world.database.connect), "Books", configuration=world.configuration, clock=lambda: later(1))) as base:
        yield base


def happened(world: World, attempt: int, *events: Event) -> Item:
    assert world.configuration.driving is not None
    decide(world)
    key = f"{KEY}{attempt}"
    ((system,),) = world.connection.execute("select system from command where key = %s", [key]).fetchall()
    with world.connection.transaction():
        for event in events:
            record(world.connection, key, event, world.configuration.driving.targets[system], NOW)
    decide(world)
    follow(world.connection, world.configuration, later(1))
    return shown(world, "account=SNI", "kind=command")["1"]


def decide(world: World) -> None:
    with world.connection.transaction():
        orchestrate(Batch(world.connection, world.configuration, later(1), "decide", alone=False), list(due(world.connection, later(1))))


def retry(seat: Seat, ref: str) -> None:
    page = seat.go(f"/exceptions/{ref}")
    expect(page.locator("article.item")).to_contain_text(WORDS)
    page.get_by_role("link", name="Retry").click()
    page.locator("#sheet").get_by_label("Reason").select_option("again")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-said]")).to_contain_text("requested")


def test_accepted_for_sending_is_not_confirmed(told: str, world: World, sit: Callable[..., Seat]) -> None:
    found = shown(world, "account=SNI", "kind=command")["1"]
    seat = sit(told, world.database)
    retry(seat, found.ref)
    expect(seat.page.locator(".progress")).to_contain_text("Requested")
    happened(world, 2, Sent())
    seat.go(f"/exceptions/{found.ref}")
    expect(seat.page.locator(".progress")).to_contain_text("Dispatched")
    expect(seat.go("/exceptions?kind=command").locator("#rows tr")).to_contain_text("waiting")
    assert world.connection.execute("select state <> 'resolved' from work where id = %s", [found.id]).fetchone() == (True,)


def test_a_refusal_is_verbatim_on_row_and_pane(told: str, world: World, sit: Callable[..., Seat]) -> None:
    found = shown(world, "account=SNI", "kind=command")["1"]
    seat = sit(told, world.database)
    retry(seat, found.ref)
    happened(world, 2, Sent(), Rejected("Still blocked, see <b>E-78</b>."))
    page = seat.go(f"/exceptions?kind=command&item={found.ref}")
    expect(page.locator("#rows tr")).to_contain_text("blocked")
    expect(page.locator("#pane .progress q")).to_have_text("Still blocked, see <b>E-78</b>.")
    assert seat.wrong == []


def test_with_an_open_circuit_nothing_is_tried_and_the_reason_is_said(told: str, world: World, sit: Callable[..., Seat]) -> None:
    found = shown(world, "account=SNI", "kind=command")["1"]
    with world.connection.transaction():
        stopped = Circuit(NOW, stage=Stage.OPEN, until=later(2), why="5 of 5 calls failed")
        lane.keep(world.connection, msgspec.structs.replace(lane.locked(world.connection, found.system, NOW), circuit=stopped))
    seat = sit(told, world.database)
    page = seat.go(f"/exceptions/{found.ref}")
    why = page.locator('[data-name="retry"]').get_attribute("data-reason") or ""
    assert why.startswith(f"the circuit of {found.system} is open") and why.endswith("5 of 5 calls failed")
    assert seat.post(f"/exceptions/{found.ref}/retry", reason="again") == 409
    assert world.connection.execute("select count(*) from command where key = %s", [f"{KEY}2"]).fetchone() == (0,)
