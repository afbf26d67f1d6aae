"""Claiming takes the most urgent that nobody has, each once; the suggestion says why."""

import threading

from analysts import join, later, not_invoiced, target, wanted
from tieout.cases import act, claim
from tieout.cases.act import Snooze
from world import NOW, World


def test_the_most_urgent_that_nobody_has_is_taken(world: World) -> None:
    ana = join(world, "ana", "analyst")
    found = not_invoiced(world, "1", "2", "3", "4")
    act.assign(world.connection, ana, [target(found["1"])], NOW, world.configuration.work, to="ana")
    act.prioritise(world.connection, ana, [target(found["3"])], NOW, 1)
    act.snooze(world.connection, ana, [target(found["2"])], NOW, Snooze("time", later(5)))
    taken = [claim.claim(world.connection, ana, wanted("class=SNI+"), NOW, world.configuration.work) for _ in range(3)]
    assert [one.ref if one else None for one in taken] == [found["3"].ref, found["4"].ref, None]


def test_what_one_may_not_see_is_not_claimed(world: World) -> None:
    edi = join(world, "edi", "analyst", scopes={"channel": ["edi"]})
    not_invoiced(world, "1")
    assert claim.claim(world.connection, edi, wanted(), NOW, world.configuration.work) is None


def test_two_who_claim_at_once_never_get_the_same(world: World) -> None:
    ana, bea = join(world, "ana", "analyst"), join(world, "bea", "analyst")
    not_invoiced(world, *map(str, range(1, 9)))
    got: list[str] = []

    def work(person: object) -> None:
        with world.database.session() as connection:
            while (one := claim.claim(connection, person, wanted("class=SNI+"), NOW, world.configuration.work)) is not None:  # type: ignore[arg-type]
                got.append(one.ref)

    threads = [threading.Thread(target=work, args=(person,)) for person in (ana, bea)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(got) == len(set(got)) == 8


def test_who_ended_the_same_cause_is_suggested_else_who_has_least(world: World) -> None:
    ana, bea = join(world, "ana", "analyst"), join(world, "bea", "analyst")
    found = not_invoiced(world, "1", "2", "3")
    act.assign(world.connection, ana, [target(found["1"])], NOW, world.configuration.work, to="ana")
    first = claim.owners(world.connection, found["2"].id, NOW)
    assert [(one.login, one.load, one.why) for one in first] == [("bea", 0, "has least to do"), ("ana", 1, "")]
    world.connection.execute("update work set state = 'resolved', resolved = %s where id = %s", [NOW, found["1"].id])
    second = claim.owners(world.connection, found["2"].id, later(1))
    assert (second[0].login, second[0].why) == ("ana", "brought 1 of the same cause to an end in 90 days")
    assert bea.login == second[1].login
