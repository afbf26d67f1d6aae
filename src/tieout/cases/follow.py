"""Follow: bring the work in step with the ledger. Set-based, incremental, in a transaction of its own beside the way of a message.

What changed is noted by triggers in the transaction that changed it; here it is taken, in portions, and each exception's row is
opened, changed, moved, reopened or resolved. Then what is new is routed and put to its cause. Nothing else resolves an exception.
"""

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from tieout.cases import clock
from tieout.cases.cause import Fingerprint, Seen, fingerprint, title
from tieout.core.values import EXACT, Side
from tieout.policy.cell import Measure, Value
from tieout.policy.routing import Route
from tieout.policy.table import Facts
from tieout.policy.work import Work
from tieout.runtime.batch import Connection
from tieout.runtime.configuration import Configuration
from tieout.store.database import fetch, fetch_by, run, run_by

AT_ONCE = 20_000
PORTIONS_MAX = 10_000
SETS = "set local enable_hashjoin = on; set local jit = off"
"""A writer's session looks single rows up; here whole portions are joined."""
TITLES = {
    "WAI": "Waits for what it refers to",
    "CNF": "Two contents under one revision",
    "REF": "Reference used too often",
    "FED": "Feed is silent",
    "SET": "Changed settings are not taken",
}


class Row(NamedTuple):
    """What is new or has changed, as `unrouted` gives it."""

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
    owed_at: datetime
    team: str
    person: str
    assigned_by: str
    priority: int
    pinned: bool
    origin: int | None
    state: str
    fresh: int


def follow(connection: Connection, configuration: Configuration, now: datetime) -> int:
    """Bring the work in step; how many changes were followed. While another process does it, nothing."""
    followed = 0
    for _ in range(PORTIONS_MAX):
        with connection.transaction():
            ((mine,),) = fetch(connection, "follow_alone")
            if not mine:
                return followed
            connection.execute(SETS)
            taken = fetch(connection, "take_todo", AT_ONCE)
            _take(connection, configuration, taken, now)
            routed = route(connection, configuration, now)
            followed += len(taken)
            if len(taken) < AT_ONCE and routed < AT_ONCE:
                clock.move(connection, configuration, now)
                return followed
    return followed


def _take(connection: Connection, configuration: Configuration, taken: list[tuple[Any, ...]], now: datetime) -> None:
    keys: dict[str, list[str]] = {"case": [], "command": [], "quarantine": []}
    for kind, key in taken:
        keys[kind].append(key)
    if keys["case"]:
        run_by(connection, "move_work", keys=keys["case"], now=now)
        run_by(connection, "follow_cases", keys=keys["case"], now=now, feeds=configuration.clock == "feeds", **classes(configuration))
        run_by(connection, "resolve_cases", keys=keys["case"], now=now)
    if keys["quarantine"]:
        messages = [int(key) for key in keys["quarantine"]]
        run_by(connection, "follow_quarantine", keys=messages, now=now)
        run_by(connection, "resolve_quarantine", keys=messages, now=now)
    if keys["command"]:
        run_by(connection, "progress_commands", keys=keys["command"], now=now)
        run_by(connection, "follow_commands", keys=keys["command"], now=now)
    run_by(connection, "resolve_commands", keys=keys["command"], now=now)


def classes(configuration: Configuration) -> dict[str, list[str]]:
    """Every class of a balance, with what it means, the system that owes the next step, and both systems."""
    made: dict[str, list[str]] = {"classes": [], "titles": [], "systems": [], "pairs": []}
    for code, account in configuration.accounts.items():
        for sign, side, other in (("+", Side.DEBIT, "-"), ("-", Side.CREDIT, "+")):
            owes, stated = configuration.feeds[code + sign], configuration.feeds[code + other]
            made["classes"].append(code + sign)
            made["titles"].append(account.expectation(side).meaning)
            made["systems"].append(owes[0] if owes else "")
            made["pairs"].append(" / ".join(dict.fromkeys((*owes[:1], *stated[:1]))))
    for code, meaning in TITLES.items():
        made["classes"].append(code)
        made["titles"].append(meaning)
        made["systems"].append("")
        made["pairs"].append("")
    return made


