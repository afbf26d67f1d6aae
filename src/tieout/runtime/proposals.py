"""Proposals: what people have decided and a checkpoint holds, until others consent to exactly that (write-offs, manual corrections)."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec

from tieout.core.facts import Fact, revision_time
from tieout.core.post import Plans, total
from tieout.errors import OperatorError
from tieout.policy import driving as policies
from tieout.policy.approval import (
    AnotherNeeded,
    Answer,
    Approved,
    Denied,
    Outcome,
    People,
    Request,
    Returned,
    Unfit,
    decide,
    payload_hash,
    request,
)
from tieout.policy.cell import Measure, Value
from tieout.policy.checkpoints import CORRECTION, NOUNS, Judgement, account_names, judge_facts
from tieout.policy.table import Facts
from tieout.runtime.asking import renewed
from tieout.runtime.batch import Connection, encode
from tieout.store.database import fetch, run
from tieout.store.sql import sql

ONE_IN_FORCE = "held"
_decode_fact = msgspec.json.Decoder(Fact).decode
_decode_request = msgspec.json.Decoder(Request).decode


class Proposal(NamedTuple):
    """A decision that waits, or waited, for consent: `state` is `held`, `approved`, `rejected` or `changed`."""

    key: str
    act: str
    fact: Fact
    request: Request
    state: str
    proposed_by: str
    reason: str
    created: datetime
    changed: datetime


class Came(NamedTuple):
    """What came of an answer: the decision that is to be taken in now, if any, and a sentence."""

    fact: Fact | None
    said: str


def judged(policy: policies.Driving, facts: Facts, now: datetime) -> Judgement | None:
    """What the checkpoints in force now say of a person's decision; None when no row speaks of it."""
    return judge_facts(facts, now, policy.checkpoints)


def correction_facts(fact: Fact, plans: Plans) -> Facts:
    """The columns of a statement that a person makes in the place of a system: its accounts are those on which it posts."""
    codes = sorted({move[:-1] for plan in plans.for_fact(fact) for move in plan.moves})
    worth = total(fact)
    values: dict[str, Value] = {
        "act": CORRECTION, "account": tuple(name for code in codes for name in (code, *account_names(code))), "side": "", "system": "",
        "manual": "yes", "currency": fact.currency, "terms": fact.data.get("terms", ""),
        "amount": None if worth is None else Measure(abs(worth), fact.currency),
        **{name: getattr(fact, name) for name in ("customer", "channel", "warehouse", "entity")},
    }  # fmt: skip
    return Facts(values, {"amount": NOUNS[CORRECTION]}, {"amount": "it states no value"})


def propose(
    connection: Connection, act: str, about: str, fact: Fact, judgement: Judgement, worth: tuple[Decimal | None, str], who: str, now: datetime
) -> Proposal:
    """Keep a decision until others consent. Raises OperatorError when one about the same waits already."""
    amount, currency = worth
    asked = request(fact, judgement.hold, judgement.rule, who, now, amount, currency)
    with connection.transaction():
        earlier = [one for one in proposals(connection) if one.key.rpartition(" ")[0] == f"{act} {about}"]
        held = next((one for one in earlier if one.state == ONE_IN_FORCE), None)
        if held is not None:
            raise OperatorError(f"{held.key} by {held.proposed_by} waits already.", "Approve or reject that first: `tieout decide list`.")
        made = Proposal(f"{act} {about} {len(earlier) + 1}", act, fact, asked, ONE_IN_FORCE, who, "", now, now)
        run(connection, "insert_proposal", made.key, act, encode(fact).decode(), encode(asked).decode(), who, now, now)
    return made


def proposals(connection: Connection, state: str | None = None, limit: int = 10_000) -> list[Proposal]:
    """Proposals, newest first."""
    return [_read(row) for row in connection.execute(sql("proposals"), {"state": state, "limit": limit}).fetchall()]


