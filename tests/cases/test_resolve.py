"""Resolving is a posting: nothing closes an exception but the ledger, and what people decide is within their limit or another's."""

import msgspec
import psycopg
import pytest

from analysts import join, later, not_invoiced, ordered, said, shipped, shown, target
from policy_world import table
from tieout.cases import request, resolve, talk
from tieout.cases.candidates import candidates
from tieout.cases.follow import follow
from tieout.cases.resolve import Said
from tieout.errors import Forbidden, OperatorError
from tieout.policy.checkpoints import FORM
from tieout.policy.table import versions
from tieout.policy.written import read_table
from tieout.runtime.looks import tick
from world import NOW, World, line, say

SMALL = Said("immaterial", "a rest")


def event_names(world: World, person, work: int) -> list[str]:
    return [event.event for event in talk.history(world.connection, person, work)]


def test_a_difference_within_the_limit_is_accepted_and_the_ledger_resolves_it(world: World) -> None:
    ana = join(world, "ana", "analyst", limit="100")
    item = not_invoiced(world, "1")["1"]
    (done,) = resolve.accept(world.connection, world.configuration, ana, [target(item)], NOW, SMALL)
    assert (done.outcome, done.reason) == ("done", "the ledger shows it resolved")
    assert "SNI+ shop/order/1#A" not in world.cases()
    assert shown(world, "class=SNI+") == {}
    assert event_names(world, ana, item.id) == ["resolved", "accepted", "accept requested", "opened"]


def test_what_was_accepted_is_taken_back(world: World) -> None:
    ana = join(world, "ana", "analyst", limit="100")
    item = not_invoiced(world, "1")["1"]
    resolve.accept(world.connection, world.configuration, ana, [target(item)], NOW, SMALL)
    assert resolve.take_back(world.connection, world.configuration, ana, item.id, later(1), Said("mistake")) == "accepted by ana is taken back"
    assert shown(world, "class=SNI+")["1"].state == "regressed"
    with pytest.raises(OperatorError, match="no decision"):
        resolve.take_back(world.connection, world.configuration, ana, item.id, later(2), Said("mistake"))


def test_over_the_limit_somebody_else_approves_exactly_that(world: World) -> None:
    ana, bo = join(world, "ana", "analyst", "approver", limit="5"), join(world, "bo", "approver")
    item = not_invoiced(world, "1")["1"]
    (asked,) = resolve.accept(world.connection, world.configuration, ana, [target(item)], NOW, SMALL)
    assert asked.outcome == "waiting for approval"
    assert "10 USD is over the limit of ana (5 USD)" in asked.reason
    assert "SNI+ shop/order/1#A" in world.cases()
    (waiting,) = request.waiting(world.connection, bo)
    assert "proposed it" in request.why_not(world.connection, world.configuration, ana, waiting, NOW)
    with pytest.raises(Forbidden, match="proposed it"):
        request.answer(world.connection, world.configuration, ana, waiting.id, waiting.hash, NOW, agrees=True)
    with pytest.raises(Forbidden, match="another hash"):
        request.answer(world.connection, world.configuration, bo, waiting.id, "0" * 64, NOW, agrees=True)
    assert request.why_not(world.connection, world.configuration, bo, waiting, NOW) == ""
    said_ = request.answer(world.connection, world.configuration, bo, waiting.id, waiting.hash, NOW, agrees=True)
    assert said_.endswith("approved and posted")
    assert "SNI+ shop/order/1#A" not in world.cases()
    assert shown(world, "class=SNI+") == {}


def test_the_database_refuses_a_maker_who_checks(world: World) -> None:
    ana = join(world, "ana", "analyst", "approver", limit="5")
    item = not_invoiced(world, "1")["1"]
    resolve.accept(world.connection, world.configuration, ana, [target(item)], NOW, SMALL)
    (waiting,) = request.waiting(world.connection, ana)
    for who, for_ in (("ana", ""), ("bo", "ana")):
        with pytest.raises(psycopg.errors.CheckViolation):
            world.connection.execute(
                "insert into work_consent (request, proposer, who, for_, agrees, at) values (%s, 'ana', %s, %s, true, now())",
                [waiting.id, who, for_],
            )
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        world.connection.execute(
            "insert into work_consent (request, proposer, who, agrees, at) values (%s, 'nobody', 'ana', true, now())", [waiting.id]
        )


def test_a_balance_that_moved_voids_the_request(world: World) -> None:
    ana, bo = join(world, "ana", "analyst", limit="5"), join(world, "bo", "approver")
    item = not_invoiced(world, "1", quantity=4, value="40.00")["1"]
    resolve.accept(world.connection, world.configuration, ana, [target(item)], NOW, SMALL)
    (waiting,) = request.waiting(world.connection, bo)
    world.apply([ordered("1", 4, "80.00", revision=2), shipped("1", 4, revision=2)])
    world.tick(everything=True)
    answer = request.answer(world.connection, world.configuration, bo, waiting.id, waiting.hash, NOW, agrees=True)
    assert "review again" in answer
    assert "SNI+ shop/order/1#A" in world.cases()
    assert request.waiting(world.connection, bo) == []


def test_nobody_deciding_returns_it_and_approves_nothing(world: World) -> None:
    ana = join(world, "ana", "analyst", limit="5")
    item = not_invoiced(world, "1")["1"]
    resolve.accept(world.connection, world.configuration, ana, [target(item)], NOW, SMALL)
    assert request.expire(world.connection, later(25)) == 1
    assert shown(world, "class=SNI+")["1"].progress == ""
    assert "SNI+ shop/order/1#A" in world.cases()


