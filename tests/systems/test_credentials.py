"""A system is tried without changing anything there, and new credentials take the place of old ones only once it has answered to them."""

import stat
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from small_erp import CLIENT, small_erp
from test_rest_how_to import mapping_text

from tieout.connectors import System
from tieout.core.values import Role
from tieout.errors import OperatorError, SettingsError
from tieout.runtime.credentials import Access, Rotation, expiry, places, rotation
from tieout.store.database import Database
from tieout.store.session import Session

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
STATED = {"client_secret": "file:secret", "webhook": "file:hook", "other": "env:SOME"}


@pytest.fixture
def connection(database: Database) -> Iterator[Session]:
    with database.session() as made:
        yield made


@pytest.fixture
def erp() -> Iterator[System]:
    with small_erp() as server:
        server.state["secret"] = CLIENT[1]
        yield System("erp", "rest", Role.ERP, options={"base": server.base, "mapping": mapping_text()})


@pytest.fixture
def access(tmp_path: Path) -> Access:
    (tmp_path / "secret").write_text(CLIENT[1])
    return Access(lambda name: {"client_secret": (tmp_path / "secret").read_text()}, {"erp": STATED}, tmp_path)


def test_a_system_that_answers_is_well_and_nothing_is_kept_of_it(connection: Session, erp: System, access: Access) -> None:
    found = access.reach(connection, erp)
    assert (found.well, found.why) == (True, "")
    assert erp.options["base"] in found.asked and CLIENT[1] not in found.asked
    assert connection.execute("select count(*) from message").fetchone() == (0,)
    assert connection.execute("select count(*) from meta where key like 'cursor:%'").fetchone() == (0,)


def test_wrong_credentials_are_told_apart_from_a_system_that_is_away(connection: Session, erp: System, access: Access) -> None:
    wrong = access.reach(connection, erp, {"client_secret": "not this one"})
    assert not wrong.well and "not this one" not in wrong.why
    away = System("erp", "rest", Role.ERP, options={**erp.options, "base": "http://127.0.0.1:1"})
    assert access.reach(connection, away).why.startswith("connect")


def test_a_system_that_only_listens_says_so(connection: Session, access: Access, tmp_path: Path) -> None:
    found = access.reach(connection, System("bank", "camt", Role.BANK), {})
    assert (found.well, found.asked) == (False, "nothing") and "only listens" in found.why
    with_folder = Access(access.secrets, {}, tmp_path, {"edi": tmp_path, "gone": tmp_path / "gone"})
    assert with_folder.reach(connection, System("edi", "x12", Role.CHANNEL), {}).well
    assert not with_folder.reach(connection, System("gone", "x12", Role.CHANNEL), {}).well


def test_new_credentials_are_tried_before_they_are_used(connection: Session, erp: System, access: Access, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("not this old one")
    with pytest.raises(OperatorError, match="does not answer to the new credentials") as bad:
        access.rotate(connection, erp, {"client_secret": "not this either"}, "chen", None, NOW)
    assert "not this either" not in str(bad.value)
    assert (tmp_path / "secret").read_text() == "not this old one"
    assert rotation(connection, "erp").at is None
    ends = NOW + timedelta(days=90)
    assert access.rotate(connection, erp, {"client_secret": CLIENT[1]}, "chen", ends, NOW).well
    assert (tmp_path / "secret").read_text() == CLIENT[1]
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["secret"], "nothing half written is left"
    known = rotation(connection, "erp")
    assert (known.at, known.by, access.expires(connection, "erp")) == (NOW, "chen", ends)
    assert CLIENT[1] not in str(connection.execute("select value from meta").fetchall())


def test_what_cannot_be_tried_or_written_is_not_changed_from_here(connection: Session, erp: System, access: Access) -> None:
    assert {one.name: bool(one.why_not) for one in places(STATED)} == {"client_secret": False, "other": True, "webhook": True}
    for name in ("webhook", "other", "nobody"):
        with pytest.raises(OperatorError, match="is not changed from here"):
            access.rotate(connection, erp, {name: "new"}, "chen", None, NOW)
    with pytest.raises(OperatorError, match="No new secret"):
        access.rotate(connection, erp, {}, "chen", None, NOW)
    missing = Access(_missing, {"erp": STATED}, access.folder)
    with pytest.raises(SettingsError):
        missing.rotate(connection, erp, {"client_secret": "x"}, "chen", None, NOW)
    assert missing.expires(connection, "erp") is None


def test_the_end_is_the_earliest_that_is_known() -> None:
    def token(**claims: object) -> str:
        return f"e30.{urlsafe_b64encode(msgspec.json.encode(claims)).decode().rstrip('=')}.sig"

    soon, late = NOW + timedelta(days=1), NOW + timedelta(days=9)
    assert expiry(Rotation(expires=late), {"a": token(exp=int(soon.timestamp())), "b": "plain", "c": "a.b.c", "d": token(exp="x")}) == soon
    assert expiry(Rotation(), {"b": "plain"}) is None


def _missing(name: str) -> dict[str, str]:
    raise SettingsError("the environment variable SOME is not set.", "Set it.")
