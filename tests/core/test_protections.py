"""The protections of dispatch as values: circuit breaker, backoff, rate limit."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieout.core.backoff import backoff
from tieout.core.circuit import Answered, Asked, Circuit, Faulted, Rules, Stage, event_of
from tieout.core.command import Absent, Accepted, Failed, Rejected
from tieout.core.rate import Bucket, Rate

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
RULES = Rules(faults_max=3, percent=50, calls_min=10, calls_max=20)
DOWN = Faulted("POST https://erp/orders: Connection refused.")


def after(events, circuit=None, step=1):
    circuit, now = circuit or Circuit(START), START
    for event in events:
        now += timedelta(seconds=step)
        circuit = circuit.after(event, now, RULES)
    return circuit, now


def test_opens_after_faults_in_a_row_and_says_why():
    circuit, now = after([DOWN, DOWN])
    assert circuit.stage is Stage.CLOSED

    circuit, now = after([DOWN, DOWN, DOWN])

    assert circuit.stage is Stage.OPEN
    assert circuit.why == "3 calls in a row failed, at last: POST https://erp/orders: Connection refused."
    assert (circuit.since, circuit.until) == (now, now + RULES.wait)
    assert not circuit.passes(now + RULES.wait - timedelta(microseconds=1), RULES)
    assert circuit.passes(now + RULES.wait, RULES)


def test_opens_on_the_share_that_fails_though_never_many_in_a_row():
    circuit, _ = after([DOWN, DOWN, Answered()] * 3)
    assert circuit.stage is Stage.CLOSED

    circuit, _ = after([DOWN], circuit)

    assert circuit.stage is Stage.OPEN
    assert circuit.why.startswith("7 of the last 10 calls failed")


def test_results_older_than_the_window_do_not_count():
    slow, _ = after([DOWN, Answered()] * 30, step=int(RULES.window.total_seconds()))
    assert slow.stage is Stage.CLOSED
    assert len(slow.recent) == 1


def test_one_probe_at_a_time_then_closed_or_open_for_longer():
    circuit, now = after([DOWN] * 3)
    now += RULES.wait

    probing = circuit.after(Asked(), now, RULES)
    assert probing.stage is Stage.HALF_OPEN
    assert not probing.passes(now, RULES)
    with pytest.raises(ValueError, match="half_open"):
        probing.after(Asked(), now, RULES)

    assert probing.after(Answered(), now, RULES) == Circuit(now)
    again = probing.after(DOWN, now, RULES)
    assert again.stage is Stage.OPEN
    assert again.until == now + 2 * RULES.wait
    assert again.why.startswith("The probe failed: ")


def test_a_probe_whose_dispatcher_was_killed_is_given_up():
    circuit, now = after([DOWN] * 3)
    now += RULES.wait
    probing = circuit.after(Asked(), now, RULES)

    assert not probing.passes(now + RULES.probe_max - timedelta(seconds=1), RULES)
    assert probing.after(Asked(), now + RULES.probe_max, RULES).probe == now + RULES.probe_max


def test_calls_that_report_late_do_not_move_an_open_circuit():
    circuit, now = after([DOWN] * 3)
    assert circuit.after(DOWN, now, RULES) == circuit
    assert circuit.after(Answered(), now, RULES) == circuit


@given(st.lists(st.tuples(st.sampled_from(["ask", "ok", "bad"]), st.integers(0, 200)), max_size=200))
def test_whatever_happens_an_open_circuit_is_probed_once_and_waits_longer_each_time(story):
    circuit, now, waited = Circuit(START), START, timedelta()
    for what, seconds in story:
        now += timedelta(seconds=seconds)
        before = circuit
        if what == "ask":
            if not circuit.passes(now, RULES):
                with pytest.raises(ValueError):
                    circuit.after(Asked(), now, RULES)
                continue
            circuit = circuit.after(Asked(), now, RULES)
            assert circuit.stage is (Stage.CLOSED if before.stage is Stage.CLOSED else Stage.HALF_OPEN)
            assert circuit.stage is Stage.CLOSED or not circuit.passes(now, RULES)
        else:
            circuit = circuit.after(Answered() if what == "ok" else DOWN, now, RULES)
        if circuit.stage is Stage.OPEN and before.stage is not Stage.OPEN:
            wait = circuit.until - now
            assert RULES.wait <= wait <= RULES.wait_max
            assert wait == min(max(2 * waited, RULES.wait), RULES.wait_max)
            assert circuit.why
            waited = wait
        if circuit.stage is Stage.CLOSED:
            waited = timedelta()
            assert circuit.faults < RULES.faults_max
        assert len(circuit.recent) <= RULES.calls_max
        assert circuit.passes(now + max(RULES.wait_max, RULES.probe_max), RULES)


@pytest.mark.parametrize(
    ("outcome", "event"),
    [
        (Accepted(), Answered()),
        (Rejected("credit limit"), Answered()),
        (Absent(), Answered()),
        (Failed("rate-limit", "slow down"), Answered()),
        (Failed("request", "our header"), Answered()),
        (Failed("timeout", "too slow", in_doubt=True), Faulted("too slow")),
        (Failed("credentials", "expired"), Faulted("expired")),
    ],
)
def test_what_an_outcome_says_about_the_system(outcome, event):
    assert event_of(outcome) == event


def test_backoff_doubles_to_the_cap():
    assert [backoff(n, 1.0, base=1, cap=10) for n in (1, 2, 3, 4, 5, 10_000)] == [1, 2, 4, 8, 10, 10]
    assert backoff(4, 0.25, base=1, cap=10) == 2
    assert backoff(4, 0.25, base=1, cap=10, asked=30) == 32


@given(st.integers(1, 10**9), st.floats(0, 1), st.floats(0.001, 1e6), st.floats(1, 1e6), st.none() | st.floats(0, 1e6))
def test_backoff_stays_in_its_bounds(attempt, chance, base, factor, asked):
    cap = base * factor
    assert (asked or 0) <= backoff(attempt, chance, base=base, cap=cap, asked=asked) <= cap + (asked or 0)


@pytest.mark.parametrize("wrong", [{"attempt": 0}, {"chance": 1.1}, {"chance": -0.1}, {"base": 0}, {"cap": 0.5}])
def test_backoff_refuses_what_is_no_backoff(wrong):
    given = {"attempt": 1, "chance": 0.5, "base": 1.0, "cap": 2.0} | wrong
    with pytest.raises(ValueError, match="no backoff"):
        backoff(**given)


def test_a_bucket_gives_its_burst_and_then_its_rate():
    rate, bucket, now = Rate(calls=2, seconds=1, burst=3), Bucket(START), START
    for _ in range(3):
        assert not bucket.wait(rate, now)
        bucket = bucket.taken(rate, now)
    assert bucket.wait(rate, now) == timedelta(milliseconds=500)
    with pytest.raises(ValueError, match="no call is free"):
        bucket.taken(rate, now)
    assert not bucket.taken(rate, now + timedelta(milliseconds=500)).wait(rate, now + timedelta(seconds=1))


def test_a_pause_empties_the_bucket_until_its_end():
    rate = Rate(calls=10, burst=5)
    bucket = Bucket(START).paused(rate, START + timedelta(seconds=20))
    assert bucket.wait(rate, START) == timedelta(seconds=20)
    later = START + timedelta(seconds=20)
    assert bucket.taken(rate, later).wait(rate, later) == rate.interval
    assert bucket.paused(rate, START) == bucket


@given(
    st.integers(1, 50),
    st.integers(1, 60),
    st.integers(1, 10),
    st.lists(st.integers(0, 3_000_000), min_size=1, max_size=120),
)
def test_no_window_ever_sees_more_than_burst_and_rate(calls, seconds, burst, gaps):
    rate, bucket, now, sent = Rate(calls, seconds, burst), Bucket(START), START, []
    for gap in gaps:
        now += timedelta(microseconds=gap)
        if not bucket.wait(rate, now):
            bucket = bucket.taken(rate, now)
            sent.append(now)
        else:
            assert sent, "an untouched bucket is full"
            assert not bucket.wait(rate, now + bucket.wait(rate, now))
    for first in range(len(sent)):
        for last in range(first, len(sent)):
            earned = (sent[last] - sent[first]) / rate.interval
            assert last - first + 1 <= burst + earned


@pytest.mark.parametrize("wrong", [{"calls": 0}, {"seconds": 0}, {"burst": 0}])
def test_a_rate_is_at_least_one(wrong):
    with pytest.raises(ValueError, match="at least one"):
        Rate(**({"calls": 1, "seconds": 1, "burst": 1} | wrong))
