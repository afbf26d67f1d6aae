"""A seeded history: something comes to be owed, the real `decide` and `advance` drive a hostile target, and everything is checked.

An ERP that is told to invoice what was shipped, or a warehouse that is told to ship what was booked and does it little by little.

The loop around them is the least there can be: a list of commands, statements that arrive late, twice and out of order,
and a clock that only this file moves. `Naive` names the ways of doing it that look right; each breaks.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from random import Random

import msgspec
from target import SETTLE, TIMEOUT, Made, Manner, Target

from ground_rules import Feeds, PlainRules, posting
from tieout.core.account import Posting
from tieout.core.attempt import OPEN, Approved, Attempt, Confirmed, Denied, Move, Retried, Sent, Withdrawn, advance, next_move
from tieout.core.attempt import Target as Bounds
from tieout.core.command import Accepted, Command, Failed, State
from tieout.core.decide import Decision, Verdict, decide
from tieout.core.evaluate import evaluate
from tieout.core.flight import Issued
from tieout.core.ground import Ruling, Standing
from tieout.core.residual import View, view
from tieout.core.values import Ref
from tieout.flows import accounts
from tieout.policy import CompanyPolicy

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
ITEMS = ("A", "B")
ROOT = "shop/order/1"
ZERO = Decimal(0)


def _large(command: Command, found: View) -> Ruling | None:
    """A checkpoint of the company: five of anything need an approver."""
    return Ruling(holds=any((line.quantity or 0) >= 5 for line in command.lines), rule="row 1: five or more")


def _none(command: Command, found: View) -> Ruling | None:
    return None


class Naive(StrEnum):
    """Rules that look right."""

    ANSWER_AS_PROOF = "the answer is taken for the proof"
    TIMEOUT_AS_FAILURE = "a time-out is taken for a failure"
    QUANTITY_AS_KEY = "the quantity is the idempotency key"
    PROBE_TOO_EARLY = "one probe, at once, decides"
    FINAL_IGNORED = "the final quantity that the target named is ignored"
    REFUSAL_FORGOTTEN = "what was refused is owed, so it is sent again"
    NO_SECOND_LOOK = "what was decided is sent, whatever has happened since"
    DEAD_KEY = "the key is trusted for ever, the target forgets it"
    LATER_ANSWER_ENDS_DOUBT = "what a later attempt is told holds for the earlier one too"


class Broken(AssertionError):
    """A promise that did not hold; the message begins with its name."""


@dataclass
class History:
    seed: int
    manner: Manner
    naive: Naive | None = None
    has_clerk: bool = True
    has_corrections: bool = True
    now: datetime = START
    shipped: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(ITEMS, ZERO))
    by_clerk: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(ITEMS, ZERO))
    corrected: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(ITEMS, ZERO))
    shipments: dict[str, tuple[int, str, Decimal]] = field(default_factory=dict)
    versions: dict[str, tuple[int, Posting | None]] = field(default_factory=dict)
    withdrawn: dict[Ref, str] = field(default_factory=dict)
    issued: dict[str, Issued] = field(default_factory=dict)
    events: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)
    count: int = 0

    def __post_init__(self) -> None:
        self.dice = Random(self.seed)
        self.target = Target(self.manner, self.dice)
        remembers = timedelta(days=30) if self.manner.knows_again else timedelta(0)
        if self.naive is Naive.DEAD_KEY:
            remembers = timedelta(days=30)
        settle = timedelta(0) if self.naive is Naive.PROBE_TOO_EARLY else SETTLE
        self.bounds = Bounds(settle, remembers, first=timedelta(seconds=5), longest=timedelta(seconds=60))
        self.owes = "TSH+" if self.manner.is_gradual else "SNI+"
        self.rules = PlainRules(
            anonymous=("erp", "wms") if self.manner.is_anonymous else (), checkpoint=_large if self.seed % 3 == 0 else _none
        )

    # The world ----------------------------------------------------------------------------------------------------------

    def run(self, steps: int = 24) -> "History":
        """Play, then let everything work again and come to rest."""
        for _ in range(steps):
            self._act()
            self.settle()
            self._dispatch()
            self._pass(timedelta(seconds=self.dice.randint(0, 60)))
        self.target.faults = self.target.is_down = self.target.refuses = False
        self._rest()
        self._check_end()
        return self

    def _act(self) -> None:
        chance = self.dice.random()
        if chance < 0.35:
            item, amount = self.dice.choice(ITEMS), Decimal(self.dice.randint(1, 6))
            identity = f"source/document//S{self.count}"
            self.shipped[item] += amount
            self.shipments[identity] = (0, item, amount)
            self._say(identity, 0, self.owes, {item: amount})
        elif chance < 0.4 and self.shipments and self.has_corrections:
            self._correct(self.dice.choice(sorted(self.shipments)))
        elif chance < 0.5 and self.has_clerk:
            item, amount = self.dice.choice(ITEMS), Decimal(self.dice.randint(1, 6))
            self.by_clerk[item] += amount
            self._state(self.target.clerk({item: amount}, self.now))
        elif chance < 0.55 and self.has_clerk:
            self._delete()
        elif chance < 0.65:
            self.target.is_down = not self.target.is_down
        elif chance < 0.75:
            self.target.refuses = not self.target.refuses
        for key, one in self.issued.items():
            if one.attempt.state is State.HELD and self.dice.random() < 0.3:
                self._step(key, Approved() if self.dice.random() < 0.8 else Denied("not today"))

    def _correct(self, identity: str) -> None:
        """The warehouse corrects a shipment: less has left than it said."""
        revision, item, amount = self.shipments[identity]
        less = Decimal(self.dice.randint(0, int(amount)))
        self.shipments[identity] = (revision + 1, item, amount - less)
        self.shipped[item] -= less
        self.corrected[item] += less
        self._say(identity, revision + 1, self.owes, {item: amount - less})

    def _delete(self) -> None:
        """Somebody deletes a document of ours by hand. Not in a system that names nothing: there a person has to end the command."""
        ours = [d for d in self.target.documents if d.key in self.issued]
        if self.manner.is_anonymous or self.manner.is_gradual:
            ours = []
        if ours:
            gone = self.dice.choice(ours)
            self.target.delete(gone)
            self._say(f"erp/invoice//{gone.number}", 1, "", {}, command=gone.key)

    def _say(self, identity: str, revision: int, move: str, lines: dict[str, Decimal], **notes: str) -> None:
        """A statement arrives, perhaps late, perhaps twice, never in order; the greatest revision counts."""
        made = posting(identity, move, lines, self.now, **notes) if move else None

        def arrive() -> None:
            if self.versions.get(identity, (-1, None))[0] < revision:
                self.versions[identity] = (revision, made)
                if made is None:
                    self.withdrawn[Ref(identity.replace("//", "/"))] = notes["command"]

        for _ in range(self.dice.choice((1, 1, 2))):
            wait = 0 if not self.target.faults else self.dice.choice((0, 0, 5, 40, 300))
            self._at(self.now + timedelta(seconds=wait), arrive)

    def _known(self) -> list[Issued]:
        """The commands, each with those of its documents that the ledger knows to be gone."""
        made = []
        for key, one in self.issued.items():
            gone = [r for r, made_for in self.withdrawn.items() if r in one.attempt.documents or (self.manner.echoes and made_for == key)]
            made.append(msgspec.structs.replace(one, gone=tuple(gone)))
        return made

    def _state(self, made: Made) -> None:
        """The target states what it has done; a warehouse in pieces, as it gets round to them."""
        notes = {}
        if made.key and (self.manner.echoes or (self.manner.is_gradual and self.manner.names)):
            notes["command"] = made.key if self.manner.echoes else self.target.reference(made)
        if not self.manner.is_gradual:
            self._say(f"erp/invoice//{made.number}", 0, "SNI-", dict(made.lines), **notes)
            return
        for item, amount in made.lines.items():
            first = Decimal(self.dice.randint(0, int(amount)))
            for piece, some in enumerate((first, amount - first)):
                if some:
                    identity = f"wms/shipment//{made.number}.{item}{piece}"
                    self._at(
                        self.now + timedelta(seconds=piece * 500), lambda i=identity, of=item, n=some: self._say(i, 0, "TSH-", {of: n}, **notes)
                    )

    @property
    def book(self) -> list[Posting]:
        """The effective postings."""
        return [posting for _, posting in self.versions.values() if posting is not None]

    def _at(self, when: datetime, what: Callable[[], object]) -> None:
        self.count += 1
        heapq.heappush(self.events, (when, self.count, what))  # type: ignore[arg-type]

    def _pass(self, time: timedelta) -> None:
        """Time passes, and what falls into it happens in order; the ledger looks after each."""
        until = self.now + time
        while self.events and self.events[0][0] <= until:
            self.now, _, what = heapq.heappop(self.events)
            what()
            self.settle()
        self.now = until

    # The ledger ---------------------------------------------------------------------------------------------------------

    def decisions(self) -> list[Decision]:
        book = self.book
        found = view(ROOT, book)
        items = evaluate(found, accounts(), CompanyPolicy({}), Feeds(self.now), self.now)
        return decide(Standing(found, book, items, self._known()), self.rules, self.now)

    def settle(self) -> None:
        """Carry out what is decided; decided again, nothing is left to do."""
        if self._carry_out(self.decisions()) and self._carry_out(self.decisions()) and self.naive is None:
            raise Broken("level: decided twice, there was something new")
        covered = [line.line for one in self.issued.values() if one.attempt.state in OPEN for line in one.command.lines]
        if len(covered) != len(set(covered)):
            raise Broken("one open command per subject")

    def _carry_out(self, decisions: list[Decision]) -> int:
        done = 0
        for decision in decisions:
            command = decision.command
            match decision.verdict:
                case Verdict.ISSUE | Verdict.HOLD:
                    assert command is not None
                    if command.key in self.issued:
                        raise Broken("key: used twice")
                    if self.naive is Naive.NO_SECOND_LOOK and any(self._overlaps(command, one) for one in self.issued.values()):
                        continue
                    self._hammers(decision)
                    state = State.HELD if decision.verdict is Verdict.HOLD else State.QUEUED
                    self.issued[command.key] = Issued(command, decision.because, Attempt(state))
                case Verdict.WITHDRAW:
                    if self.naive is Naive.NO_SECOND_LOOK:
                        continue
                    self._step(command.key, Withdrawn(decision.reason))
                case Verdict.CONFIRM:
                    self._step(command.key, Confirmed())
                case Verdict.NOTHING:
                    continue
            done += 1
        return done

    def _overlaps(self, command: Command, one: Issued) -> bool:
        return one.attempt.state in OPEN and bool(self._lines(command).keys() & self._lines(one.command).keys())

    def _step(self, key: str, event: object) -> None:
        one = self.issued[key]
        after = advance(one.attempt, event, self.bounds, self.now, self.dice.random())
        leave = "an approver" if isinstance(event, Approved) else one.leave
        self.issued[key] = msgspec.structs.replace(one, attempt=after, leave=leave)

    # The dispatcher -------------------------------------------------------------------------------------------------------

    def _dispatch(self) -> None:
        for key in sorted(self.issued):
            one = self.issued[key]
            move, at = next_move(one.attempt, self.bounds, self.now)
            if move is Move.NOTHING or at > self.now:
                continue
            if move is Move.SEND:
                self._send(one.command)
            else:
                self._hear(key, self.target.probe(self._name(one.command), self._lines(one.command)))

    def _send(self, command: Command) -> None:
        key, lines = command.key, self._lines(command)
        if self.issued[key].attempt.state is State.QUEUED:
            self._still_owed(lines)
        self._step(key, Sent())
        if self.naive is Naive.LATER_ANSWER_ENDS_DOUBT:
            one = self.issued[key]
            self.issued[key] = msgspec.structs.replace(one, attempt=msgspec.structs.replace(one.attempt, doubt_at=None))
        way = self.target.way(self.now)
        answer: list[object] = []
        if way.commits_at is not None:
            self._at(way.commits_at, lambda: answer.append(self._commit(command, lines)))
        given_up = self.now + TIMEOUT
        if way.lost_before_us:
            self._at(way.heard_at, lambda: self._hear(key, Failed("connect", "unreachable")))
        elif way.answered and way.heard_at <= given_up:
            self._at(way.heard_at, lambda: self._hear(key, answer[0]))
        else:
            in_doubt = self.naive is not Naive.TIMEOUT_AS_FAILURE
            self._at(given_up, lambda: self._hear(key, Failed("timeout", "no answer in time", in_doubt=in_doubt)))
            if way.answered:
                self._at(way.heard_at, lambda: self._hear_late(key, answer[0]))

    def _commit(self, command: Command, lines: dict[str, Decimal]) -> object:
        name = self._name(command)
        outcome, made = self.target.commit(name, lines, self.now)
        if made is not None:
            self._state(made)
            self._check_target()
        return outcome

    def _hear(self, key: str, outcome: object) -> None:
        if self.naive is Naive.FINAL_IGNORED and isinstance(outcome, Accepted):
            outcome = Accepted(outcome.documents)
        self._step(key, outcome)
        if self.naive is Naive.PROBE_TOO_EARLY and self.issued[key].attempt.absent_at is not None:
            self._step(key, outcome)
        if self.naive is Naive.ANSWER_AS_PROOF and self.issued[key].attempt.state is State.ACCEPTED:
            self._step(key, Confirmed())
        if self.naive is Naive.REFUSAL_FORGOTTEN and self.issued[key].attempt.state is State.REFUSED:
            self._step(key, Retried())

    def _hear_late(self, key: str, outcome: object) -> None:
        """An answer after the time-out: welcome if we still wonder, else no news."""
        if self.issued[key].attempt.state is State.UNKNOWN and isinstance(outcome, Accepted):
            self._hear(key, outcome)

    def _name(self, command: Command) -> str:
        if self.naive is Naive.QUANTITY_AS_KEY:
            return f"{command.account} {command.group} {sorted(self._lines(command).items())}"
        return command.key

    @staticmethod
    def _lines(command: Command) -> dict[str, Decimal]:
        return {line.line: line.quantity for line in command.lines if line.quantity is not None}

    def _rest(self) -> None:
        """A person lets refused commands be tried again; then time runs until nothing is under way."""
        for _ in range(60):
            for key, one in self.issued.items():
                refused = one.attempt.state is State.REFUSED or (one.attempt.state is State.CONFIRMED and 0 in one.attempt.final.values())
                if refused and not one.attempt.released:
                    self._step(key, Retried())
                elif one.attempt.state is State.HELD:
                    self._step(key, Approved())
            self.settle()
            self._dispatch()
            if not self.events and not any(one.attempt.state in OPEN for one in self.issued.values()):
                return
            self._pass(timedelta(seconds=60))

    # The promises ---------------------------------------------------------------------------------------------------------

    def _check_target(self) -> None:
        ours = [document for document in self.target.ever if document.key]
        if len({document.key for document in ours}) != len(ours):
            raise Broken("once: a document was made twice for one intent")
        ours = [document for document in self.target.documents if document.key]
        for item in ITEMS:
            if sum((d.lines.get(item, ZERO) for d in ours), ZERO) > self.shipped[item] + self.corrected[item]:
                raise Broken("never more: we had more invoiced than was shipped")

    def _still_owed(self, lines: dict[str, Decimal]) -> None:
        for item, amount in lines.items():
            net = ZERO
            for one in self.book:
                for group in one.groups:
                    sign = 1 if group.moves[0].endswith("+") else -1
                    net += sum((sign * row.quantity for row in group.rows if row.key == item), ZERO)
            if amount > net:
                raise Broken("look again: sent what the ledger knew was not owed")

    def _hammers(self, decision: Decision) -> None:
        """The same sums were refused before, and neither time nor person said to try again."""
        last: dict[str, Issued] = {}
        for one in self.issued.values():
            if one.attempt.state is not State.CANCELLED:
                last |= dict.fromkeys(self._lines(one.command), one)
        for one in (last[key] for key in decision.keys if key in last):
            attempt = one.attempt
            asked = attempt.released and self.naive is not Naive.REFUSAL_FORGOTTEN
            timed = attempt.again_at is not None and attempt.again_at <= self.now
            if attempt.state is State.REFUSED and not asked and not timed and one.because == decision.because:
                raise Broken("refused: the same was asked again")

    def _check_end(self) -> None:
        still = [one for one in self.issued.values() if one.attempt.state in OPEN]
        if still:
            raise Broken(f"quiet: command {still[0].command.number} is {still[0].attempt.state}")
        invoiced = {item: sum((d.lines.get(item, ZERO) for d in self.target.documents), ZERO) for item in ITEMS}
        for item in ITEMS:
            left = self.shipped[item] - invoiced[item]
            if left > 0:
                raise Broken(f"nothing left: {left} of {item} were never invoiced")
            if -left > self.by_clerk[item] + self.corrected[item]:
                raise Broken("only the clerk: more was invoiced than shipped, and not by hand")
        ours = [document for document in self.target.ever if document.key]
        done = [one for one in self.issued.values() if one.attempt.state is State.CONFIRMED]
        if len(ours) != len(done) or {d.key for d in ours} != {one.command.key for one in done}:
            raise Broken("as many documents as intents")