def held(connection: Connection, key: str) -> Proposal:
    """A proposal that waits. Raises OperatorError."""
    found = fetch(connection, "proposal_for_update", key)
    if not found:
        raise OperatorError(f"There is no proposal {key!r}.", "`tieout decide list` shows them.")
    one = _read(found[0])
    if one.state != ONE_IN_FORCE:
        raise OperatorError(f"{key} is {one.state}.", one.reason or "Propose it anew if it is still wanted.")
    if payload_hash(one.fact) != one.request.payload:
        raise OperatorError(f"The content of {key} is not what was proposed.", "Do not use it; run `tieout audit verify`.")
    return one


def approve(connection: Connection, key: str, who: str, people: People, now: datetime, changed: str) -> Came:
    """Consent to a proposal. `changed` says what is another since it was made: then it is void. Raises OperatorError for whoever may not."""
    with connection.transaction():
        one = held(connection, key)
        if changed:
            _keep(connection, one, one.request, "changed", changed, now)
        done: Outcome | None = None if changed else decide(one.request, Answer(who, one.request.payload, agrees=True), people, now)
        if isinstance(done, Approved):
            names = ", ".join(f"{each.who} (for {each.for_})" if each.for_ else each.who for each in done.request.given)
            _keep(connection, one, done.request, "approved", "", now)
            data = {**one.fact.data, "approved_by": names, "rule": one.request.rule}
            fact = msgspec.structs.replace(one.fact, data=data, revision=revision_time(now))
            return Came(fact, f"Approved {key} by {names}.")
        if isinstance(done, AnotherNeeded):
            _keep(connection, one, done.request, ONE_IN_FORCE, "", now)
            return Came(None, f"{who} consents to {key}; {done.missing} more with the role {one.request.role} must.")
        if isinstance(done, Returned):
            _keep(connection, one, renewed(one.request, now), ONE_IN_FORCE, "", now)
    if changed:
        raise OperatorError(f"{key} has changed, review again: {changed}.", "Propose it anew if it is still wanted.")
    raise _unfit(key, one.request, done)


def reject(connection: Connection, key: str, who: str, why: str, people: People, now: datetime) -> None:
    """Refuse a proposal, or take back the own one. Raises OperatorError for whoever may not."""
    with connection.transaction():
        one = held(connection, key)
        asked = renewed(one.request, now)
        done = decide(asked, Answer(who, asked.payload, agrees=False, reason=why), people, now)
        if not isinstance(done, Denied):
            raise _unfit(key, asked, done)
        _keep(connection, one, one.request, "rejected", f"{who}: {why}", now)


def waits_for(asked: Request) -> Mapping[str, object]:
    """Whom a request waits for, as it is shown."""
    return {
        "role": asked.role, "team": asked.team, "missing": asked.approvers - len(asked.given), "until": asked.expires_at,
        "payload": asked.payload, "rule": asked.rule, "consents": [one.who for one in asked.given],
    }  # fmt: skip


def _unfit(key: str, asked: Request, done: Outcome | None) -> OperatorError:
    if isinstance(done, Returned):
        return OperatorError(f"{key}: {done.reason}.", "It is asked anew from now on: look at it again, then approve it.")
    assert isinstance(done, Unfit), "whatever else an answer makes has been dealt with"
    return OperatorError(
        f"{key}: {done.reason}.", f"It needs {asked.approvers} with the role {asked.role}; `[people]` and `[[delegations]]` say who that is."
    )


def _keep(connection: Connection, one: Proposal, asked: Request, state: str, reason: str, now: datetime) -> None:
    run(connection, "set_proposal", encode(asked).decode(), state, reason, now, one.key)


def _read(row: tuple[object, ...]) -> Proposal:
    key, act, fact, asked, *rest = row
    return Proposal(key, act, _decode_fact(fact), _decode_request(asked), *rest)  # type: ignore[arg-type]
