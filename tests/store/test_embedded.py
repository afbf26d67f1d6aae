"""The embedded server: shared by processes, stopped by the last, not kept by a killed one, and startable as root."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tieout.store import embedded
from tieout.store.embedded import Embedded

USER = """
import sys
from pathlib import Path
import psycopg
from tieout.store.embedded import Embedded
server = Embedded(Path(sys.argv[1]))
server.start()
with psycopg.connect(server.url) as connection:
    print(connection.execute("select pg_postmaster_start_time()").fetchone()[0], flush=True)
sys.stdin.readline()
server.stop()
print("left", flush=True)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "project" / ".tieout"
    yield place
    server = Embedded(place)
    if server.data.exists():
        server.start()
        server.stop()
    shutil.rmtree(server.folder, ignore_errors=True)


class Process:
    """Another user of the server."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        self.started = self.said()

    def said(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def leave(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.close()
        assert self.said() == "left"
        assert self.process.wait() == 0

    def die(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def runs(folder: Path) -> bool:
    try:
        psycopg.connect(Embedded(folder).url).close()
    except psycopg.OperationalError:
        return False
    return True


def test_two_processes_share_a_server_and_the_last_stops_it(folder: Path) -> None:
    one = Process(folder)
    other = Process(folder)
    assert one.started == other.started != ""
    one.leave()
    assert runs(folder)
    other.leave()
    assert not runs(folder)


def test_a_killed_process_does_not_keep_the_server(folder: Path) -> None:
    killed, other = Process(folder), Process(folder)
    killed.die()
    assert runs(folder)
    other.leave()
    assert not runs(folder)


def test_a_server_left_by_a_killed_process_is_taken_over(folder: Path) -> None:
    killed = Process(folder)
    killed.die()
    assert runs(folder)
    other = Process(folder)
    assert other.started == killed.started
    other.leave()
    assert not runs(folder)


def test_a_long_folder_name_has_its_socket_elsewhere(folder: Path) -> None:
    server = Embedded(folder)
    server.folder = server.folder.parent / ("x" * 120)
    server.data = server.folder / "data"
    server.start()
    try:
        with psycopg.connect(server.url) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
    finally:
        server.stop()
        shutil.rmtree(server.folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has another user run the server")
def test_root_starts_it_from_a_private_home_and_leaves_all_rights_as_they_were(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    watched = [home, *Path(embedded.__file__).parents, *Path(sys.prefix).parents, Path(sys.prefix), *home.parents]
    before = {path: path.stat().st_mode for path in watched}
    server = Embedded(home / "project" / ".tieout")
    server.start()
    try:
        with psycopg.connect(server.url) as connection:
            assert connection.execute("select current_setting('server_version_num')::int >= 180000").fetchone() == (True,)
        assert [path.name for path in (home / "project" / ".tieout").iterdir()] == ["id"]
        assert server.folder.stat().st_mode & 0o077 == 0
        assert {path: path.stat().st_mode for path in watched} == before
    finally:
        server.stop()
        shutil.rmtree(server.folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's data lie outside the project")
def test_a_renamed_project_of_root_finds_its_data_again(folder: Path) -> None:
    before = Embedded(folder)
    before.folder.mkdir(parents=True)
    renamed = folder.parent.rename(folder.parent.parent / "renamed")
    assert Embedded(renamed / ".tieout").folder == before.folder
    shutil.rmtree(before.folder)


def test_removing_stops_a_server_that_a_killed_process_left(folder: Path) -> None:
    killed = Process(folder)
    killed.die()
    server = Embedded(folder)
    assert runs(folder)
    sizes = server.belongings()
    assert sizes[server.folder] > 10 * 1024**2
    assert folder in sizes
    server.remove()
    assert not server.folder.exists() and not folder.exists()
    assert not runs(folder)


def test_removing_is_refused_while_another_process_uses_the_server(folder: Path) -> None:
    other = Process(folder)
    with pytest.raises(embedded.StoreError, match="Another process uses the server"):
        Embedded(folder).remove()
    assert runs(folder)
    other.leave()


def test_the_socket_of_a_long_folder_name_is_removed_too(folder: Path) -> None:
    server = Embedded(folder)
    server.folder = server.folder.parent / ("x" * 120)
    server.data = server.folder / "data"
    server.start()
    server.stop()
    socket = next(path for path in server.belongings() if path not in (server.folder, folder))
    server.remove()
    assert not socket.exists() and not server.folder.exists()


def test_the_server_keeps_an_eighth_of_the_memory_within_bounds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [embedded.buffers_mb(gigabytes * 1024**3) for gigabytes in (0, 1, 4, 16, 512)] == [128, 128, 512, 2048, 2048]
    monkeypatch.setattr(embedded, "_memory", lambda: 4 * 1024**3)
    server = Embedded(folder)
    server.start()
    with psycopg.connect(server.url) as connection:
        ((size,),) = connection.execute("select setting::int / 128 from pg_settings where name = 'shared_buffers'").fetchall()
    server.stop()
    assert size == 512


def test_what_the_server_says_is_part_of_the_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(embedded.SETTINGS, "shared_buffers", "'a lot'")
    server = Embedded(folder)
    with pytest.raises(embedded.StoreError, match=r'(?s)did not pg_ctl.*invalid value for parameter "shared_buffers"'):
        server.start()
    shutil.rmtree(server.data)
