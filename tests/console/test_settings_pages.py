"""Settings: keys of programs shown once, the second factor, delegations, people for admins; calendars and policies as they are in force."""

import re
import urllib.parse
from collections.abc import Callable, Iterator

import pyotp
import pytest
from browsing import Seat
from console_day import NOW, Console, day
from console_people import PASSWORD
from playwright.sync_api import Browser, expect

from tieout.people import accounts, keys, second, sessions

CHANGES = ("roles", "scopes", "limit", "password", "disable", "enable", "sign-outs", "second-factor", "revoke-key")


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with day(tmp_path_factory.mktemp("settings") / "day") as served:
        yield served


def test_a_key_is_shown_once_and_works_until_it_is_revoked(console: Console) -> None:
    made = console.post("/settings/api-keys", "ana", name="nightly report", days="30", channels="shopify, edi")
    found = re.search(r"tieoutp_[0-9a-f]{12}_[A-Za-z0-9_-]{43}", made.text)
    assert found is not None and made.headers["Cache-Control"] == "no-store"
    listed = console.get("/settings/api-keys", "ana").text
    assert found[0] not in listed and f"tieoutp_{found[0].split('_')[1]}_…" in listed and "channels edi, shopify" in listed
    with console.project.database.session() as session:
        person = keys.person_of(session, found[0], NOW)
        assert person is not None and person.scopes.channels == {"shopify", "edi"}
    assert console.post(f"/settings/api-keys/{found[0].split('_')[1]}/revoke", "bo").status == 422, "another's key is not one's own"
    console.post(f"/settings/api-keys/{found[0].split('_')[1]}/revoke", "ana")
    with console.project.database.session() as session:
        assert keys.person_of(session, found[0], NOW) is None
    assert console.post("/settings/api-keys", "ana", name="for ever", days="9999").status == 422


def test_an_admin_adds_and_changes_somebody(console: Console) -> None:
    seen = console.post("/settings/people", "ada", login="mia", name="Mia Lund", role="analyst", zone="Europe/Oslo")
    assert seen.url == "/settings/people/mia" and "no password yet" in seen.text
    console.post("/settings/people/mia/scopes", "ada", **{"channel": "shopify", "warehouse-more": "CHI, LAKE"})
    console.post("/settings/people/mia/limit", "ada", currency="eur", amount="99.50")
    console.post("/settings/people/mia/roles", "ada", role="approver")
    assert console.post("/settings/people/mia/password", "ada", password="harbour lantern quince 7", again="harbour lantern").status == 422
    console.post("/settings/people/mia/password", "ada", password="harbour lantern quince 7", again="harbour lantern quince 7")
    with console.project.database.session() as session:
        mia = accounts.account(session, "mia").person
        assert (mia.roles, mia.scopes.channels, mia.scopes.warehouses) == ({"approver"}, {"shopify"}, {"CHI", "LAKE"})
        assert f"{mia.limit['EUR']:f}" == "99.50"
        token = sessions.sign_in(session, "mia", "harbour lantern quince 7", NOW)
    console.post("/settings/people/mia/sign-outs", "ada")
    with console.project.database.session() as session:
        assert sessions.person_of(session, token, NOW) is None
    console.post("/settings/people/mia/disable", "ada", why="left")
    assert "disabled" in console.get("/settings/people/mia", "ada").text
    told = [row[0] for row in console.sql("select action from action where object = 'mia' and who = 'ada' order by id")]
    assert told == [
        "add person",
        "change roles",
        "change scopes",
        "change limit",
        "change roles",
        "set password",
        "end all sign-ins",
        "disable person",
    ]


@pytest.mark.parametrize("who", ["ana", "bo", "chen", "vera"])
def test_nobody_but_an_admin_comes_to_people(console: Console, who: str) -> None:
    assert console.get("/settings/people", who).status == 403
    assert console.get("/settings/people/ana", who).status == 403
    for change in CHANGES:
        assert console.post(f"/settings/people/{who}/{change}", who, role="admin", currency="EUR", amount="1").status == 403, change
    assert ">People<" not in console.get("/settings/profile", who).text


