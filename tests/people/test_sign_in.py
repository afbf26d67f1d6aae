"""Signing in: passwords, tokens and their ends, throttling, and keys of people."""

import hashlib
import os
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie

import pytest
from argon2 import PasswordHasher

from tieout.errors import Forbidden, OperatorError
from tieout.people import accounts, audit, keys, password, sessions, throttle
from tieout.people.accounts import Account
from tieout.people.person import Role, Scopes
from tieout.people.throttle import PACES, TooFast
from tieout.store.database import Database, fetch
from tieout.store.session import Session

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
GOOD = "harbour lantern quince 7"
Add = Callable[..., Account]


@pytest.fixture
def ana(connection: Session, add: Add) -> Account:
    made = add("ana", "analyst", "approver")
    accounts.set_password(connection, made, GOOD, NOW, by=None)
    return accounts.account(connection, "ana")


@pytest.mark.parametrize("weak", ["short", "passwordpassword", "tieouttieout", "analyst123456", "111111111111", "qwertyuiop12", "x" * 129])
def test_a_weak_password_is_refused_and_not_repeated(connection: Session, ana: Account, weak: str) -> None:
    with pytest.raises(OperatorError) as bad:
        accounts.set_password(connection, ana, weak, NOW, by=None)
    assert weak not in str(bad.value)


def test_a_password_is_kept_as_argon2id_and_nowhere_else(connection: Session, ana: Account) -> None:
    ((kept,),) = connection.execute("select password from person").fetchall()
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    sessions.sign_in(connection, "Ana", GOOD, NOW)
    assert GOOD not in str(connection.execute("select a::text from action a").fetchall())


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the priority is that of the whole process")
def test_passwords_are_looked_at_one_at_a_time_and_after_everything_else(connection: Session, ana: Account) -> None:
    before = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    asking = [threading.Thread(target=password.fits, args=(GOOD, "")) for _ in range(4)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    (lane,) = [thread for thread in threading.enumerate() if thread.name.startswith("passwords")]
    assert lane.native_id is not None
    assert os.getpriority(os.PRIO_PROCESS, lane.native_id) == min(before + password.NICE, 19)
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before


def test_a_password_that_was_hashed_with_other_work_is_hashed_anew_at_the_sign_in(connection: Session, ana: Account) -> None:
    older = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1).hash(GOOD)
    connection.execute("update person set password = %s", [older])
    assert sessions.sign_in(connection, "ana", GOOD, NOW)
    ((kept,),) = connection.execute("select password from person").fetchall()
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert password.fits(GOOD, kept)


def test_a_token_names_its_person_and_only_its_hash_is_kept(connection: Session, ana: Account) -> None:
    token = sessions.sign_in(connection, "ana", GOOD, NOW, address="10.0.0.7", agent="a browser")
    assert sessions.person_of(connection, token, NOW) == ana.person
    ((kept,),) = connection.execute("select hash from login_session").fetchall()
    assert bytes(kept) == hashlib.sha256(token.encode()).digest()
    assert len(token) >= 43
    (one,) = sessions.sign_ins(connection, ana.person, NOW)
    assert (one.address, one.agent, one.ends) == ("10.0.0.7", "a browser", NOW + sessions.LONGEST)


@pytest.mark.parametrize("token", ["", "x", "\x00", "é" * 40])
def test_no_token_is_nobody(connection: Session, ana: Account, token: str) -> None:
    assert sessions.person_of(connection, token, NOW) is None


def test_a_sign_in_ends_when_idle_and_at_its_longest(connection: Session, ana: Account) -> None:
    token = sessions.sign_in(connection, "ana", GOOD, NOW)
    assert sessions.person_of(connection, token, NOW + sessions.IDLE) is None
    at = NOW
    while at + timedelta(minutes=50) < NOW + sessions.LONGEST:
        at += timedelta(minutes=50)
        assert sessions.person_of(connection, token, at) is not None, at
    assert sessions.person_of(connection, token, NOW + sessions.LONGEST) is None


