"""The auditor: from what was truly said it works out, transaction by transaction, every balance and every exception, slowly and apart.

It shares nothing with the ledger: it knows papers, the rules of `rules.py` and how far the feeds had reported.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass

from tieout.simulate.catalogue import BY_SKU, MARKETS
from tieout.simulate.clock import HOUR
from tieout.simulate.edi import said
from tieout.simulate.feeds import NEVER, Feeds, is_group_known
from tieout.simulate.paper import Cents, Paper, plain
from tieout.simulate.residual import Entry, Left, flow, left
from tieout.simulate.rules import ACCOUNTS, GRACE, ORDERS, TYPES, Account, Measure, Part, is_asked
from tieout.simulate.story import Plan

Place = tuple[str, str, str]
"""Account, root and key."""
WAITING = 24 * HOUR
"""How long something may wait for its meaning, as the project's settings have it."""
ACCOUNT = "071000013-4410"
"""The company's bank account."""
FURTHER = 1_000_000
"""More papers than a transaction can have: of one that is left to Tieout nobody knows how many will come."""
NAMELESS = ("bank_entry", "order_id")
"""Kinds of reference that name no transaction."""
ROOTS = ("order", "sales_order", "purchase_order", "invoice", "vendor_invoice", "return", "settlement", "payout", "remittance")
SYSTEMS = (
    "shop", "desk", "portal", "edi", "edifact", "mira", "bazaar", "mira_pay", "bazaar_pay", "erp", "wms", "scanner", "threepl", "vendors",
    "freight", "carrier", "bank",
)  # fmt: skip
"""As in the project's settings: of two names of a transaction, its own type and then the earlier system's names it."""


@dataclass(slots=True)
class Stand:
    """An exception as it stands: who owes it, quantity and money, signed like the balance."""

    owner: str
    quantity: int
    unit: str
    cents: Cents | None

    def __str__(self) -> str:
        amounts = [f"{self.quantity} {self.unit}"] if self.quantity else []
        return ", ".join([*amounts, *([f"{plain(self.cents)} USD"] if self.cents else []), f"owed by {self.owner}"])


@dataclass(slots=True)
class Event:
    """From a moment on an exception stands like this, or no more."""

    at: int
    case: str
    stand: Stand | None


def identity(paper: Paper) -> str:
    """The document that a paper is a version of."""
    return f"{paper.system}/{TYPES[paper.kind]}/{paper.number}"


def document(paper: Paper) -> str:
    """The document as the ledger names it in full; the bank's has the account in its name."""
    return f"{paper.system}/{TYPES[paper.kind]}/{ACCOUNT if paper.system == 'bank' else ''}/{paper.number}"


def collects(account: Account, paper: Paper) -> bool:
    """Invoices to customers of a marketplace are settled by it, all others are paid; a collective one is sent and paid as a whole."""
    if "part" in paper.more:
        return account.code not in ("TCO", "EIS", "EIV", "MRV")
    if "parts" in paper.more:
        return account.code in ("TCO", "EIS", "EIV")
    if account.code not in ("TCO", "MRV") or paper.kind not in ("invoice", "invoice_voided", "credit"):
        return True
    return account.code != ("TCO" if paper.more.get("channel") in MARKETS else "MRV")


NAMING = (*ORDERS, "booking", "invoice")
"""Papers that say who the customer is."""
GROUPS = ("group", "group_sent")
"""Papers that only say in which interchange group another one came."""


def waits(paper: Paper, names: Mapping[str, str]) -> bool:
    """Whether a paper is about something that names no transaction by itself and that nobody has linked to one yet."""
    return paper.about.split("/")[1] in NAMELESS and paper.about not in names


Moves = Mapping[str, list[tuple[Account, int, Part]]]
"""For each kind of paper the accounts that it moves, with the sign and what they take of it."""


def moves_of(accounts: Mapping[str, Account]) -> Moves:
    """The accounts by the kinds of paper that move them."""
    found: dict[str, list[tuple[Account, int, Part]]] = defaultdict(list)
    for account in accounts.values():
        for kind, (sign, part) in account.moves.items():
            found[kind].append((account, sign, part))
    return found


