"""A rehearsal cannot tell anybody anything, and leaves nothing behind, however it ends."""

import contextlib
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from time import monotonic

import pytest
from stories import configuration, price_story, rehearsed, tell

from tieout.connectors import canonical
from tieout.runtime.seal import Unsealed, sealed
from tieout.store.scratch import drop_leftovers, scratch
from world import World


def scratches(world: World) -> list[str]:
    """The scratch schemas of a world that exist."""
    mine = f"{world.database.schema}_scratch_"
    return [n for (n,) in world.connection.execute("select nspname from pg_namespace where starts_with(nspname, %s)", [mine])]


def open_socket() -> None:
    socket.create_connection(("127.0.0.1", 9))


def start_process() -> None:
    subprocess.run(["true"], check=True)


def start_thread() -> None:
    def quietly() -> None:
        with contextlib.suppress(RuntimeError):
            open_socket()

    thread = threading.Thread(target=quietly)
    thread.start()
    thread.join()


def ask_a_name_server() -> None:
    socket.getaddrinfo("example.org", 443)


@pytest.mark.parametrize("reach", [open_socket, start_process, start_thread, ask_a_name_server])
def test_whatever_reaches_out_fails_the_rehearsal(world: World, monkeypatch: pytest.MonkeyPatch, reach: Callable[[], None]) -> None:
    tell(world, price_story())
    translate = canonical.translate

    def leaking(document, system):
        reach()
        return translate(document, system)

    monkeypatch.setattr(canonical, "translate", leaking)
    with pytest.raises(Unsealed):
        rehearsed(world, configuration())
    assert scratches(world) == []


def test_an_attempt_that_is_swallowed_fails_it_all_the_same() -> None:
    with pytest.raises(Unsealed, match=r"socket\.__new__"), sealed(), contextlib.suppress(RuntimeError):
        socket.socket()
    with socket.socket() as after:
        assert after.fileno() > 0


def test_the_rehearsal_loads_nothing_that_could_send() -> None:
    code = "import sys, tieout.runtime.rehearse; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "tieout.runtime.rehearse" in loaded
    assert not {"tieout.runtime.transport", "tieout.runtime.wire", "tieout.runtime.dispatch", "httpcore"} & set(loaded)


def test_nothing_is_left_when_a_person_stops_it(world: World) -> None:
    tell(world, price_story())
    seen = []

    def stop(done: int, total: int) -> None:
        seen.append((scratches(world), done, total))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rehearsed(world, configuration(), progress=stop)
    assert [(len(names), done, total) for names, done, total in seen] == [(2, 2, 6)]
    assert scratches(world) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from tieout.store.database import Database
from tieout.store.scratch import scratch
with scratch(Database(sys.argv[1], sys.argv[2], Path(".")), "after") as made:
    print(made.schema, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_rehearsal_left_is_dropped_by_the_next_and_a_living_one_is_not(world: World) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, world.database.conninfo, world.database.schema], capture_output=True, text=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert scratches(world) == [killed.stdout.strip()]
    with scratch(world.database, "living") as living, world.database.owner() as owner:
        end = monotonic() + 30
        while scratches(world) != [living.schema]:  # the server may take a moment to see that the process has gone
            assert monotonic() < end
            drop_leftovers(owner, world.database.schema)
    assert scratches(world) == []
