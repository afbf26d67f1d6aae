"""Requests: a decision that somebody else has to approve. The approval binds to the hash of the exact payload, and maker is never checker."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from tieout.cases import decision, notices, talk
from tieout.cases.act import lock, write_events
from tieout.cases.follow import follow
from tieout.cases.item import APPROVAL, Locked, Target
from tieout.cases.notices import Notice
from tieout.cases.verdict import Verdict
from tieout.core.facts import Fact
from tieout.errors import Forbidden, OperatorError
from tieout.people import audit
from tieout.people.approvers import approvers
from tieout.people.person import Person, Right
from tieout.policy.approval import AnotherNeeded, Answer, Approved, Consent, Denied, People, Request, Returned, decide, payload_hash
from tieout.runtime.batch import Connection
from tieout.runtime.configuration import Configuration
from tieout.store.database import fetch, fetch_by, run

WAITING = "waiting"
HASH_SHOWN = 12
EVENTS = {"accept": "accepted", "link": "linked", "match": "matched", "correct": "stated"}
"""Action -> what the history says once it is done."""


class Waiting(msgspec.Struct, frozen=True):
    """A request as approvers see it. `payload` is what would be posted; `given` are the consents so far. `work` is the exception that it
    is about, if it is about one; `ref` names that, or what else it is about."""

    id: int
    work: int | None
    ref: str
    action: str
    payload: Mapping[str, Any]
    hash: str
    amount: Decimal
    currency: str
    rule: str
    proposer: str
    why: str
    role: str
    team: str
    approvers: int
    asked: datetime
    expires: datetime
    state: str
    ended: datetime | None
    note: str
    work_version: int
    summary: str
    class_: str
    channel: str
    warehouse: str
    work_team: str
    given: tuple[Consent, ...] = ()


def ask_for(
    connection: Connection, person: Person, row: Locked | str, action: str, fact: Fact, verdict: Verdict, why: str, now: datetime
) -> int:
    """Ask for the approval of exactly this decision about an exception, or about something else; its number. The team of the role is told.

    Raises OperatorError when one about the same waits already.
    """
    about, work = (row, None) if isinstance(row, str) else ("", row)
    ref = about if work is None else work.ref
    if work is None:
        for id_, proposer in fetch(connection, "request_waits", about):
            raise OperatorError(f"Request {id_} of {proposer} about {about} waits already.", "Have that approved or rejected first.")
    expires = now + timedelta(hours=verdict.hold.expires_hours)
    with connection.transaction():
        ((id_,),) = fetch_by(
            connection, "insert_request", work=work.id if work else None, version=work.version if work else 0, about=about, action=action,
            payload=msgspec.json.encode(fact).decode(), hash=payload_hash(fact), amount=verdict.amount or Decimal(0), currency=verdict.currency,
            rule=verdict.rule, proposer=person.login, why=why, role=verdict.hold.role, team=verdict.hold.team, approvers=verdict.hold.approvers,
            asked=now, expires=expires,
        )  # fmt: skip
        detail = {"request": id_, "action": action, "rule": verdict.rule, "role": verdict.hold.role}
        _note(connection, person, work, "approval asked", detail, now)
        if verdict.hold.team:
            text = f"{ref}: {person.login} asks to {action}: {work.summary if work else why} ({verdict.rule})"
            notices.keep(connection, [Notice(f"team:{verdict.hold.team}", "email", "approval wanted", work.id if work else None, text)], now)
        audit.write(connection, person, "ask for approval", ref, {**detail, "hash": payload_hash(fact)}, now)
    return int(id_)


def waiting(connection: Connection, person: Person, *, state: str = WAITING, limit: int = 200) -> list[Waiting]:
    """Requests in a state, oldest first, among what one may see."""
    found = [_read(row) for row in fetch_by(connection, "requests", state=state, id=None, limit=limit)]
    return [one for one in found if _is_seen(person, one)]


def one(connection: Connection, person: Person, id_: int) -> Waiting | None:
    """A request, whatever its state; None for one that is not there or may not be seen."""
    found = [_read(row) for row in fetch_by(connection, "requests", state=None, id=id_, limit=1)]
    return next((asked for asked in found if _is_seen(person, asked)), None)


def over(connection: Connection, person: Person, *, limit: int = 200) -> list[Waiting]:
    """What was decided, newest first, among what one may see."""
    found = [_read(row) for row in fetch(connection, "requests_over", limit)]
    return [one for one in found if _is_seen(person, one)]


def ask_about(connection: Connection, person: Person, id_: int, text: str, now: datetime) -> str:
    """Ask the proposer something before deciding: it stands at the exception, the request goes on waiting; whom was asked."""
    with connection.transaction():
        asked, row = _locked(connection, person, id_)
        if asked.state != WAITING:
            raise OperatorError(f"Request {id_} is {asked.state}.", "Comment on the exception.")
        if row is None:
            raise OperatorError(
                f"Request {id_} is about {asked.ref}, and no exception on which a question could stand.", f"Ask {asked.proposer}."
            )
        talk.comment(connection, person, row.id, f"@{asked.proposer} {text.strip()}", now)
        write_events(connection, person.login, [(row.id, None, "approval question", {"request": id_})], now)
        audit.write(connection, person, "ask about approval", row.ref, {"request": id_, "hash": asked.hash}, now)
    return asked.proposer


def why_not(
    connection: Connection, configuration: Configuration, person: Person, asked: Waiting, now: datetime, known: People | None = None
) -> str:
    """Why this person cannot approve a request; empty when it would count. What a disabled button says. `known` are the approvers, read once."""
    if not person.may(Right.APPROVE):
        return f"{person.login} may not approve"
    known = known or approvers(connection, configuration.work.people, now)
    done = decide(_request(asked), Answer(person.login, asked.hash, agrees=True), known, now)
    return "" if isinstance(done, Approved | AnotherNeeded) else done.reason


def answer(
    connection: Connection, configuration: Configuration, person: Person, id_: int, hash_: str, now: datetime, *, agrees: bool, note: str = ""
) -> str:
    """Approve or reject a request; what came of it, as a sentence. Raises Forbidden for the proposer and whoever lacks the role."""
    if agrees:
        person.need(Right.APPROVE)
    with connection.transaction():
        asked, row = _locked(connection, person, id_)
        if asked.state != WAITING:
            raise OperatorError(f"Request {id_} is {asked.state}.", "See the history of the exception.")
        able = approvers(connection, configuration.work.people, now)
        done = decide(_request(asked), Answer(person.login, hash_, agrees=agrees, reason=note), able, now)
        if isinstance(done, Returned):
            _end(connection, asked, row, "returned", done.reason, person, now)
            return f"{asked.ref}: {done.reason}"
        if isinstance(done, Denied):
            _end(connection, asked, row, "denied" if person.login != asked.proposer else "withdrawn", note, person, now)
            return f"{asked.ref}: {'rejected' if person.login != asked.proposer else 'withdrawn'}"
        if not isinstance(done, Approved | AnotherNeeded):
            raise Forbidden(f"{done.reason[:1].upper()}{done.reason[1:]}.", "Somebody else has to decide, or look at it again.")
        consent = done.request.given[-1]
        run(connection, "insert_consent", id_, asked.proposer, person.login, consent.for_, True, note, now)
        audit.write(connection, person, "approve", asked.ref, {"request": id_, "hash": asked.hash}, now)
        if isinstance(done, AnotherNeeded):
            return f"{asked.ref}: {done.missing} more must approve"
        fact = msgspec.convert(dict(asked.payload), Fact)
        if changed := _changed(connection, configuration, asked, row, fact, now):
            _end(connection, asked, row, "void", changed, person, now)
            return f"{asked.ref}: {changed}"
        _end(connection, asked, row, "approved", note, person, now)
    decision.say(connection, configuration, [fact], person.login, now)
    with connection.transaction():
        detail = {"fact": msgspec.to_builtins(fact), "request": id_, "approved by": person.login}
        if row is not None:
            write_events(connection, asked.proposer, [(row.id, None, EVENTS[asked.action], detail)], now)
    follow(connection, configuration, now)
    return f"{asked.ref}: approved and posted"


def hash_of(connection: Connection, id_: int, begins: str, *, is_needed: bool) -> str:
    """The whole hash of a request from what was shown of it; a consent needs at least twelve digits, a refusal none. What does not
    fit is given back as it is, and will not count."""
    found = fetch_by(connection, "requests", state=None, id=id_, limit=1)
    whole = str(found[0][5]) if found else begins
    return whole if whole.startswith(begins.lower()) and len(begins) >= (HASH_SHOWN if is_needed else 0) else begins


def expire(connection: Connection, now: datetime) -> int:
    """Return to the undecided work what nobody decided in time; how many. No passing of time ever approves."""
    with connection.transaction():
        over = fetch_by(connection, "expire_requests", now=now)
        events = [(work, None, "approval returned", {"request": id_, "by": "time"}) for id_, work in over if work is not None]
        write_events(connection, "clock", events, now)
    return len(over)


def _changed(connection: Connection, configuration: Configuration, asked: Waiting, row: Locked | None, fact: Fact, now: datetime) -> str:
    """Why what was approved is not what stands any more; empty when it is. Only a residual moves: what else people state stands by itself."""
    if payload_hash(fact) != asked.hash:
        return "the content is not what was proposed: do not use it, run `tieout audit verify`"
    if asked.action != "accept":
        return ""
    if row is None:
        return "it was proposed before requests named the exception; propose it anew"
    found = decision.open_items(connection, configuration, [row.root], now).get((row.root, row.account, row.side, row.key), [])
    if row.state == "resolved" or len(found) != 1:
        return "changed since it was asked for: the ledger shows another balance; review again"
    standing = decision.write_off(row.source_key, found[0], {}, now)
    same = all(standing.data[name] == fact.data[name] for name in ("residual", "unit", "account", "key"))
    return "" if same else f"changed since it was asked for: {fact.data['residual']} then, {standing.data['residual']} now; review again"


def _end(connection: Connection, asked: Waiting, row: Locked | None, state: str, note: str, person: Person, now: datetime) -> None:
    run(connection, "end_request", state, now, note[:500], asked.id)
    if row is not None:
        run(connection, "clear_progress", "" if state != "approved" else "requested", now, row.id, APPROVAL)
    _note(connection, person, row, f"approval {state}", {"request": asked.id, "note": note}, now)
    if state != "approved":
        audit.write(connection, person, f"approval {state}", asked.ref, {"request": asked.id, "note": note}, now)
    told = Notice(asked.proposer, "email", f"approval {state}", asked.work, f"{asked.ref}: {state}. {note}".strip())
    notices.keep(connection, [told], now)


def _note(connection: Connection, person: Person, row: Locked | None, event: str, detail: Mapping[str, Any], now: datetime) -> None:
    """Into the history of the exception, if it is about one."""
    if row is not None:
        write_events(connection, person.login, [(row.id, None, event, dict(detail))], now)


def _locked(connection: Connection, person: Person, id_: int) -> tuple[Waiting, Locked | None]:
    found = fetch_by(connection, "request_for_update", id=id_)
    work = found[0][1] if found else None
    rows = lock(connection, person, [Target(work)]) if work is not None else {}
    asked = _read(fetch_by(connection, "requests", state=None, id=id_, limit=1)[0]) if found else None
    if asked is None or (work is not None and not rows) or not _is_seen(person, asked):
        raise OperatorError(f"There is no request {id_} among those you may see.", "Check the number.")
    return asked, rows.get(work) if work is not None else None


def _is_seen(person: Person, asked: Waiting) -> bool:
    return person.scopes.sees(team=asked.work_team, channel=asked.channel, warehouse=asked.warehouse)


def _read(row: Sequence[Any]) -> Waiting:
    *rest, consents = row
    rest[4] = msgspec.json.decode(rest[4])
    given = tuple(Consent(who, at, for_) for who, at, for_ in msgspec.json.decode(consents, type=list[tuple[str, datetime, str]]))
    return msgspec.structs.replace(Waiting(*rest), given=given)


def _request(asked: Waiting) -> Request:
    return Request(
        payload=asked.hash, what=asked.ref, rule=asked.rule, proposer=asked.proposer, role=asked.role, approvers=asked.approvers,
        asked_at=asked.asked, expires_at=asked.expires, team=asked.team, given=asked.given,
        amount=asked.amount or None, currency=asked.currency,
    )  # fmt: skip