def test_a_message_is_read_again_and_says_what_it_still_lacks(world: World) -> None:
    ana = join(world, "ana", "analyst")
    world.apply([b'{"kind": "OrderPlaced", "nonsense": 1}\n'])
    follow(world.connection, world.configuration, NOW)
    (item,) = shown(world, "kind=quarantine").values()
    (done,) = resolve.retry(world.connection, world.configuration, ana, [target(item)], NOW, Said("again"))
    assert done.outcome == "failed"
    assert done.reason == item.summary
    assert [one.state for one in shown(world, "kind=quarantine").values()] != []


def test_retrying_what_clears_by_itself_says_so(world: World) -> None:
    ana = join(world, "ana", "analyst")
    item = not_invoiced(world, "1")["1"]
    (done,) = resolve.retry(world.connection, world.configuration, ana, [target(item)], NOW, Said("again"))
    assert done.outcome == "not eligible"
    assert done.reason.startswith("no command was sent about it")


def test_a_resolution_needs_a_reason_of_its_own(world: World) -> None:
    ana = join(world, "ana", "analyst", limit="100")
    item = not_invoiced(world, "1")["1"]
    with pytest.raises(OperatorError, match="no reason to accept"):
        resolve.accept(world.connection, world.configuration, ana, [target(item)], NOW, Said("because"))
    with pytest.raises(OperatorError, match="needs words"):
        resolve.accept(world.connection, world.configuration, ana, [target(item)], NOW, Said("other"))
    assert shown(world, "class=SNI+")["1"].version == item.version


def test_ignoring_has_an_end(world: World) -> None:
    ana = join(world, "ana", "analyst")
    item = not_invoiced(world, "1")["1"]
    assert said(resolve.ignore(world.connection, ana, [target(item)], NOW, Said("known"), later(48))) == [("done", "")]
    after = shown(world, "class=SNI+")["1"]
    assert (after.state, (after.snooze or {})["reason"]) == ("snoozed", "known")
    follow(world.connection, world.configuration, later(49))
    assert shown(world, "class=SNI+")["1"].state == "new"


def test_asking_tells_whom_it_asks(world: World) -> None:
    ana = join(world, "ana", "analyst")
    item = not_invoiced(world, "1")["1"]
    resolve.ask(
        world.connection, world.configuration, ana, [target(item)], NOW, Said("missing", "Where is the invoice?"), whom="ap@partner.example"
    )
    assert shown(world, "class=SNI+")["1"].progress == "information requested"
    assert world.connection.execute("select recipient from notice").fetchall() == [("ap@partner.example",)]


def test_an_approver_may_not_resolve(world: World) -> None:
    bo = join(world, "bo", "approver")
    item = not_invoiced(world, "1")["1"]
    with pytest.raises(Forbidden):
        resolve.accept(world.connection, world.configuration, bo, [target(item)], NOW, SMALL)


def test_linking_clears_what_belongs_together(world: World) -> None:
    ana = join(world, "ana", "analyst")
    not_invoiced(world, "1")
    world.apply([say("Invoiced", "erp", "I9", 5, [line(1, "erp/sales_order/SO9", "A", 1, "10.00")])])
    world.tick(everything=True)
    follow(world.connection, world.configuration, NOW)
    item = shown(world, "class=SNI+")["1"]
    best = candidates(world.connection, ana, item.id)[0]
    assert (best.root, best.why) == ("erp/sales_order/SO9", "opposite quantity, same value, same item")
    assert candidates(world.connection, ana, item.id, "X") == []
    done = resolve.link(world.connection, world.configuration, ana, target(item), best.root, later(1), Said("renumbered"))
    assert done.outcome == "done"
    assert shown(world, "class=SNI+") == {} == shown(world, "class=SNI-")
    resolve.take_back(world.connection, world.configuration, ana, item.id, later(2), Said("mistake"))
    tick(world.connection, world.configuration, NOW, everything=True)
    follow(world.connection, world.configuration, later(3))
    assert shown(world, "class=SNI+").keys() == {"1"}


def test_a_link_waits_where_a_checkpoint_holds_corrections_and_is_made_by_who_approves(world: World) -> None:
    held = read_table(table('act = "manual_correction"\nresult = "hold"\nrole = "approver"'), "c.toml", FORM, "UTC")
    world.configuration.work = msgspec.structs.replace(world.configuration.work, checkpoints=versions([held]))
    ana, bo = join(world, "ana", "analyst"), join(world, "bo", "approver")
    item = not_invoiced(world, "1")["1"]
    asked = resolve.link(world.connection, world.configuration, ana, target(item), "erp/sales_order/SO9", NOW, Said("renumbered"))
    assert (asked.outcome, world.connection.execute("select count(*) from fact where kind = 'Linked'").fetchall()) == (
        "waiting for approval", [(0,)],
    )  # fmt: skip
    (waiting,) = request.waiting(world.connection, bo)
    assert (waiting.action, waiting.ref, "manual_correction" in waiting.rule) == ("link", item.ref, True)
    done = request.answer(world.connection, world.configuration, bo, waiting.id, waiting.hash, later(1), agrees=True)
    assert done.endswith("approved and posted")
    assert world.connection.execute("select count(*) from fact where kind = 'Linked'").fetchall() == [(1,)]
    assert "linked" in event_names(world, ana, item.id)
