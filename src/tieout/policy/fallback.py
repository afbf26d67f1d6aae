"""Fallbacks: what the policy does instead when a system does not take a command, as a decision table. Pure.

A fallback is another way for the same intent, so it is only allowed when the first way is surely closed: the command is
queued (never left us, or two probes found nothing of it) or refused. Otherwise it waits and says for what. What it allows is
a *diversion* of the root: from then on the rules name another system or warehouse for the act, the ledger's own decision
withdraws what was queued and issues anew, and one open command per subject stays the law.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import msgspec

from tieout.core.act import Act
from tieout.core.attempt import Attempt
from tieout.core.circuit import Circuit
from tieout.core.command import Command, State
from tieout.core.residual import View
from tieout.policy.cell import Column, Kind, Measure, Value
from tieout.policy.table import Facts, Form, Versions


class Instead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The result columns: exactly one of another system (also one that takes documents by file or EDI), another warehouse,
    another carrier, or the role or team of a person."""

    use_system: str = ""
    use_warehouse: str = ""
    use_carrier: str = ""
    ask: str = ""

    def __post_init__(self) -> None:
        if sum(map(bool, (self.use_system, self.use_warehouse, self.use_carrier, self.ask))) != 1:
            raise ValueError("a fallback says exactly one of `use_system`, `use_warehouse`, `use_carrier` and `ask`")


COLUMNS = (
    Column("act", Kind.WORD, "what is commanded", tuple(act.value for act in Act)),
    Column("system", Kind.WORD, "the system that was to be told"),
    Column("customer", Kind.WORD, "the customer's number"),
    Column("channel", Kind.WORD, "the channel the order came by"),
    Column("warehouse", Kind.WORD, "the warehouse"),
    Column("entity", Kind.WORD, "our legal entity"),
    Column("carrier", Kind.WORD, "the carrier that an earlier fallback has named"),
    Column("circuit_open", Kind.SPAN, "how long the system has not answered: since its circuit opened"),
    Column("refused", Kind.TEXT, "the target's reason for its refusal, such as `*out of stock*`"),
    Column("failed", Kind.COUNT, "attempts in a row that failed"),
    Column("unanswered", Kind.SPAN, "how long it has waited for an answer since it was issued"),
)
FORM: Form[Instead] = Form("fallbacks", "fallback", COLUMNS, Instead)

SURE = frozenset((State.QUEUED, State.REFUSED))
"""Nothing of it is at the target, nor can come there any more."""
ANSWERED = frozenset((State.ACCEPTED, State.REFUSED))
WAITS = {
    State.SENDING: "it is being sent",
    State.ACCEPTED: "the target has accepted it; it has to be cancelled there first",
    State.UNKNOWN: "it may have reached the target; a probe has to find nothing of it, twice",
}


class Fallback(msgspec.Struct, frozen=True):
    """Go another way: `rule` says which row decided. `releases`: what was refused must not bar the next command any more."""

    act: Act
    rule: str
    use_system: str = ""
    use_warehouse: str = ""
    use_carrier: str = ""
    ask: str = ""
    releases: bool = False

    @property
    def way(self) -> str:
        """The other way in words: `system threepl`, `warehouse EAST-1`, `carrier FDX`, `asked erp_support`."""
        kinds = (("system", self.use_system), ("warehouse", self.use_warehouse), ("carrier", self.use_carrier), ("asked", self.ask))
        return next(f"{kind} {name}" for kind, name in kinds if name)


class Wait(msgspec.Struct, frozen=True):
    """The condition of a row is met, but the first way is not surely closed: why."""

    reason: str
    rule: str


class Diversion(msgspec.Struct, frozen=True):
    """What is kept of a fallback for a root: an act goes to another system, or the whole of it to another warehouse or by another
    carrier; `left` are the names that it had been at, or was to go by, until then."""

    act: Act
    use_system: str = ""
    use_warehouse: str = ""
    rule: str = ""
    use_carrier: str = ""
    left: tuple[str, ...] = ()

    @property
    def names(self) -> set[str]:
        """Every system, warehouse and carrier of it, before and after."""
        return {self.use_system, self.use_warehouse, self.use_carrier, *self.left} - {""}