class Book:
    """The papers of one transaction that have arrived, and what they come to by some accounts."""

    def __init__(self, accounts: Mapping[str, Account], moves: Moves, customers: Mapping[str, Mapping[str, Account]]) -> None:
        self._accounts = accounts
        self._moves = moves
        self._customers = customers
        self._best: dict[str, Paper] = {}
        self.damaged: list[Paper] = []

    def take(self, paper: Paper) -> None:
        """A paper arrives: the newest version of each document counts, and every interchange group it came in. Of a damaged one at most
        its group does."""
        if "group" in paper.more and (not paper.spoil or is_group_known(paper)):
            kind = "group_sent" if paper.more.get("sent_by_us") else "group"
            group = paper.copy(kind=kind, lines=[], links=(), spoil="", revision=0, void=False)
            self._best[f"{kind} {paper.more['group']}"] = group
        if paper.spoil:
            self.damaged.append(paper)
            return
        name = identity(paper)
        if name not in self._best or paper.revision > self._best[name].revision:
            self._best[name] = paper

    def copy(self) -> "Book":
        """The same, to go on from apart."""
        made = Book(self._accounts, self._moves, self._customers)
        made._best, made.damaged = dict(self._best), list(self.damaged)
        return made

    def waiting(self) -> list[Paper]:
        """What names nothing that the ledger could know."""
        names = self._names()
        return [paper for paper in self._best.values() if paper.kind not in GROUPS and waits(paper, names)]

    def _names(self) -> dict[str, str]:
        return roots(pair for paper in self._best.values() if not paper.void for pair in paper.links)

    def entries(self) -> dict[Place, list[Entry]]:
        """All entries by account, root and key."""
        papers = [paper for paper in self._best.values() if not paper.void]
        names = self._names()
        found: dict[Place, list[Entry]] = defaultdict(list)
        for paper in papers:
            if paper.kind not in GROUPS and waits(paper, names):
                continue
            for account, sign, part in self._moves.get(paper.kind, ()):
                if collects(account, paper):
                    for about, key, quantity, cents in shares(paper, part):
                        occurred, is_day = (paper.more["sent"], False) if part is Part.GROUP else (paper.happened, paper.is_day)
                        entry = Entry(
                            sign,
                            quantity,
                            cents,
                            occurred - occurred % 60 if part is Part.GROUP else occurred,
                            is_day,
                            paper.due,
                            identity(paper),
                        )
                        found[account.code, names.get(about, about), key].append(entry)
        return found

    def stands(self, settled: Callable[[Account], int]) -> Iterator[tuple[str, Account, Left]]:
        """What is open, whether due or not, as (place, account, left); `settled` says up to when both sides of a flow have reported."""
        found = self.entries()
        asking = self._asking()
        customers = self._named() if self._customers else {}
        for (code, root, key), entries in found.items():
            account = self._accounts[code]
            if account.asked and root not in asking:
                continue
            if code == "TFU" and not root.startswith("shop/"):
                continue  # only the web shop wants to know what was shipped
            account = self._customers.get(customers.get(root, ""), self._accounts)[code]
            prices: list[Entry] = []
            for other in account.prices:
                prices = [e for e in found.get((other, root, key), ()) if e.sign > 0 and e.cents is not None]
                if prices:
                    break
            moved = found.get((account.explained_by, root, key), [])
            cover = sum(e.quantity or 0 for e in found.get((account.covered_by, root, key), ()) if e.sign > 0)
            open_ = flow(entries, settled(account)) if account.is_flow else left(account, entries, prices, moved, cover)
            if open_ is not None:
                yield f"{root}#{key}" if key else root, account, open_

    def _asking(self) -> set[str]:
        """The roots whose customers have asked for documents: with an order that has come and still stands."""
        names = self._names()
        placed = [paper for paper in self._best.values() if paper.kind in ORDERS and not paper.void]
        asked = {root for paper in placed if is_asked(root := names.get(paper.about, paper.about))}
        return asked | {paper.more["asks"] for paper in self._best.values() if "asks" in paper.more}

    def _named(self) -> dict[str, str]:
        """Whose orders the roots are, as far as somebody has said so."""
        names = self._names()
        papers = (paper for paper in self._best.values() if paper.kind in NAMING and not paper.void and "customer" in paper.more)
        return {names.get(paper.about, paper.about): paper.more["customer"] for paper in papers}

    def balances(self) -> dict[tuple[str, str, str, str], int]:
        """Plain sums: (root, account, key, unit or `$`) to raised less cleared, in pieces or cents, without the zeros."""
        sums: dict[tuple[str, str, str, str], int] = defaultdict(int)
        for (code, root, key), entries in self.entries().items():
            account = self._accounts[code]
            if (account.asked and not is_asked(root)) or (account.is_paired and len({entry.sign for entry in entries}) < 2):
                continue
            for entry in entries:
                if entry.quantity is not None and account.measure is not Measure.MONEY:
                    sums[root, code, key, account.unit] += entry.sign * entry.quantity
                if entry.cents is not None and account.measure is not Measure.QUANTITY:
                    sums[root, code, key, "$"] += entry.sign * entry.cents
        return {name: amount for name, amount in sums.items() if amount}


