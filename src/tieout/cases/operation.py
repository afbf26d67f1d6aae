"""Operations: one action on a selection, item by item. It can be paused, resumed and cancelled, and what became of each item is kept.

An item that is not as it was when it was selected is reported and not touched; what came after the selection is not in it.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from tieout.cases import export, replay
from tieout.cases import selection as selections
from tieout.cases.actions import ACTIONS, Call, arguments_of, do
from tieout.cases.item import APPROVAL, CHANGED, DONE, FAILED, Outcome, Target
from tieout.cases.verdict import policy_of
from tieout.errors import Forbidden, OperatorError, TieoutError
from tieout.people import audit
from tieout.people.accounts import account
from tieout.people.person import Person, Right, Scopes
from tieout.runtime.batch import Connection
from tieout.runtime.configuration import Configuration
from tieout.store.database import fetch, fetch_by, run, run_by

AT_ONCE = 200
SAMPLES = 5
TYPED_FROM = 100
"""From so many items on whoever starts an operation that posts or tells a system something types the count."""
LOCAL_TYPED_FROM = 1000
"""The same of what only this house sees."""


class Operation(msgspec.Struct, frozen=True):
    """An operation with its progress: outcome -> how many items; `done` are those that have one."""

    id: int
    ref: str
    owner: str
    action: str
    arguments: dict[str, Any]
    filter: str
    state: str
    many: int
    sums: dict[str, Decimal]
    created: datetime
    started: datetime | None
    ended: datetime | None
    retry_of: int | None
    outcomes: dict[str, int] = {}

    @property
    def done(self) -> int:
        """How many items have an outcome; all rows of a file that is written."""
        if self.action == export.ACTION:
            return self.many if self.state == "done" else 0
        return sum(many for name, many in self.outcomes.items() if name)


class Done(NamedTuple):
    """What became of one item of an operation."""

    position: int
    work: int
    version: int
    outcome: str
    reason: str
    at: datetime | None
    ref: str
    class_: str
    summary: str
    worth: Decimal | None
    currency: str


class Preview(msgspec.Struct, frozen=True):
    """What an action would do to a selection: how many, worth what, by which policy, and why the others are left out."""

    selection: selections.Selection
    action: str
    effect: str
    eligible: int
    not_eligible: dict[str, int]
    sums: dict[str, Decimal]
    verdicts: dict[str, int]
    verdict_sums: dict[str, dict[str, Decimal]]
    samples: list[tuple[str, str, str]]
    type_count: bool


def preview(
    connection: Connection, configuration: Configuration, person: Person, selection_id: str, action: str, said: Any, now: datetime
) -> Preview:
    """Say what an action would do to the whole selection, in one verdict, without doing any of it. Raises OperatorError, Forbidden."""
    chosen = selections.selection(connection, person, selection_id, now)
    targets = list(selections.targets(connection, selection_id))
    outcomes = do(Call(connection, configuration, person, targets, now, dry=True), action, said)
    worth = {id_: (amount, currency) for id_, amount, currency in fetch(connection, "worths_of", [target.id for target in targets])}
    good = [one for one in outcomes if one.is_good]
    refused: Counter[str] = Counter(one.outcome if one.outcome == CHANGED else one.reason for one in outcomes if not one.is_good)
    verdicts: Counter[str] = Counter(_verdict(one) for one in good)
    sums = _sums(worth[one.id] for one in good)
    many = len(good)
    effect = f"{ACTIONS[action].effect}: {many:,} {'exception' if many == 1 else 'exceptions'}" + "".join(
        f", {currency} {amount:,.2f}" for currency, amount in sums.items()
    )
    return Preview(
        chosen, action, effect, many, dict(refused.most_common()), sums, dict(verdicts.most_common()),
        {name: _sums(worth[one.id] for one in good if _verdict(one) == name) for name in verdicts},
        [(one.ref, one.outcome, one.reason) for one in good[:SAMPLES]], must_type(action, chosen.many),
    )  # fmt: skip


def must_type(action: str, many: int) -> bool:
    """Whether whoever starts an action on so many types their number."""
    return many >= (LOCAL_TYPED_FROM if ACTIONS[action].is_local else TYPED_FROM)


def _verdict(one: Outcome) -> str:
    """What the policy says of an item that can be done; of those that wait, whose leave and by which policy, whatever the amount."""
    if one.outcome == APPROVAL:
        whose, _, rule = one.reason.partition(": ")
        return f"{whose}: {policy_of(rule)}"
    return one.outcome if one.outcome == DONE else one.reason


def _sums(found: Iterable[tuple[Decimal | None, str]]) -> dict[str, Decimal]:
    made: dict[str, Decimal] = {}
    for amount, currency in found:
        if amount is not None and currency:
            made[currency] = made.get(currency, Decimal(0)) + amount
    return dict(sorted(made.items()))


def start(
    connection: Connection,
    person: Person,
    selection_id: str,
    action: str,
    said: Any,
    key: str,
    now: datetime,
    *,
    hash_: bytes | None = None,
    typed: int | None = None,
) -> Operation:
    """Begin an operation; with a key that was used before, that one. `hash_` is the selection that was previewed."""
    if not 8 <= len(key) <= 200:
        raise OperatorError("An operation needs an idempotency key of 8 to 200 characters.", "Send the one that the form was given.")
    if known := _by_key(connection, person, key):
        return known
    arguments = arguments_of(action, said)
    person.need(ACTIONS[action].right)
    chosen = selections.selection(connection, person, selection_id, now)
    if hash_ is not None and hash_ != chosen.hash:
        raise OperatorError("This is not the selection that was shown.", "Look at the preview again.")
    if not chosen.many:
        raise OperatorError("Nothing is selected.", "Select at least one exception.")
    if must_type(action, chosen.many) and typed is not None and typed != chosen.many:
        raise OperatorError(f"You typed {typed}; {chosen.many} are selected.", "Type the number that is selected.")
    with connection.transaction():
        run(connection, "lock_key", key)
        if known := _by_key(connection, person, key):
            return known
        text = msgspec.json.encode(arguments).decode()
        sums = msgspec.json.encode(chosen.sums, enc_hook=str).decode()
        scopes = msgspec.json.encode({kind: sorted(getattr(person.scopes, kind)) for kind in ("teams", "channels", "warehouses")}).decode()
        ((id_,),) = fetch(connection, "insert_operation", key, person.login, scopes, action, text, chosen.filter, chosen.many, sums, now, None)
        run(connection, "fill_operation", id_, selection_id)
        audit.write(
            connection, person, f"start {action}", f"OP-{id_}", {"many": chosen.many, "filter": chosen.filter, "hash": chosen.hash.hex()}, now
        )
    return operation(connection, person, id_)


def retry_failed(connection: Connection, person: Person, id_: int, key: str, now: datetime) -> Operation:
    """Begin an operation of its own with those items that failed, and no others."""
    if known := _by_key(connection, person, key):
        return known
    old = operation(connection, person, id_)
    _own(person, old)
    failed = old.outcomes.get(FAILED, 0)
    if not failed or old.state not in ("done", "cancelled"):
        raise OperatorError(f"{old.ref} has nothing that failed, or is not over.", "Wait until it is done.")
    with connection.transaction():
        arguments, scopes = fetch(connection, "operation_scopes", id_)[0]
        ((new,),) = fetch(
            connection, "insert_operation", key, person.login, scopes, old.action, arguments, f"failed of {old.ref}", failed, "{}", now, id_
        )
        run_by(connection, "refill_replay" if old.action == replay.ACTION else "refill_operation", new=new, old=id_)
        audit.write(connection, person, f"start {old.action}", f"OP-{new}", {"many": failed, "failed of": old.ref}, now)
    return operation(connection, person, new)


def pause(connection: Connection, person: Person, id_: int, now: datetime) -> Operation:
    """Let no further item be done until it is resumed."""
    return _turn(connection, person, id_, ("queued", "running"), "paused", now)


def resume(connection: Connection, person: Person, id_: int, now: datetime) -> Operation:
    """Go on where it was paused."""
    return _turn(connection, person, id_, ("paused",), "queued", now)


def cancel(connection: Connection, person: Person, id_: int, now: datetime) -> Operation:
    """End it: what has not been done is not done. What was done stays done."""
    return _turn(connection, person, id_, ("queued", "running", "paused"), "cancelled", now)


def _turn(connection: Connection, person: Person, id_: int, before: tuple[str, ...], state: str, now: datetime) -> Operation:
    with connection.transaction():
        known = operation(connection, person, id_)
        _own(person, known)
        ((present,),) = fetch(connection, "operation_state", id_)
        if present not in before:
            raise OperatorError(f"{known.ref} is {present} and cannot be {state if state != 'queued' else 'resumed'}.", "See how it stands.")
        run_by(connection, "set_operation_state", id=id_, state=state, started=None, ended=now if state == "cancelled" else None)
        if state == "cancelled":
            which = "cancel_replay" if known.action == replay.ACTION else "cancel_items"
            run(connection, which, f"cancelled by {person.login}", now, id_)
        audit.write(connection, person, f"{state} operation", known.ref, {}, now)
    return operation(connection, person, id_)


def operation(connection: Connection, person: Person, id_: int) -> Operation:
    """An operation with its progress. Raises OperatorError; another's is seen by whoever may read what others did."""
    found = fetch(connection, "one_operation", id_)
    if not found or (found[0][2] != person.login and not person.may(Right.AUDIT)):
        raise OperatorError(f"There is no operation OP-{id_} of yours.", "See the list of operations.")
    return _read(connection, found[0])


