"""The sign-in page: passwords where they are taken, the provider where there is one, a factor that a role asks for before anything is shown."""

import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime

import pyotp
from browsing import Seat
from console_people import PASSWORD, invite
from console_server import serving
from playwright.sync_api import expect

from tieout.console.desk import Desk
from tieout.people import accounts, second
from tieout.people.vault import Vault
from tieout.settings import SignInTable
from tieout.store.database import Database
from tieout.store.pool import Pool

VAULT = Vault(lambda: "a key for tests of thirty-two characters")


def desk(database: Database, **more: object) -> Desk:
    return Desk(Pool(database.connect), "Nordwind", "test", sign_in=SignInTable(**more), vault=VAULT)  # type: ignore[arg-type]


def test_passwords_are_not_taken_where_single_sign_on_is_alone(database: Database) -> None:
    invite(database, datetime.now(UTC))
    with serving(desk(database, passwords=False, issuer="https://id.example.com")) as base:
        page = urllib.request.urlopen(f"{base}/sign-in", timeout=30).read().decode()
        assert 'name="password"' not in page and 'href="/sign-in/sso?next=/"' in page
        body = urllib.parse.urlencode({"login": "ana", "password": PASSWORD}).encode()
        try:
            urllib.request.urlopen(f"{base}/sign-in", body, timeout=30)
            raise AssertionError("a password was taken")
        except urllib.error.HTTPError as refused:
            assert refused.code == 403 and "Set-Cookie" not in refused.headers
    with database.session() as session:
        assert session.execute("select count(*) from login_session").fetchone() == (0,)


def test_a_role_that_asks_for_a_factor_sets_it_up_before_anything_is_shown(database: Database, sit: Callable[..., Seat]) -> None:
    invite(database, datetime.now(UTC))
    with serving(desk(database, second_factor=("approver",))) as base:
        seat = sit(base, database, "")
        page = seat.go("/exceptions")
        page.get_by_label("Login").fill("bo")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Set up a second factor")).to_be_visible()
        page.goto(f"{base}/exceptions")
        expect(page.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()
        page.goto(f"{base}/sign-in/second?next=/exceptions")
        with database.session() as session:
            secret = second.pending(session, VAULT, accounts.account(session, "bo").person.id)
        page.get_by_label("Code").fill(pyotp.TOTP(secret).now())
        page.get_by_role("button", name="Set up and sign in").click()
        expect(page.locator(".codes li")).to_have_count(10)
        page.get_by_role("link", name="I have kept them: go on").click()
        expect(page.get_by_role("heading", name="Exceptions", exact=True)).to_be_visible()
        assert seat.wrong == []


def test_who_has_no_such_role_is_let_in_by_the_password(database: Database, sit: Callable[..., Seat]) -> None:
    invite(database, datetime.now(UTC))
    with serving(desk(database, second_factor=("approver",))) as base:
        page = sit(base, database, "").go("/settings/profile")
        page.get_by_label("Login").fill("ana")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page).to_have_url(f"{base}/settings/profile")
