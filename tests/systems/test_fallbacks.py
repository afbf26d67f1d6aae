"""Fallbacks on real sockets: what the first system surely does not have goes to the second, once, and each step is kept; what it may have waits."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from counting import counting
from lane_driver import dispatcher, drain, order, play, settled, states
from two_ways import ANYHOW, TRIED, both, drive, limits, made

from servers import Server
from tieout.core.circuit import Rules
from world import World

REFUSED = 'version = "7"\n[[fallback]]\nact = "book_order"\nrefused = "*409*"\nuse_system = "second"\n'
DOWN = 'version = "1"\n[[fallback]]\nsystem = "erp"\ncircuit_open = ">= 0 min"\nuse_system = "second"\n'
PERSON = 'version = "1"\n[[fallback]]\nfailed = ">= 2"\nask = "erp_support"\n[[fallback]]\nfailed = ">= 4"\nask = "operations"\n'
PATIENT = Rules(faults_max=10_000, calls_min=50, percent=101)
KILL_SECONDS = float(os.environ.get("TIEOUT_TEST_KILL_SECONDS", "8"))


def number(key: str) -> int:
    return int(key.split("/")[2].split(" ")[0])


def nobody() -> str:
    """An address at which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{found.getsockname()[1]}"


def kept(world: World) -> list[tuple[Any, ...]]:
    return world.connection.execute("select command, from_system, use_system, ask, rule from diversion order by command, id").fetchall()


def life(world: World, key: str) -> list[str]:
    return [event for (event,) in world.connection.execute("select event from command_event where key = %s order by id", [key]).fetchall()]


def test_what_is_refused_goes_to_the_second_once_and_the_reason_is_kept(world_of: Callable[..., World]) -> None:
    with counting(ways=lambda key, attempt: "409" if number(key) < 10 else "422" if number(key) < 15 else "well") as one, counting() as two:
        world = drive(world_of(systems=both(one.base, two.base)), REFUSED)
        world.apply([order(n) for n in range(20)])
        running = dispatcher(world, limits_by=limits(PATIENT))
        play(world, running, lambda: settled(world))
        assert running.close()
    assert states(world) == {"refused": 15, "accepted": 15}
    assert made(one, two) == {f"shop/order/{n}": 1 for n in range(20) if not 10 <= n < 15}
    assert {number(key) for key in two.documents} == set(range(10))
    rule = 'fallbacks 7 row 1 decided because act is book_order and refused is {"error":"so it is: 409"} (*409*)'
    assert kept(world) == [(f"TBK+ shop/order/{n} 1", "erp", "second", "", rule) for n in range(10)]
    assert life(world, "TBK+ shop/order/3 1") == ["issue", "sent", "rejected", "diverted"]


def test_a_system_that_is_down_loses_what_waits_to_the_second_and_nothing_goes_to_both(world_of: Callable[..., World]) -> None:
    with counting() as two:
        world = drive(world_of(systems=both(nobody(), two.base)), DOWN)
        world.apply([order(n) for n in range(40)])
        running = dispatcher(world, limits_by=limits())
        play(world, running, lambda: states(world) == {"cancelled": 40, "accepted": 40})
        assert running.close()
    assert made(two) == {f"shop/order/{n}": 1 for n in range(40)}
    assert len(kept(world)) == 40
    assert all(rule.startswith("fallbacks 1 row 1 decided because circuit open for ") for *_, rule in kept(world))
    assert life(world, "TBK+ shop/order/3 1")[-2:] == ["diverted", "withdrawn"]


def test_what_may_be_at_the_first_goes_nowhere_else_until_it_is_proven_absent(world_of: Callable[..., World]) -> None:
    """Every second order is done although its answer is lost, every third is lost whole, every fifth is done after we have given up."""

    def ways(key: str, attempt: int) -> str:
        n = number(key)
        return "dropped" if n % 2 == 0 else "lost" if n % 3 == 0 else "delayed" if n % 5 == 0 else "409"

    with counting(knows_again=False, ways=ways, delay=1.6) as one, counting(knows_again=False) as two:
        world = drive(world_of(systems=both(one.base, two.base)), ANYHOW)
        holding = limits(PATIENT)
        world.apply([order(n) for n in range(60)])
        # a policy that diverts anything would take the queued ones before they are ever sent: the first is told under none
        strict, world.configuration.driving = world.configuration.driving, drive(world, REFUSED).configuration.driving
        running = dispatcher(world, limits_by=holding)
        play(world, running, lambda: states(world)["queued"] == 0 and states(world)["sending"] == 0)
        assert states(world)["unknown"], "some are in doubt when the policy would rather have them elsewhere"
        assert running.close()
        world.configuration.driving = strict
        running = dispatcher(world, limits_by=holding)
        play(world, running, lambda: settled(world) and not one.pending, seconds=60)
        assert running.close()
    assert made(one, two) == {f"shop/order/{n}": 1 for n in range(60)}
    assert {number(key) for key in one.documents} == {n for n in range(60) if ways(f"x/y/{n} ", 1) in ("dropped", "delayed")}
    lost = [key for key, *_ in kept(world) if ways(key, 1) == "lost"]
    assert len(lost) == 10
    assert all(life(world, key)[:1] == ["issue"] and life(world, key).count("absent") >= 2 for key in lost)


