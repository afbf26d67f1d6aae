"""Replaying messages: the dry run changes nothing and says what is known already; the operation reads each once, and tells what failed."""

from datetime import timedelta
from pathlib import Path

import pytest

import acme
from analysts import join, not_invoiced, shown, wanted
from tieout.app import opened
from tieout.cases import operation, replay, selection
from tieout.cases.follow import follow
from tieout.cases.replay import Wanted
from tieout.errors import Forbidden, OperatorError
from tieout.people import accounts
from world import NOW, World


def run_all(world: World) -> None:
    while operation.step(world.connection, world.configuration, NOW):
        pass


def unread(world: World) -> None:
    """A message that no contract reads."""
    world.apply([b'{"kind": "nonsense"}\n'])
    follow(world.connection, world.configuration, NOW)


def test_a_dry_run_says_what_is_known_and_changes_nothing(world: World) -> None:
    chen = join(world, "chen", "engineer")
    not_invoiced(world, "1", "2", "3")
    before, rows = world.hash(), world.connection.execute("select count(*) from batch").fetchall()
    system = world.connection.execute(
        "select s.name, count(*) from message m join system s on s.id = m.system group by 1 order by 2 desc"
    ).fetchall()
    name, many = system[0]
    found = replay.plan(world.connection, world.configuration, chen, Wanted(name, which="all"), NOW)
    assert (found.many, found.tried) == (many, many)
    assert found.statements >= many and found.duplicates == found.statements and (found.changed, found.unread) == (0, 0)
    assert (world.hash(), world.connection.execute("select count(*) from batch").fetchall()) == (before, rows)


def test_a_dry_run_by_a_mended_mapping_counts_what_changes_and_the_replay_does_so(tmp_path: Path) -> None:
    folder = acme.make(tmp_path)
    (folder / "mappings" / "orders.toml").write_text(acme.MAPPING.replace("quantity * price", "quantity * net"))
    with opened(folder) as project:
        chen = accounts.add(project.connection, "chen", "Chen", NOW, by=None)
        accounts.set_roles(project.connection, chen, ["engineer"], [], NOW, by=None)
        engineer = accounts.account(project.connection, "chen").person
        before = project.connection.execute("select count(*) from fact").fetchall()
        found = replay.plan(project.connection, project.configuration, engineer, Wanted("shop", which="all"), NOW)
        assert (found.many, found.statements, found.duplicates, found.changed, found.unread) == (1, 2, 1, 1, 0)
        assert found.mapping not in found.mappings
        assert project.connection.execute("select count(*) from fact").fetchall() == before
        id_ = replay.start(project.connection, project.configuration, engineer, Wanted("shop", which="all"), 1, "key-mended-1", NOW)
        while operation.step(project.connection, project.configuration, NOW):
            pass
        assert operation.operation(project.connection, engineer, id_).outcomes == {"done": 1}
        assert project.connection.execute("select count(*) from fact").fetchall() == [(before[0][0] + found.changed,)]
        again = replay.plan(project.connection, project.configuration, engineer, Wanted("shop", which="all"), NOW)
        assert (again.duplicates, again.changed) == (2, 0)


def test_a_replay_reads_each_message_once_and_the_ledger_stays(world: World) -> None:
    chen = join(world, "chen", "engineer")
    not_invoiced(world, "1", "2", "3")
    ((name, many),) = world.connection.execute(
        "select s.name, count(*) from message m join system s on s.id = m.system group by 1 order by 2 desc limit 1"
    ).fetchall()
    before = world.hash()
    asked = Wanted(name, which="all")
    with pytest.raises(OperatorError, match=f"{many} messages are to be replayed"):
        replay.start(world.connection, world.configuration, chen, asked, many + 1, "key-replay-1", NOW)
    id_ = replay.start(world.connection, world.configuration, chen, asked, many, "key-replay-1", NOW)
    assert replay.start(world.connection, world.configuration, chen, asked, many, "key-replay-1", NOW) == id_, "sent twice, one operation"
    operation.pause(world.connection, chen, id_, NOW)
    run_all(world)
    assert operation.operation(world.connection, chen, id_).outcomes == {"": many}
    operation.resume(world.connection, chen, id_, NOW)
    run_all(world)
    done = operation.operation(world.connection, chen, id_)
    assert (done.state, done.outcomes, done.many) == ("done", {"done": many}, many)
    assert world.hash() == before
    assert [one.position for one in operation.items(world.connection, chen, id_)] == list(range(1, many + 1))