def fallback(
    command: Command,
    attempt: Attempt,
    circuit: Circuit | None,
    fallbacks: Versions[Instead],
    now: datetime,
    *,
    issued_at: datetime | None = None,
    tried: Collection[str] = (),
    asked: Collection[str] = (),
) -> Fallback | Wait | None:
    """What the policy in force now does about a command; None when no row's condition is met, it is over, or a person denied it.

    `issued_at` is when the command was issued, if `unanswered` is to be judged; `tried` the systems, warehouses and carriers
    that this intent was at already, `asked` who was asked about it: no way is gone twice.
    """
    table = fallbacks.at(now)
    if table is None or attempt.denied or (attempt.state not in SURE and attempt.state not in WAITS):
        return None
    here = {*tried, *names_of_way(command)}
    for found in table.fitting(facts_of(command, attempt, circuit, now, issued_at), now):
        instead = found.row.result
        if here & {instead.use_system, instead.use_warehouse, instead.use_carrier} or instead.ask in asked:
            continue
        if instead.ask:
            return Fallback(command.act, str(found), ask=instead.ask)
        reason = why_not(attempt)
        if reason:
            return Wait(reason, str(found))
        releases = attempt.state is State.REFUSED
        return Fallback(command.act, str(found), instead.use_system, instead.use_warehouse, instead.use_carrier, releases=releases)
    return None


def why_not(attempt: Attempt) -> str:
    """Why nothing may be sent another way yet; empty when the attempt is surely not at the target."""
    if attempt.state not in SURE:
        return WAITS.get(attempt.state, f"it is {attempt.state}")
    if attempt.documents:
        return "the target has named a document for it; that has to be cancelled there first"
    if attempt.state is State.QUEUED and attempt.doubt_at is not None:
        return WAITS[State.UNKNOWN]
    return ""


def diversion(found: Fallback, left: Collection[str] = ()) -> Diversion | None:
    """What to keep for the root, with the names it leaves; None when a person is asked, for then nothing is diverted."""
    if found.ask:
        return None
    return Diversion(found.act, found.use_system, found.use_warehouse, found.rule, found.use_carrier, tuple(left))


def names_of_way(command: Command) -> tuple[str, ...]:
    """The system, warehouse and carrier that a command is at or was to go by."""
    return tuple(name for name in (command.system, command.warehouse, command.data.get("carrier", "")) if name)


def diverted(found: View, diversions: Collection[Diversion]) -> View:
    """The view with the warehouse and the carrier that it was diverted to last; decide on this one."""
    latest = list(reversed(list(diversions)))
    warehouse = next((one.use_warehouse for one in latest if one.use_warehouse), "")
    carrier = next((one.use_carrier for one in latest if one.use_carrier), "")
    changed = {name: said for name, said in (("warehouse", warehouse), ("carrier", carrier)) if said}
    return msgspec.structs.replace(found, notes={**found.notes, **changed}) if changed else found


def facts_of(command: Command, attempt: Attempt, circuit: Circuit | None, now: datetime, issued_at: datetime | None = None) -> Facts:
    """The columns of a command that has not gone through; a condition on what is not so is not known, and never fits."""
    down = circuit.down_since if circuit is not None else None
    values: dict[str, Value] = {
        "act": command.act.value,
        "system": command.system,
        "customer": command.customer,
        "channel": command.channel,
        "warehouse": command.warehouse,
        "entity": command.entity,
        "carrier": command.data.get("carrier", ""),
        "circuit_open": None if down is None else _minutes(now - down),
        "refused": attempt.reason if attempt.state is State.REFUSED else None,
        "failed": Measure(Decimal(attempt.failures)),
        "unanswered": None if issued_at is None or attempt.state in ANSWERED else _minutes(now - issued_at),
    }
    return Facts(values, {"circuit_open": "circuit open for", "unanswered": "without an answer for"})


def _minutes(span: timedelta) -> Measure:
    return Measure(Fraction(span // timedelta(microseconds=1), 60_000_000), "min")
