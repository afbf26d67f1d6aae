"""`/`: the control tower. In ten seconds: are we fine, and where not? Every number leads to exactly what it counts."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from starlette.responses import RedirectResponse, Response

from tieout.cases.listing import BUCKETS
from tieout.console import cards, sheet, urls
from tieout.console import queries_tower as tower
from tieout.console.app import page
from tieout.console.queries_connectors import connectors
from tieout.console.queries_exceptions import GRAMMAR
from tieout.console.svg.chart import Chart, figure
from tieout.console.svg.line import Mark, Series, line
from tieout.console.svg.spark import spark
from tieout.console.visit import Visit
from tieout.people.person import Right
from tieout.store.database import fetch
from tieout.store.session import Session

PERIODS = {"7d": 7, "30d": 30, "90d": 90}
TREND_DAYS, SPARK_DAYS = 90, 30


def show(visit: Visit) -> Response:
    """The tower, or one of its parts as CSV."""
    given = {name: value for name, value in visit.query if name in ("period", "channel", "warehouse", "wall", "csv") and value}
    period, channel, warehouse = given.get("period", "7d"), given.get("channel", ""), given.get("warehouse", "")
    if period not in PERIODS or given.get("period") == "7d":
        return RedirectResponse(urls.link("/", [(k, v) for k, v in given.items() if k != "period"]), 302)
    now = visit.now
    found = visit.timed("db", _exceptions, visit, channel, warehouse)
    days = visit.desk.of_ledger(f"trend {visit.zone}", visit.connection, _trend_of(visit))
    chart = _chart(visit, days.value)
    if "csv" in given:
        visit.person.need(Right.EXPORT)
        return _csv(found.value, chart, given["csv"], now)
    times = visit.desk.of_ledger(f"flow {period}", visit.connection, _times_of(visit, PERIODS[period]))
    flow, stock = tower.flow(times.value, channel, warehouse), visit.desk.of_ledger("stock", visit.connection, tower.stock)
    kept = {"channel": channel, "warehouse": warehouse}
    return visit.show(
        "pages/tower_wall.html" if given.get("wall") == "1" else "pages/tower.html", title="Control tower", found=found.value, flow=flow, times=times,
        stock=stock.value, chart=figure(chart, _here(given, csv="trend")), sparked=_spark(days.value), change=_change(days.value),
        exceptions=_exceptions_link(kept), late=f"..{tower.written(found.value.at)}", systems=connectors(visit.connection, visit.desk, now),
        waiting=len(cards.waiting(visit)), period=period, periods=PERIODS, channel=channel, warehouse=warehouse,
        dimensions=_dimensions(visit), buckets=[b[0] for b in BUCKETS], bounds=tower.bounds, titles=_titles(visit), here=_here, given=given,
        sees_all=visit.person.scopes.is_all, classes_max=tower.CLASSES_SHOWN, any_messages=bool(fetch(visit.connection, "feeds")),
    )  # fmt: skip


def _here(given: Mapping[str, str], **more: str) -> str:
    """The tower with other choices."""
    pairs = {**given, **more}
    return urls.link("/", [(name, pairs[name]) for name in ("period", "channel", "warehouse", "wall", "csv") if pairs.get(name)])


def _exceptions_link(kept: Mapping[str, str]) -> Any:
    """A link to the exceptions that a number counts: the choices of the page, and what else is given."""

    def link(**more: str) -> str:
        wanted = {"class": more.pop("class_", ""), **more, **kept}
        pairs = [(name, value) for name, value in wanted.items() if value]
        return urls.url(GRAMMAR, urls.read(GRAMMAR, pairs))

    return link


def _exceptions(visit: Visit, channel: str, warehouse: str) -> Any:
    scope = visit.person.scopes.arguments()
    person, clock, zone = visit.person, visit.desk.clock, visit.zone
    name = f"exceptions {sorted(scope.items())} {channel} {warehouse} {zone}"
    return visit.desk.of_work(name, visit.connection, lambda session: tower.exceptions(session, person, channel, warehouse, zone, clock()))


def _ledger_now(visit: Visit) -> datetime:
    """The time by which the ledger judges."""
    return visit.desk.ledger(visit.connection).now


def _trend_of(visit: Visit) -> Any:
    zone, last = visit.zone, _ledger_now(visit).astimezone(ZoneInfo(visit.zone)).date()
    return lambda session: tower.trend(session, zone, last, TREND_DAYS)


def _times_of(visit: Visit, days: int) -> Any:
    since = _ledger_now(visit) - timedelta(days=days)
    return lambda session: tower.flow_times(session, since)


def _chart(visit: Visit, days: list[tower.Day]) -> Chart:
    zone = ZoneInfo(visit.shown_zone)
    at = [datetime.combine(day.day, time(), zone) for day in days]
    series = [
        Series("opened", tuple(Decimal(day.opened) for day in days)), Series("settled", tuple(Decimal(day.closed) for day in days)),
        Series("open", tuple(Decimal(day.open) for day in days)),
    ]  # fmt: skip
    marks = [Mark(recorded, f"{end:%b} closed") for recorded, end in visit.fetch("closes") if at[0] <= recorded <= at[-1]]
    return line("trend", f"Balances past their deadline, {len(days)} days", at, series, zone, marks)


def _spark(days: list[tower.Day]) -> str:
    shown = days[-SPARK_DAYS:]
    return spark([Decimal(day.open) for day in shown], f"open on each of the last {len(shown)} days, {shown[-1].open} now")


def _change(days: list[tower.Day]) -> int:
    """By how much what stands open has changed in a week."""
    return days[-1].open - days[-8].open


def _dimensions(visit: Visit) -> tuple[list[str], list[str]]:
    def read(session: Session) -> tuple[list[str], list[str]]:
        rows = fetch(session, "dimensions_of_work")
        return sorted({c for c, _ in rows if c}), sorted({w for _, w in rows if w})

    channels, warehouses = visit.desk.of_work("dimensions", visit.connection, read).value
    scopes = visit.person.scopes
    return [c for c in channels if scopes.sees(channel=c)], [w for w in warehouses if scopes.sees(warehouse=w)]


def _titles(visit: Visit) -> dict[str, str]:
    """What a class means, in words."""
    made = dict(OTHERS)
    for code, account in visit.desk.configuration.accounts.items():
        made |= {f"{code}+": account.over.meaning, f"{code}-": account.under.meaning}
    return made


OTHERS = {
    "QUA": "could not be read", "WAI": "waits for what it refers to", "CNF": "two contents under one revision", "REF": "reference used too often",
    "FED": "feed is silent", "SET": "changed settings are not taken",
    "CREF": "refused by a system", "CUNK": "in doubt at a system", "CHLD": "held for approval",
}  # fmt: skip


def _csv(found: tower.Exceptions, chart: Chart, what: str, now: datetime) -> Response:
    if what == "trend":
        return sheet.sheet(f"trend-{now:%Y-%m-%d}", chart.heads, chart.rows)
    heads = ("class", *(bucket[0] for bucket in BUCKETS), "all")
    rows: list[tuple[sheet.Value, ...]] = [
        (c, *(found.ages[c][b[0]].many if b[0] in found.ages[c] else 0 for b in BUCKETS), found.many(c)) for c in found.classes
    ]
    return sheet.sheet(f"exceptions-by-age-{now:%Y-%m-%d}", heads, rows)


routes = [page("/", show)]