def test_a_person_is_asked_once_each_and_the_command_goes_on_being_tried(world_of: Callable[..., World]) -> None:
    with counting() as two:
        world = drive(world_of(systems=both(nobody(), two.base)), PERSON)
        world.apply([order(1)])
        running = dispatcher(world, limits_by=limits(PATIENT))
        play(world, running, lambda: life(world, "TBK+ shop/order/1 1").count("failed") > 6, seconds=60)
        assert running.close()
    assert [(ask, system) for _, _, system, ask, _ in kept(world)] == [("erp_support", ""), ("operations", "")]
    assert life(world, "TBK+ shop/order/1 1").count("asked") == 2
    assert (states(world), two.documents) == ({"queued": 1}, {})


def start(world: World, server: Server, first: str, second: str) -> subprocess.Popen[bytes]:
    place = Path(__file__).with_name("two_ways.py")
    return subprocess.Popen(
        [sys.executable, str(place), world.database.where, world.database.schema, str(server.folder), first, second],
        stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip


def test_dispatchers_that_are_killed_in_the_middle_send_nothing_to_both(server: Server, world_of: Callable[..., World]) -> None:
    """The first drops, loses, refuses and delays by lot; whatever is still queued is taken elsewhere; and the sender is killed every second."""
    chance = random.Random(11)

    def ways(key: str, attempt: int) -> str:
        return chance.choice(("well", "well", "dropped", "lost", "409", "delayed"))

    with counting(knows_again=False, ways=ways, delay=1.5, latency=0.01) as one, counting(knows_again=False, latency=0.01) as two:
        world = drive(world_of(systems=both(one.base, two.base)), TRIED)
        running = [start(world, server, one.base, two.base) for _ in range(2)]
        many = kills = 0
        try:
            for process in running:
                assert process.stdout is not None
                assert process.stdout.readline() == b"ready\n"
            end = time.monotonic() + KILL_SECONDS
            while time.monotonic() < end:
                pause = time.monotonic() + chance.uniform(0.5, 1.5)
                while time.monotonic() < pause:
                    world.apply([order(n) for n in range(many, many + 5)])
                    many += 5
                running[kills % 2].send_signal(signal.SIGKILL)
                running[kills % 2].wait()
                running[kills % 2] = start(world, server, one.base, two.base)
                kills += 1
            drain(world, running[0], lambda: bool(one.pending))
        finally:
            for process in running:
                process.send_signal(signal.SIGKILL)
                process.wait()
    assert kills >= KILL_SECONDS / 3
    assert many and states(world)["accepted"] == many, states(world)
    assert made(one, two) == {f"shop/order/{n}": 1 for n in range(many)}
    assert len(two.documents) > 10, "the second took nothing over, so this shows nothing"


def test_what_somebody_changed_in_the_database_after_its_approval_is_not_sent(world_of: Callable[..., World]) -> None:
    with counting() as one, counting() as two:
        world = drive(world_of(systems=both(one.base, two.base)), REFUSED)
        world.apply([order(1)])
        approved = {"payload": "0" * 64, "what": "x", "rule": "r", "proposer": "tieout", "role": "finance", "approvers": 1,
                    "asked_at": "2026-01-01T00:00:00Z", "expires_at": "2027-01-01T00:00:00Z"}  # fmt: skip
        world.connection.execute("update command set request = %s, approved_by = 'ann'", [json.dumps(approved)])
        running = dispatcher(world, limits_by=limits(PATIENT))
        play(world, running, lambda: settled(world))
        assert running.close()
    assert (states(world), one.came, two.came) == ({"refused": 1}, [], [])
    ((reason,),) = world.connection.execute("select attempt->>'reason' from command").fetchall()
    assert reason.startswith("what would be sent is not what was approved")
