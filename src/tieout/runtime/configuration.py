"""What a run needs to know: accounts, systems, policy, reference data and which feed clears what. Built once, passed along."""

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple, cast
from zoneinfo import ZoneInfo

import msgspec

from tieout import connectors
from tieout.connectors import Connector, System
from tieout.connectors.asked import asked_of
from tieout.core.account import Ageing, ClearingAccount, Group, Measure, Posting, Take
from tieout.core.attempt import Target
from tieout.core.correlate import Precedence
from tieout.core.facts import Fact
from tieout.core.ground import Rules
from tieout.core.kit import leaves
from tieout.core.post import Component, Plans, Steps, Sums
from tieout.core.values import Ref, Side, exact
from tieout.errors import SettingsError
from tieout.flows import accounts, measured
from tieout.policy import CompanyPolicy
from tieout.policy import driving as policies
from tieout.policy.checkpoints import NOTHING, Known
from tieout.policy.fallback import Diversion
from tieout.policy.work import Work


@cache
def connector_names() -> tuple[str, ...]:
    """The connectors that are installed."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(connectors.__path__) if module.ispkg))


@cache
def connector(name: str) -> Connector:
    """The connector module of that name. Raises SettingsError when there is none."""
    if name not in connector_names():
        raise SettingsError(f"There is no connector {name!r}.", f"There are: {', '.join(connector_names())}.")
    return cast(Connector, importlib.import_module(f"tieout.connectors.{name}"))


def sender_of(system: System) -> Any:
    """The `send` module of a system's connector; None when it can be told nothing."""
    name = f"tieout.connectors.{system.connector}.send"
    return importlib.import_module(name) if importlib.util.find_spec(name) is not None else None


def states_of(system: System) -> tuple[str, ...]:
    """The fact types a system is expected to state and believed for.

    What the settings say, else what its connector says for this system (`states_of`: a mapping's fact types), else
    what its connector can state at all; never what it is told to ignore.
    """
    if system.silent:
        return ()
    if system.states:
        kinds = system.states
    else:
        module = connector(system.connector)
        chosen = getattr(module, "states_of", None)
        kinds = chosen(system) if chosen is not None else module.MANIFEST.states
    return tuple(kind for kind in kinds if system.believes(kind))


class Reference(msgspec.Struct):
    """Units and kits in force, by item; each with the time from which it is valid."""

    units: dict[tuple[str, str], list[tuple[datetime, Fraction, str]]] = {}
    unit_items: set[str] = set()
    kits: dict[str, list[tuple[datetime, tuple[Component, ...]]]] = {}
    defined: set[str] = set()

    def add(self, fact: Fact) -> None:
        """Take in one `UnitDefined` or `KitDefined`."""
        item = fact.data["item"]
        self.defined.add(item)
        if fact.kind == "UnitDefined":
            unit = fact.data["unit"]
            self.units.setdefault((item, unit), []).append((fact.happened, Fraction(fact.data["factor"]), fact.data["base"]))
            self.units[item, unit].sort()
            self.unit_items.add(item)
            return
        parts = tuple(Component(line.item, line.quantity or exact(0), line.unit, line.value or exact(0)) for line in fact.lines)
        self.kits.setdefault(item, []).append((fact.happened, parts))
        self.kits[item].sort(key=lambda pair: pair[0])

    def factor(self, item: str, unit: str, at: datetime) -> tuple[Fraction, str] | None:
        """The factor valid at a time; an item without any unit data is kept in the unit as stated."""
        if item not in self.unit_items:
            return _ONE, unit
        valid = [entry for entry in self.units.get((item, unit), ()) if entry[0] <= at]
        if valid:
            return valid[-1][1], valid[-1][2]
        bases = {base for (i, _), known in self.units.items() if i == item for _, _, base in known}
        return (_ONE, unit) if unit in bases else None

    def kit(self, item: str, at: datetime) -> tuple[Component, ...] | None:
        """The components of a kit at a time, down to what is no kit itself."""
        flat = self.bill(item, at)
        if flat is None or not any(part.item in self.kits for part in flat):
            return flat

        def factor(part: str, unit: str) -> Fraction | None:
            known = self.factor(part, unit, at)
            return None if known is None else known[0]

        return leaves(item, self.kits.__contains__, lambda kit: self.bill(kit, at), factor)

    def bill(self, item: str, at: datetime) -> tuple[Component, ...] | None:
        """The bill of materials valid at a time, one level of it."""
        valid = [parts for since, parts in self.kits.get(item, ()) if since <= at]
        return valid[-1] if valid else None

    def kits_above(self, items: Iterable[str]) -> set[str]:
        """The kits that contain one of the items, at any level and at any time."""
        found: set[str] = set()
        todo = set(items)
        while todo:
            todo = {
                kit for kit, versions in self.kits.items() if any(part.item in todo for _, parts in versions for part in parts)
            } - found  # fmt: skip
            found |= todo
        return found

    def packs(self) -> dict[str, frozenset[Fraction]]:
        """The known factors of each item other than one."""
        found: dict[str, set[Fraction]] = {}
        for (item, _), known in self.units.items():
            found.setdefault(item, set()).update(factor for _, factor, _ in known if factor != 1)
        return {item: frozenset(factors) for item, factors in found.items()}