def test_signing_in_again_gives_another_token_and_ends_the_old(connection: Session, ana: Account) -> None:
    old = sessions.sign_in(connection, "ana", GOOD, NOW)
    new = sessions.sign_in(connection, "ana", GOOD, NOW, old=old)
    assert sessions.person_of(connection, old, NOW) is None
    assert sessions.person_of(connection, new, NOW) == ana.person
    assert sessions.end(connection, new, NOW)
    assert not sessions.end(connection, new, NOW)
    assert sessions.person_of(connection, new, NOW) is None


def test_a_new_password_ends_the_other_sign_ins(connection: Session, ana: Account) -> None:
    here, there = (sessions.sign_in(connection, "ana", GOOD, NOW) for _ in range(2))
    accounts.set_password(connection, ana, "velvet anchor mosaic 12", NOW, by=ana.person, keep=hashlib.sha256(here.encode()).digest())
    assert sessions.person_of(connection, here, NOW) is not None
    assert sessions.person_of(connection, there, NOW) is None


def test_roles_taken_away_are_gone_at_the_next_request(connection: Session, ana: Account) -> None:
    token = sessions.sign_in(connection, "ana", GOOD, NOW)
    accounts.set_roles(connection, ana, [], ["approver"], NOW, by=None)
    found = sessions.person_of(connection, token, NOW)
    assert found is not None
    assert found.roles == {Role.ANALYST}


def test_a_refusal_does_not_say_which_logins_there_are(connection: Session, ana: Account) -> None:
    said = set()
    for login, typed in (("ana", "wrong"), ("nobody", "wrong"), ("nobody", "")):
        with pytest.raises(sessions.SignInRefused) as bad:
            sessions.sign_in(connection, login, typed, NOW)
        said.add(str(bad.value))
    accounts.disable(connection, ana, NOW, by=None)
    with pytest.raises(sessions.SignInRefused) as bad:
        sessions.sign_in(connection, "ana", GOOD, NOW)
    assert said == {str(bad.value)}


def test_what_was_typed_as_a_login_that_is_none_is_not_written_down(connection: Session, ana: Account) -> None:
    with pytest.raises(sessions.SignInRefused):
        sessions.sign_in(connection, "my secret passphrase", "x", NOW)
    with pytest.raises(sessions.SignInRefused):
        sessions.sign_in(connection, "ana", "x", NOW)
    refused = audit.actions(connection, action="sign-in refused")
    assert [(one.who, one.object) for one in refused] == [("ana", "ana"), ("somebody unknown", "")]


def test_after_some_tries_one_waits_and_then_longer(connection: Session, ana: Account) -> None:
    now = NOW
    for _ in range(PACES["login"].free):
        with pytest.raises(sessions.SignInRefused):
            sessions.sign_in(connection, "ana", "wrong", now)
    waits = []
    for _ in range(12):
        with pytest.raises(TooFast) as bad:
            sessions.sign_in(connection, "ana", GOOD, now)
        waits.append(bad.value.retry_after)
        now += timedelta(seconds=bad.value.retry_after)
        with pytest.raises(sessions.SignInRefused):
            sessions.sign_in(connection, "ana", "wrong", now)
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
    now += timedelta(seconds=900)
    assert sessions.sign_in(connection, "ana", GOOD, now)
    for _ in range(PACES["login"].free):
        with pytest.raises(sessions.SignInRefused):
            sessions.sign_in(connection, "ana", "wrong", now)