def shares(paper: Paper, part: Part) -> Iterator[tuple[str, str, int | None, Cents | None]]:
    """What a part takes of a paper, as (about, key, pieces, cents)."""
    whole = sum(line.value or 0 for line in paper.lines)
    match part:
        case Part.GOODS | Part.LINES:
            for line in paper.lines:
                if line.charge:
                    if part is Part.LINES:
                        yield line.about or paper.about, line.charge, None, line.value
                elif line.quantity is not None:
                    pieces = line.quantity * (BY_SKU[line.item].case if line.unit == "CS" else 1)
                    yield line.about or paper.about, line.item, pieces, line.value
        case Part.TOTAL:
            yield identity(paper), "", None, whole
        case Part.AMOUNTS:
            for line in paper.lines:
                yield line.about or paper.about, "", None, line.value
        case Part.AGAINST:
            yield f"erp/invoice/{paper.more['against']}", "", None, whole
        case Part.PARCELS:
            for parcel in paper.more["parcels"]:
                yield f"*/parcel/{parcel}", "", 1, None
        case Part.MINUS:
            for line in paper.lines:
                yield line.about or paper.about, "", None, None if line.value is None else -line.value
        case Part.LABELS:
            for line in paper.lines:
                yield line.about or paper.about, line.charge, None, line.value
        case Part.COUNT:
            yield paper.about, "", 1, None
        case Part.EACH:
            for line in paper.lines:
                yield line.about or paper.about, "", line.quantity, None
        case Part.BELOW:
            for line in paper.lines:
                if (line.quantity or 0) < 0:
                    yield line.about or paper.about, "", -(line.quantity or 0), None
        case Part.GROUP:
            yield paper.more["group"], "", 1, None
        case Part.SENT:
            yield f"erp/invoice/{paper.more['paper']}", "", None, sum(line.value or 0 for line in said(paper))
        case Part.ONCE:
            yield paper.about, paper.more.get("paper", paper.number), 1, None


