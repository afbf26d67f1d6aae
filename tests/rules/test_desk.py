"""What people do with commands: approve what others proposed, refuse, let again, give up; each with a name, in the life of the command."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import psycopg
import pytest

from ground_rules import PlainRules
from tieout.core.attempt import Sent, Target
from tieout.core.command import Failed
from tieout.core.ground import Ruling
from tieout.errors import OperatorError
from tieout.policy.approval import Delegation, People
from tieout.runtime import desk
from tieout.runtime.configuration import Driving
from tieout.runtime.consider import consider
from tieout.runtime.outbox import Stale, record
from world import NOW, World, line, say

ORDER = [line("1", "shop/order/1", "A", 7, 70)]
BOOK, NEXT = "TBK+ shop/order/1 1", "TBK+ shop/order/1 2"
TARGET = Target(settle=timedelta(minutes=5))
DAY = timedelta(hours=24)
AWAY = Delegation("ann", "cid", "approver", NOW, NOW + timedelta(hours=2))
PEOPLE = People({"ann": ("approver",), "bob": ("approver",), "cid": ("sales",)}, (AWAY,))


def driven(world: World, *, holds: bool) -> World:
    rules = PlainRules(checkpoint=lambda command, found: Ruling(holds, "row 1: every order"))
    world.configuration.driving = Driving(rules, dict.fromkeys(world.systems, TARGET))
    world.apply([say("OrderPlaced", "shop", 1, 0, ORDER)])
    return world


def life(world: World, key: str = BOOK) -> list[tuple[str, str]]:
    return world.connection.execute("select event, who from command_event where key = %s order by id", [key]).fetchall()


def state(world: World, key: str = BOOK) -> str:
    return str(world.connection.execute("select state from command where key = %s", [key]).fetchall()[0][0])


def approve(world: World, who: str, key: str = BOOK, *, hours: float = 0, **more: Any) -> str:
    return desk.approve(world.connection, key, who, PEOPLE, TARGET, NOW + timedelta(hours=hours), **more)


def test_a_held_command_goes_when_another_than_its_proposer_approves_it(world: World) -> None:
    driven(world, holds=True)
    world.connection.execute("update command set proposed_by = 'bob'")
    with pytest.raises(OperatorError, match="bob proposed it: another person has to approve"):
        approve(world, "bob")
    assert approve(world, "ann") == f"Approved {BOOK}; it goes."
    assert state(world) == "queued"
    assert life(world) == [("hold", "tieout"), ("approved", "ann")]


def test_who_has_not_the_role_approves_only_while_a_delegation_lasts(world: World) -> None:
    driven(world, holds=True)
    for who, hours in (("zoe", 0.0), ("cid", 2.0)):
        with pytest.raises(OperatorError, match=f"{who} has not the role approver, nor a delegation of it that is in force"):
            approve(world, who, hours=hours)
    approve(world, "cid", hours=1.9)
    ((approved,),) = world.connection.execute("select approved_by from command").fetchall()
    assert (state(world), approved) == ("queued", "cid (for ann)")


def test_time_gives_a_request_back_and_asks_anew_and_never_approves(world: World) -> None:
    driven(world, holds=True)
    with pytest.raises(OperatorError, match=r"nobody with the role approver decided by .*; it is undecided again"):
        approve(world, "ann", hours=24)
    assert (state(world), life(world)) == ("held", [("hold", "tieout"), ("returned", "tieout")])
    approve(world, "ann", hours=25)
    assert state(world) == "queued"


def test_what_nobody_decided_is_asked_anew_by_itself_at_the_end_of_its_time(world: World) -> None:
    driven(world, holds=True)
    assert consider(world.connection, world.configuration, NOW + DAY - timedelta(minutes=1)) == 0
    assert consider(world.connection, world.configuration, NOW + DAY) == 1
    assert (state(world), life(world)) == ("held", [("hold", "tieout"), ("returned", "tieout")])
    assert consider(world.connection, world.configuration, NOW + 2 * DAY) == 1


def test_the_database_itself_lets_nobody_approve_his_own(world: World) -> None:
    driven(world, holds=True)
    with pytest.raises(psycopg.errors.CheckViolation):
        world.connection.execute("update command set proposed_by = 'bob', approved_by = 'bob'")


def test_an_approval_is_for_exactly_what_was_decided(world: World) -> None:
    driven(world, holds=True)
    world.connection.execute("update command set body = replace(body::text, '70', '71')::json")
    with pytest.raises(OperatorError, match="not what was decided"):
        approve(world, "ann")
    assert state(world) == "held"
    with pytest.raises(OperatorError, match="not what was decided"):
        desk.reject(world.connection, BOOK, "ann", "odd", PEOPLE, TARGET, NOW)


def test_what_changes_while_it_waits_has_to_be_looked_at_again(world: World) -> None:
    driven(world, holds=True)
    world.apply([say("OrderPlaced", "shop", 1, 1, [line("1", "shop/order/1", "A", 8, 80)], revision=2)])
    with pytest.raises(OperatorError, match=rf"has changed, review again: in its place stands {NEXT.replace('+', '.')} .held."):
        approve(world, "ann")
    ((body,),) = world.connection.execute("select body::text from command where key = %s", [NEXT]).fetchall()
    command = msgspec.json.decode(body, type=desk.Command)
    changed = desk.changed_from(world.connection, "shop/order/1", "TBK", "debit", 2, command)
    assert changed == desk.Changed(BOOK, (), ("line A: quantity 7 -> 8", "line A: value 70 -> 80"))


def test_what_was_approved_and_changes_before_it_went_is_asked_anew(world: World) -> None:
    driven(world, holds=True)
    approve(world, "ann")
    world.apply([say("OrderPlaced", "shop", 1, 1, [line("1", "shop/order/1", "A", 8, 80)], revision=2)])
    assert (state(world), state(world, NEXT)) == ("cancelled", "held")
    ((body,),) = world.connection.execute("select body::text from command where key = %s", [NEXT]).fetchall()
    changed = desk.changed_from(world.connection, "shop/order/1", "TBK", "debit", 2, msgspec.json.decode(body, type=desk.Command))
    assert changed is not None
    assert changed.consented == ("ann",)


def test_a_rejected_command_stays_until_a_person_lets_it_be_tried_again(world: World) -> None:
    driven(world, holds=False)
    desk.reject(world.connection, BOOK, "ann", "wrong customer", PEOPLE, TARGET, NOW)
    consider(world.connection, world.configuration, NOW)
    assert [key for (key,) in world.connection.execute("select key from command").fetchall()] == [BOOK]
    desk.retry(world.connection, BOOK, "cid", TARGET, NOW)
    consider(world.connection, world.configuration, NOW)
    assert state(world, NEXT) == "queued"
    assert life(world) == [("issue", "tieout"), ("denied", "ann"), ("retried", "cid")]


def test_what_is_held_is_refused_only_by_who_might_approve_it(world: World) -> None:
    driven(world, holds=True)
    for deny in (desk.reject, desk.cancel):
        with pytest.raises(OperatorError, match="zoe has not the role approver"):
            deny(world.connection, BOOK, "zoe", "no", PEOPLE, TARGET, NOW)
    desk.reject(world.connection, BOOK, "bob", "no", PEOPLE, TARGET, NOW + 3 * DAY)
    assert (state(world), life(world)) == ("refused", [("hold", "tieout"), ("denied", "bob")])


def test_what_is_on_its_way_this_moment_cannot_be_cancelled_and_what_is_in_doubt_can(world: World) -> None:
    driven(world, holds=False)
    with world.connection.transaction():
        record(world.connection, BOOK, Sent(), TARGET, NOW)
    with pytest.raises(OperatorError, match="is sending and cannot be cancelled"):
        desk.cancel(world.connection, BOOK, "ann", "not there", PEOPLE, TARGET, NOW)
    with world.connection.transaction():
        record(world.connection, BOOK, Failed("timeout", "no answer", in_doubt=True), TARGET, NOW)
    ((fence,),) = world.connection.execute("select fence from command").fetchall()
    desk.cancel(world.connection, BOOK, "ann", "looked: not there", PEOPLE, TARGET, NOW)
    assert state(world) == "cancelled"
    with pytest.raises(Stale):
        record(world.connection, BOOK, Failed("timeout", "late"), TARGET, NOW, fence=fence)


def test_a_command_that_is_not_there_is_one_clear_sentence(world_of: Callable[..., World]) -> None:
    with pytest.raises(OperatorError, match="There is no command 'X'"):
        desk.retry(world_of().connection, "X", "ann", TARGET, NOW)
