"""What people do with exceptions: each act by version and scope, with history, and taken back while nobody else was there."""

from datetime import timedelta
from decimal import Decimal

import pytest

from analysts import EVERYBODY, invoiced, join, later, not_invoiced, ordered, said, shipped, shown, target, wanted
from tieout.cases import act, grouping, talk, view
from tieout.cases.act import Snooze
from tieout.cases.follow import follow
from tieout.cases.item import Target
from tieout.cases.listing import Item, items
from tieout.errors import Forbidden, OperatorError
from tieout.policy.work import Work
from world import NOW, World

WORK = Work()


def test_assigning_tells_the_person_and_is_taken_back(world: World) -> None:
    ana, bo = join(world, "ana", "analyst"), join(world, "bo", "analyst")
    item = not_invoiced(world, "1")["1"]
    assert said(act.assign(world.connection, ana, [target(item)], NOW, WORK, to="bo")) == [("done", "")]
    assert shown(world, "class=SNI+")["1"].person == "bo"
    assert shown(world, "class=SNI+", "owner=me", person=bo).keys() == {"1"}
    assert world.connection.execute("select recipient, text like '%is yours now%' from notice").fetchall() == [("bo", True)]
    assert said(act.undo(world.connection, bo, [Target(item.id)], NOW)) == [("not eligible", "the last change is not yours")]
    assert said(act.undo(world.connection, ana, [Target(item.id)], NOW)) == [("done", "")]
    after = shown(world, "class=SNI+")["1"]
    assert (after.person, after.state) == ("", "new")
    assert [event.event for event in talk.history(world.connection, ana, item.id)] == ["undone", "assigned", "opened"]


def test_a_version_that_was_not_seen_is_an_outcome_and_nothing_is_done(world: World) -> None:
    ana = join(world, "ana", "analyst")
    item = not_invoiced(world, "1")["1"]
    act.tag(world.connection, ana, [target(item)], NOW, add=["late"])
    again = act.tag(world.connection, ana, [target(item)], NOW, add=["later"])
    assert [one.outcome for one in again] == ["changed since selection"]
    assert shown(world, "class=SNI+")["1"].tags == ["late"]


def test_outside_the_scopes_there_is_nothing(world: World) -> None:
    join(world, "ana", "analyst")
    bo = join(world, "bo", "analyst", scopes={"channel": ["edi"]})
    ana = join(world, "ana2", "analyst")
    item = not_invoiced(world, "1")["1"]
    assert shown(world, person=bo) == {}
    assert said(act.acknowledge(world.connection, bo, [target(item)], NOW, WORK)) == [
        ("not eligible", "there is no such exception among those you may see")
    ]
    assert said(act.assign(world.connection, ana, [target(item)], NOW, WORK, to="bo")) == [("not eligible", "bo may not see it")]
    with pytest.raises(OperatorError, match="no exception"):
        talk.history(world.connection, bo, item.id)


def test_a_viewer_may_not_act(world: World) -> None:
    vic = join(world, "vic", "viewer")
    item = not_invoiced(world, "1")["1"]
    with pytest.raises(Forbidden):
        act.tag(world.connection, vic, [target(item)], NOW, add=["x"])
    with pytest.raises(Forbidden):
        talk.comment(world.connection, vic, item.id, "hello", NOW)


def test_a_snooze_keeps_it_counted_and_ends_with_its_time(world: World) -> None:
    ana = join(world, "ana", "analyst")
    item = not_invoiced(world, "1")["1"]
    act.snooze(world.connection, ana, [target(item)], NOW, Snooze("time", later(5)))
    assert shown(world, "class=SNI+")["1"].state == "snoozed"
    follow(world.connection, world.configuration, later(4))
    assert shown(world, "class=SNI+")["1"].state == "snoozed"
    follow(world.connection, world.configuration, later(6))
    assert shown(world, "class=SNI+")["1"].state == "new"


def test_a_snooze_until_more_come_ends_when_they_do(world: World) -> None:
    ana = join(world, "ana", "analyst")
    item = not_invoiced(world, "1")["1"]
    act.snooze(world.connection, ana, [target(item)], NOW, Snooze("more", more=2))
    not_invoiced(world, "2")
    assert shown(world, "class=SNI+")["1"].state == "snoozed"
    not_invoiced(world, "3")
    assert shown(world, "class=SNI+")["1"].state == "new"


def test_a_snooze_until_a_value_ends_above_it(world: World) -> None:
    ana = join(world, "ana", "analyst")
    found = not_invoiced(world, "1", "2")
    act.snooze(world.connection, ana, [target(found["1"])], NOW, Snooze("value", value=Decimal(50), currency="USD"))
    act.snooze(world.connection, ana, [target(found["2"])], NOW, Snooze("value", value=Decimal(50), currency="USD"))
    world.apply([ordered("1", 9, "90.00", revision=2), shipped("1", 9, revision=2)])
    world.tick(everything=True)
    follow(world.connection, world.configuration, later(1))
    after = shown(world, "class=SNI+")
    assert (after["1"].state != "snoozed", after["2"].state) == (True, "snoozed")


