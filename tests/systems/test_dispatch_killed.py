"""Two dispatchers on one database, one of them killed again and again under load: nothing is sent twice, nothing is lost.

`TIEOUT_TEST_KILL_SECONDS=300` plays it for five minutes.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from itertools import count, pairwise
from pathlib import Path

import pytest
from counting import counting
from dispatching import target_of
from lane_driver import drain, drive, erp, rest_shipped, shipped, states, systems

from servers import Server
from world import World

SECONDS = float(os.environ.get("TIEOUT_TEST_KILL_SECONDS", "10"))
AT_ONCE = 10


def start(world: World, server: Server, base: str, way: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("dispatching.py")), world.database.where, world.database.schema, str(server.folder), base, way],
        stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip


def kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


@pytest.mark.parametrize("way", ["keys", "probe"])
def test_two_dispatchers_one_killed_every_second_send_everything_once_and_in_order(
    server: Server, world_of: Callable[..., World], way: str
) -> None:
    chance = random.Random(5)
    keys = way == "keys"
    with counting(knows_again=keys, latency=0.01) as target:
        world = drive(world_of(systems=systems(erp(target.base, keys=keys, timeout=1))), target_of(keys=keys))
        running = [start(world, server, target.base, way) for _ in range(2)]
        try:
            for process in running:
                assert process.stdout is not None
                assert process.stdout.readline() == b"ready\n"
            orders, kills = count(), 0
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                pause = time.monotonic() + chance.uniform(0.5, 1.5)
                while time.monotonic() < pause:
                    numbers = [next(orders) for _ in range(AT_ONCE)]
                    world.apply([fact for n in numbers for fact in shipped(n)])
                    world.apply([rest_shipped(n) for n in numbers])
                kill(running[kills % 2])
                running[kills % 2] = start(world, server, target.base, way)
                kills += 1
            drain(world, running[0])
        finally:
            for process in running:
                kill(process)
        many = next(orders)
    assert kills >= SECONDS / 3
    ((taken_over,),) = world.connection.execute("select count(*) from command_event where detail->>'fault' = 'lease'").fetchall()
    assert taken_over > 0, "no kill came in the middle of anything"
    assert states(world) == {"accepted": 2 * many}
    assert target.made_twice() == []
    assert set(target.documents) == {f"SNI+ shop/order/{n} {k}" for n in range(many) for k in (1, 2)}
    if not keys:
        assert len(target.came) == 2 * many, "a target without keys was told something twice"
    subjects: dict[str, list[str]] = defaultdict(list)
    for came in target.came:
        subjects[came.group].append(came.key)
    backwards = [keys for keys in subjects.values() if any(a > b for a, b in pairwise(keys))]
    assert backwards == [], "a later command of a subject overtook an earlier one"
    world.check_counts()
