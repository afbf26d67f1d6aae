"""The life of one command: every transition, and what takes doubt away (rule 26)."""

from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieout.core.attempt import (
    FLYING,
    OPEN,
    TRANSITIONS,
    Abandoned,
    Approved,
    Attempt,
    Confirmed,
    Denied,
    Move,
    Retried,
    Sent,
    Target,
    Withdrawn,
    advance,
    next_move,
    wait_max,
)
from tieout.core.command import Absent, Accepted, Failed, Rejected, State
from tieout.core.values import Ref

T = datetime(2026, 3, 2, 9, tzinfo=UTC)
FORGETFUL = Target(settle=timedelta(seconds=90))
KEYED = Target(settle=timedelta(seconds=90), remembers=timedelta(hours=24))
DOUBT = Failed("timeout", "no answer in 30 s", in_doubt=True)
DOWN = Failed("connect", "refused")
EVENTS = [
    Sent(),
    Approved(),
    Denied("no"),
    Withdrawn("gone"),
    Confirmed(),
    Retried(),
    Abandoned("looked"),
    Accepted(),
    Rejected("no"),
    DOUBT,
    Absent(),
]


def s(seconds: float) -> datetime:
    return T + timedelta(seconds=seconds)


def lived(*events: tuple[float, object], target: Target = FORGETFUL, state: State = State.QUEUED) -> Attempt:
    attempt = Attempt(state)
    for seconds, event in events:
        attempt = advance(attempt, event, target, s(seconds), share=0)
    return attempt


@pytest.mark.parametrize(("state", "event"), list(product(State, EVENTS)))
def test_what_the_table_does_not_have_crashes_and_what_it_has_leads_where_it_says(state: State, event: object) -> None:
    before = Attempt(state, sent_at=T, doubt_at=T if state is State.UNKNOWN else None)
    allowed = TRANSITIONS.get((state, type(event)))
    if allowed is None:
        with pytest.raises(ValueError, match=f"a command that is {state} cannot be"):
            advance(before, event, KEYED, s(1))
    else:
        assert advance(before, event, KEYED, s(1)).state in allowed


def test_the_page_has_the_same_table() -> None:
    page = Path(__file__).parents[2] / "docs" / "explanation" / "how-a-command-travels.md"
    rows = [line.strip("| ").split(" | ") for line in page.read_text("utf-8").splitlines() if line.startswith("| ") and line.count("|") == 4]
    states = {state.value for state in State}
    said = {(state, event): tuple(after.split(", ")) for state, event, after in rows if state in states}
    assert said == {(state, event.__name__.lower()): after for (state, event), after in TRANSITIONS.items()}


def test_the_end_is_the_end() -> None:
    assert {state for state, _ in TRANSITIONS} == OPEN | {State.REFUSED, State.CONFIRMED}
    assert OPEN >= FLYING
    for state in (State.REFUSED, State.CONFIRMED):
        assert advance(Attempt(state), Retried(), FORGETFUL, T) == Attempt(state, released=True)


def test_the_straight_way() -> None:
    documents = (Ref("erp/invoice/90012"),)
    attempt = lived((0, Approved()), (1, Sent()), (2, Accepted(documents)), (60, Confirmed()), state=State.HELD)
    assert (attempt.state, attempt.documents, attempt.sent_at) == (State.CONFIRMED, documents, s(1))


def test_a_failure_that_did_not_leave_us_is_queued_again_after_a_growing_wait_with_full_jitter() -> None:
    sent = lived((0, Sent()))
    assert advance(sent, DOWN, FORGETFUL, s(1), share=0.5).not_before == s(1.5)
    again = advance(advance(sent, DOWN, FORGETFUL, s(1), share=1), Sent(), FORGETFUL, s(9))
    assert advance(again, DOWN, FORGETFUL, s(10), share=1).not_before == s(12)
    slow = advance(again, Failed("rate-limit", "later", retry_after=40), FORGETFUL, s(10), share=0)
    assert (slow.state, slow.not_before, next_move(slow, FORGETFUL, s(11))) == (State.QUEUED, s(50), (Move.SEND, s(50)))
    assert [wait_max(n, FORGETFUL).total_seconds() for n in (1, 2, 3, 9, 10**9)] == [1, 2, 4, 256, 300]


def test_rule_26_a_time_out_after_sending_is_unknown_and_only_a_probe_may_follow() -> None:
    unknown = lived((0, Sent()), (30, DOUBT))
    assert (unknown.state, next_move(unknown, FORGETFUL, s(31))) == (State.UNKNOWN, (Move.PROBE, s(31)))
    with pytest.raises(ValueError, match="sent again only to a target that knows its key, or after two absent probes"):
        advance(unknown, Sent(), FORGETFUL, s(10_000))