_ONE = Fraction(1)


BY_PRICE = "$"
"""Ends the name of a planned look at an account that judges prices only: what such a look finds, plain sums do not show."""


class Novelty:
    """Whether what comes in is new: after two batches that met nothing known the next do not look for it first.

    Then the unique keys alone keep duplicates out; a batch that runs into one is written again, with a look.
    """

    def __init__(self) -> None:
        self.probes = True
        self._clear = 0

    def note(self, *, met: bool) -> None:
        """Take note of a batch that met something known, or did not."""
        self._clear = 0 if met else self._clear + 1
        self.probes = self._clear < 2


class Driving(NamedTuple):
    """What a project that tells its systems something decides by: the rules, and how each system treats what it is told.

    `knowing` gives the rules for one root, by the references that systems have for it, what else is known of it, and the
    fallbacks taken for it; without it they are the same for all. `policy` says who approves and what else is done.
    """

    rules: Rules
    targets: Mapping[str, Target]
    knowing: Callable[[Collection[Ref], Known, Sequence[Diversion]], Rules] | None = None
    policy: policies.Driving | None = None

    def rules_of(self, references: Collection[Ref], known: Known = NOTHING, diversions: Sequence[Diversion] = ()) -> Rules:
        """The rules for a root with these references."""
        return self.rules if self.knowing is None else self.knowing(references, known, diversions)


class Watch(NamedTuple):
    """After some moves: the sides that can always be missed, and the accounts cleared, watched only if something is left.

    `raised` are the accounts that judge prices only and were debited: watched if something else stands on them. What is `hidden` by
    movements, on accounts on which nothing may stand or which they explain, may be of any age when it shows again.
    Of the sides whose deadline is plain hours for everybody `elapsed` holds per feed the shortest, in microseconds;
    `counted` are the others, `own_due` those whose deadline a fact may state itself.
    """

    always: tuple[str, ...]
    clears: tuple[str, ...]
    raised: tuple[str, ...]
    elapsed: tuple[tuple[str, int], ...]
    counted: tuple[str, ...]
    own_due: tuple[str, ...]
    hidden: frozenset[str]


