"""Bulk does exactly what it said: what was selected as it was selected, item by item, and nothing else."""

import secrets
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysts import invoiced, join, later, not_invoiced, shown, target, wanted
from tieout.cases import act, operation, selection
from tieout.cases.item import Target
from tieout.cases.listing import Totals, items, snapshot, totals
from tieout.errors import Forbidden, OperatorError
from tieout.people.person import Person
from world import NOW, World

SNI = "class=SNI+"


def run_all(world: World) -> None:
    while operation.step(world.connection, world.configuration, NOW, most=3):
        pass


def begin(world: World, person: Person, chosen: selection.Selection, action: str, said: Any = None, **more: Any) -> operation.Operation:
    return operation.start(world.connection, person, chosen.id, action, said or {}, more.pop("key", secrets.token_hex(8)), NOW, **more)


def reasons(world: World, person: Person, id_: int) -> dict[str, tuple[str, str]]:
    return {one.ref: (one.outcome, one.reason) for one in operation.items(world.connection, person, id_)}


def test_bulk_does_exactly_what_was_selected(world: World) -> None:
    ana = join(world, "ana", "analyst")
    found = not_invoiced(world, *map(str, range(1, 9)))
    chosen = selection.select(world.connection, ana, wanted(SNI), NOW)
    assert (chosen.many, chosen.sums, chosen.classes) == (8, {"USD": Decimal(80)}, {"SNI+": 8})
    not_invoiced(world, "9", "10")
    act.tag(world.connection, ana, [target(found["2"]), target(found["5"])], NOW, add=["touched"])
    started = begin(world, ana, chosen, "assign", {"to": "ana"}, hash_=chosen.hash)
    run_all(world)
    done = operation.operation(world.connection, ana, started.id)
    assert (done.state, done.outcomes) == ("done", {"done": 6, "changed since selection": 2})
    owned = {number for number, item in shown(world, SNI).items() if item.person == "ana"}
    assert owned == {"1", "3", "4", "6", "7", "8"}
    assert reasons(world, ana, started.id)[found["2"].ref] == ("changed since selection", "it is at version 2 now, you saw 1")


@settings(max_examples=15)
@given(changed=st.sets(st.integers(0, 9)), resolved=st.sets(st.integers(0, 9)), fresh=st.integers(0, 3))
def test_exactly_n_less_m(world_of: Any, changed: set[int], resolved: set[int], fresh: int) -> None:
    world = world_of()
    ana = join(world, "ana", "analyst")
    found = not_invoiced(world, *(f"A{n}" for n in range(10)))
    chosen = selection.select(world.connection, ana, wanted(SNI), NOW)
    for n in sorted(changed):
        act.prioritise(world.connection, ana, [target(found[f"A{n}"])], NOW, 1)
    world.apply([invoiced(f"A{n}") for n in sorted(resolved)])
    not_invoiced(world, *(f"B{n}" for n in range(fresh))) if fresh else not_invoiced(world)
    started = begin(world, ana, chosen, "tag", {"add": ["bulk"]})
    run_all(world)
    touched = {row for (row,) in world.connection.execute("select number from work where tags @> array['bulk']").fetchall()}
    assert touched == {f"A{n}" for n in range(10)} - {f"A{n}" for n in changed | resolved}
    outcomes = operation.operation(world.connection, ana, started.id).outcomes
    assert outcomes == {
        name: many for name, many in (("done", 10 - len(changed | resolved)), ("changed since selection", len(changed | resolved))) if many
    }


@settings(max_examples=20)
@given(
    filters=st.lists(
        st.sampled_from(["class=SNI+", "not.class=SNI+", "channel=web", "channel=edi", "party=C1", "value=10..20", "q=b", "owner=none"]),
        unique=True,
    ),
    sort=st.sampled_from(["due", "-due", "value", "-value", "age", "priority", "-ref", "class"]),
)
def test_counts_are_the_lists_of_the_same_snapshot(busy: World, filters: list[str], sort: str) -> None:
    viewer = Person(9, "vic", "Vic")
    with snapshot(busy.connection):
        figures = totals(busy.connection, wanted(*filters), viewer, NOW)
        rows = items(busy.connection, wanted(*filters), viewer, NOW, sort=sort, limit=1000)
        paged = [
            row
            for start in range(0, len(rows) + 3, 3)
            for row in items(busy.connection, wanted(*filters), viewer, NOW, sort=sort, offset=start, limit=3)
        ]
        walked: list[int] = []
        while more := items(busy.connection, wanted(*filters), viewer, NOW, sort=sort, limit=2, after=walked[-1] if walked else None):
            walked += [row.id for row in more]
    assert [row.id for row in paged] == [row.id for row in rows] == walked
    sums: dict[str, Decimal] = {}
    for row in rows:
        if row.worth is not None:
            sums[row.currency] = sums.get(row.currency, Decimal(0)) + row.worth
    assert figures == Totals(
        len(rows), dict(sorted(sums.items())), sum(row.due < NOW for row in rows), sum(row.worth is None for row in rows),
        min((row.due for row in rows), default=None), min((row.since for row in rows), default=None),
        {name: sum(row.class_ == name for row in rows) for name in sorted({row.class_ for row in rows})},
        {name: sum(row.state == name for row in rows) for name in sorted({row.state for row in rows})},
    )  # fmt: skip


@pytest.fixture
def busy(world: World) -> World:
    not_invoiced(world, "a1", "a2", "a3")
    not_invoiced(world, "b1", "b2", channel="edi", customer="C2", value="15.00")
    not_invoiced(world, "b3", channel="edi", warehouse="W2", value="25.00")
    world.apply([b'{"kind": "nonsense"}\n'])
    not_invoiced(world)
    return world


