"""The role `work`: while messages come in, exceptions appear by themselves, and operations are done in the background."""

from collections.abc import Callable
from datetime import UTC, datetime

from at_work import Within, until

from tieout.api import keys
from tieout.cases import operation, selection
from tieout.cases.filter import Filter
from tieout.people import accounts


def test_what_cannot_be_read_becomes_work_and_an_operation_is_done(within: Callable[..., Within]) -> None:
    at_work = within("receive", "apply", "work")
    project, now = at_work.project, datetime.now(UTC)
    at_work.key = keys.add(project.connection, "a test", ("wms",), now)
    assert at_work.post("wms", b'{"event": "nonsense"}').status == 202
    read = project.database.connect()
    until(lambda: read.execute("select count(*) from work where kind = 'quarantine' and state = 'new' and routed").fetchone() == (1,))
    made = accounts.add(read, "ana", "Ana", now, by=None)
    accounts.set_roles(read, made, ("analyst",), (), now, by=None)
    ana = accounts.account(read, "ana").person
    chosen = selection.select(read, ana, Filter(), now)
    started = operation.start(read, ana, chosen.id, "assign", {"to": "ana"}, "a key of mine", now)
    until(lambda: operation.operation(read, ana, started.id).state == "done")
    assert operation.operation(read, ana, started.id).outcomes == {"done": 1}
    read.close()
