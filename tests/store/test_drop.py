"""Files dropped into a folder: whole or not there, once, never over another document."""

import os
import threading
from pathlib import Path

import pytest

from tieout.core.command import Accepted, Failed
from tieout.runtime.drop import drop

NAME = "ZZ%3AUS_ZZ%3ABIGBOX_000000001.edi"


def test_a_document_stands_in_the_folder_as_it_was_written_and_nothing_else(tmp_path: Path) -> None:
    assert drop(tmp_path, NAME, b"ISA\x00~") == Accepted()
    assert drop(tmp_path, NAME, b"ISA\x00~") == Accepted()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {NAME: b"ISA\x00~"}


def test_a_file_that_was_taken_away_is_dropped_anew(tmp_path: Path) -> None:
    drop(tmp_path, NAME, b"ISA")
    (tmp_path / NAME).unlink()
    assert drop(tmp_path, NAME, b"ISA") == Accepted()
    assert (tmp_path / NAME).read_bytes() == b"ISA"


def test_another_document_of_that_name_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"theirs")
    said = drop(tmp_path, NAME, b"ours")
    assert isinstance(said, Failed) and said.fault == "folder" and not said.in_doubt
    assert f"{NAME} is there already, with other content" in said.reason
    assert (tmp_path / NAME).read_bytes() == b"theirs"


def test_a_folder_that_is_not_there_is_a_failure_with_a_next_step(tmp_path: Path) -> None:
    said = drop(tmp_path / "outbox", NAME, b"ISA")
    assert isinstance(said, Failed)
    assert said.reason == (
        f"The document cannot be put into {tmp_path}/outbox: No such file or directory. Make the folder writable for Tieout; it is tried again."
    )


def test_a_disk_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    said = drop(tmp_path, NAME, b"ISA")
    assert isinstance(said, Failed) and "No space left on device" in said.reason
    assert list(tmp_path.iterdir()) == []


def test_whoever_looks_while_it_is_dropped_sees_a_whole_file(tmp_path: Path) -> None:
    raw = b"x" * 4_000_000
    sizes: set[int] = set()
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            sizes.update(path.stat().st_size for path in tmp_path.glob("[!.]*"))

    watcher = threading.Thread(target=look)
    watcher.start()
    for n in range(5):
        assert drop(tmp_path, f"{n}.edi", raw) == Accepted()
    while not sizes:
        pass
    done.set()
    watcher.join()
    assert sizes == {len(raw)}