def route(connection: Connection, configuration: Configuration, now: datetime) -> int:
    """Put what is new to its cause and to whoever is to work it; how many."""
    rows = [Row(*row) for row in fetch(connection, "unrouted", AT_ONCE)]
    if not rows:
        return 0
    work = configuration.work
    prints = {row.id: fingerprint(_seen(row, work), work.table.causes) for row in rows if not row.pinned}
    causes = _causes(connection, rows, prints, now)
    routes = Routes(work, configuration)
    made = []
    for row in rows:
        found, rule = routes.of(row)
        origin = causes[str(prints[row.id])] if row.id in prints else row.origin
        team, person, priority = found.team or row.team, found.person or row.person, found.priority
        if row.assigned_by:
            team, person, priority = row.team, row.person, row.priority
        cost = EXACT.divide(EXACT.multiply(row.worth, found.cost_percent), Decimal(100)) if found.cost_percent else Decimal(0)
        due = found.due(row.opened, configuration.policy.calendars, row.warehouse)
        steps = work.table.chains.get(found.chain, ())
        begins = row.opened + timedelta(minutes=steps[0].after_minutes) if steps else None
        made.append((row.id, origin, team, person, priority, due, rule, found.chain, cost, begins))
    run(connection, "set_routes", *map(list, zip(*made, strict=True)))
    return len(rows)


def _seen(row: Row, work: Work) -> Seen:
    version = row.mapping or (work.policy if row.class_ == "CHLD" else "")
    return Seen(row.kind, row.class_, row.systems, row.field, version, row.party, row.sku, row.hint)


def _causes(connection: Connection, rows: list[Row], prints: dict[int, Fingerprint], now: datetime) -> dict[str, int]:
    """The causes of some items by fingerprint, made where they are new."""
    many: Counter[Fingerprint] = Counter()
    for row in rows:
        if row.id in prints:
            many[prints[row.id]] += row.fresh
    if not many:
        return {}
    titles: dict[str, str] = dict(fetch(connection, "titles_of", [row.id for row in rows]))
    ordered = sorted(many)
    found = fetch_by(
        connection, "set_causes", now=now,
        fingerprints=[str(one) for one in ordered], classes=[one.class_ for one in ordered], systems=[one.systems for one in ordered],
        fields=[one.field for one in ordered], versions=[one.version for one in ordered], parties=[one.party for one in ordered],
        skus=[one.sku for one in ordered], titles=[title(one, titles.get(one.class_, one.class_)) for one in ordered],
        many=[many[one] for one in ordered],
    )  # fmt: skip
    causes = dict(found)
    fresh = [causes[str(one)] for one in ordered if many[one]]
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

    def of(self, row: Row) -> tuple[Route, str]:
        """The route of an item, and the row that said so."""
        key = (row.class_, row.kind, row.system, row.party, row.sku, row.channel, row.warehouse, row.hint, row.opened.date(),
               (row.worth, row.currency, row.priced) if self._by_value else None)  # fmt: skip
        if key not in self._known:
            self._known[key] = self._ask(row)
        return self._known[key]

    def _ask(self, row: Row) -> tuple[Route, str]:
        table = self._work.routing.at(row.opened)
        if table is not None:
            found = next(table.fitting(facts_of(row), row.opened), None)
            if found is not None:
                return found.row.result, found.title
        chain = "default" if "default" in self._work.table.chains else ""
        return Route(chain=chain), "the account's own team, one business day"


def facts_of(row: Row) -> Facts:
    """The columns that the routing table asks about."""
    values: dict[str, Value] = {
        "class": (row.class_, row.class_.rstrip("+-")), "account": row.account, "kind": row.kind, "system": row.system, "customer": row.party,
        "sku": row.sku, "channel": row.channel, "warehouse": row.warehouse, "hint": row.hint,
        "value": Measure(row.worth, row.currency) if row.priced and row.currency else None,
    }  # fmt: skip
    return Facts(values)
