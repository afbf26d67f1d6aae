"""Each bad answer has its name on the command and on the system's health, and blocks nobody else; circuits, rates, pauses, deadlines."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from counting import ACT, MAPPING, counting
from hostile import Behaviour, Hostile, refusing, serving
from lane_driver import FAST, dispatcher, drive, erp, order, play, settled, states, systems

from tieout.connectors import System
from tieout.core.attempt import Target
from tieout.core.circuit import Rules, Stage
from tieout.core.command import Accepted
from tieout.core.lane import Limits
from tieout.core.rate import Rate
from tieout.core.values import Role
from tieout.people import person as people
from tieout.runtime import lane as lanes
from tieout.runtime.lane import BEGINNING
from world import World

KEYS = Target(timedelta(seconds=2), timedelta(hours=1), timedelta(milliseconds=20), timedelta(milliseconds=200))
SLOW_AGAIN = Target(timedelta(minutes=5), timedelta(hours=1), timedelta(hours=1), timedelta(hours=1))
ANN = people.Person(0, "ann", "Ann", roles=frozenset({people.Role.ENGINEER}))
PATIENT = Rules(faults_max=10_000, calls_min=50, percent=101)
FAULTS = {
    "status/401": "credentials",
    "status/403": "credentials",
    "busy": "rate-limit",
    "down": "status",
    "redirect": "redirect",
    "truncated_json": "not-json",
    "html_400": "not-json",
    "short_body": "truncated",
    "hang_up": "closed",
    "garbage": "not-http",
    "packed": "encoding",
    "drip_body": "timeout",
    "drip_head": "timeout",
    "late": "timeout",
    "ten_gigabytes": "too-large",
    "endless": "too-large",
}
REFUSALS = {"error_inside": "over the credit limit"}


class ByOrder(Behaviour):
    """Misbehaves for one order, and only for it."""

    def do(self) -> None:
        wanted = self.server.state["path"]
        self.path = f"/{wanted}" if "/666" in self.path else "/well"
        super().do()

    do_GET = do_POST = do  # noqa: N815


@pytest.fixture
def hostile() -> Iterator[Hostile]:
    with serving(ByOrder) as server:
        yield server


def told_by_path(base: str) -> System:
    error = '[[error]]\nwhen = { path = "ok", equals = "false" }\noutcome = "refused"\nreason = ["error.message"]\n'
    act = ACT.format(act="book_order", type="sales_order", idempotency='idempotency = { header = "Idempotency-Key" }')
    text = MAPPING.format(timeout=1) + error + act.replace('url = "/book_order"', 'url = "/orders/{group.number}"')
    return System("erp", "rest", Role.ERP, options={"mapping": text, "base": base})


@pytest.mark.parametrize("path", [*FAULTS, *REFUSALS])
def test_a_bad_answer_is_named_on_the_command_and_on_the_system_and_blocks_nobody(
    path: str, hostile: Hostile, world_of: Callable[..., World]
) -> None:
    hostile.state["path"] = path
    world = drive(world_of(systems=systems(told_by_path(hostile.base))), SLOW_AGAIN)
    world.apply([order(666), *(order(n) for n in range(5))])
    running = dispatcher(world, limits=Limits(concurrency=2, rate=FAST, circuit=PATIENT))
    play(
        world,
        running,
        lambda: not running.held and states(world)["queued"] + states(world)["unknown"] + states(world)["refused"] == 1,
        seconds=15,
    )
    running.close()
    ((state, reason),) = world.connection.execute(
        "select state, attempt->>'reason' from command where key = 'TBK+ shop/order/666 1'"
    ).fetchall()
    lane = lanes.lanes(world.connection)["erp"]
    if path in FAULTS:
        fault = FAULTS[path]
        assert reason.startswith(f"{fault}: ")
        assert state == ("queued" if fault in ("credentials", "rate-limit") else "unknown")
        assert (lane.fault, lane.fault_at is not None) == (fault, True)
    else:
        assert (state, lane.fault) == ("refused", "")
        assert REFUSALS[path] in reason
    others = dict(world.connection.execute("select key, state from command where key <> 'TBK+ shop/order/666 1'").fetchall())
    if path != "busy":  # which asks for patience from everybody
        assert set(others.values()) == {"accepted"}


def test_a_circuit_opens_says_why_spares_the_system_and_closes_again(world_of: Callable[..., World]) -> None:
    rules = Rules(faults_max=3, wait=timedelta(seconds=1), wait_max=timedelta(seconds=1))
    down = {"is": True}
    with counting(ways=lambda key, attempt: "503" if down["is"] else "well") as target:
        world = drive(world_of(systems=systems(erp(target.base, keys=True))), KEYS)
        world.apply([order(n) for n in range(50)])
        running = dispatcher(world, limits=Limits(concurrency=2, rate=FAST, circuit=rules))

        def lane() -> Any:
            return lanes.lanes(world.connection)["erp"]

        play(world, running, lambda: lane().circuit.openings >= 2 and not running.held)
        assert lane().circuit.stage is Stage.OPEN
        assert "503" in lane().circuit.why
        spared = len(target.came)
        assert spared < 45, "an open circuit lets a probe pass and nothing else"
        down["is"] = False
        play(world, running, lambda: settled(world))
        assert running.close()
        assert lane().circuit.stage is Stage.CLOSED
    assert states(world) == {"accepted": 50}
    assert target.made_twice() == []


def test_the_rate_is_kept_as_the_target_sees_it(world_of: Callable[..., World]) -> None:
    with counting() as target:
        world = drive(world_of(systems=systems(erp(target.base, keys=True))), KEYS)
        world.apply([order(n) for n in range(120)])
        running = dispatcher(world, limits=Limits(concurrency=4, rate=Rate(40, 1, 5)))
        play(world, running, lambda: settled(world))
        assert running.close()
    times = sorted(came.at for came in target.came)
    lasted = times[-1] - times[0]
    assert len(times) == 120
    assert lasted >= (120 - 5) / 40 * 0.95, "faster than allowed"
    assert lasted <= (120 - 5) / 40 * 2.5, "much slower than allowed"
    busiest = max(sum(start <= at < start + 1 for at in times) for start in times)
    assert busiest <= 1.25 * (40 + 5)


def test_a_pause_sends_nothing_until_it_ends_or_is_ended(world_of: Callable[..., World]) -> None:
    with counting() as target:
        world = drive(world_of(systems=systems(erp(target.base, keys=True))), KEYS)
        world.apply([order(n) for n in range(3)])
        now = datetime.now(UTC)
        lanes.pause(world.connection, "erp", ANN, "month end", now + timedelta(hours=1), now)
        running = dispatcher(world)
        looked = time.monotonic() + 0.5
        play(world, running, lambda: time.monotonic() > looked)
        assert target.came == []
        assert lanes.resume(world.connection, "erp", ANN, datetime.now(UTC)) == "ann"
        play(world, running, lambda: settled(world))
        assert running.close()
    assert states(world) == {"accepted": 3}


def test_what_cannot_be_sent_before_its_deadline_goes_to_a_person(world_of: Callable[..., World]) -> None:
    with refusing() as base:
        world = drive(world_of(systems=systems(erp(base, keys=True))), KEYS)
        world.apply([order(1)], now=datetime.now(UTC))
        limits = Limits(rate=FAST, circuit=PATIENT, deadline=timedelta(seconds=1))
        running = dispatcher(world, limits=limits)
        play(world, running, lambda: states(world) == {"refused": 1})
        running.close()
    ((reason,),) = world.connection.execute("select attempt->>'reason' from command").fetchall()
    assert "not sent within" in reason
    assert "connect:" in reason


def test_the_forecast_goes_by_the_rate_and_by_how_fast_the_system_answers() -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    lane = lanes.Lane("erp", lanes.Circuit(now), lanes.Bucket(BEGINNING))
    limits = Limits(concurrency=2, rate=Rate(10, 1, 1))
    assert lane.forecast(100, limits, now) == now + timedelta(seconds=10)
    slow = lane.ended(Accepted(), 1, 4.0, limits, now)
    assert slow.forecast(100, limits, now) == now + timedelta(seconds=200)
    paused = msgspec.structs.replace(slow, paused_until=now + timedelta(hours=1))
    assert paused.forecast(100, limits, now) == now + timedelta(hours=1, seconds=200)
