"""The timeline of a transaction: what was said, sent, opened and closed, and what is expected and has not come. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from tieout.console.queries_transaction import Repeat, Told, Transaction
from tieout.console.svg.lanes import Event
from tieout.core.evaluate import EXCEPTIONS, Item, State

TIEOUT = "Tieout"
NEWEST_FIRST_MAX = 200
EXPECTED = frozenset((State.PENDING, State.UNKNOWABLE, *EXCEPTIONS))
CASE_WORDS = {"opened": "exception opened", "changed": "exception changed", "closed": "exception settled", "reopened": "exception opened again"}


class Happening(msgspec.Struct, frozen=True):
    """One row. `kind` is one of the marks of `svg.lanes`; `known` is when we heard of it; `notes` say what is odd about it."""

    at: datetime
    lane: str
    kind: str
    words: str
    detail: str = ""
    known: datetime | None = None
    notes: tuple[str, ...] = ()
    told: Told | None = None
    happened: datetime | None = None
    """When it happened, where `at` says when it was known."""

    @property
    def is_failed(self) -> bool:
        """True for what went wrong or is late."""
        return self.kind in ("case", "missed", "superseded") or "refused" in self.words


def happenings(found: Transaction, by_role: Mapping[str, Sequence[str]]) -> tuple[Happening, ...]:
    """Everything, oldest first; `by_role` says which systems have a role."""
    made = [_said(told) for told in found.told]
    made += [_expected(item, by_role, found.now) for item in found.items if item.state in EXPECTED]
    by_identity = {told.identity: told for told in found.told}
    made += [_again(one, by_identity[one.identity]) for one in found.repeats if one.identity in by_identity]
    for related in found.related:
        made += [_expected(item, by_role, found.now, related.root) for item in related.items if item.state in EXPECTED]
    made += [
        Happening(at, TIEOUT, "case", CASE_WORDS.get(event, event), f"{code}{_sign(side)} {key}".strip())
        for at, event, code, side, key in found.case_events
    ]
    for command in found.commands:
        for at, event, who, detail in command.life:
            said = str(detail.get("reason", "") or detail.get("fault", ""))
            made.append(
                Happening(at, command.system, "command", f"{command.act.replace('_', ' ')}: {event}", f"{command.key} by {who} {said}".strip())
            )
    return tuple(sorted(made, key=lambda h: (h.at, h.lane)))


def _said(told: Told) -> Happening:
    notes = [told.fate] if told.fate else []
    if told.out_of_order:
        notes.append("arrived after something that happened later")
    kind = "superseded" if told.fate else "fact"
    lines = told.body.get("lines", [])
    detail = ", ".join(
        f"{line.get('quantity', '')} {line.get('unit', 'EA')} {line['item']}" for line in lines[:3] if line.get("item") and "quantity" in line
    )
    detail += f" and {len(lines) - 3} more lines" if len(lines) > 3 else ""
    return Happening(told.happened, told.system, kind, told.act, detail, told.received, tuple(notes), told)


def _again(one: Repeat, first: Told) -> Happening:
    detail = f"{one.origin.rpartition('/')[2]}, {one.place or f'line {one.line}'}"
    note = f"duplicate: says word for word what version {first.version} says, and counts once"
    return Happening(first.happened, one.system, "superseded", first.act, detail, one.received, (note,))


def _expected(item: Item, by_role: Mapping[str, Sequence[str]], now: datetime, root: str = "") -> Happening:
    role = item.expectation.owed_by.value
    lane = next(iter(by_role.get(role, ())), role)
    late = item.due < now
    words = f"{item.expectation.meaning}: {'was ' if late else ''}due"
    return Happening(
        item.due,
        lane,
        "missed" if item.state in EXCEPTIONS else "expected",
        words,
        f"{item.account} {item.key} {root}".strip(),
        None,
        (item.state.value,),
    )


def _sign(side: str) -> str:
    return {"debit": "+", "credit": "-"}.get(side, "")


def lanes_of(found: Sequence[Happening], order: Sequence[str]) -> tuple[str, ...]:
    """The lanes that anything stands on: systems in the project's order, then what we did."""
    used = {one.lane for one in found}
    rest = sorted(used - set(order) - {TIEOUT})
    return (*(lane for lane in order if lane in used), *rest, *((TIEOUT,) if TIEOUT in used else ()))


def marks(found: Sequence[Happening], base: str) -> list[Event]:
    """The happenings as marks; a statement leads to its lineage at `base`."""
    return [
        Event(one.lane, one.at, one.kind, one.words, f"{base}event={one.told.id}#lineage" if one.told else "") for one in found
    ]  # fmt: skip
