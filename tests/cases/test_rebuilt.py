"""A rebuilt ledger keeps what people did: no message says it."""

import psycopg

from analysts import join, later, not_invoiced, target, wanted
from servers import Server
from tieout.cases import act, attachments, grouping, operation, selection, talk
from tieout.cases.follow import follow
from tieout.runtime.rebuild import rebuild
from tieout.store.migrate import CARRIED, take_over
from world import NOW, World


def test_history_comments_and_people_are_taken_over(world: World, server: Server) -> None:
    ana = join(world, "ana", "analyst", limit="10")
    found = not_invoiced(world, "1", "2")
    talk.comment(world.connection, ana, found["1"].id, "Called them.", NOW)
    attachments.attach(world.connection, ana, found["1"].id, "mail.txt", b"hello", NOW)
    act.tag(world.connection, ana, [target(found["2"])], NOW, add=["late"])
    grouping.split_off(world.connection, ana, [target(found["1"])], "Theirs", "another matter", NOW)
    chosen = selection.select(world.connection, ana, wanted("class=SNI+"), NOW)
    operation.start(world.connection, ana, chosen.id, "tag", {"add": ["x"]}, "a key of mine", NOW)
    new = server.make()
    try:
        assert rebuild(world.connection, world.configuration, new, world.configuration) > 0
        with psycopg.connect(world.database.conninfo, autocommit=True) as owner:
            take_over(owner, world.database.schema, new.schema)
            for table in CARRIED:
                counts = [owner.execute(f"select count(*) from {schema}.{table}").fetchone() for schema in (world.database.schema, new.schema)]
                assert counts[0] == counts[1], table
        with new.session(writer=True) as connection:
            follow(connection, world.configuration, later(1))
            events = [event.event for event in talk.history(connection, ana, found["1"].id)]
            assert events[-4:] == ["split off", "attached", "commented", "opened"]
            assert talk.comment(connection, ana, found["1"].id, "Still open.", NOW) > 0
    finally:
        server.drop(new)
