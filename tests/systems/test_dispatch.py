"""Commands on their way, on a real PostgreSQL and real sockets: nothing is lost, nothing is done twice, order is kept."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from counting import counting
from lane_driver import FAST, dispatcher, drive, erp, order, play, rest_shipped, settled, shipped, states, systems

from tieout.core.attempt import Target
from tieout.core.circuit import Rules
from tieout.core.lane import Limits
from world import World

BACKLOG = int(os.environ.get("TIEOUT_TEST_BACKLOG", "0"))
KEYS = Target(timedelta(seconds=2), timedelta(hours=1), timedelta(milliseconds=20), timedelta(milliseconds=200))
NO_KEYS = Target(timedelta(seconds=1), first=timedelta(milliseconds=20), longest=timedelta(milliseconds=200))
PATIENT = Rules(faults_max=10_000, calls_min=50, percent=101)
"""A circuit that stays closed, for the tests that are about single commands."""


def test_what_is_owed_reaches_the_target_and_waits_for_its_proof(world_of: Callable[..., World]) -> None:
    with counting() as target:
        world = drive(world_of(systems=systems(erp(target.base, keys=True))), KEYS)
        world.apply([order(n) for n in range(20)])
        running = dispatcher(world)
        play(world, running, lambda: settled(world))
        assert running.close()
    assert states(world) == {"accepted": 20}
    assert {key: len(made) for key, made in target.documents.items()} == {f"TBK+ shop/order/{n} 1": 1 for n in range(20)}
    lives = world.connection.execute("select key, array_agg(event order by id) from command_event group by 1").fetchall()
    assert [life for _, life in lives] == [["issue", "sent", "accepted"]] * 20


def test_commands_of_one_subject_go_one_after_the_other(world_of: Callable[..., World]) -> None:
    with counting(latency=0.02) as target:
        world = drive(world_of(systems=systems(erp(target.base, keys=True))), KEYS)
        world.apply([fact for n in range(20) for fact in shipped(n)])
        world.apply([rest_shipped(n) for n in range(20)])
        running = dispatcher(world)
        play(world, running, lambda: settled(world))
        assert running.close()
    assert len(target.came) == 40
    assert max(sum(a.at <= b.at < a.done for a in target.came) for b in target.came) > 4, "subjects do not wait for each other"
    crossed = [(a.key, b.key) for a in target.came for b in target.came if a is not b and a.group == b.group and a.at <= b.at < a.done]
    assert crossed == []


@pytest.mark.parametrize("keys", [True, False], ids=["keys", "probe"])
def test_200_dropped_answers_and_200_delays_beyond_our_time_out_double_and_lose_nothing(world_of: Callable[..., World], keys: bool) -> None:
    def ways(key: str, attempt: int) -> str:
        number = int(key.split("/")[2].split(" ")[0])
        return "well" if attempt > 1 else "dropped" if number < 200 else "delayed"

    with counting(knows_again=keys, ways=ways, delay=1.6) as target:
        known = KEYS if keys else NO_KEYS
        world = drive(world_of(systems=systems(erp(target.base, keys=keys, timeout=1))), known)
        world.apply([order(n) for n in range(400)])
        running = dispatcher(world, limits=Limits(concurrency=40, rate=FAST, circuit=PATIENT))
        play(world, running, lambda: settled(world) and not target.pending, seconds=90)
        assert running.close()
    assert target.made_twice() == []
    assert len(target.documents) == 400
    assert states(world) == {"accepted": 400}
    assert bool(target.looked) is not keys, "without keys it is looked up, with keys told again"


@pytest.mark.skipif(not BACKLOG, reason="set TIEOUT_TEST_BACKLOG=100000 for the long run")
def test_a_large_backlog_drains_in_flat_memory(world_of: Callable[..., World]) -> None:
    resident: list[int] = []

    def over() -> bool:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        resident.append(pages * os.sysconf("SC_PAGE_SIZE"))
        return settled(world)

    with counting() as target:
        world = drive(world_of(systems=systems(erp(target.base, keys=True))), KEYS)
        for first in range(0, BACKLOG, 1000):
            world.apply([order(n) for n in range(first, first + 1000)])
        running = dispatcher(world)
        play(world, running, over, seconds=BACKLOG / 50)
        assert running.close()
        assert len(target.documents) == BACKLOG
        kept = len(target.came) * 2000  # what the target in this process writes down itself
    tenth = max(len(resident) // 10, 1)
    assert max(resident) - max(resident[:tenth]) < 20_000_000 + kept