class Configuration:
    """Everything that is fixed while a batch runs. `feeds` names, for each account and side, the systems that could clear it.

    `own_accounts` take the place of all built-in ones: so a changed account is rehearsed.
    """

    def __init__(
        self,
        systems: Iterable[System],
        policy: CompanyPolicy,
        *,
        switches: frozenset[str] = frozenset(),
        marketplaces: frozenset[str] = frozenset(),
        clock: str = "feeds",
        waiting_hours: int = 24,
        quiet_hours: Mapping[str, int] | None = None,
        closed_until: date | None = None,
        timezone: str = "UTC",
        own_accounts: Mapping[str, ClearingAccount] | None = None,
    ) -> None:
        self.systems: dict[str, System] = {system.name: system for system in systems}
        self.policy = policy
        self.clock = clock
        self.waiting = timedelta(hours=waiting_hours)
        self.quiet = dict(quiet_hours or {})
        self.closed_until = closed_until
        self.accounts: dict[str, ClearingAccount] = dict(own_accounts or accounts())
        self.steps = Steps(measured(self.accounts))
        self.precedence = Precedence(list(self.systems))
        self.states = {name: states_of(system) for name, system in self.systems.items()}
        self.feeds: dict[str, tuple[str, ...]] = {
            code + sign: self._clearing(account, side)
            for code, account in self.accounts.items()
            for sign, side in (("+", Side.DEBIT), ("-", Side.CREDIT))
        }
        self.feed_names = {side: self._feed_name(side, names) for side, names in self.feeds.items()}
        self._owing = {
            (code, negative): frozenset(filter(None, (self.feed_names[side] for side in self._sides_of(code, negative))))
            for code in self.accounts
            for negative in (True, False)
        }
        asked = frozenset[str]().union(*map(asked_of, self.systems.values()))
        self.plans = Plans(self.accounts.values(), self._by_line, switches | asked, marketplaces)
        self.judged_by_price = frozenset(code for code, account in self.accounts.items() if account.measure in (Measure.PRICE, Measure.BOTH))
        self.on_itself = self._kinds_with(Take.DOCUMENT)
        self.on_parcels = self._kinds_with(Take.PARCELS)
        self.driving: Driving | None = None
        self.work = Work()
        self.novelty = Novelty()
        self.system_ids: dict[str, int] = {}
        self.reference = Reference()
        self.reference_version = -1
        self.standing_step = timedelta(hours=1)
        self._zone = None if timezone == "UTC" else ZoneInfo(timezone)
        self._elapsed: dict[str, timedelta | None] = {}
        self._watches: dict[tuple[str, ...], Watch] = {}

    @staticmethod
    def _signs(account: ClearingAccount, negative: bool) -> str:
        """The sides that a plain sum may stand on: either, where prices are judged, where a flow is judged at an earlier moment, or
        where another account explains more of it than there is."""
        if account.measure in (Measure.PRICE, Measure.BOTH) or account.ageing is Ageing.STANDING or account.explained_by:
            return "+-"
        return "-" if negative else "+"

    def _sides_of(self, code: str, negative: bool) -> list[str]:
        """All sides on which a plain sum of an account may show: its own, and those of accounts whose differences it explains."""
        explained = [other.code + sign for other in self.accounts.values() if code in other.explained_by for sign in "+-"]
        return [code + sign for sign in self._signs(self.accounts[code], negative)] + explained

    def owe_nothing(self, feeds: Iterable[str], sums: Sums) -> set[str]:
        """Those of some feeds that could clear nothing of what plain sums show as open."""
        idle = {feed for feed in feeds if not feed.endswith(BY_PRICE)}
        owing = self._owing
        for codes in sums.values():
            if not idle:
                break
            for code, amount in codes.items():
                idle -= owing[code, amount.is_signed()]
        return idle

    def _feed_name(self, side: str, systems: tuple[str, ...]) -> str:
        by_price = BY_PRICE if systems and self.accounts[side[:-1]].measure is Measure.PRICE else ""
        return ",".join(systems) + by_price

    def _kinds_with(self, take: Take) -> frozenset[str]:
        return frozenset(kind for kind, plans in self.plans.of.items() if any(plan.take is take for plan in plans))

    def set_reference(self, facts: Iterable[Fact], version: int) -> None:
        """Take units and kits anew; `version` counts their changes. Whoever reads meanwhile sees the old ones or the new ones, whole."""
        made = Reference({}, set(), {}, set())
        for fact in facts:
            made.add(fact)
        self.reference = made
        self.policy.packs = made.packs()
        self.reference_version = version

    def local_date(self, moment: datetime) -> date:
        """The company's own date of a moment."""
        return moment.date() if self._zone is None else moment.astimezone(self._zone).date()

    def watch(self, moves: tuple[str, ...]) -> Watch:
        """What is to be watched after these moves; worked out once for each combination of them."""
        found = self._watches.get(moves)
        if found is None:
            always: list[str] = []
            raised: list[str] = []
            for move in moves:
                account = self.accounts[move[:-1]]
                if account.ageing is Ageing.STANDING or account.explained_by:
                    always += (move[:-1] + "+", move[:-1] + "-")
                elif move[-1] == "+":
                    if account.measure is Measure.PRICE:
                        raised.append(account.code)
                    else:
                        always.append(move)
            clears = tuple(move[:-1] for move in moves if move[-1] == "-" and move not in always)
            owed = {side: self.elapsed(side) for side in always if self.feed_names[side]}
            shortest: dict[str, int] = {}
            for side, elapsed in owed.items():
                if elapsed is not None:
                    feed, span = self.feed_names[side], elapsed // timedelta(microseconds=1)
                    shortest[feed] = min(span, shortest.get(feed, span))
            own_due = tuple(side for side in owed if side[-1] == "+" and self.accounts[side[:-1]].own_due)
            counted = tuple(side for side, elapsed in owed.items() if elapsed is None)
            hidden = frozenset(self._hidden_by({move[:-1] for move in moves}))
            found = Watch(tuple(always), clears, tuple(raised), tuple(shortest.items()), counted, own_due, hidden)
            self._watches[moves] = found
        return found

    def _hidden_by(self, codes: set[str]) -> Iterator[str]:
        for code, account in self.accounts.items():
            if (code in codes and account.ageing is Ageing.STANDING) or not codes.isdisjoint(account.explained_by):
                yield code

    def elapsed(self, side: str) -> timedelta | None:
        """Deadline and grace of a side, where they are plain hours for everybody."""
        try:
            return self._elapsed[side]
        except KeyError:
            account = self.accounts[side[:-1]]
            within = account.expectation(Side.DEBIT if side[-1] == "+" else Side.CREDIT).within
            plain = not within.business_days and not self.policy.deadlines
            found = self._elapsed[side] = timedelta(hours=within.hours) + self.policy.grace if plain else None
            return found

    def due(self, move: str, posting: Posting, group: Group) -> datetime:
        """The earliest moment, grace included, at which a residual on a move's side would be an exception."""
        account = self.accounts[move[:-1]]
        elapsed = self.elapsed(move)
        if elapsed is not None and not posting.day and not account.own_due:
            return posting.occurred + elapsed
        if account.own_due and move[-1] == "+":
            stated = [row.due for row in group.rows if row.due is not None]
            if len(stated) == len(group.rows):
                return min(stated) + self.policy.grace
        else:
            stated = []
        if elapsed is not None and not posting.day:
            due = posting.occurred + elapsed
        else:
            side = Side.DEBIT if move[-1] == "+" else Side.CREDIT
            expectation = self.policy.expectation(account, side, posting.notes)
            due = self.policy.due(expectation.within, posting.occurred, posting.day, posting.notes) + self.policy.grace
        return min([due, *(at + self.policy.grace for at in stated)])

    def _clearing(self, account: ClearingAccount, side: Side) -> tuple[str, ...]:
        kind = account.clearing(side)
        return () if kind is None else tuple(sorted(name for name, states in self.states.items() if kind.name in states))

    def _by_line(self, account: ClearingAccount) -> bool:
        """Rule 20: an account is kept by order line only if every system that states anything on it knows the lines."""
        kinds = {kind.name for kind in (*account.debit, *account.credit)}
        speaking = [self.systems[name] for name, states in self.states.items() if kinds & set(states)]
        return bool(speaking) and all(system.lines for system in speaking)

    @property
    def fingerprint(self) -> str:
        """What the stored ledger depends on besides the facts: by which key each account is kept, and which moves there are."""
        return msgspec.json.encode(
            {kind: [[p.take, p.by_line, p.moves] for p in plans] for kind, plans in sorted(self.plans.of.items())}
        ).decode()


class Marks:
    """Watermarks of the feeds, as `core.evaluate` asks for them (rule 15)."""

    def __init__(self, configuration: Configuration, by_system: Mapping[str, datetime]) -> None:
        self.by_system = by_system
        self._feeds = configuration.feeds

    def observed(self, account: ClearingAccount, side: Side) -> bool:
        """True when a connected system can state what would clear it."""
        return bool(self._feeds[account.code + ("+" if side is Side.DEBIT else "-")])

    def of(self, account: ClearingAccount, side: Side) -> datetime | None:
        """The least watermark of the feeds that could clear it; None while one of them has never reported."""
        return self._least(self._feeds[account.code + ("+" if side is Side.DEBIT else "-")])

    def of_feed(self, name: str) -> datetime | None:
        """The least watermark of the systems of a feed's name that have reported at all; None when none has."""
        return self._least(name.removesuffix(BY_PRICE).split(","))

    def _least(self, systems: Iterable[str]) -> datetime | None:
        found = [self.by_system[name] for name in systems if name in self.by_system]
        return min(found, default=None)
