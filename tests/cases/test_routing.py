"""Routing: the first row that fits says whose it is, how urgent, and by which clock."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from analysts import join, not_invoiced, shown, target
from tieout.cases import act
from tieout.cases.cause import Seen, fingerprint
from tieout.errors import SettingsError
from tieout.policy.calendar import Calendar
from tieout.policy.work import StepTable, TeamTable, WorkTable, work_of
from world import NOW, World

TABLE = """version = "2026-06"

[[route]]
class = "SNI+"
value = ">= 50.00 USD"
team = "billing"
person = "bo"
priority = 1
working_hours = 4
cost_percent = "0.5"

[[route]]
customer = "C1"
warehouse = "W1"
team = "west"
business_days = 2

[[route]]
channel = "edi"
team = "edi"
hours = 12
"""


def table(text: str = TABLE, **more: object) -> WorkTable:
    return WorkTable(routing="routing.toml", **more)  # type: ignore[arg-type]


def routed(world: World, text: str = TABLE) -> None:
    world.configuration.work = work_of(table(), {"routing.toml": text}, "UTC")


def test_value_customer_and_channel_decide(world: World) -> None:
    routed(world)
    not_invoiced(world, "1", quantity=1, value="60.00")
    not_invoiced(world, "2")
    found = not_invoiced(world, "3", channel="edi", customer="C9", warehouse="W9")
    assert {n: (i.team, i.person, i.priority) for n, i in found.items()} == {
        "1": ("billing", "bo", 1),
        "2": ("west", "", 3),
        "3": ("edi", "", 3),
    }
    assert [found[n].rule for n in "123"] == ["routing 2026-06 row 1", "routing 2026-06 row 2", "routing 2026-06 row 3"]
    assert found["1"].due == datetime(2026, 6, 1, 12, tzinfo=UTC)
    assert found["2"].due == datetime(2026, 6, 3, 17, tzinfo=UTC)
    assert found["3"].due == NOW + timedelta(hours=12)


def test_no_row_means_the_accounts_team_and_a_business_day(world: World) -> None:
    item = not_invoiced(world, "1")["1"]
    assert (item.team, item.priority, item.due) == ("billing", 3, datetime(2026, 6, 2, 17, tzinfo=UTC))


def test_what_a_person_assigned_stays_when_the_ledger_changes_it(world: World) -> None:
    routed(world)
    ana = join(world, "ana", "analyst")
    found = not_invoiced(world, "2")
    act.assign(world.connection, ana, [target(found["2"])], NOW, world.configuration.work, to="ana", team="billing")
    not_invoiced(world, "2", quantity=3, value="90.00", revision=2)
    after = shown(world, "class=SNI+")["2"]
    assert (after.person, after.team) == ("ana", "billing")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TABLE.replace('team = "west"', 'team = "wst"'), "there is no team 'wst'"),
        (TABLE.replace("priority = 1", "priority = 9"), "priority"),
        (TABLE.replace("hours = 12", "hours = 12\nbusiness_days = 1"), "one of"),
        (TABLE.replace("customer", "custmer"), "did you mean|Did you mean"),
        (TABLE.replace('value = ">= 50.00 USD"', 'value = "much"'), "column value"),
    ],
)
def test_a_wrong_table_says_where(text: str, said: str) -> None:
    teams = {name: TeamTable() for name in ("billing", "west", "edi")}
    with pytest.raises(SettingsError, match=said):
        work_of(table(teams=teams), {"routing.toml": text}, "UTC")


def test_a_chain_must_lead_somewhere() -> None:
    with pytest.raises(SettingsError, match="there is no team 'nobody'"):
        work_of(WorkTable(chains={"default": (StepTable(5, "team:nobody"),)}), {}, "UTC")


def test_working_hours_leave_nights_weekends_and_holidays_out() -> None:
    calendar = Calendar("Europe/Berlin", opens=time(8), closes=time(17), holidays=frozenset({date(2026, 6, 4)}))
    friday = datetime(2026, 6, 5, 14, tzinfo=UTC)
    assert calendar.working(friday, timedelta(hours=4)) == datetime(2026, 6, 8, 9, tzinfo=UTC)
    wednesday = datetime(2026, 6, 3, 20, tzinfo=UTC)
    assert calendar.working(wednesday, timedelta(hours=1)) == datetime(2026, 6, 5, 7, tzinfo=UTC)
    assert calendar.working(friday, timedelta(hours=27)) == datetime(2026, 6, 10, 14, tzinfo=UTC)


def test_what_tells_causes_apart_is_a_table_that_a_company_may_change() -> None:
    seen = Seen("balance", "SNI+", "erp / wms", "price", "", "C1", "A", "Shipped, not invoiced")
    assert str(fingerprint(seen, {})) == "SNI+ | erp / wms | price | * | C1 | A"
    assert str(fingerprint(seen, {"SNI": ("party",)})) == "SNI+ | * | * | * | C1 | *"
    refusal = Seen("command", "CREF", "erp", "post_invoice: customer 4711 is blocked", "", "C1", "A", "")
    assert fingerprint(refusal, {}).field == "post_invoice: customer # is blocked"