def test_the_same_key_is_one_operation(world: World) -> None:
    ana, bo = join(world, "ana", "analyst"), join(world, "bo", "analyst")
    not_invoiced(world, "1")
    chosen = selection.select(world.connection, ana, wanted(SNI), NOW)
    first = begin(world, ana, chosen, "tag", {"add": ["x"]}, key="the same key")
    assert begin(world, ana, chosen, "tag", {"add": ["x"]}, key="the same key").id == first.id
    with pytest.raises(Forbidden, match="somebody else's"):
        operation.start(world.connection, bo, chosen.id, "tag", {"add": ["x"]}, "the same key", NOW)
    assert world.connection.execute("select count(*) from operation").fetchone() == (1,)


def test_a_selection_is_ones_own_and_expires(world: World) -> None:
    ana, bo = join(world, "ana", "analyst"), join(world, "bo", "analyst")
    not_invoiced(world, "1")
    chosen = selection.select(world.connection, ana, wanted(SNI), NOW)
    with pytest.raises(Forbidden):
        selection.selection(world.connection, bo, chosen.id, NOW)
    with pytest.raises(OperatorError, match="expired"):
        selection.selection(world.connection, ana, chosen.id, later(0.5))
    with pytest.raises(OperatorError, match="not the selection that was shown"):
        begin(world, ana, chosen, "tag", {"add": ["x"]}, hash_=b"other")


def test_pause_resume_cancel(world: World) -> None:
    ana = join(world, "ana", "analyst")
    not_invoiced(world, *map(str, range(1, 8)))
    started = begin(world, ana, selection.select(world.connection, ana, wanted(SNI), NOW), "tag", {"add": ["x"]})
    operation.step(world.connection, world.configuration, NOW, most=3)
    operation.pause(world.connection, ana, started.id, NOW)
    assert not operation.step(world.connection, world.configuration, NOW)
    assert operation.operation(world.connection, ana, started.id).outcomes == {"done": 3, "": 4}
    operation.resume(world.connection, ana, started.id, NOW)
    operation.step(world.connection, world.configuration, NOW, most=2)
    operation.cancel(world.connection, ana, started.id, NOW)
    assert not operation.step(world.connection, world.configuration, NOW)
    over = operation.operation(world.connection, ana, started.id)
    assert (over.state, over.outcomes) == ("cancelled", {"done": 5, "cancelled": 2})
    with pytest.raises(OperatorError, match="cancelled and cannot be resumed"):
        operation.resume(world.connection, ana, started.id, NOW)


def test_the_preview_says_what_the_policy_will(world: World) -> None:
    ana = join(world, "ana", "analyst", limit="15")
    not_invoiced(world, "1", "2")
    not_invoiced(world, "3", value="20.00")
    world.apply([b'{"kind": "nonsense"}\n'])
    not_invoiced(world)
    chosen = selection.select(world.connection, ana, wanted(), NOW)
    shown_ = operation.preview(world.connection, world.configuration, ana, chosen.id, "accept", {"reason": "immaterial"}, NOW)
    assert shown_.not_eligible == {"only a difference on an account can be accepted": 1}
    assert shown_.eligible == chosen.many - 1
    assert "needs approval by approver: over the person's limit" in shown_.verdicts
    assert world.connection.execute("select count(*) from work_event where event not in ('opened', 'changed')").fetchone() == (0,)
    started = begin(world, ana, chosen, "accept", {"reason": "immaterial"})
    run_all(world)
    outcomes = operation.operation(world.connection, ana, started.id).outcomes
    assert outcomes["not eligible"] == 1
    assert outcomes["waiting for approval"] >= 1
    assert sum(outcomes.values()) == chosen.many


def test_only_what_failed_is_retried(world: World) -> None:
    ana = join(world, "ana", "analyst")
    world.apply([b'{"kind": "nonsense"}\n', b'{"kind": "more"}\n'])
    not_invoiced(world)
    chosen = selection.select(world.connection, ana, wanted("kind=quarantine"), NOW)
    started = begin(world, ana, chosen, "retry", {"reason": "again"})
    run_all(world)
    assert operation.operation(world.connection, ana, started.id).outcomes == {"failed": 2}
    again = operation.retry_failed(world.connection, ana, started.id, "another key", NOW)
    assert (again.many, again.retry_of) == (2, started.id)
    run_all(world)
    assert operation.operation(world.connection, ana, again.id).state == "done"


def test_rights_that_were_taken_meanwhile_are_gone(world: World) -> None:
    ana = join(world, "ana", "analyst")
    not_invoiced(world, "1")
    started = begin(world, ana, selection.select(world.connection, ana, wanted(SNI), NOW), "tag", {"add": ["x"]})
    world.connection.execute("delete from person_role")
    run_all(world)
    ((_, said),) = reasons_of(world, started.id)
    assert said.startswith("ana may not")


def reasons_of(world: World, id_: int) -> list[tuple[str, str]]:
    return world.connection.execute("select outcome, reason from operation_item where operation = %s", [id_]).fetchall()


def test_choosing_by_hand_freezes_the_versions_that_were_seen(world: World) -> None:
    ana = join(world, "ana", "analyst")
    found = not_invoiced(world, "1", "2")
    act.tag(world.connection, ana, [Target(found["1"].id)], NOW, add=["x"])
    chosen = selection.choose(world.connection, ana, [target(found["1"]), target(found["2"])], NOW)
    started = begin(world, ana, chosen, "prioritise", {"priority": 1})
    run_all(world)
    assert operation.operation(world.connection, ana, started.id).outcomes == {"done": 1, "changed since selection": 1}
