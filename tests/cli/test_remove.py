"""`tieout remove`: what it shows, asks, takes away and leaves, on real servers."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tieout.store.embedded import Embedded


def tieout(*words: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TIEOUT")}
    return subprocess.run(
        [sys.executable, "-m", "tieout", *words], input=answer, capture_output=True, text=True, env=environment, check=False
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with an import done."""
    place = tmp_path / "acme"
    assert tieout("init", str(place)).returncode == 0
    done = tieout("-p", str(place), "import", str(place / "exports"), "--system", "shop")
    assert done.returncode == 0, done.stderr
    return place


def files(folder: Path) -> dict[str, bytes]:
    """The user's own files."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".tieout" not in path.parts
    }  # fmt: skip


def test_it_shows_what_would_go_asks_and_leaves_settings_and_exports(folder: Path) -> None:
    server = Embedded(folder / ".tieout").folder
    before = files(folder)
    refused = tieout("remove", str(folder), answer="n\n")
    assert refused.returncode == 1
    assert str(server) in refused.stdout and " MB" in refused.stdout and "Nothing was removed." in refused.stdout
    assert json.loads(tieout("-p", str(folder), "status", "--json").stdout)["received"] == 2

    removed = tieout("remove", str(folder), answer="y\n")
    assert removed.returncode == 0, removed.stderr
    assert not server.exists() and not (folder / ".tieout").exists()
    assert files(folder) == before

    again = tieout("remove", str(folder))
    assert (again.returncode, "nothing to remove" in " ".join(again.stdout.split())) == (0, True)
    anew = tieout("-p", str(folder), "import", str(folder / "exports"), "--system", "shop", "--json")
    assert json.loads(anew.stdout)["posted"] == 2
    assert tieout("remove", str(folder), "--yes").returncode == 0
    assert not (folder / ".tieout").exists()


def test_without_an_answer_nothing_is_removed(folder: Path) -> None:
    done = tieout("remove", str(folder))
    assert done.returncode == 1
    assert (folder / ".tieout").exists()
    assert tieout("remove", str(folder), "--yes").returncode == 0


def test_a_project_in_use_is_refused(folder: Path) -> None:
    held = Embedded(folder / ".tieout")
    held.start()
    try:
        done = tieout("remove", str(folder), "--yes")
        assert done.returncode == 3
        assert "Another process uses the server" in done.stderr
        assert held.data.is_dir()
    finally:
        held.stop()
    assert tieout("remove", str(folder), "--yes").returncode == 0


def test_a_folder_that_is_no_project_is_refused_and_left(tmp_path: Path) -> None:
    (tmp_path / ".tieout").mkdir()
    done = tieout("remove", str(tmp_path), "--yes")
    assert done.returncode == 2
    assert "is no project" in done.stderr
    assert (tmp_path / ".tieout").is_dir()


def test_a_linked_server_folder_is_refused_and_left(tmp_path: Path) -> None:
    (tmp_path / "tieout.toml").write_text("")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".tieout").symlink_to(tmp_path / "elsewhere")
    done = tieout("remove", str(tmp_path), "--yes")
    assert (done.returncode, "is a link" in done.stderr) == (2, True)
    assert (tmp_path / "elsewhere").is_dir()


def test_a_project_with_a_database_of_its_own_has_nothing_here_to_remove(tmp_path: Path) -> None:
    (tmp_path / "tieout.toml").write_text('[project]\ndatabase = "postgresql://nobody@127.0.0.1:1/none"\n')
    done = tieout("remove", str(tmp_path), "--yes")
    assert done.returncode == 0
    assert "has no ledger of its own" in " ".join(done.stdout.split())
