"""What engineers do about a system besides pausing it: try it, change its credentials, replay its messages, see what waits for it."""

import secrets
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from starlette.responses import RedirectResponse, Response

from tieout.cases import replay
from tieout.cases.replay import RATES, Plan, Wanted
from tieout.console.app import act, page
from tieout.console.pages.connectors import one_of, until_of
from tieout.console.visit import Refusal, Visit
from tieout.people import audit
from tieout.people.person import Right
from tieout.runtime.traffic import waiting_for

PAGE = 200
DAY = timedelta(days=1)


def test(visit: Visit) -> Response:
    """Ask the system something that changes nothing, now, with its credentials of today."""
    one = one_of(visit)
    reached = visit.desk.access.reach(visit.connection, one.system)
    detail = {"well": reached.well, "asked": reached.asked, "why": reached.why[:300], "seconds": round(reached.seconds, 3)}
    audit.write(visit.connection, visit.person, "system tested", one.name, detail, visit.now)
    if not reached.well:
        raise Refusal(409, f"{one.name} did not answer as it should", f"{reached.why} Asked: {reached.asked}. Nothing was changed.")
    said = f"{one.name} answers: {reached.asked} in {reached.seconds:.2f} s."
    return visit.done(said, f"/connectors/{one.name}", next_=f"/connectors/{one.name}")


def rotate(visit: Visit) -> Response:
    """New secrets take the place of the old once the system has answered to them. What was typed is given back nowhere."""
    one = one_of(visit)
    stated = visit.desk.access.stated.get(one.name, {})
    new = {name: visit.field(f"secret-{name}") for name in stated if visit.field(f"secret-{name}")}
    ends = visit.field("expires")
    expires = datetime.fromisoformat(ends).replace(tzinfo=ZoneInfo(visit.zone)) + DAY if _is_day(ends) else None
    reached = visit.desk.access.rotate(visit.connection, one.system, new, visit.person.login, expires, visit.now)
    detail = {"secrets": sorted(new), "asked": reached.asked, "expires": expires.isoformat() if expires else ""}
    audit.write(visit.connection, visit.person, "credentials rotated", one.name, detail, visit.now)
    said = f"{one.name} answered to the new credentials ({reached.asked}); they are in use from now on."
    return visit.done(said, f"/connectors/{one.name}", next_=f"/connectors/{one.name}")


def waiting(visit: Visit) -> Response:
    """Every transaction of which the system is to be told something and has not taken it."""
    one, given = one_of(visit), dict(visit.query)
    if not visit.person.scopes.is_all:
        raise Refusal(
            403, "You see a part of the business", "What waits for a system is of all channels and warehouses; your exceptions show yours."
        )
    after = None
    if given.get("after") and given.get("key") and (at := until_of(visit, given["after"].replace(" ", "+"))) is not None:
        after = at, given["key"]
    rows = waiting_for(visit.connection, one.name, after, PAGE + 1)
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return visit.show(
        "pages/connector_waiting.html", title=f"Waiting for {one.name}", one=one, rows=rows[:PAGE], states=STATES,
        more=f"/connectors/{one.name}/waiting?after={last[4].isoformat().replace('+', '%2B')}&key={last[0]}" if last else "",
    )  # fmt: skip


STATES = {
    "queued": ("soon", "to be sent"),
    "sending": ("soon", "under way"),
    "held": ("waiting", "held for approval"),
    "unknown": ("late", "in doubt"),
}


# Replay -----------------------------------------------------------------------------------------------------------------


def replay_form(visit: Visit) -> Response:
    """The range; once it is chosen, what a replay of it would come to. The dry run is taken back before the page is shown."""
    one, given = one_of(visit), dict(visit.query)
    wanted = _wanted(visit, one.name, given)
    found: Plan | None = None
    if "which" in given or wanted.selection:
        with visit.desk.one_writer:
            found = visit.timed("db", replay.plan, visit.connection, visit.desk.configuration, visit.person, wanted, visit.now)
    return visit.show(
        "pages/connector_replay.html", title=f"Replay {one.name}", one=one, plan=found, wanted=wanted, given=given, rates=RATES,
        words=replay.in_words(wanted), key=secrets.token_hex(12), tried_max=replay.TRIED_MAX,
    )  # fmt: skip


def begin_replay(visit: Visit) -> Response:
    """Begin what was shown, for whoever has typed how many messages it is about."""
    one = one_of(visit)
    given = {name: visit.field(name) for name in ("which", "since", "until", "rate", "selection") if visit.field(name)}
    typed = int(visit.field("count")) if visit.field("count").strip().isdecimal() else None
    id_ = replay.start(
        visit.connection, visit.desk.configuration, visit.person, _wanted(visit, one.name, given), typed, visit.field("key"), visit.now
    )
    return RedirectResponse(f"/operations/OP-{id_}", 303)


def _wanted(visit: Visit, system: str, given: dict[str, str]) -> Wanted:
    """The range that a query or a form states. Times are the person's own."""
    rate = int(given["rate"]) if given.get("rate", "").isdecimal() else RATES[1]
    said = {
        "system": system, "since": until_of(visit, given.get("since", "")), "until": until_of(visit, given.get("until", "")),
        "which": given.get("which") or "unread", "selection": given.get("selection", "")[:60], "rate": rate,
    }  # fmt: skip
    try:
        return msgspec.convert(said, Wanted)
    except msgspec.ValidationError as bad:
        raise Refusal(422, "That is no range", f"Nothing was done: {bad}.") from bad


def _is_day(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


BASE = "/connectors/{system}"
routes = [
    act(f"{BASE}/test", test, needs=Right.CONNECT), act(f"{BASE}/credentials", rotate, needs=Right.CONNECT), page(f"{BASE}/waiting", waiting),
    page(f"{BASE}/replay", replay_form, needs=Right.CONNECT, tries=True), act(f"{BASE}/replay", begin_replay, needs=Right.CONNECT),
]  # fmt: skip