def test_an_admin_cannot_raise_himself_and_reads_why(console: Console) -> None:
    page = console.get("/settings/people/ada", "ada").text
    assert "Nobody changes the own account in this; ask another admin." in page
    for change, fields in (("roles", {"role": "approver"}), ("scopes", {}), ("limit", {"currency": "EUR", "amount": "9"}), ("disable", {})):
        assert console.post(f"/settings/people/ada/{change}", "ada", **fields).status == 403, change


def test_a_delegation_is_given_by_who_may_approve_and_taken_back_by_him_or_an_admin(console: Console) -> None:
    with console.project.database.session() as session:
        who = accounts.add(session, "kim", "Kim Roe", NOW, by=None)
        accounts.set_roles(session, who, ["approver"], [], NOW, by=None)
    assert console.post("/settings/delegations", "ana", taker="kim", role="approver", days="7", reason="away").status == 403
    seen = console.post("/settings/delegations", "bo", taker="kim", role="approver", days="7", reason="on leave")
    assert "on leave" in seen.text
    ((number,),) = console.sql("select max(id) from delegation")
    assert console.post(f"/settings/delegations/{number}/withdraw", "ana").status == 403
    console.post(f"/settings/delegations/{number}/withdraw", "ada")
    assert "on leave" not in console.get("/settings/delegations", "bo").text


def test_calendars_and_policies_are_shown_as_they_are_in_force(console: Console) -> None:
    seen = console.get("/settings/calendars").text
    assert "America/Chicago" in seen and "2025-06-19" in seen and "holiday" in seen
    seen = console.get("/settings/policies").text
    assert "command line, " in seen and "When the rules changed, and by whom" in seen


def test_signing_in_with_a_second_factor(console: Console, browser: Browser, sit: Callable[..., Seat]) -> None:
    seat = sit(console.base, console.project.database, "")
    with console.project.database.session() as session:
        who = accounts.add(session, "tom", "Tom Ek", NOW, by=None)
        accounts.set_roles(session, who, ["viewer"], [], NOW, by=None)
        accounts.set_password(session, accounts.account(session, "tom"), PASSWORD, NOW, by=None)
        who = accounts.account(session, "tom")
        secret = second.begin(session, console.desk.vault, who.person, NOW)
        codes = second.confirm(session, console.desk.vault, who.person, pyotp.TOTP(secret).at(NOW), NOW)
    page = seat.go("/connectors")
    page.get_by_label("Login").fill("tom")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
    assert urllib.parse.urlsplit(seat.context.pages[0].url).path == "/sign-in/second"
    page.get_by_label("Code").fill("000 000")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("The code is not right")
    page.get_by_label("Code").fill(codes[0])
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{console.base}/connectors")
    page.goto(f"{console.base}/settings/second-factor")
    expect(page.get_by_text("9 recovery codes are left")).to_be_visible()
    assert [text for text in seat.wrong if "422" not in text] == []


def test_setting_up_an_app(console: Console, sit: Callable[..., Seat]) -> None:
    seat = sit(console.base, console.project.database, "")
    seat.context.add_cookies([{"name": "tieout", "value": console.tokens["vera"], "domain": "127.0.0.1", "path": "/"}])
    page = seat.go("/settings/second-factor")
    page.get_by_role("button", name="Set up an app").click()
    expect(page.locator("svg.qr")).to_be_visible()
    with console.project.database.session() as session:
        secret = second.pending(session, console.desk.vault, accounts.account(session, "vera").person.id)
    assert secret in "".join(page.locator(".setup code").inner_text().split())
    page.get_by_label("Code").fill(pyotp.TOTP(secret).at(NOW))
    page.get_by_role("button", name="Ask for it from now on").click()
    expect(page.locator(".codes li")).to_have_count(10)
    assert seat.wrong == []
    with console.project.database.session() as session:
        second.reset(session, accounts.account(session, "vera"), NOW, by=None)
        console.tokens["vera"] = sessions.begin(session, accounts.account(session, "vera").person.id, NOW)
