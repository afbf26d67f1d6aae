"""Fallbacks: which row decides, why it must wait, and that no fallback is ever allowed for what is or may still come to be at the target."""

from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_policy import T, command, fallbacks, h, line, owed

from tieout.core.act import Act
from tieout.core.attempt import NEVER, Approved, Attempt, Denied, Move, Sent, Target, advance, next_move
from tieout.core.circuit import Asked, Circuit, Faulted
from tieout.core.circuit import Rules as Opens
from tieout.core.command import Absent, Accepted, Failed, Rejected, State
from tieout.core.values import Ref
from tieout.policy.fallback import Diversion, Fallback, Wait, diversion, diverted, fallback

TABLE = """version = "1"
[[fallback]]
act = "release_shipment"
refused = "*out of stock*"
use_warehouse = "W2"
[[fallback]]
act = "release_shipment"
system = "wms"
circuit_open = ">= 15 min"
use_system = "threepl"
[[fallback]]
failed = ">= 5"
ask = "warehouse"
[[fallback]]
unanswered = ">= 2 h"
use_system = "threepl"
"""
ANYHOW = fallbacks('version = "1"\n[[fallback]]\nuse_system = "other"\n')
RELEASE = command(Act.RELEASE_SHIPMENT, [line("1", None)], system="wms", account="TSH")
TARGET = Target(settle=timedelta(minutes=10), first=timedelta(seconds=1), longest=timedelta(minutes=1))


def down(since: datetime) -> Circuit:
    """A circuit that opened then, and was probed in vain since."""
    rules = Opens(faults_max=1, wait=timedelta(minutes=1))
    circuit = Circuit(since).after(Faulted("no answer"), since, rules)
    later = since + timedelta(minutes=2)
    return circuit.after(Asked(), later, rules).after(Faulted("no answer"), later, rules)


def refused(reason: str) -> Attempt:
    return advance(advance(Attempt(), Sent(), TARGET, T), Rejected(reason), TARGET, T)


def test_a_refusal_that_matches_goes_to_the_other_warehouse_and_bars_it_no_more() -> None:
    done = fallback(RELEASE, refused("Item 1 is OUT OF STOCK"), None, fallbacks(TABLE), T)
    said = "fallbacks 1 row 1 decided because act is release_shipment and refused is Item 1 is OUT OF STOCK (*out of stock*)"
    assert done == Fallback(Act.RELEASE_SHIPMENT, said, use_warehouse="W2", releases=True)
    assert fallback(RELEASE, refused("Unknown item"), None, fallbacks(TABLE), T) is None


def test_a_circuit_is_open_since_it_was_last_closed_also_through_failed_probes() -> None:
    circuit = down(T)
    assert circuit.since == T + timedelta(minutes=2)
    assert fallback(RELEASE, Attempt(), circuit, fallbacks(TABLE), T + timedelta(minutes=14)) is None
    done = fallback(RELEASE, Attempt(), circuit, fallbacks(TABLE), T + timedelta(minutes=15))
    assert isinstance(done, Fallback)
    assert (done.use_system, done.releases) == ("threepl", False)
    assert done.rule.startswith("fallbacks 1 row 2 decided because circuit open for 15 min >= 15 min")


@pytest.mark.parametrize(
    ("attempt", "why"),
    [
        (Attempt(State.SENDING, sent_at=T), "it is being sent"),
        (Attempt(State.UNKNOWN, sent_at=T, doubt_at=T), "it may have reached the target; a probe has to find nothing of it, twice"),
        (Attempt(State.ACCEPTED), "the target has accepted it; it has to be cancelled there first"),
        (
            Attempt(State.QUEUED, documents=(Ref("wms/shipment/1"),)),
            "the target has named a document for it; that has to be cancelled there first",
        ),
    ],
)
def test_what_may_be_at_the_target_waits_and_says_why(attempt: Attempt, why: str) -> None:
    assert fallback(RELEASE, attempt, None, ANYHOW, h(3)) == Wait(why, "fallbacks 1 row 1 decided because it is for everything")


def test_without_an_answer_for_long_means_neither_accepted_nor_refused() -> None:
    found = fallback(RELEASE, Attempt(State.UNKNOWN, sent_at=T, doubt_at=T), None, fallbacks(TABLE), h(3), issued_at=T)
    assert isinstance(found, Wait)
    assert found.rule.startswith("fallbacks 1 row 4 decided because without an answer for 180 min >= 120 min")
    for attempt in (Attempt(State.ACCEPTED), refused("Unknown item")):
        assert fallback(RELEASE, attempt, None, fallbacks(TABLE), h(3), issued_at=T) is None


@pytest.mark.parametrize("state", [State.HELD, State.CONFIRMED, State.CANCELLED])
def test_what_is_over_or_held_has_no_fallback(state: State) -> None:
    assert fallback(RELEASE, Attempt(state), None, ANYHOW, T) is None