def test_rule_26_two_absent_probes_a_settle_time_apart_end_the_doubt() -> None:
    once = lived((0, Sent()), (30, DOUBT), (31, Absent()))
    assert next_move(once, FORGETFUL, s(32)) == (Move.PROBE, s(121))
    early = advance(once, Absent(), FORGETFUL, s(120))
    assert (early.state, early.absent_at) == (State.UNKNOWN, s(31))
    free = advance(early, Absent(), FORGETFUL, s(121))
    assert (free.state, free.doubt_at, next_move(free, FORGETFUL, s(121))) == (State.QUEUED, None, (Move.SEND, s(121)))


def test_rule_26_an_absent_probe_of_an_earlier_attempt_says_nothing_of_a_later_one() -> None:
    resent = lived((0, Sent()), (30, DOUBT), (31, Absent()), (121, Absent()), (122, Sent()), (152, DOUBT))
    assert (resent.state, resent.absent_at) == (State.UNKNOWN, None)
    assert advance(resent, Absent(), FORGETFUL, s(153)).state is State.UNKNOWN


def test_rule_26_a_probe_before_a_repetition_does_not_count_for_it() -> None:
    attempt = lived((0, Sent()), (30, DOUBT), (31, Absent()), (100, Sent()), (130, DOUBT), (131, Absent()), target=KEYED)
    assert (attempt.state, attempt.absent_at) == (State.UNKNOWN, s(131))


def test_rule_26_a_probe_that_fails_is_no_answer() -> None:
    attempt = lived((0, Sent()), (30, DOUBT), (31, Absent()), (121, DOWN))
    assert (attempt.state, attempt.absent_at) == (State.UNKNOWN, s(31))


def test_rule_26_found_is_accepted_and_so_is_a_late_answer() -> None:
    found = lived((0, Sent()), (30, DOUBT), (31, Absent()), (200, Accepted((Ref("erp/invoice/1"),))))
    assert (found.state, found.documents) == (State.ACCEPTED, ("erp/invoice/1",))


def test_rule_26_a_target_that_knows_the_key_is_simply_sent_it_again_while_it_does() -> None:
    unknown = lived((0, Sent()), (30, DOUBT), target=KEYED)
    assert next_move(unknown, KEYED, s(31)).move is Move.SEND
    resent = lived((0, Sent()), (30, DOUBT), (31, Sent()), target=KEYED)
    assert (resent.state, resent.sent_at) == (State.SENDING, T)
    forgets_at = 24 * 3600 - 90
    assert next_move(unknown, KEYED, s(forgets_at - 1)).move is Move.SEND
    assert next_move(unknown, KEYED, s(forgets_at)).move is Move.PROBE
    with pytest.raises(ValueError, match="sent again only"):
        advance(unknown, Sent(), KEYED, s(forgets_at))


@pytest.mark.parametrize("later", [DOWN, Rejected("period closed")])
def test_rule_26_nothing_that_a_later_attempt_is_told_ends_the_doubt_of_an_earlier_one(later: object) -> None:
    attempt = lived((0, Sent()), (30, DOUBT), (31, Sent()), (32, later), target=KEYED)
    assert (attempt.state, attempt.doubt_at) == (State.UNKNOWN, s(30))


def test_a_refusal_counts_when_what_was_in_doubt_can_no_longer_come() -> None:
    attempt = lived((0, Sent()), (30, DOUBT), (119, Sent()), (120, Rejected("period closed")), target=KEYED)
    assert (attempt.state, attempt.reason) == (State.REFUSED, "period closed")


def test_several_answers_add_up() -> None:
    attempt = lived((0, Sent()), (1, Accepted((Ref("a/b/1"),))), (2, Accepted((Ref("a/b/2"), Ref("a/b/1")))))
    assert attempt.documents == ("a/b/1", "a/b/2")


@given(st.lists(st.tuples(st.sampled_from([*EVENTS, DOWN]), st.integers(0, 200)), max_size=30), st.booleans())
def test_rule_26_no_way_leads_to_a_second_send_while_the_first_may_still_be_done(steps: list[tuple[object, int]], keyed: bool) -> None:
    """Whatever happens in whatever order: from an attempt in doubt to the next send lie a settle time and two absent probes, or a key."""
    target, attempt, now = KEYED if keyed else FORGETFUL, Attempt(), T
    in_doubt_since: datetime | None = None
    absent: list[datetime] = []
    for event, seconds in steps:
        now += timedelta(seconds=seconds)
        before = attempt
        try:
            attempt = advance(before, event, target, now)
        except ValueError:
            continue
        if isinstance(event, Failed) and event.in_doubt and before.state is State.SENDING:
            in_doubt_since, absent = now, []
        if isinstance(event, Absent):
            absent.append(now)
        if isinstance(event, Sent):
            if in_doubt_since is not None and not keyed:
                assert len(absent) >= 2
                assert absent[-1] - absent[0] >= target.settle
            absent = []
            if attempt.doubt_at is None:
                in_doubt_since = None
