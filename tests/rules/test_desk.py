"""What people do with commands: approve what others proposed, refuse, let again, give up; each with a name, in the life of the command."""

from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest

from ground_rules import PlainRules
from tieout.core.attempt import Sent, Target
from tieout.core.command import Failed
from tieout.core.ground import Ruling
from tieout.errors import OperatorError
from tieout.runtime import desk
from tieout.runtime.configuration import Driving
from tieout.runtime.consider import consider
from tieout.runtime.outbox import Stale, record
from world import NOW, World, line, say

ORDER = [line("1", "shop/order/1", "A", 7, 70)]
BOOK = "TBK+ shop/order/1 1"
TARGET = Target(settle=timedelta(minutes=5))


def driven(world: World, *, holds: bool) -> World:
    rules = PlainRules(checkpoint=lambda command, found: Ruling(holds, "row 1: every order"))
    world.configuration.driving = Driving(rules, dict.fromkeys(world.systems, TARGET))
    world.apply([say("OrderPlaced", "shop", 1, 0, ORDER)])
    return world


def life(world: World) -> list[tuple[str, str]]:
    return world.connection.execute("select event, who from command_event where key = %s order by id", [BOOK]).fetchall()


def state(world: World, key: str = BOOK) -> str:
    return str(world.connection.execute("select state from command where key = %s", [key]).fetchall()[0][0])


def test_a_held_command_goes_when_another_than_its_proposer_approves_it(world: World) -> None:
    driven(world, holds=True)
    world.connection.execute("update command set proposed_by = 'bob'")
    with pytest.raises(OperatorError, match="proposed by bob"):
        desk.approve(world.connection, BOOK, "bob", TARGET, NOW)
    desk.approve(world.connection, BOOK, "ann", TARGET, NOW)
    assert state(world) == "queued"
    assert life(world) == [("hold", "tieout"), ("approved", "ann")]


def test_the_database_itself_lets_nobody_approve_his_own(world: World) -> None:
    driven(world, holds=True)
    with pytest.raises(psycopg.errors.CheckViolation):
        world.connection.execute("update command set proposed_by = 'bob', approved_by = 'bob'")


def test_an_approval_is_for_exactly_what_was_decided(world: World) -> None:
    driven(world, holds=True)
    world.connection.execute("update command set body = replace(body::text, '70', '71')::json")
    with pytest.raises(OperatorError, match="not what was decided"):
        desk.approve(world.connection, BOOK, "ann", TARGET, NOW)
    assert state(world) == "held"


def test_a_rejected_command_stays_until_a_person_lets_it_be_tried_again(world: World) -> None:
    driven(world, holds=False)
    desk.reject(world.connection, BOOK, "ann", "wrong customer", TARGET, NOW)
    consider(world.connection, world.configuration, NOW)
    assert [key for (key,) in world.connection.execute("select key from command").fetchall()] == [BOOK]
    desk.retry(world.connection, BOOK, "cid", TARGET, NOW)
    consider(world.connection, world.configuration, NOW)
    assert state(world, "TBK+ shop/order/1 2") == "queued"
    assert life(world) == [("issue", "tieout"), ("denied", "ann"), ("retried", "cid")]


def test_what_is_on_its_way_this_moment_cannot_be_cancelled_and_what_is_in_doubt_can(world: World) -> None:
    driven(world, holds=False)
    with world.connection.transaction():
        record(world.connection, BOOK, Sent(), TARGET, NOW)
    with pytest.raises(OperatorError, match="is sending and cannot be cancelled"):
        desk.cancel(world.connection, BOOK, "ann", "not there", TARGET, NOW)
    with world.connection.transaction():
        record(world.connection, BOOK, Failed("timeout", "no answer", in_doubt=True), TARGET, NOW)
    ((fence,),) = world.connection.execute("select fence from command").fetchall()
    desk.cancel(world.connection, BOOK, "ann", "looked: not there", TARGET, NOW)
    assert state(world) == "cancelled"
    with pytest.raises(Stale):
        record(world.connection, BOOK, Failed("timeout", "late"), TARGET, NOW, fence=fence)


def test_a_command_that_is_not_there_is_one_clear_sentence(world_of: Callable[..., World]) -> None:
    with pytest.raises(OperatorError, match="There is no command 'X'"):
        desk.retry(world_of().connection, "X", "ann", TARGET, NOW)