def test_what_can_still_not_be_read_has_failed_with_its_reason_and_is_tried_alone(world: World) -> None:
    chen = join(world, "chen", "engineer")
    not_invoiced(world, "1")
    unread(world)
    ((name, message, why),) = world.connection.execute(
        "select s.name, q.message, q.reason from quarantine q join message m on m.id = q.message join system s on s.id = m.system"
    ).fetchall()
    plan = replay.plan(world.connection, world.configuration, chen, Wanted(name), NOW)
    assert (plan.many, plan.unread) == (1, 1)
    id_ = replay.start(world.connection, world.configuration, chen, Wanted(name), 1, "key-replay-2", NOW)
    run_all(world)
    (item,) = operation.items(world.connection, chen, id_)
    assert (item.work, item.outcome, item.reason) == (message, "failed", why)
    again = operation.retry_failed(world.connection, chen, id_, "key-replay-3", NOW)
    run_all(world)
    assert operation.operation(world.connection, chen, again.id).outcomes == {"failed": 1}
    follow_up = selection.select(world.connection, chen, wanted("kind=quarantine"), NOW)
    by_selection = replay.plan(world.connection, world.configuration, chen, Wanted(name, which="all", selection=follow_up.id), NOW)
    assert by_selection.many == len(shown(world, "kind=quarantine"))


def test_a_replay_is_cancelled_and_what_was_read_stays_read(world: World) -> None:
    chen = join(world, "chen", "engineer")
    not_invoiced(world, "1", "2")
    ((name, many),) = world.connection.execute(
        "select s.name, count(*) from message m join system s on s.id = m.system group by 1 order by 2 desc limit 1"
    ).fetchall()
    id_ = replay.start(world.connection, world.configuration, chen, Wanted(name, which="all"), many, "key-replay-4", NOW)
    operation.step(world.connection, world.configuration, NOW, most=1)
    operation.cancel(world.connection, chen, id_, NOW)
    run_all(world)
    assert operation.operation(world.connection, chen, id_).outcomes == {"done": 1, "cancelled": many - 1}


def test_the_rate_is_kept(world: World) -> None:
    assert replay.room({"rate": 600}, 0, None, NOW) == 100
    assert replay.room({"rate": 600}, 100, NOW, NOW) == 0
    assert replay.room({"rate": 600}, 100, NOW, NOW + timedelta(seconds=5)) == 50
    assert replay.room({"rate": 600}, 100, NOW, NOW + timedelta(hours=1)) == 100


def test_only_an_engineer_who_sees_everything_replays(world: World) -> None:
    not_invoiced(world, "1")
    name = next(iter(world.configuration.systems))
    with pytest.raises(Forbidden):
        replay.plan(world.connection, world.configuration, join(world, "ana", "analyst"), Wanted(name), NOW)
    with pytest.raises(Forbidden, match="you see a part of it"):
        replay.plan(world.connection, world.configuration, join(world, "sia", "engineer", scopes={"channel": ["web"]}), Wanted(name), NOW)
    chen = join(world, "chen", "engineer")
    for wrong in (Wanted("nobody"), Wanted(name, since=NOW, until=NOW), Wanted(name, rate=7)):
        with pytest.raises(OperatorError):
            replay.plan(world.connection, world.configuration, chen, wrong, NOW)
    with pytest.raises(OperatorError, match="No message is in this range"):
        replay.start(world.connection, world.configuration, chen, Wanted(name, since=NOW + timedelta(days=900)), 0, "key-replay-5", NOW)
