"""The second factor: codes as RFC 6238 has them, each once; recovery codes; roles that ask for one; who may reset it."""

import stat
from base64 import b32encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest

from tieout.errors import Forbidden, OperatorError, SettingsError
from tieout.people import accounts, audit, second, sessions
from tieout.people.accounts import Account
from tieout.people.second import WrongCode
from tieout.people.throttle import TooFast
from tieout.people.vault import KEY_MIN, Vault, key_beside
from tieout.store.session import Session

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
GOOD = "harbour lantern quince 7"
Add = Callable[..., Account]
VAULT = Vault(lambda: "a key for tests of thirty-two characters")


@pytest.fixture
def ana(connection: Session, add: Add) -> Account:
    made = add("ana", "analyst", "approver")
    accounts.set_password(connection, made, GOOD, NOW, by=None)
    return accounts.account(connection, "ana")


def code(secret: str, at: datetime) -> str:
    return pyotp.TOTP(secret).at(at)


def enrolled(connection: Session, account: Account) -> tuple[str, list[str]]:
    """The secret of the app, and the recovery codes."""
    secret = second.begin(connection, VAULT, account.person, NOW)
    return secret, second.confirm(connection, VAULT, account.person, code(secret, NOW), NOW)


def test_secrets_of_apps_cannot_be_read_in_the_database(connection: Session, ana: Account) -> None:
    secret, _ = enrolled(connection, ana)
    ((kept,),) = connection.execute("select secret from person_second").fetchall()
    assert secret not in kept and VAULT.open(kept, f"second factor of {ana.person.id}") == secret
    for other, about in ((VAULT, "second factor of 0"), (Vault(lambda: "another key, as long as a key has to be"), "second factor of 1")):
        with pytest.raises(OperatorError, match="sealed with another key"):
            other.open(kept, about)


def test_a_secret_from_before_is_sealed_when_it_is_next_used(connection: Session, ana: Account) -> None:
    secret = pyotp.random_base32()
    connection.execute("insert into person_second (person, secret, made, confirmed) values (%s, %s, %s, %s)", (ana.person.id, secret, NOW, NOW))
    second.check(connection, VAULT, ana, code(secret, NOW), NOW)
    ((kept,),) = connection.execute("select secret from person_second").fetchall()
    assert secret not in kept
    later = NOW + timedelta(minutes=2)
    second.check(connection, VAULT, ana, code(secret, later), later)


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    made = key_beside(tmp_path / "new")
    assert len(made) >= KEY_MIN and key_beside(tmp_path / "new") == made
    assert stat.S_IMODE((tmp_path / "new" / "second-factor.key").stat().st_mode) == 0o600


def test_a_key_that_is_too_short_is_refused() -> None:
    with pytest.raises(SettingsError, match="leads to 5 characters"):
        Vault(lambda: "short").check()


@pytest.mark.parametrize(("seconds", "expected"), [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (2000000000, "279037")])
def test_codes_are_those_of_rfc_6238(connection: Session, ana: Account, seconds: int, expected: str) -> None:
    secret = b32encode(b"12345678901234567890").decode()
    connection.execute("insert into person_second (person, secret, made, confirmed) values (%s, %s, %s, %s)", (ana.person.id, secret, NOW, NOW))
    second.check(connection, VAULT, ana, expected, datetime.fromtimestamp(seconds, UTC))
    (told,) = audit.actions(connection, action="second factor given")
    assert told.detail == {"how": "app"}


def test_a_password_alone_lets_nobody_in_who_has_a_second_factor(connection: Session, ana: Account) -> None:
    secret, _ = enrolled(connection, ana)
    token = sessions.sign_in(connection, "ana", GOOD, NOW)
    assert sessions.person_of(connection, token, NOW) is None
    assert sessions.sign_ins(connection, ana.person, NOW) == []
    waiting = sessions.waiting(connection, token, NOW)
    assert waiting is not None and (waiting[0].person.login, waiting[1]) == ("ana", "second")
    later = NOW + timedelta(minutes=1)
    second.check(connection, VAULT, ana, code(secret, later), later)
    full = sessions.begin(connection, ana.person.id, later, old=token)
    assert sessions.person_of(connection, full, later) == ana.person
    assert sessions.waiting(connection, token, later) is None, "the half sign-in serves once"


def test_a_half_sign_in_does_not_wait_for_ever(connection: Session, ana: Account) -> None:
    enrolled(connection, ana)
    token = sessions.sign_in(connection, "ana", GOOD, NOW)
    assert sessions.waiting(connection, token, NOW + sessions.WAITING) is None