def operations(connection: Connection, person: Person, *, before: int | None = None, limit: int = 50) -> list[Operation]:
    """The newest operations: one's own, or everybody's for whoever may read what others did."""
    owner = None if person.may(Right.AUDIT) else person.login
    return [_read(connection, row) for row in fetch_by(connection, "operations", owner=owner, before=before, limit=limit)]


def items(connection: Connection, person: Person, id_: int, *, outcome: str | None = None, after: int = 0, limit: int = 500) -> list[Done]:
    """What became of the items, in their order."""
    which = "replay_items" if operation(connection, person, id_).action == replay.ACTION else "operation_items"
    return [Done(*row) for row in fetch_by(connection, which, id=id_, after=after, outcome=outcome, limit=min(limit, 5000))]


def step(connection: Connection, configuration: Configuration, now: datetime, most: int = AT_ONCE) -> bool:
    """Do some items of the oldest operation that is to be done; false when there is none. One process at a time has one operation."""
    with connection.transaction():
        found = fetch(connection, "operation_to_run")
        if not found:
            return False
        id_ = found[0][0]
        known = _read(connection, fetch(connection, "one_operation", id_)[0])
        replays = known.action == replay.ACTION
        room = min(most, replay.room(known.arguments, known.done, known.started, now)) if replays else most
        todo = fetch(connection, "replay_todo" if replays else "operation_todo", id_, max(room, 1))
        if todo and not room:
            return False
        if not todo and known.action != export.ACTION:
            run_by(connection, "set_operation_state", id=id_, state="done", started=now, ended=now)
            return True
        run_by(connection, "set_operation_state", id=id_, state="running", started=now, ended=None)
        ((mine,),) = fetch(connection, "operation_turn", id_)
    if not mine:
        return False
    try:
        if known.action == export.ACTION:
            return _write(connection, known, now)
        if replays:
            _replayed(connection, configuration, known, len(todo), now)
            return True
        outcomes = _outcomes(connection, configuration, known, [Target(work, version) for _, work, version in todo], now)
    finally:
        fetch(connection, "end_operation_turn", id_)
    run_by(
        connection, "set_item_outcomes", id=id_, now=now, positions=[row[0] for row in todo], outcomes=[one.outcome for one in outcomes],
        reasons=[one.reason[:500] for one in outcomes],
    )  # fmt: skip
    return True