def test_what_a_person_denied_is_not_sent_another_way() -> None:
    denied = advance(Attempt(State.HELD), Denied("out of stock, says Ann"), TARGET, T)
    tried = advance(advance(Attempt(), Sent(), TARGET, T), Failed("connect", "refused"), TARGET, T)
    for attempt in (denied, advance(tried, Denied("out of stock"), TARGET, h(1))):
        assert fallback(RELEASE, attempt, None, fallbacks(TABLE), h(2)) is None
        assert fallback(RELEASE, attempt, None, ANYHOW, h(2)) is None
    assert fallback(RELEASE, advance(Attempt(State.HELD), Approved(), TARGET, T), None, ANYHOW, h(2)) is not None


def test_a_person_may_be_asked_whatever_is_at_the_target() -> None:
    unknown = Attempt(State.UNKNOWN, failures=5, sent_at=T, doubt_at=T)
    done = fallback(RELEASE, unknown, None, fallbacks(TABLE), T)
    assert isinstance(done, Fallback)
    assert (done.ask, diversion(done)) == ("warehouse", None)


def test_no_way_is_gone_twice() -> None:
    there = command(Act.RELEASE_SHIPMENT, system="threepl", warehouse="W2", account="TSH")
    assert fallback(there, refused("out of stock"), down(T), fallbacks(TABLE), h(3), issued_at=T) is None
    again = fallback(RELEASE, Attempt(), down(T), fallbacks(TABLE), h(3), issued_at=T, tried=["threepl"])
    assert again is None


def test_a_diversion_changes_the_warehouse_for_the_decision_and_nothing_else() -> None:
    found = owed(warehouse="W1", customer="BIGBOX")
    other = diverted(found, [Diversion(Act.RELEASE_SHIPMENT, use_warehouse="W2"), Diversion(Act.RELEASE_SHIPMENT, "threepl")])
    assert other.notes == {"warehouse": "W2", "customer": "BIGBOX"}
    assert found.notes["warehouse"] == "W1"
    assert diverted(found, []) is found


class World:
    """One command and a target that commits late, loses answers, refuses and forgets, within what it declares."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)
        remembers = self.dice.choice((NEVER, timedelta(minutes=30), timedelta(days=1)))
        self.target = Target(timedelta(minutes=10), remembers, timedelta(seconds=1), timedelta(minutes=2))
        self.attempt, self.now = Attempt(), T
        self.commits: list[datetime] = []
        """When a request was or will be committed."""
        self.doubted = False

    @property
    def is_there(self) -> bool:
        return any(at <= self.now for at in self.commits)

    def step(self) -> None:
        self.now += timedelta(seconds=self.dice.choice((5, 60, 400, 1200)))
        move = next_move(self.attempt, self.target, self.now)
        if move.at > self.now or move.move is Move.NOTHING:
            return
        if move.move is Move.PROBE:
            self.tell(Accepted() if self.is_there else Absent())
            return
        self.tell(Sent())
        self.check()
        self.now += timedelta(seconds=self.dice.choice((1, 30)))
        self.tell(self.answer())

    def answer(self) -> Accepted | Rejected | Failed:
        """A target that knows the key again does not commit a second time, and answers what it did."""
        if self.is_there and self.target.remembers:
            return Accepted()
        kind = self.dice.choice(("good", "refused", "refused", "unreachable", "lost", "lost", "lost", "late"))
        if kind == "good":
            self.commits.append(self.now)
            return Accepted()
        if kind == "refused":
            return Rejected("out of stock")
        if kind == "unreachable":
            return Failed("connect", "nobody there")
        self.doubted = True
        if kind == "late":
            self.commits.append(self.now + self.target.settle * self.dice.random())
        return Failed("timeout", "no answer", in_doubt=True)

    def tell(self, event: Sent | Accepted | Rejected | Failed | Absent) -> None:
        self.attempt = advance(self.attempt, event, self.target, self.now, self.dice.random())

    def check(self) -> bool:
        """True when a fallback is allowed: then nothing of it is at the target, and nothing will come there."""
        found = fallback(RELEASE, self.attempt, None, ANYHOW, self.now)
        assert found is not None or self.attempt.state is State.CONFIRMED
        if isinstance(found, Fallback):
            assert not self.commits, (self.attempt, self.commits, self.now)
        return isinstance(found, Fallback)


def play(seed: int) -> World:
    world = World(seed)
    for _ in range(40):
        world.step()
        world.check()
    return world


@given(st.integers(0, 10**9))
def test_a_fallback_is_allowed_only_when_nothing_is_at_the_target_nor_will_be(seed: int) -> None:
    play(seed)


def test_the_histories_above_are_worth_something() -> None:
    """Among some of them a fallback is allowed after a doubt was cleared, and many end at the target."""
    worlds = [play(seed) for seed in range(300)]
    assert sum(1 for w in worlds if w.doubted and not w.commits and w.check()) > 20
    assert sum(1 for w in worlds if w.commits) > 100


def test_the_count_of_failures_is_what_the_table_sees() -> None:
    five = Attempt(failures=5)
    done = fallback(RELEASE, five, None, fallbacks(TABLE), T)
    assert isinstance(done, Fallback)
    assert done.rule == "fallbacks 1 row 3 decided because failed 5 >= 5"
    assert fallback(RELEASE, Attempt(failures=4), None, fallbacks(TABLE), T) is None
