"""What an item is given before it is written: its cause by fingerprint, and by the routing table a team, a person, a deadline, a chain."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from tieout.cases.cause import Fingerprint, Seen, fingerprint, title
from tieout.core.values import EXACT
from tieout.policy.cell import Measure, Value
from tieout.policy.routing import Route
from tieout.policy.table import Facts
from tieout.policy.work import Work
from tieout.runtime.batch import Connection
from tieout.runtime.configuration import Configuration
from tieout.store.database import fetch_by, run_by

HUNDRED, NOTHING = Decimal(100), Decimal(0)


class Row(NamedTuple):
    """What is new or has changed, as `unrouted` gives it. `fresh` is how many episodes its cause does not count yet."""

    id: int
    kind: str
    class_: str
    account: str
    system: str
    systems: str
    party: str
    sku: str
    channel: str
    warehouse: str
    field: str
    mapping: str
    hint: str
    worth: Decimal
    currency: str
    priced: bool
    opened: datetime
    team: str
    person: str
    assigned_by: str
    priority: int
    pinned: bool
    origin: int | None
    fresh: int


class CaseRow(NamedTuple):
    """A case of the ledger that is not work yet, or not as it stands now, as `seen_cases` gives it."""

    key: str
    kind: str
    class_: str
    title: str
    summary: str
    account: str
    system: str
    systems: str
    party: str
    sku: str
    channel: str
    warehouse: str
    hint: str
    worth: Decimal
    currency: str
    priced: bool
    opened: datetime
    team: str
    person: str
    assigned_by: str
    priority: int
    pinned: bool
    origin: int | None
    fresh: int

    @property
    def field(self) -> str:
        """What disagrees: the hint."""
        return self.hint

    @property
    def mapping(self) -> str:
        """No mapping is to blame for a balance."""
        return ""


Some = Row | CaseRow


class Given(NamedTuple):
    """What routing gives an item: its cause, whose it is, by when; `begins` is when its chain takes the first step."""

    cause: int
    to_team: str
    to_person: str
    urgency: int
    due: datetime
    rule: str
    chain: str
    cost: Decimal
    begins: datetime | None


def given(connection: Connection, configuration: Configuration, rows: Sequence[Some], titles: Mapping[str, str], now: datetime) -> list[Given]:
    """The cause of each, and whose it is; causes are made where they are new. Equal questions are answered once."""
    work, calendars = configuration.work, configuration.policy.calendars
    known: dict[Seen, Fingerprint] = {}
    prints: list[Fingerprint | None] = []
    for row in rows:
        seen = _seen(row, work)
        if seen not in known:
            known[seen] = fingerprint(seen, work.table.causes)
        prints.append(None if row.pinned else known[seen])
    causes = _causes(connection, rows, prints, titles, now)
    routes, dues = Routes(work, configuration), dict[tuple[Route, datetime, str], datetime]()
    made = []
    for row, print_ in zip(rows, prints, strict=True):
        found, rule = routes.of(row)
        origin = causes[print_] if print_ is not None else row.origin
        assert origin is not None, "what is pinned has the cause it is pinned to"
        team, person, priority = found.team or row.team, found.person or row.person, found.priority
        if row.assigned_by:
            team, person, priority = row.team, row.person, row.priority
        cost = EXACT.divide(EXACT.multiply(row.worth, found.cost_percent), HUNDRED) if found.cost_percent else NOTHING
        asked = (found, row.opened, row.warehouse)
        if asked not in dues:
            dues[asked] = found.due(row.opened, calendars, row.warehouse)
        steps = work.table.chains.get(found.chain, ())
        begins = row.opened + timedelta(minutes=steps[0].after_minutes) if steps else None
        made.append(Given(origin, team, person, priority, dues[asked], rule, found.chain, cost, begins))
    return made


def _seen(row: Some, work: Work) -> Seen:
    version = row.mapping or (work.policy if row.class_ == "CHLD" else "")
    return Seen(row.kind, row.class_, row.systems, row.field, version, row.party, row.sku, row.hint)


def _causes(
    connection: Connection, rows: Sequence[Some], prints: Sequence[Fingerprint | None], titles: Mapping[str, str], now: datetime
) -> dict[Fingerprint, int]:
    """The causes of some items by fingerprint, made where they are new."""
    many: Counter[Fingerprint] = Counter()
    for row, print_ in zip(rows, prints, strict=True):
        if print_ is not None:
            many[print_] += row.fresh
    if not many:
        return {}
    ordered = sorted(many)
    found = fetch_by(
        connection, "set_causes", now=now,
        fingerprints=[str(one) for one in ordered], classes=[one.class_ for one in ordered], systems=[one.systems for one in ordered],
        fields=[one.field for one in ordered], versions=[one.version for one in ordered], parties=[one.party for one in ordered],
        skus=[one.sku for one in ordered], titles=[title(one, titles.get(one.class_, one.class_)) for one in ordered],
        many=[many[one] for one in ordered],
    )  # fmt: skip
    by_text = dict(found)
    causes = {one: int(by_text[str(one)]) for one in ordered}
    fresh = [causes[one] for one in ordered if many[one]]
    if fresh:
        run_by(connection, "regress_causes", ids=fresh, now=now)
    return causes


class Routes:
    """The routing table asked about many items; equal questions are answered once."""

    def __init__(self, work: Work, configuration: Configuration) -> None:
        self._work = work
        self._configuration = configuration
        asked = {name for table in work.routing.tables for row in table.rows for name in row.cells}
        self._by_value = "value" in asked
        self._known: dict[tuple[object, ...], tuple[Route, str]] = {}

    def of(self, row: Some) -> tuple[Route, str]:
        """The route of an item, and the row that said so."""
        key = (row.class_, row.kind, row.system, row.party, row.sku, row.channel, row.warehouse, row.hint, row.opened.date(),
               (row.worth, row.currency, row.priced) if self._by_value else None)  # fmt: skip
        if key not in self._known:
            self._known[key] = self._ask(row)
        return self._known[key]

    def _ask(self, row: Some) -> tuple[Route, str]:
        table = self._work.routing.at(row.opened)
        if table is not None:
            found = next(table.fitting(facts_of(row), row.opened), None)
            if found is not None:
                return found.row.result, found.title
        chain = "default" if "default" in self._work.table.chains else ""
        return Route(chain=chain), "the account's own team, one business day"


def facts_of(row: Some) -> Facts:
    """The columns that the routing table asks about."""
    values: dict[str, Value] = {
        "class": (row.class_, row.class_.rstrip("+-")), "account": row.account, "kind": row.kind, "system": row.system, "customer": row.party,
        "sku": row.sku, "channel": row.channel, "warehouse": row.warehouse, "hint": row.hint,
        "value": Measure(row.worth, row.currency) if row.priced and row.currency else None,
    }  # fmt: skip
    return Facts(values)