def test_tries_at_the_same_time_count_each(database: Database) -> None:
    admitted = []

    def guess() -> None:
        with database.session() as own:
            try:
                throttle.admit(own, "ana", "10.0.0.7", NOW)
                admitted.append(1)
            except TooFast:
                pass

    threads = [threading.Thread(target=guess) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(admitted) == PACES["login"].free


def test_an_office_that_signs_in_well_does_not_wait(connection: Session, ana: Account) -> None:
    for number in range(PACES["address"].free):
        throttle.admit(connection, f"login{number}", "10.0.0.7", NOW)
        throttle.forget(connection, f"login{number}", "10.0.0.7")
    assert sessions.sign_in(connection, "ana", GOOD, NOW, address="10.0.0.7")
    assert fetch(connection, "tries_of", ["address:10.0.0.7"])[0][1] == 0


def test_two_of_one_office_at_the_same_moment_do_not_wait_for_each_other(connection: Session) -> None:
    throttle.admit(connection, "bo", "10.0.0.1", NOW + timedelta(seconds=1))
    throttle.admit(connection, "ana", "10.0.0.1", NOW)


def test_an_address_that_tries_many_logins_waits_too(connection: Session) -> None:
    for number in range(PACES["address"].free):
        throttle.admit(connection, f"login{number}", "10.0.0.7", NOW)
    with pytest.raises(TooFast):
        throttle.admit(connection, "another", "10.0.0.7", NOW)
    throttle.admit(connection, "another", "10.0.0.8", NOW)


def test_a_form_belongs_to_its_sign_in() -> None:
    assert sessions.csrf_fits("token", sessions.csrf_of("token"))
    assert not sessions.csrf_fits("other", sessions.csrf_of("token"))
    assert not sessions.csrf_fits("", sessions.csrf_of(""))
    assert not sessions.csrf_fits("token", "é")


def test_the_cookie_is_kept_from_scripts_and_other_sites() -> None:
    (made,) = SimpleCookie(sessions.cookie("t0", secure=True)).values()
    assert (made.key, made.value, made["path"], made["domain"]) == ("__Host-tieout", "t0", "/", "")
    assert (made["httponly"], made["secure"], made["samesite"]) == (True, True, "Strict")
    (gone,) = SimpleCookie(sessions.cookie("", secure=False)).values()
    assert (gone.key, gone.value, gone["max-age"]) == ("tieout", "", "0")


def test_a_key_may_no_more_than_its_person_and_than_it_says(connection: Session, add: Add) -> None:
    person = add("ana", "analyst", "approver", warehouse=["W1", "W2"]).person
    token = keys.add(
        connection,
        person,
        "script",
        NOW + timedelta(days=30),
        NOW,
        roles=frozenset({Role.ANALYST}),
        scopes=Scopes(warehouses=frozenset({"W2", "W3"})),
    )
    found = keys.person_of(connection, token, NOW)
    assert found is not None
    assert (found.roles, found.scopes.warehouses, found.key) == ({Role.ANALYST}, {"W2"}, token.split("_")[1])
    accounts.set_roles(connection, accounts.account(connection, "ana"), [], ["analyst"], NOW, by=None)
    accounts.set_scopes(connection, accounts.account(connection, "ana"), {"warehouse": ["W1"]}, NOW, by=None)
    found = keys.person_of(connection, token, NOW)
    assert found is not None
    assert found.roles == frozenset()
    assert not any(found.scopes.sees(warehouse=name) for name in ("W1", "W2", "W3", ""))


def test_a_key_ends_and_is_revoked(connection: Session, add: Add) -> None:
    person = add("ana", "analyst").person
    token = keys.add(connection, person, "script", NOW + timedelta(days=30), NOW)
    id_ = token.split("_")[1]
    ((kept,),) = connection.execute("select hash from person_key").fetchall()
    assert bytes(kept) == hashlib.sha256(token.split("_", 2)[2].encode()).digest()
    assert keys.person_of(connection, token, NOW + timedelta(days=30)) is None
    assert keys.person_of(connection, token[:-1] + ("A" if token[-1] != "A" else "B"), NOW) is None
    keys.revoke(connection, person, id_, NOW, by=person)
    assert keys.person_of(connection, token, NOW) is None
    with pytest.raises(OperatorError, match="There is no key"):
        keys.revoke(connection, person, id_, NOW, by=person)


def test_keys_are_made_within_bounds(connection: Session, add: Add) -> None:
    person, other = add("ana", "analyst").person, add("bo", "analyst").person
    with pytest.raises(OperatorError, match="ends within a year"):
        keys.add(connection, person, "script", NOW + timedelta(days=400), NOW)
    with pytest.raises(Forbidden, match="has not the role admin"):
        keys.add(connection, person, "script", NOW + timedelta(days=4), NOW, roles=frozenset({Role.ADMIN}))
    token = keys.add(connection, person, "script", NOW + timedelta(days=4), NOW)
    by_key = keys.person_of(connection, token, NOW)
    assert by_key is not None
    with pytest.raises(Forbidden, match="A key makes no keys"):
        keys.add(connection, by_key, "another", NOW + timedelta(days=4), NOW)
    with pytest.raises(Forbidden):
        keys.revoke(connection, person, token.split("_")[1], NOW, by=other)
