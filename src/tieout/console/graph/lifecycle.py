"""The lifecycle of an object, read off the clearing accounts: a state is an account that something stands on, a step is the fact that
takes it off there and puts it on the next one. Nothing is kept beside the accounts, so the drawing cannot say what the ledger does not do."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import msgspec

from tieout.console.graph.draw import Card, Link, draw
from tieout.core.account import ClearingAccount
from tieout.core.act import Act
from tieout.core.facts import FactType
from tieout.core.values import Side
from tieout.flows.stops import STOPS
from tieout.report.markup import Markup
from tieout.report.picture import flow_title, words

DONE = "done"


class Live(msgspec.Struct, frozen=True):
    """What stands on one side of one account now: subjects, and open exceptions."""

    here: int = 0
    overdue: int = 0


class Who(msgspec.Struct, frozen=True):
    """What a project knows of itself here: its systems by role, what each may be told, and who states which fact."""

    by_role: Mapping[str, tuple[str, ...]]
    told: Mapping[Act, tuple[str, ...]] = {}
    states: Mapping[str, tuple[str, ...]] = {}


class Step(msgspec.Struct, frozen=True):
    """One way out of a state: the fact, who states it, and the states it leads to (none: it ends there)."""

    fact: str
    speaker: str
    leads_to: tuple[str, ...]


class Status(msgspec.Struct, frozen=True):
    """One state of a lifecycle: one side of a clearing account. `person` says when a person is needed; `steps` begin with the awaited one."""

    code: str
    side: Side
    name: str
    means: str
    owner: str
    systems: tuple[str, ...]
    entered_by: tuple[str, ...]
    steps: tuple[Step, ...]
    deadline: str
    team: str
    command: str
    held_by: tuple[str, ...]
    person: str
    live: Live

    @property
    def clas(self) -> str:
        """The class of its exceptions: `SNI+`."""
        return f"{self.code}{'+' if self.side is Side.DEBIT else '-'}"

    @property
    def flaws(self) -> tuple[str, ...]:
        """What is missing: nobody who owns it, nothing that leads out of it."""
        found = [] if self.systems else [f"no connected system is the {self.owner}: nothing is claimed about this state"]
        return (*found, *(() if self.steps else ("nothing leads out of it",)))


class Lifecycle(msgspec.Struct, frozen=True):
    """The states of one flow, in the order of the flow, and its drawing."""

    name: str
    title: str
    statuses: tuple[Status, ...]
    svg: Markup


def lifecycle(flow: str, accounts: Sequence[ClearingAccount], who: Who, live: Mapping[tuple[str, Side], Live]) -> Lifecycle:
    """The lifecycle of one flow. `accounts` are all of the project, `live` what stands on them now."""
    members = _in_order([account for account in accounts if account.flow == flow])
    statuses = tuple(_status(account, side, members, who, live) for account in members for side in Side)
    return Lifecycle(flow, flow_title(flow), statuses, _drawn(flow, members, statuses, who))


def _in_order(members: Sequence[ClearingAccount]) -> list[ClearingAccount]:
    """As things go: a state comes after the states that lead to it."""
    placed: list[ClearingAccount] = []
    left = list(members)
    while left:
        raised = {kind: account for account in left for kind in list(account.credit)[:1]}
        free = [a for a in left if all(raised.get(kind, a) is a for kind in list(a.debit)[:1])]
        placed += free or left[:1]
        left = [account for account in left if account not in placed]
    return placed


def _status(
    account: ClearingAccount, side: Side, members: Sequence[ClearingAccount], who: Who, live: Mapping[tuple[str, Side], Live]
) -> Status:  # fmt: skip
    raise_, clear = (account.debit, account.credit) if side is Side.DEBIT else (account.credit, account.debit)
    wanted = account.expectation(side)
    steps = tuple(Step(kind.name, kind.speaker.value, _leads(kind, account, members) if side is Side.DEBIT else ()) for kind in clear)
    stops = tuple(
        f"{stop.account}{' by its price' if stop.by_price else '' if stop.side is Side.DEBIT else ' in reverse'}"
        for stop in STOPS.get(f"{account.code}+" if side is Side.DEBIT else f"{account.code}-", ())
    )
    return Status(
        account.code, side, account.name.replace("_", " "), wanted.meaning, wanted.owed_by.value, _owners(wanted.owed_by.value, clear, who),
        tuple(kind.name for kind in raise_), steps, str(wanted.within), wanted.team, wanted.command.value if wanted.command else "",
        (*stops, *account.blocked_by), _person(wanted.command, wanted.team, who), live.get((account.code, side), Live()),
    )  # fmt: skip


def _owners(role: str, clear: Mapping[FactType, object], who: Who) -> tuple[str, ...]:
    """The systems of a role that state what is awaited; all of the role when none of them says so."""
    systems = who.by_role.get(role, ())
    awaited = next(iter(clear), None)
    speaking = who.states.get(awaited.name, ()) if awaited is not None else ()
    return tuple(system for system in systems if system in speaking) or systems


def _leads(kind: FactType, account: ClearingAccount, members: Sequence[ClearingAccount]) -> tuple[str, ...]:
    return tuple(other.code for other in members if kind in other.debit and other is not account)


def _person(command: Act | None, team: str, who: Who) -> str:
    """When somebody has to act, in one sentence."""
    if command is None:
        return f"after the deadline: {team}; no command can settle it"
    told = who.told.get(command, ())
    act = command.value.replace("_", " ")
    if told:
        return f"only when {' or '.join(told)} refuses to {act}, or a rule holds the command for approval"
    return f"after the deadline: {team}; Tieout may not {act} anywhere here"


def _drawn(flow: str, members: Sequence[ClearingAccount], statuses: Sequence[Status], who: Who) -> Markup:
    by_code = {code: [s for s in statuses if s.code == code] for code in dict.fromkeys(s.code for s in statuses)}
    links = _links(members)
    starts = [name for name in dict.fromkeys(link.tail for link in links) if name not in by_code]
    cards = [
        Card(name, (words(name.removeprefix("+")), _speaker(name, members, who)), "fact", told=f"{words(name[1:])}: it begins here")
        for name in starts
    ]
    cards += [_state(account, by_code[account.code], who) for account in members]
    if any(link.head == DONE for link in links):
        cards.append(Card(DONE, ("Settled",), "end", told="nothing is owed any more"))
    told = ". ".join(
        f"{s.name}: {s.means}, owned by {s.owner}, {s.live.here} here, {s.live.overdue} overdue" for s in statuses if s.side is Side.DEBIT
    )
    return draw(f"lifecycle-{flow}", f"{flow_title(flow)}: its states and what leads from one to the next", told, cards, links)


def _speaker(name: str, members: Sequence[ClearingAccount], who: Who) -> str:
    kind = next(kind for account in members for kind in account.debit if f"+{kind.name}" == name)
    return _systems(who.states.get(kind.name, ()), kind.speaker.value)


def _systems(systems: Sequence[str], role: str) -> str:
    return ", ".join(systems[:3]) + ("…" if len(systems) > 3 else "") if systems else f"{role}, not connected"


def _state(account: ClearingAccount, sides: Sequence[Status], who: Who) -> Card:
    here, overdue = sum(s.live.here for s in sides), sum(s.live.overdue for s in sides)
    first = sides[0]
    kind = "overdue" if overdue else "pending" if here else "clear" if first.systems else "unobserved"
    count = (f"{here:,} here" if here else "none here") + (f", {overdue:,} overdue" if overdue else "")
    lines = (first.name.capitalize(), f"{account.code} · {_systems(first.systems, first.owner)}", count)
    return Card(account.code, lines, kind, f"#{account.code}", f"{first.means}; {count}")


def _links(members: Sequence[ClearingAccount]) -> list[Link]:
    """Arrows: one between two boxes, with the words of every fact that goes that way."""
    found: dict[tuple[str, str], list[tuple[FactType, bool]]] = {}
    cleared = {kind for account in members for kind in account.credit}
    for account in members:
        for n, kind in enumerate(account.debit):
            if kind not in cleared:
                found.setdefault((f"+{kind.name}", account.code), []).append((kind, n == 0))
        for n, kind in enumerate(account.credit):
            heads = _leads(kind, account, members) or (DONE,)
            for head in heads:
                found.setdefault((account.code, head), []).append((kind, n == 0))
    straight, order = _spine(members), [account.code for account in members]
    back = {(tail, head) for tail, head in found if tail in order and head in order and order.index(tail) > order.index(head)}
    return [
        Link(tail, head, () if tail.startswith("+") else tuple(words(kind.name) for kind, _ in kinds), is_main=(tail, head) in straight,
             kind="" if any(first for _, first in kinds) else "aside", bends=(tail, head) in back)
        for (tail, head), kinds in found.items()
    ]  # fmt: skip


def _spine(members: Sequence[ClearingAccount]) -> set[tuple[str, str]]:
    """The longest way by awaited facts alone: what is drawn straight."""
    nexts = {a.code: [b.code for b in members if b is not a and next(iter(a.credit), None) in list(b.debit)[:1]] for a in members}

    def longest(code: str, seen: tuple[str, ...]) -> tuple[str, ...]:
        ways = [longest(after, (*seen, after)) for after in nexts[code] if after not in seen]
        return max(ways, key=len, default=seen)

    way = max((longest(account.code, (account.code,)) for account in members), key=len, default=())
    if not way:
        return set()
    first = next(account for account in members if account.code == way[0])
    start = next(iter(first.debit), None)
    ends = {(f"+{start.name}", way[0])} if start else set()
    return {*pairwise(way), (way[-1], DONE), *ends}
