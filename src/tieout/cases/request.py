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
from tieout.cases.verdict import Verdict, people
from tieout.core.facts import Fact
from tieout.errors import Forbidden, OperatorError
from tieout.people import audit
from tieout.people.person import Person, Right
from tieout.policy.approval import AnotherNeeded, Answer, Approved, Consent, Denied, People, Request, Returned, decide, payload_hash
from tieout.runtime.batch import Connection
from tieout.runtime.configuration import Configuration
from tieout.store.database import fetch, fetch_by, run

WAITING = "waiting"


class Waiting(msgspec.Struct, frozen=True):
    """A request as approvers see it. `payload` is what would be posted; `given` are the consents so far."""

    id: int
    work: int
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


def ask_for(connection: Connection, person: Person, row: Locked, action: str, fact: Fact, verdict: Verdict, why: str, now: datetime) -> int:
    """Ask for the approval of exactly this decision; its number. The team of the role is told."""
    expires = now + timedelta(hours=verdict.hold.expires_hours)
    with connection.transaction():
        ((id_,),) = fetch_by(
            connection, "insert_request", work=row.id, version=row.version, action=action, payload=msgspec.json.encode(fact).decode(),
            hash=payload_hash(fact), amount=verdict.amount or Decimal(0), currency=verdict.currency, rule=verdict.rule, proposer=person.login, why=why,
            role=verdict.hold.role, team=verdict.hold.team, approvers=verdict.hold.approvers, asked=now, expires=expires,
        )  # fmt: skip
        detail = {"request": id_, "action": action, "rule": verdict.rule, "role": verdict.hold.role}
        write_events(connection, person.login, [(row.id, None, "approval asked", detail)], now)
        if verdict.hold.team:
            text = f"{row.ref}: {person.login} asks to {action}: {row.summary} ({verdict.rule})"
            notices.keep(connection, [Notice(f"team:{verdict.hold.team}", "email", "approval wanted", row.id, text)], now)
        audit.write(connection, person, "ask for approval", row.ref, {**detail, "hash": payload_hash(fact)}, now)
    return int(id_)


def waiting(connection: Connection, person: Person, *, state: str = WAITING, limit: int = 200) -> list[Waiting]:
    """Requests in a state, oldest first, among what one may see."""
    found = [_read(row) for row in fetch_by(connection, "requests", state=state, id=None, limit=limit)]
    return [one for one in found if person.scopes.sees(team=one.work_team, channel=one.channel, warehouse=one.warehouse)]


def over(connection: Connection, person: Person, *, limit: int = 200) -> list[Waiting]:
    """What was decided, newest first, among what one may see."""
    found = [_read(row) for row in fetch(connection, "requests_over", limit)]
    return [one for one in found if person.scopes.sees(team=one.work_team, channel=one.channel, warehouse=one.warehouse)]


def ask_about(connection: Connection, person: Person, id_: int, text: str, now: datetime) -> str:
    """Ask the proposer something before deciding: it stands at the exception, the request goes on waiting; whom was asked."""
    with connection.transaction():
        asked, row = _locked(connection, person, id_)
        if asked.state != WAITING:
            raise OperatorError(f"Request {id_} is {asked.state}.", "Comment on the exception.")
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
    known = known or people(connection, configuration.work, now)
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
        done = decide(
            _request(asked), Answer(person.login, hash_, agrees=agrees, reason=note), people(connection, configuration.work, now), now
        )
        if isinstance(done, Returned):
            _end(connection, asked, row, "returned", done.reason, person, now)
            return f"{row.ref}: {done.reason}"
        if isinstance(done, Denied):
            _end(connection, asked, row, "denied" if person.login != asked.proposer else "withdrawn", note, person, now)
            return f"{row.ref}: {'rejected' if person.login != asked.proposer else 'withdrawn'}"
        if not isinstance(done, Approved | AnotherNeeded):
            raise Forbidden(f"{done.reason[:1].upper()}{done.reason[1:]}.", "Somebody else has to decide, or look at it again.")
        consent = done.request.given[-1]
        run(connection, "insert_consent", id_, asked.proposer, person.login, consent.for_, True, note, now)
        audit.write(connection, person, "approve", row.ref, {"request": id_, "hash": asked.hash}, now)
        if isinstance(done, AnotherNeeded):
            return f"{row.ref}: {done.missing} more must approve"
        fact = msgspec.convert(dict(asked.payload), Fact)
        if changed := _changed(connection, configuration, row, fact, now):
            _end(connection, asked, row, "void", changed, person, now)
            return f"{row.ref}: {changed}"
        _end(connection, asked, row, "approved", note, person, now)
    decision.say(connection, configuration, [fact], person.login, now)
    with connection.transaction():
        detail = {"fact": msgspec.to_builtins(fact), "request": id_, "approved by": person.login}
        write_events(connection, asked.proposer, [(row.id, None, "accepted", detail)], now)
    follow(connection, configuration, now)
    return f"{row.ref}: approved and posted"


def expire(connection: Connection, now: datetime) -> int:
    """Return to the undecided work what nobody decided in time; how many. No passing of time ever approves."""
    with connection.transaction():
        over = fetch_by(connection, "expire_requests", now=now)
        write_events(connection, "clock", [(work, None, "approval returned", {"request": id_, "by": "time"}) for id_, work in over], now)
    return len(over)


def _changed(connection: Connection, configuration: Configuration, row: Locked, fact: Fact, now: datetime) -> str:
    """Why what was approved is not what stands any more; empty when it is."""
    found = decision.open_items(connection, configuration, [row.root], now).get((row.root, row.account, row.side, row.key), [])
    if row.state == "resolved" or len(found) != 1:
        return "changed since it was asked for: the ledger shows another balance; review again"
    standing = decision.write_off(row.source_key, found[0], {}, now)
    same = all(standing.data[name] == fact.data[name] for name in ("residual", "unit", "account", "key"))
    return "" if same else f"changed since it was asked for: {fact.data['residual']} then, {standing.data['residual']} now; review again"


def _end(connection: Connection, asked: Waiting, row: Locked, state: str, note: str, person: Person, now: datetime) -> None:
    run(connection, "end_request", state, now, note[:500], asked.id)
    run(connection, "clear_progress", "" if state != "approved" else "requested", now, row.id, APPROVAL)
    write_events(connection, person.login, [(row.id, None, f"approval {state}", {"request": asked.id, "note": note})], now)
    if state != "approved":
        audit.write(connection, person, f"approval {state}", row.ref, {"request": asked.id, "note": note}, now)
    notices.keep(connection, [Notice(asked.proposer, "email", f"approval {state}", row.id, f"{row.ref}: {state}. {note}".strip())], now)


def _locked(connection: Connection, person: Person, id_: int) -> tuple[Waiting, Locked]:
    found = fetch_by(connection, "request_for_update", id=id_)
    rows = lock(connection, person, [Target(found[0][1])]) if found else {}
    if not rows:
        raise OperatorError(f"There is no request {id_} among those you may see.", "Check the number.")
    asked = _read(fetch_by(connection, "requests", state=None, id=id_, limit=1)[0])
    return asked, rows[asked.work]


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