def test_what_the_ledger_resolves_is_resolved_though_it_is_snoozed(world: World) -> None:
    ana = join(world, "ana", "analyst")
    item = not_invoiced(world, "1")["1"]
    act.snooze(world.connection, ana, [target(item)], NOW, Snooze("time", later(50)))
    world.apply([invoiced("1")])
    follow(world.connection, world.configuration, later(1))
    assert shown(world, "class=SNI+") == {}
    assert said(act.wake(world.connection, ana, [Target(item.id)], NOW)) == [("not eligible", "it is resolved already")]


def test_mentions_reach_only_who_may_see_it(world: World) -> None:
    ana = join(world, "ana", "analyst")
    join(world, "bo", "analyst")
    join(world, "edi", "analyst", scopes={"channel": ["edi"]})
    item = not_invoiced(world, "1")["1"]
    talk.comment(world.connection, ana, item.id, "@bo and @edi: see <b>this</b>, not mail@bo", NOW)
    assert world.connection.execute("select recipient from notice").fetchall() == [("bo",)]
    assert talk.history(world.connection, ana, item.id)[0].detail["mentions"] == ["bo"]


def test_a_split_is_for_good(world: World) -> None:
    ana = join(world, "ana", "analyst")
    world.configuration.work = Work(Work().table, policy="")
    found = not_invoiced(world, "1", "2")
    cause = found["1"].cause
    assert cause is not None and found["2"].cause == cause
    new = grouping.split_off(world.connection, ana, [target(found["2"])], "Another matter", "other partner", NOW)
    assert shown(world, f"cause=CA-{new}").keys() == {"2"}
    with pytest.raises(OperatorError, match="for good"):
        grouping.merge(world.connection, ana, cause, [new], "again", NOW)
    world.apply([invoiced("2")])
    follow(world.connection, world.configuration, later(1))
    world.apply([invoiced("2", value="1.00", revision=2, void=True)])
    world.tick(everything=True)
    follow(world.connection, world.configuration, later(2))
    assert shown(world, f"cause=CA-{new}", "class=SNI+").keys() == {"2"}


def test_a_merge_names_its_rule_and_what_comes_later_joins_it(world: World) -> None:
    ana = join(world, "ana", "analyst")
    not_invoiced(world, "1")
    one = shown(world)
    ids = sorted({item.cause for item in shown_all(world) if item.cause is not None})
    assert len(ids) > 1
    grouping.merge(world.connection, ana, ids[0], ids[1:], "one outage", NOW)
    assert {item.cause for item in shown_all(world)} == {ids[0]}
    assert [(m.who, m.why) for m in grouping.merges(world.connection, ids[0])] == [("ana", "one outage")] * (len(ids) - 1)
    not_invoiced(world, "2")
    assert {item.cause for item in shown_all(world)} == {ids[0]}
    assert one
    grouping.part(world.connection, ana, ids[1], "not the same", NOW + timedelta(hours=1))
    assert {item.cause for item in shown_all(world)} == {ids[0], ids[1]}
    with pytest.raises(OperatorError, match="for good"):
        grouping.merge(world.connection, ana, ids[0], [ids[1]], "again", NOW)


def test_a_cause_with_items_that_somebody_may_not_see_is_not_his_to_change(world: World) -> None:
    ana, bo = join(world, "ana", "analyst"), join(world, "bo", "analyst", scopes={"team": ["returns"]})
    not_invoiced(world, "1")
    into, other, *_ = sorted({item.cause for item in shown_all(world) if item.cause is not None})
    with pytest.raises(Forbidden, match="may not see"):
        grouping.merge(world.connection, bo, into, [other], "mine now", NOW)
    with pytest.raises(Forbidden, match="may not see"):
        grouping.settle_on(world.connection, bo, into, NOW, team="returns")
    grouping.merge(world.connection, ana, into, [other], "one outage", NOW)
    with pytest.raises(Forbidden, match="may not see"):
        grouping.part(world.connection, bo, other, "not the same", NOW)
    assert {item.cause for item in shown_all(world)}.isdisjoint({other})


def test_a_view_of_another_team_is_not_his_to_delete(world: World) -> None:
    cleo, dan = join(world, "cleo", "engineer", "analyst"), join(world, "dan", "engineer", "analyst", scopes={"team": ["returns"]})
    theirs = view.save(world.connection, cleo, "Late", "/exceptions", "sort=due", NOW, team="billing")
    with pytest.raises(Forbidden, match="team billing"):
        view.delete(world.connection, dan, theirs.id, NOW)
    view.delete(world.connection, cleo, theirs.id, NOW)
    assert view.views(world.connection, cleo, "/exceptions") == []


def shown_all(world: World) -> list[Item]:
    return items(world.connection, wanted(), EVERYBODY, NOW)