def test_a_code_serves_once_and_near_its_time(connection: Session, ana: Account) -> None:
    secret, _ = enrolled(connection, ana)
    at = NOW + timedelta(minutes=5)
    for moment in (NOW, at - timedelta(minutes=1), at + timedelta(minutes=1)):
        with pytest.raises(WrongCode):
            second.check(connection, VAULT, ana, code(secret, moment), at)
    second.check(connection, VAULT, ana, code(secret, at - timedelta(seconds=30)), at)
    second.check(connection, VAULT, ana, f" {code(secret, at)[:3]} {code(secret, at)[3:]} ", at)
    with pytest.raises(WrongCode):
        second.check(connection, VAULT, ana, code(secret, at), at)
    with pytest.raises(WrongCode):
        second.check(connection, VAULT, ana, code(secret, at - timedelta(seconds=30)), at)


def test_guessing_is_slowed_down(connection: Session, ana: Account) -> None:
    secret, _ = enrolled(connection, ana)
    at = NOW + timedelta(minutes=5)
    right = code(secret, at)
    wrong = f"{(int(right) + 1) % 1_000_000:06}"
    for _ in range(5):
        with pytest.raises(WrongCode):
            second.check(connection, VAULT, ana, wrong, at)
    with pytest.raises(TooFast):
        second.check(connection, VAULT, ana, right, at)


def test_a_recovery_code_serves_once_and_is_kept_as_a_hash(connection: Session, ana: Account) -> None:
    _, codes = enrolled(connection, ana)
    assert len(set(codes)) == second.RECOVERY_CODES
    assert codes[0].encode() not in b"".join(bytes(h) for (h,) in connection.execute("select hash from person_recovery").fetchall())
    second.check(connection, VAULT, ana, codes[3].upper(), NOW)
    assert second.second(connection, ana.person.id).recovery_left == 9
    with pytest.raises(WrongCode):
        second.check(connection, VAULT, ana, codes[3], NOW)
    fresh = second.renew(connection, VAULT, ana, codes[4], NOW)
    assert not set(fresh) & set(codes)
    with pytest.raises(WrongCode):
        second.check(connection, VAULT, ana, codes[5], NOW)


def test_a_role_that_asks_for_one_cannot_do_without(connection: Session, ana: Account) -> None:
    token = sessions.sign_in(connection, "ana", GOOD, NOW, second_for=("approver",))
    waiting = sessions.waiting(connection, token, NOW)
    assert waiting is not None and waiting[1] == "enrol"
    assert sessions.person_of(connection, token, NOW) is None
    _, codes = enrolled(connection, ana)
    with pytest.raises(Forbidden, match="A role of yours asks for a second factor"):
        second.remove(connection, VAULT, ana, codes[0], ("approver",), NOW)
    assert second.second(connection, ana.person.id).since == NOW
    second.remove(connection, VAULT, ana, codes[1], (), NOW)
    assert second.second(connection, ana.person.id).since is None
    assert sessions.person_of(connection, sessions.sign_in(connection, "ana", GOOD, NOW, second_for=("admin",)), NOW) is not None


def test_a_secret_counts_only_after_its_first_code(connection: Session, ana: Account) -> None:
    secret = second.begin(connection, VAULT, ana.person, NOW)
    assert sessions.person_of(connection, sessions.sign_in(connection, "ana", GOOD, NOW), NOW) is not None
    with pytest.raises(WrongCode):
        second.confirm(connection, VAULT, ana.person, "000000" if code(secret, NOW) != "000000" else "111111", NOW)
    second.confirm(connection, VAULT, ana.person, code(secret, NOW), NOW)
    with pytest.raises(OperatorError, match="a second factor already"):
        second.begin(connection, VAULT, ana.person, NOW)
    assert secret not in str(connection.execute("select a::text from action a").fetchall())


def test_only_another_admin_resets_it(connection: Session, ana: Account, add: Add) -> None:
    ada, chen = add("ada", "admin"), add("chen", "engineer")
    enrolled(connection, ana)
    token = sessions.begin(connection, ana.person.id, NOW)
    with pytest.raises(Forbidden):
        second.reset(connection, ana, NOW, by=chen.person)
    with pytest.raises(Forbidden, match="Nobody resets the own"):
        second.reset(connection, ada, NOW, by=ada.person)
    second.reset(connection, ana, NOW, by=ada.person)
    assert second.second(connection, ana.person.id).since is None
    assert sessions.person_of(connection, token, NOW) is None