def _write(connection: Connection, known: Operation, now: datetime) -> bool:
    """Write the file of an export; one that can be written no more, as its owner is gone, is given up."""
    try:
        export.write(connection, known.id, now)
    except TieoutError:
        run_by(connection, "set_operation_state", id=known.id, state="cancelled", started=None, ended=now)
    return True


def _replayed(connection: Connection, configuration: Configuration, known: Operation, most: int, now: datetime) -> None:
    """Read a portion of messages again in the owner's name."""
    try:
        replay.step(connection, configuration, known.id, _owner(connection, known), most, now)
    except TieoutError as bad:
        todo = fetch(connection, "replay_todo", known.id, most)
        replay.keep(connection, known.id, [position for position, _ in todo], [str(bad)] * len(todo), now)


def _owner(connection: Connection, known: Operation) -> Person:
    """The owner as he may by now: rights that were taken since then are gone. Raises Forbidden."""
    owner = account(connection, known.owner)
    if owner.disabled is not None:
        raise Forbidden(f"{known.owner} is disabled.", "")
    scopes = Scopes(**msgspec.json.decode(fetch(connection, "operation_scopes", known.id)[0][1], type=dict[str, frozenset[str]]))
    return msgspec.structs.replace(owner.person, scopes=owner.person.scopes.within(scopes))


def _outcomes(connection: Connection, configuration: Configuration, known: Operation, targets: list[Target], now: datetime) -> list[Outcome]:
    """Do a portion in the owner's name."""
    try:
        person = _owner(connection, known)
        return do(Call(connection, configuration, person, targets, now, dry=False), known.action, known.arguments)
    except TieoutError as bad:
        return [Outcome(target.id, f"EX-{target.id}", FAILED, str(bad)) for target in targets]


def _by_key(connection: Connection, person: Person, key: str) -> Operation | None:
    found = fetch(connection, "operation_by_key", key)
    if not found:
        return None
    if found[0][1] != person.login:
        raise Forbidden("This idempotency key is somebody else's.", "Make a key of your own.")
    return operation(connection, person, found[0][0])


def _own(person: Person, known: Operation) -> None:
    if known.owner != person.login:
        raise Forbidden(f"{known.ref} is {known.owner}'s.", "Only the owner changes it.")


def _read(connection: Connection, row: tuple[Any, ...]) -> Operation:
    id_, ref, owner, action, arguments, said, state, many, sums, created, started, ended, retry_of, _ = row
    counts: dict[str, int] = dict(fetch(connection, "replay_counts" if action == replay.ACTION else "operation_counts", id_))
    return Operation(
        id_, ref, owner, action, msgspec.json.decode(arguments), said, state, many, msgspec.json.decode(sums, type=dict[str, Decimal]), created,
        started, ended, retry_of, counts,
    )  # fmt: skip
