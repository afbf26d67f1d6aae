"""`/connectors`: how every system is and why; a person pauses and resumes what is sent to one, with a reason and an end."""

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from markupsafe import Markup
from starlette.responses import Response

from tieout.console import sheet
from tieout.console.app import act, page
from tieout.console.queries_connectors import Connector, connectors, events
from tieout.console.svg.bars import Bar, bars
from tieout.console.svg.chart import figure
from tieout.console.svg.spark import spark
from tieout.console.visit import Refusal, Visit
from tieout.core.circuit import Stage
from tieout.people.person import Right
from tieout.runtime import lane as lanes
from tieout.runtime.credentials import places, rotation

PAUSE_MAX = timedelta(days=7)
REASON_MAX = 300
HEADS = (
    "system", "connector", "role", "state", "why", "circuit", "backlog", "held", "in doubt", "unproven", "oldest", "refused in an hour",
    "complete to", "last received", "messages", "not read", "waiting lines", "in per minute", "out per minute", "errors in an hour", "next", "next at",
    "credentials end",
)  # fmt: skip


def list_(visit: Visit) -> Response:
    """All systems, those that are not well first."""
    found = visit.timed("db", connectors, visit.connection, visit.desk, visit.now)
    if ("csv", "1") in visit.query:
        visit.person.need(Right.EXPORT)
        return sheet.sheet(f"connectors-{visit.now:%Y-%m-%d}", HEADS, [_row(one) for one in found])
    rank = {"late": 0, "soon": 1, "waiting": 2, "plain": 4}
    return visit.show(
        "pages/connectors.html", title="Connectors", sparks=sparks, found=sorted(found, key=lambda c: rank.get(c.state.kind, 3)),
        unwell=sum(c.state.kind in ("late", "soon") for c in found),
    )  # fmt: skip


def _row(one: Connector) -> tuple[sheet.Value, ...]:
    lane, backlog = one.lane, one.backlog
    return (
        one.name, one.system.connector, one.system.role.value, one.state.word, one.state.why, lane.circuit.stage.value if lane else "",
        backlog.queued, backlog.held, backlog.in_doubt, backlog.unproven, backlog.oldest, backlog.refused, one.complete_to, one.last_received,
        one.messages, one.quarantined, one.waiting, *one.traffic.rates, one.traffic.errors, *(one.next_call or ("", None)), one.expires,
    )  # fmt: skip


def sparks(one: Connector) -> Markup:
    """How much came and went in the last hour, as two words of a picture."""
    (came, went), (a, b) = one.traffic.rates, (one.traffic.came, one.traffic.went)
    drawn = [
        spark([Decimal(n) for n in _fives(line)], told)
        for line, told in ((a, f"came: {came} a minute of late"), (b, f"went: {went} a minute of late"))
    ]
    return Markup("").join(Markup(str(one)) for one in drawn)  # noqa: S704 - drawn by us


def _fives(minutes: tuple[int, ...]) -> list[int]:
    """Sums of five minutes each."""
    return [sum(minutes[n : n + 5]) for n in range(0, len(minutes), 5)]


def show(visit: Visit) -> Response:
    """One system."""
    one = one_of(visit)
    backlog = one.backlog
    chart = bars("backlog", "What waits for it", "commands", [
        Bar("to be sent", Decimal(backlog.queued), f"/exceptions?system={one.name}"), Bar("held for approval", Decimal(backlog.held), "/approvals"),
        Bar("in doubt", Decimal(backlog.in_doubt), f"/exceptions?class=CUNK&system={one.name}"),
        Bar("taken, not proven yet", Decimal(backlog.unproven)),
    ])  # fmt: skip
    if ("csv", "backlog") in visit.query:
        visit.person.need(Right.EXPORT)
        return sheet.sheet(f"{one.name}-backlog", chart.heads, chart.rows)
    return visit.show(
        "pages/connector.html", title=one.name, one=one, chart=figure(chart, f"/connectors/{one.name}?csv=backlog"),
        steps=events(visit.connection, one.name), may=visit.person.may(Right.CONNECT), stages=_stages(one, visit.now), sparks=sparks,
        kept=places(visit.desk.access.stated.get(one.name, {})),
        rotation=rotation(visit.connection, one.name),
        soonest=visit.now.astimezone(ZoneInfo(visit.zone)), suggested=(visit.now + timedelta(hours=1)).astimezone(ZoneInfo(visit.zone)),
    )  # fmt: skip


def _stages(one: Connector, now: datetime) -> list[tuple[str, str, bool]]:
    """The circuit's stages with what leads on from each: (stage, rule, is it there now)."""
    rules = one.limits.circuit
    here = one.lane.circuit.stage if one.lane else Stage.CLOSED
    said = {
        Stage.CLOSED: f"{rules.faults_max} failures in a row, or {rules.percent} % of the last calls, open it",
        Stage.OPEN: f"after {int(rules.wait.total_seconds())} s, doubled with every failed try, one call may try",
        Stage.HALF_OPEN: "one answer closes it, one failure opens it again",
    }
    return [(stage.value.replace("_", " "), words, stage is here) for stage, words in said.items()]


def one_of(visit: Visit) -> Connector:
    """The system that the path names. Raises Refusal."""
    name = visit.argument("system")
    found: list[Connector] = visit.timed("db", connectors, visit.connection, visit.desk, visit.now)
    one = next((c for c in found if c.name == name), None)
    if one is None:
        raise Refusal(404, "There is no such system", f"The project names: {', '.join(c.name for c in found) or 'none'}.")
    return one


# What people do --------------------------------------------------------------------------------------------------------


def pause(visit: Visit) -> Response:
    """Let nothing more go to a system until a time, for a reason. What is under way is not called back."""
    one = one_of(visit)
    why = " ".join(visit.field("reason").split())
    until = until_of(visit, visit.field("until"))
    if not why or len(why) > REASON_MAX:
        raise Refusal(422, "A pause needs a reason", f"Say in at most {REASON_MAX} characters why nothing is to be sent. Nothing was changed.")
    if until is None or not visit.now < until <= visit.now + PAUSE_MAX:
        raise Refusal(422, "A pause needs an end", f"Name a time to come, at most {PAUSE_MAX.days} days from now. Nothing was changed.")
    lanes.pause(visit.connection, one.name, visit.person, why, until, visit.now)
    return visit.done(f"Nothing more is sent to {one.name} for now.", f"/connectors/{one.name}", next_=f"/connectors/{one.name}")


def resume(visit: Visit) -> Response:
    """End a pause before its time."""
    one = one_of(visit)
    if one.lane is None or not one.lane.is_paused(visit.now):
        raise Refusal(409, f"{one.name} is not paused", "It may have ended by itself meanwhile. Nothing was changed.")
    lanes.resume(visit.connection, one.name, visit.person, visit.now)
    return visit.done(f"{one.name} is told things again.", f"/connectors/{one.name}", next_=f"/connectors/{one.name}")


def until_of(visit: Visit, text: str) -> datetime | None:
    """A time of the person's own clock, as the form's field writes it, or one with its offset."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=ZoneInfo(visit.zone))


routes = [
    page("/connectors", list_),
    page("/connectors/{system}", show),
    act("/connectors/{system}/pause", pause, needs=Right.CONNECT),
    act("/connectors/{system}/resume", resume, needs=Right.CONNECT),
]
