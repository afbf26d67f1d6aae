import gzip
import io
import zipfile
from pathlib import Path

import pytest

from tieout.formats.archive import Broken, LimitHit, Limits, Opened, open_all

SMALL = Limits(expanded_max=50_000, ratio_max=10, ratio_from=1_000, members_max=3)


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def read_all(place: str, limits: Limits | None = None) -> dict[str, bytes | str]:
    """Content by origin, or the rule that stopped it."""
    found: dict[str, bytes | str] = {}
    for one in open_all(place, limits=limits):
        if isinstance(one, Broken):
            found[one.origin] = one.rule
            continue
        try:
            found[one.origin] = one.stream.read()
        except LimitHit as hit:
            found[one.origin] = hit.broken.rule
    return found


def test_a_folder_is_read_in_sorted_order_without_hidden_files(tmp_path: Path) -> None:
    for name in ("b.json", "a.json", ".hidden", "sub/c.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)

    found = [one.origin for one in open_all(str(tmp_path))]

    assert found == [str(tmp_path / name) for name in ("a.json", "b.json", "sub/c.json")]


def test_a_pattern_names_files_and_a_wrong_name_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1")
    (tmp_path / "b.txt").write_text("2")

    assert read_all(f"{tmp_path}/*.csv") == {f"{tmp_path}/a.csv": b"1"}
    assert list(read_all(f"{tmp_path}/*.xml").values()) == ["archive/missing"]


def test_gzip_is_unpacked_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "feed").write_bytes(gzip.compress(b"{}"))

    assert read_all(str(tmp_path / "feed")) == {str(tmp_path / "feed"): b"{}"}


def test_zip_members_are_streams_of_their_own_and_their_names_only_labels(tmp_path: Path) -> None:
    path = zipped(tmp_path / "day.zip", {"b/x.json": b"1", "../../evil.json": b"2", "in.zip": b"PK\x03\x04", "a\n.txt": b"3"})

    assert read_all(str(path)) == {
        f"{path}!../../evil.json": b"2",
        f"{path}!a?.txt": b"3",
        f"{path}!b/x.json": b"1",
        f"{path}!in.zip": "archive/nested",
    }
    assert [p.name for p in tmp_path.iterdir()] == ["day.zip"]


def test_a_zip_bomb_is_stopped_while_it_is_read(tmp_path: Path) -> None:
    path = zipped(tmp_path / "bomb.zip", {"zeros": b"\0" * 30_000_000})

    read = 0
    with pytest.raises(LimitHit) as caught:
        for one in open_all(str(path)):
            assert isinstance(one, Opened)
            while part := one.stream.read(65536):
                read += len(part)

    assert caught.value.broken.rule == "archive/limit"
    assert read < 12_000_000


def test_limits_count_all_members_of_an_archive_together(tmp_path: Path) -> None:
    noise = bytes(range(256)) * 100
    path = zipped(tmp_path / "many.zip", {"a": noise, "b": noise})

    assert [v if isinstance(v, str) else "read" for v in read_all(str(path), Limits(expanded_max=30_000)).values()] == [
        "read",
        "archive/limit",
    ]


def test_a_gzip_bomb_is_stopped(tmp_path: Path) -> None:
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(b"\0" * 1_000_000))

    assert list(read_all(str(tmp_path), SMALL).values()) == ["archive/limit"]


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {str(n): b"" for n in range(4)})

    assert read_all(str(path), SMALL) == {str(path): "archive/limit"}


@pytest.mark.parametrize("length", range(0, 120, 7))
def test_a_damaged_archive_is_told_and_never_crashes(tmp_path: Path, length: int) -> None:
    whole = zipped(tmp_path / "a.zip", {"x": b"hello" * 9}).read_bytes()
    packed = gzip.compress(b"hello" * 9)
    (tmp_path / "a.zip").write_bytes(whole[:length])
    (tmp_path / "b.gz").write_bytes(packed[:length])

    for result in read_all(str(tmp_path)).values():
        assert result in (b"", b"hello" * 9, whole[:length], packed[:length], "archive/damaged")


def test_standard_input_is_read_plain_or_packed() -> None:
    plain, packed = io.BytesIO(b"{}"), io.BufferedReader(io.BytesIO(gzip.compress(b"{}")))  # type: ignore[arg-type]

    assert [one.stream.read() for one in open_all("-", plain) if isinstance(one, Opened)] == [b"{}"]
    assert [one.stream.read() for one in open_all("-", packed) if isinstance(one, Opened)] == [b"{}"]