def roots(links: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The name of the transaction that each linked reference belongs to."""
    groups: list[set[str]] = []
    for pair in links:
        joined = set(pair)
        for group in [each for each in groups if each & joined]:
            joined |= group
            groups.remove(group)
        groups.append(joined)
    return {reference: min(group, key=_rank) for group in groups for reference in group}


def _rank(reference: str) -> tuple[bool, int, str]:
    system, kind, _ = reference.split("/", 2)
    return kind not in ROOTS, SYSTEMS.index(system), reference


class Watch:
    """One transaction as it unfolds: its book, what is open in it, and the exceptions that stand."""

    def __init__(self, accounts: Mapping[str, Account], moves: Moves, customers: Mapping[str, Mapping[str, Account]], grace: int) -> None:
        self.book = Book(accounts, moves, customers)
        self._grace = grace
        self._open: list[tuple[str, Account, Left]] = []
        self._known: dict[str, Stand] = {}
        self._since = 0

    def begin(self, feeds: Feeds) -> None:
        """Follow it from now on."""
        self._open = self._stands(feeds)

    def copy(self) -> "Watch":
        """The same, to go on from apart."""
        made = copy(self)
        made.book = self.book.copy()
        return made

    def rests(self, until: int) -> bool:
        """Whether nothing can begin or end while no system reports further than to a moment, and nothing arrives."""
        if any(account.is_flow or _due(account, each) + self._grace <= until for _, account, each in self._open):
            return False
        return all(paper.happened + WAITING > until for paper in self.book.waiting())

    def _stands(self, feeds: Feeds) -> list[tuple[str, Account, Left]]:
        """What is open as far as it can be judged now."""
        return list(self.book.stands(lambda a: feeds.upto((*a.over.said_by, *a.under.said_by), self._since) - self._grace))

    def until(self, end: int, arrivals: list[Paper], feeds: Feeds) -> list[Event]:
        """What begins, changes and ends up to a moment, with what arrives before it."""
        found: list[Event] = []
        if any(account.is_flow for _, account, _ in self._open):
            self._open = self._stands(feeds)
        for n, paper in enumerate([None, *arrivals]):
            if paper is not None:
                self._since = paper.delivered
                self.book.take(paper)
                self._open = self._stands(feeds)
            after = arrivals[n].delivered if n < len(arrivals) else end
            if after > self._since:
                found += self._between(after, feeds, arrived=paper is not None)
                self._since = after
        return found

    def _between(self, after: int, feeds: Feeds, *, arrived: bool) -> list[Event]:
        """What begins, changes and ends between two arrivals."""
        open_ = [(place, account, each, _opens(account, each, feeds, self._since, self._grace)) for place, account, each in self._open]
        waiting = [(paper, feeds.when_any(paper.happened + WAITING)) for paper in self.book.waiting()]
        moments = {opens for *_, opens in open_ if self._since <= opens < after} | {at for _, at in waiting if self._since <= at < after}
        found: list[Event] = []
        for at in sorted(moments | {self._since} if arrived else moments):
            standing = _standing([(place, account, each) for place, account, each, opens in open_ if opens <= at])
            for paper in self.book.damaged:
                standing[f"QUA {paper.system}/{paper.kind}/{paper.number}"] = Stand(paper.system, 0, "", None)
            for paper, since in waiting:
                if since <= at:
                    standing[f"WAI {document(paper)}"] = Stand(paper.system, 0, "", None)
            found += [Event(at, case, None) for case in self._known if case not in standing]
            found += [Event(at, case, stand) for case, stand in standing.items() if self._known.get(case) != stand]
            self._known = standing
        return found


class Auditor:
    """All transactions of a world: exceptions of those that a fault struck, balances of all."""

    def __init__(
        self,
        accounts: Mapping[str, Account] = ACCOUNTS,
        grace: int = GRACE,
        quiet: Mapping[str, int] | None = None,
        customers: Mapping[str, Mapping[str, Account]] | None = None,
    ) -> None:
        self._accounts = accounts
        self._moves = moves_of(accounts)
        self._customers = customers or {}
        self._quiet = quiet or {}
        self._silent: set[str] = set()
        self._at = 0
        self._grace = grace
        self.feeds = Feeds()
        self.balances: dict[tuple[str, str, str, str], int] = {}
        """Of the transactions that are done and are not at nothing."""
        self._watches: dict[int, Watch] = {}
        self._papers_left: dict[int, int] = {}
        self._struck: set[int] = set()

    def begin(self, plan: Plan) -> None:
        """A transaction begins."""
        index = plan.order.index
        self._follow(index, FURTHER if plan.is_left or plan.is_told else len([paper for paper in plan.papers if paper.of in (-1, index)]))
        if plan.fault or plan.is_watched:
            self._struck.add(index)
        for other in self._watches.keys() & set(plan.concerns):
            self._struck.add(other)
            self._watches[other].begin(self.feeds)

    def _follow(self, index: int, papers: int) -> None:
        self._watches[index] = Watch(self._accounts, self._moves, self._customers, self._grace)
        self._papers_left[index] = papers

    def hear(self, papers: Iterable[Paper], end: int, silent: Iterable[str] = (), *, is_complete: bool = True) -> list[Event]:
        """What arrives until a moment, and the exceptions that follow. Where it is complete to then, all feeds but the silent ones report
        how far they are."""
        arrivals: dict[int, list[Paper]] = defaultdict(list)
        for paper in papers:
            self.feeds.hear(paper)
            if paper.of != -1:
                arrivals[paper.of].append(paper)
        for system in set(SYSTEMS) - set(silent) if is_complete else ():
            self.feeds.reach(system, end, end)
        for index in arrivals.keys() - self._watches.keys():
            self._follow(index, len(arrivals[index]) + 1)
            self._struck.add(index)
        found = list(self._silence(end))
        for event in found:
            (self._silent.discard if event.stand is None else self._silent.add)(event.case.removeprefix("FED "))
        self._at = end
        horizon = max(end, self.feeds.furthest())
        for index in self._struck | arrivals.keys():
            mine = arrivals.get(index, [])
            watch = self._watches[index]
            if index in self._struck:
                if not mine and watch.rests(horizon):
                    continue
                found += watch.until(end + 1, mine, self.feeds)
            else:
                for paper in mine:
                    watch.book.take(paper)
            self._papers_left[index] -= len(mine)
            if not self._papers_left[index] and index not in self._struck:
                self.balances |= watch.book.balances()
                del self._watches[index]
        found.sort(key=lambda event: event.at)
        return found

    def next(self, coming: Iterable[Paper], by: int) -> int | None:
        """The first moment at which an exception begins or ends, up to one, if what is coming arrives and nothing else does."""
        arrivals: dict[int, list[Paper]] = defaultdict(list)
        with self.feeds.tried():
            for paper in coming:
                self.feeds.hear(paper)
                arrivals[paper.of].append(paper)
            horizon = max(by, self.feeds.furthest())
            found = [
                event.at
                for index in self._struck
                if index in arrivals or not self._watches[index].rests(horizon)
                for event in self._watches[index].copy().until(by + 1, arrivals.get(index, []), self.feeds)
            ]
            found += [event.at for event in self._silence(by)]
        return min(found, default=None)

    def _silence(self, end: int) -> Iterator[Event]:
        """Since the last time: feeds that have reported nothing newer for longer than they may, while others went on; and those that have
        caught up."""
        for system, seconds in self._quiet.items():
            told = self.feeds.changes(system, self._at, end)
            opening = (self.feeds.when_any(to + seconds + 1) for to in (self.feeds.upto((system,), self._at), *(to for _, to in told)))
            is_silent = system in self._silent
            for at in sorted({*(at for at, _ in told), *(at for at in opening if self._at < at <= end)}):
                newest = self.feeds.upto((system,), at)
                if is_silent != (0 < newest < self.feeds.furthest(at) - seconds):
                    is_silent = not is_silent
                    yield Event(at, f"FED {system}", Stand(system, 0, "", None) if is_silent else None)

    def close(self) -> dict[tuple[str, str, str, str], int]:
        """All balances at the end: (root, account, key, unit or `$`) to pieces or cents."""
        for watch in self._watches.values():
            self.balances |= watch.book.balances()
        self._watches.clear()
        return self.balances


def _opens(account: Account, open_: Left, feeds: Feeds, at: int, grace: int) -> int:
    """The moment from which it is known that what is open is overdue."""
    side = account.over if open_.is_over else account.under
    said_by = (*account.over.said_by, *account.under.said_by) if account.is_flow else side.said_by
    known = feeds.when(said_by, _due(account, open_) + grace)
    return NEVER if known == NEVER else max(at, known)


def _due(account: Account, open_: Left) -> int:
    """Until when the next step may take."""
    side = account.over if open_.is_over else account.under
    own = open_.due if account.own_due and open_.is_over else None
    return own if own is not None else side.due(open_.since, is_day=open_.is_day)


def _standing(open_: list[tuple[str, Account, Left]]) -> dict[str, Stand]:
    """The exceptions among what is overdue: what an account upstream shows already is not shown again."""
    made: dict[str, Stand] = {}
    for place, account, each in open_:
        if abs(each.cents or 0) <= account.tolerance and not each.quantity:
            continue
        if any(p == place and other.code in account.upstream and _same(rest, each) for p, other, rest in open_):
            continue
        root = place.split("#", 1)[0]
        if any(other.code == account.held_by and p.split("#", 1)[0] == root for p, other, _ in open_):
            continue
        side = account.over if each.is_over else account.under
        made[f"{account.code}{'+' if each.is_over else '-'} {place}"] = Stand(side.owner, each.quantity, account.unit, each.cents)
    return made


def _same(one: Left, other: Left) -> bool:
    return one.quantity == other.quantity and (bool(one.quantity) or one.cents == other.cents)
