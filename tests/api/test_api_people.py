"""People over the interface: what the console's pages do, for admins alone; the audit's filter and verification."""

import pytest

from api_of import Api
from tieout.people import accounts, sessions
from world import NOW

GOOD = "harbour lantern quince 7"


def test_an_admin_adds_somebody_and_gives_what_is_needed(api: Api) -> None:
    ada = api.key("ada", "admin")
    made = api.call("POST", "/people", {"login": "mia", "name": "Mia Lund", "roles": ["analyst"], "zone": "Europe/Oslo"}, key=ada)
    assert (made.status, made.json["roles"], made.json["has_password"]) == (201, ["analyst"], False)
    assert api.call("POST", "/people", {"login": "mia", "name": "Another"}, key=ada).status == 409
    assert api.call("POST", "/people/mia/roles", {"roles": ["approver"]}, key=ada).json["roles"] == ["approver"]
    seen = api.call("POST", "/people/mia/scopes", {"channels": ["web"], "warehouses": ["W1"]}, key=ada).json
    assert (seen["channels"], seen["warehouses"], seen["teams"]) == (["web"], ["W1"], [])
    assert api.call("POST", "/people/mia/scopes", {"channels": []}, key=ada).json["warehouses"] == ["W1"], "what is left out stays"
    assert api.call("POST", "/people/mia/limit", {"currency": "EUR", "amount": "250.00"}, key=ada).json["limits"] == {"EUR": "250.00"}
    assert api.call("POST", "/people/mia/limit", {"currency": "EUR"}, key=ada).json["limits"] == {}
    weak = api.call("POST", "/people/mia/password", {"password": "passwordpassword"}, key=ada)
    assert weak.status == 409 and b"passwordpassword" not in weak.body
    assert api.call("POST", "/people/mia/password", {"password": GOOD}, key=ada).status == 200
    assert (
        api.call("POST", "/people/mia/password", {"password": GOOD}, key=ada, idempotency_key="k-12345678").json["rule"] == "http/key-unwanted"
    )
    with api.database.session() as session:
        assert sessions.person_of(session, sessions.sign_in(session, "mia", GOOD, NOW), NOW) is not None
    assert [one["login"] for one in api.call("GET", "/people", key=ada).json["items"]] == ["ada", "mia"]
    assert len(api.call("GET", "/people/mia/sign-ins", key=ada).json["items"]) == 1
    assert api.call("POST", "/people/mia/sign-ins/end", key=ada).status == 200
    assert api.call("GET", "/people/mia/sign-ins", key=ada).json["items"] == []


def test_disabling_ends_everything_at_once(api: Api) -> None:
    ada, mia = api.key("ada", "admin"), api.key("mia", "analyst")
    assert api.call("GET", "/me", key=mia).status == 200
    gone = api.call("POST", "/people/mia/disable", {"why": "left the company"}, key=ada)
    assert gone.json["disabled_by"] == "ada"
    assert api.call("GET", "/me", key=mia).status == 401
    assert api.call("POST", "/people/mia/enable", key=ada).json["disabled"] is None
    assert api.call("GET", "/me", key=mia).status == 401, "keys stay revoked"
    (key,) = api.call("GET", "/people/mia/keys", key=ada).json["items"]
    assert key["revoked"] is not None


@pytest.mark.parametrize("role", ["viewer", "analyst", "approver", "engineer"])
def test_nobody_else_looks_at_people_or_changes_them(api: Api, role: str) -> None:
    eve = api.key("eve", role)
    api.person("mia", "analyst")
    tried = [
        ("GET", "/people", None), ("GET", "/people/mia", None), ("GET", "/people/mia/keys", None), ("GET", "/people/mia/sign-ins", None),
        ("POST", "/people", {"login": "x", "name": "X", "roles": ["admin"]}), ("POST", "/people/eve/roles", {"roles": ["admin"]}),
        ("POST", "/people/mia/scopes", {"teams": []}), ("POST", "/people/mia/limit", {"currency": "EUR", "amount": "9"}),
        ("POST", "/people/mia/password", {"password": GOOD}), ("POST", "/people/mia/disable", {"why": "so"}), ("POST", "/people/mia/enable", None),
        ("POST", "/people/mia/second-factor/reset", None), ("POST", "/people/mia/sign-ins/end", None),
        ("POST", "/people/mia/delegations/1/withdraw", None), ("POST", "/people/mia/keys/abc/revoke", None),
    ]  # fmt: skip
    for method, path, body in tried:
        assert api.call(method, path, body, key=eve).status == 403, path
    with api.database.session() as session:
        assert {one.person.login: sorted(one.person.roles) for one in accounts.accounts(session)} == {"eve": [role], "mia": ["analyst"]}


def test_an_admin_does_not_raise_himself(api: Api) -> None:
    ada = api.key("ada", "admin")
    for path, body in (
        ("roles", {"roles": ["admin", "approver"]}),
        ("limit", {"currency": "EUR", "amount": "1000"}),
        ("scopes", {"teams": []}),
    ):
        assert api.call("POST", f"/people/ada/{path}", body, key=ada).status == 403, path
    assert api.call("POST", "/people/nobody/enable", key=ada).status == 404


def test_the_audit_is_read_by_time_and_verified(api: Api) -> None:
    ada = api.key("ada", "admin")
    api.call("POST", "/people", {"login": "mia", "name": "Mia"}, key=ada)
    moment = NOW.strftime("%Y-%m-%dT%H:%M:%SZ")
    found = api.call("GET", f"/audit?action=add%20person&since={moment}", key=ada).json["items"]
    assert [one["object"] for one in found] == ["mia", "ada"]
    assert api.call("GET", f"/audit?action=add%20person&until={moment}", key=ada).json["items"] == []
    proved = api.call("POST", "/audit/verify", key=ada)
    assert proved.status == 200 and proved.json["findings"] == [] and proved.json["commits"] > 0
    assert api.call("POST", "/audit/verify", key=api.key("ana", "analyst")).status == 403
