"""Causes that rest with their items until what was named has happened; and causes that are back after their fix."""

from decimal import Decimal

import pytest

from analysts import join, later, not_invoiced, shown, target
from tieout.cases import act, grouping, resting
from tieout.cases.act import Snooze
from tieout.cases.follow import follow
from tieout.errors import Forbidden, OperatorError
from tieout.store.database import run_by
from world import NOW, World


def cause_of(world: World, number: str) -> int:
    found = shown(world, "class=SNI+")[number].cause
    assert found is not None
    return found


def states(world: World) -> dict[str, str]:
    return {number: item.state for number, item in shown(world, "class=SNI+").items()}


def state(world: World, cause: int) -> str:
    return str(world.connection.execute("select state from cause where id = %s", [cause]).fetchall()[0][0])


def test_a_cause_rests_with_its_items_and_with_those_that_come(world: World) -> None:
    ana = join(world, "ana", "analyst")
    not_invoiced(world, "1", "2")
    cause = cause_of(world, "1")
    assert resting.snooze(world.connection, ana, cause, NOW, Snooze("time", later(5))) == 2
    assert (state(world, cause), states(world)) == ("snoozed", {"1": "snoozed", "2": "snoozed"})
    not_invoiced(world, "3", now=later(1))
    follow(world.connection, world.configuration, later(1))
    assert states(world)["3"] == "snoozed"
    act.wake(world.connection, ana, [target(shown(world, "class=SNI+")["2"])], later(2))
    follow(world.connection, world.configuration, later(3))
    assert states(world) == {"1": "snoozed", "2": "new", "3": "snoozed"}
    follow(world.connection, world.configuration, later(6))
    assert (state(world, cause), set(states(world).values())) == ("new", {"new"})


@pytest.mark.parametrize(
    ("until", "held"),
    [(Snooze("more", more=2), True), (Snooze("value", value=Decimal("25"), currency="USD"), True), (Snooze("system", system="erp"), False),
     (Snooze("version", system="erp", version="never"), True)],
    ids=["more", "value", "system", "version"],
)  # fmt: skip
def test_every_condition_ends_the_rest_of_a_cause(world: World, until: Snooze, held: bool) -> None:
    ana = join(world, "ana", "analyst")
    not_invoiced(world, "1")
    cause = cause_of(world, "1")
    resting.snooze(world.connection, ana, cause, NOW, until)
    follow(world.connection, world.configuration, later(1))
    assert (state(world, cause) == "snoozed") is held
    not_invoiced(world, "2", "3", now=later(2))
    follow(world.connection, world.configuration, later(3))
    assert (state(world, cause) == "snoozed") is (until.kind == "version")
    assert set(states(world).values()) == {"snoozed" if until.kind == "version" else "new"}


def test_a_live_version_ends_the_rest(world: World) -> None:
    ana = join(world, "ana", "analyst")
    not_invoiced(world, "1")
    cause = cause_of(world, "1")
    resting.snooze(world.connection, ana, cause, NOW, Snooze("version", system="erp", version="next"), than="a1")
    resting.move(world.connection, later(1), [], {"erp": "a1"})
    assert state(world, cause) == "snoozed"
    resting.move(world.connection, later(1), [], {"erp": "b2"})
    assert state(world, cause) != "snoozed"


def test_it_is_woken_and_everything_is_written_down(world: World) -> None:
    ana = join(world, "ana", "analyst")
    not_invoiced(world, "1")
    cause = cause_of(world, "1")
    with pytest.raises(OperatorError, match="not snoozed"):
        resting.wake(world.connection, ana, cause, NOW)
    resting.snooze(world.connection, ana, cause, NOW, Snooze("time", later(5)))
    with pytest.raises(OperatorError, match="already"):
        resting.snooze(world.connection, ana, cause, NOW, Snooze("time", later(5)))
    assert resting.wake(world.connection, ana, cause, later(1)) == 1
    actions = [row[0] for row in world.connection.execute("select action from action where object = %s order by id", [f"CA-{cause}"])]
    assert actions == ["snooze cause", "wake cause"]


def test_who_sees_only_a_part_of_a_cause_lets_it_alone(world: World) -> None:
    edi = join(world, "edi", "analyst", scopes={"channel": ["edi"]})
    not_invoiced(world, "1")
    with pytest.raises(Forbidden):
        resting.snooze(world.connection, edi, cause_of(world, "1"), NOW, Snooze("time", later(5)))


def test_what_appears_in_a_later_version_than_the_fix_is_regressed(world: World) -> None:
    ana = join(world, "ana", "analyst")
    make = "insert into cause (fingerprint, class, systems, field, version, party, sku, title, first_seen, last_seen, seen, changed)" \
        " values (%s, 'QUA', 'erp', 'unit', %s, '*', '*', 'Unit', %s, %s, 1, %s) returning id"  # fmt: skip
    ((old,),) = world.connection.execute(make, ["f v1", "v1", NOW, NOW, NOW]).fetchall()
    grouping.settle_on(world.connection, ana, old, later(1), fixed_in="v2")
    ((late,),) = world.connection.execute(make, ["f v1b", "v1b", NOW, NOW, NOW]).fetchall()
    ((again,),) = world.connection.execute(make, ["f v3", "v3", later(2), later(2), later(2)]).fetchall()

    run_by(world.connection, "regress_causes", ids=[late, again], now=later(2))
    assert (state(world, late), state(world, again)) == ("new", "regressed")
