"""What people do through the interface: once, about the version they saw, within their scopes, and written down."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from api_of import Answer, Api
from tieout.api.v1.commands import id_of
from tieout.people import accounts, sessions
from world import NOW, World


def case(api: Api, key: str, query: str = "class=SNI%2B&sort=value") -> dict[str, Any]:
    found = api.call("GET", f"/cases?{query}&limit=1", key=key).json["items"]
    return dict(found[0])


def held(api: Api, key: str) -> tuple[str, str]:
    """The path and the ETag of a held command."""
    (first, *_) = api.call("GET", "/commands?state=held", key=key).json["items"]
    path = f"/commands/{first['id']}"
    return path, api.call("GET", path, key=key).headers["etag"]


def audited(told: World) -> list[tuple[str, str, str]]:
    return told.connection.execute("select who, action, object from action where at >= %s order by id", [NOW]).fetchall()


def test_a_case_is_assigned_at_the_version_that_was_seen(api: Api, told: World) -> None:
    key = api.key("ana", "analyst")
    one = case(api, key)
    path, tag = f"/cases/{one['ref']}/assign", f'"{one["version"]}"'
    assert api.call("POST", path, {"person": "ana"}, key=key).status == 428
    done = api.call("POST", path, {"person": "ana"}, key=key, if_match=tag)
    assert (done.status, done.json["outcome"]) == (200, "done")
    assert done.headers["etag"] == f'"{one["version"] + 1}"'
    assert api.call("POST", path, {"person": ""}, key=key, if_match=tag).status == 412
    assert case(api, key, "owner=me")["ref"] == one["ref"]
    assert ("ana", "assigned", one["ref"]) in audited(told)


def test_what_does_not_apply_says_why_and_changes_nothing(api: Api) -> None:
    key = api.key("ana", "analyst")
    one = case(api, key)
    refused = api.call("POST", f"/cases/{one['ref']}/wake", key=key, if_match=f'"{one["version"]}"')
    assert (refused.status, refused.json["rule"], refused.json["detail"]) == (409, "case/not-eligible", f"{one['ref']}: it is not snoozed.")
    assert case(api, key) == one


def test_a_life_of_a_case(api: Api) -> None:
    key = api.key("ana", "analyst")
    one = case(api, key)
    version = one["version"]
    for name, body in (
        ("acknowledge", None), ("tags", {"add": ["late"]}), ("priority", {"priority": 1}),
        ("snooze", {"kind": "time", "until": (NOW + timedelta(days=1)).isoformat()}), ("wake", None), ("undo", None),
    ):  # fmt: skip
        done = api.call("POST", f"/cases/{one['ref']}/{name}", body, key=key, if_match=f'"{version}"')
        assert done.status == 200, (name, done.body)
        version = done.json["version"]
    assert api.call("POST", f"/cases/{one['ref']}/comments", {"text": "see @bo"}, key=key).status == 201
    assert api.call("POST", f"/cases/{one['ref']}/watch", key=key).status == 200
    now = case(api, key, f"ref={one['ref']}")
    assert (now["tags"], now["priority"], now["state"]) == (["late"], 1, "snoozed")
    events = api.call("GET", f"/cases/{one['ref']}/history", key=key).json["items"]
    assert [event["event"] for event in reversed(events)] == [
        "opened", "acknowledged", "tagged", "prioritised", "snoozed", "woken", "undone", "commented"
    ]  # fmt: skip


def test_causes_are_merged_and_parted_for_good(api: Api) -> None:
    key = api.key("ana", "analyst")
    first, second = (one["id"] for one in api.call("GET", "/causes", key=key).json["items"][:2])
    merge = {"causes": [second], "why": "one mapping"}
    assert api.call("POST", f"/causes/{first}/merge", merge, key=key).status == 200
    assert api.call("POST", f"/causes/{second}/part", {"why": "it was not"}, key=key).status == 200
    again = api.call("POST", f"/causes/{first}/merge", merge, key=key)
    assert (again.status, again.json["rule"]) == (409, "request/refused")
    assert "for good" in again.json["detail"]


def test_a_command_is_approved_by_somebody_else_once_and_as_it_was_seen(api: Api, told: World) -> None:
    lead = api.key("lead", "approver")
    path, tag = held(api, lead)
    for who in (api.key("ana", "analyst"), api.key("vic", "viewer"), api.key("chief", "admin"), api.key("eng", "engineer")):
        assert api.call("POST", f"{path}/approve", key=who, if_match=tag).status == 403
    assert api.call("POST", f"{path}/approve", key=lead).status == 428
    assert api.call("POST", f"{path}/approve", key=lead, if_match='"x"').status == 412
    done = api.call("POST", f"{path}/approve", key=lead, if_match=tag)
    assert (done.status, done.json["state"], done.json["approved_by"]) == (200, "queued", "lead")
    assert api.call("POST", f"{path}/approve", key=lead, if_match=tag).status == 412
    assert [row for row in audited(told) if row[1] == "approve command"] == [("lead", "approve command", done.json["key"])]


def test_nobody_approves_his_own(api: Api, told: World) -> None:
    lead = api.key("lead", "approver")
    path, tag = held(api, lead)
    told.connection.execute("update command set proposed_by = 'lead'")
    refused = api.call("POST", f"{path}/approve", key=lead, if_match=tag)
    assert refused.status in (403, 409)
    assert "Somebody else" in refused.json["next_step"]
    assert told.connection.execute("select count(*) from command where approved_by <> ''").fetchall() == [(0,)]


def test_who_reaches_for_more_than_is_his_is_written_down(api: Api, told: World) -> None:
    key = api.key("vic", "viewer")
    path, tag = held(api, key)
    api.call("POST", f"{path}/approve", key=key, if_match=tag)
    api.call("GET", "/audit", key=key)
    assert [row for row in audited(told) if row[1] == "refused"] == [
        ("vic", "refused", f"POST /api/v1{path}/approve"), ("vic", "refused", "GET /api/v1/audit")
    ]  # fmt: skip


def test_a_changed_content_voids_what_was_seen(api: Api, told: World) -> None:
    lead = api.key("lead", "approver")
    path, tag = held(api, lead)
    told.connection.execute("update command set hash = sha256('other')")
    assert api.call("POST", f"{path}/approve", key=lead, if_match=tag).status == 412


def test_the_same_idempotency_key_gives_the_first_answer_and_does_nothing(api: Api, told: World) -> None:
    key = api.key("ana", "analyst")
    ref = case(api, key)["ref"]
    answers = [api.call("POST", f"/cases/{ref}/comments", {"text": "once"}, key=key, idempotency_key="a-1") for _ in range(3)]
    assert {(one.status, one.body) for one in answers} == {(201, answers[0].body)}
    assert [one.headers.get("idempotent-replayed") for one in answers] == [None, "true", "true"]
    assert told.connection.execute("select count(*) from work_event where event = 'commented'").fetchall() == [(1,)]
    other = api.call("POST", f"/cases/{ref}/comments", {"text": "twice"}, key=key, idempotency_key="a-1")
    assert (other.status, other.json["rule"]) == (409, "http/key-reused")
    bo = api.key("bo", "analyst")
    assert "idempotent-replayed" not in api.call("POST", f"/cases/{ref}/comments", {"text": "once"}, key=bo, idempotency_key="a-1").headers


def test_a_request_that_failed_may_come_again_with_its_key(api: Api) -> None:
    key = api.key("ana", "analyst")
    one = case(api, key)
    path = f"/cases/{one['ref']}/acknowledge"
    assert api.call("POST", path, key=key, idempotency_key="a-1", if_match='"999"').status == 412
    done = api.call("POST", path, key=key, idempotency_key="a-2", if_match=f'"{one["version"]}"')
    again = api.call("POST", path, key=key, idempotency_key="a-2", if_match=f'"{one["version"]}"')
    assert (done.status, again.status, again.headers["etag"]) == (200, 200, done.headers["etag"])


def test_the_same_key_at_the_same_time_does_it_once(api: Api, told: World) -> None:
    key = api.key("ana", "analyst")
    ref = case(api, key)["ref"]
    answers: list[Answer] = []

    def ask() -> None:
        answers.append(api.call("POST", f"/cases/{ref}/comments", {"text": "once"}, key=key, idempotency_key="a-1"))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {(one.status, one.body) for one in answers} == {(201, answers[0].body)}
    assert told.connection.execute("select count(*) from work_event where event = 'commented'").fetchall() == [(1,)]


def test_systems_are_paused_by_engineers_with_an_end(api: Api, told: World) -> None:
    engineer = api.key("eng", "engineer")
    assert api.call("POST", "/systems/erp/pause", {"why": "upgrade", "minutes": 30}, key=api.key("ana", "analyst")).status == 403
    assert api.call("POST", "/systems/erp/pause", {"why": "upgrade", "minutes": 30}, key=engineer).status == 200
    (erp,) = (one for one in api.call("GET", "/systems", key=engineer).json["items"] if one["system"] == "erp")
    assert (erp["health"], erp["paused_by"]) == ("paused", "eng")
    assert api.call("POST", "/systems/erp/resume", key=engineer).status == 200
    assert api.call("POST", "/systems/nothing/resume", key=engineer).status == 404
    assert [row[1:] for row in audited(told) if row[1].startswith("system")] == [("system paused", "erp"), ("system resumed", "erp")]


def test_raw_bytes_are_given_to_those_who_may_and_each_look_is_written_down(api: Api, told: World) -> None:
    ((id_, raw),) = told.connection.execute("select id, raw from message order by id limit 1").fetchall()
    assert api.call("GET", f"/messages/{id_}/raw", key=api.key("vic", "viewer")).status == 403
    found = api.call("GET", f"/messages/{id_}/raw", key=api.key("ana", "analyst"))
    assert (found.status, found.body, found.headers["content-type"]) == (200, bytes(raw), "application/octet-stream")
    assert found.headers["content-disposition"].startswith("attachment")
    assert [row for row in audited(told) if row[1] == "read masked"] == [("ana", "read masked", f"message/{id_}")]


def test_the_record_is_read_by_those_who_may(api: Api) -> None:
    auditor = api.key("chief", "admin")
    found = api.call("GET", "/audit?who=chief&limit=500", key=auditor).json["items"]
    assert [one["action"] for one in found] == ["add key"]
    assert api.call("GET", "/audit", key=api.key("ana", "analyst")).status == 403


# Scopes -------------------------------------------------------------------------------------------------------------------


def test_what_is_outside_the_scopes_is_not_there(api: Api, told: World) -> None:
    everybody, kept = api.key("all", "analyst", "approver"), api.key("ana", "analyst", "approver", channel=["web"])
    whole, mine = (
        {one["ref"]: one for one in api.call("GET", "/cases?limit=500", key=key).json["items"]} for key in (everybody, kept)
    )  # fmt: skip
    assert {ref for ref, one in whole.items() if one["channel"] == "web"} == set(mine) != set(whole)
    foreign = next(one for one in whole.values() if one["channel"] == "edi" and one["class"] == "SNI+")
    tag = f'"{foreign["version"]}"'
    for method, path, body in (
        ("GET", f"/cases/{foreign['ref']}", None),
        ("GET", f"/cases/{foreign['ref']}/history", None),
        ("POST", f"/cases/{foreign['ref']}/assign", {"person": "ana"}),
        ("POST", f"/cases/{foreign['ref']}/comments", {"text": "mine now"}),
        ("POST", f"/cases/{foreign['ref']}/watch", None),
        ("GET", f"/transaction?subject={foreign['subject']}", None),
    ):
        refused = api.call(method, path, body, key=kept, if_match=tag) if method == "POST" else api.call(method, path, key=kept)
        assert refused.status == 404, path
    assert api.call("GET", "/cases/totals", key=kept).json["many"] == len(mine)
    assert told.connection.execute("select count(*) from work where person <> ''").fetchall() == [(0,)]


@pytest.mark.parametrize("path", ["/transactions?begins=shop/order/", "/balances?x", "/commands?x"])
def test_lists_of_the_ledger_keep_to_the_scopes(api: Api, path: str) -> None:
    def subjects(key: str) -> set[str]:
        return {one["subject"] for one in api.call("GET", f"{path.removesuffix('?x')}", key=key).json["items"]}

    assert {"shop/order/0", "shop/order/1"} <= subjects(api.key("all", "viewer"))
    assert subjects(api.key("ana", "viewer", channel=["web"])) == {"shop/order/1", "shop/order/3", "shop/order/5"}
    assert subjects(api.key("bo", "viewer", warehouse=["W9"])) == set()


def test_a_command_outside_the_scopes_is_not_approved(api: Api) -> None:
    kept = api.key("lead", "approver", channel=["edi"])
    everybody = api.key("all", "viewer")
    commands = api.call("GET", "/commands", key=everybody).json["items"]
    foreign = next(one for one in commands if one["subject"] == "shop/order/1")
    tag = api.call("GET", f"/commands/{foreign['id']}", key=everybody).headers["etag"]
    assert foreign["id"] == id_of(foreign["key"])
    assert api.call("POST", f"/commands/{foreign['id']}/approve", key=kept, if_match=tag).status == 404


def test_a_message_outside_the_scopes_is_not_read(api: Api, told: World) -> None:
    ((id_,),) = told.connection.execute("select min(id) from message").fetchall()
    assert api.call("GET", f"/messages/{id_}/raw", key=api.key("ana", "analyst", channel=["web"])).status == 404


def test_a_cause_with_cases_elsewhere_is_not_grouped(api: Api) -> None:
    kept = api.key("ana", "analyst", channel=["web"])
    first, second = (one["id"] for one in api.call("GET", "/causes", key=kept).json["items"][:2])
    refused = api.call("POST", f"/causes/{first}/merge", {"causes": [second], "why": "x"}, key=kept)
    assert (refused.status, refused.json["rule"]) == (403, "request/forbidden")


# Browsers -----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def browser(api: Api, told: World) -> Callable[..., str]:
    def make(*roles: str) -> str:
        with told.database.session() as session:
            return sessions.begin(session, api.person("bea", *roles).person.id, NOW)

    return make


def test_a_browser_writes_only_for_a_page_of_ours(api: Api, browser: Callable[..., str]) -> None:
    token = browser("analyst")
    csrf = sessions.csrf_of(token)
    body = {"name": "script", "days": 30}
    for headers in (
        {},
        {"x_csrf_token": "x"},
        {"x_csrf_token": csrf, "sec_fetch_site": "cross-site"},
        {"x_csrf_token": csrf, "sec_fetch_site": "same-site"},
    ):
        refused = api.call("POST", "/me/keys", body, cookie=f"tieout={token}", **headers)
        assert (refused.status, refused.json["rule"]) == (403, "http/csrf")
    made = api.call("POST", "/me/keys", body, cookie=f"tieout={token}", x_csrf_token=csrf, sec_fetch_site="same-origin")
    assert made.status == 201
    assert api.call("GET", "/me", key=made.json["key"]).json["login"] == "bea"
    kept = api.call("GET", "/me/keys", key=made.json["key"]).json["items"]
    assert [(one["id"], one["name"]) for one in kept] == [(made.json["id"], "script")]
    assert made.json["key"].split("_")[2] not in str(kept)


def test_a_key_makes_no_keys_and_an_answer_with_a_secret_is_not_kept(api: Api, browser: Callable[..., str], told: World) -> None:
    assert api.call("POST", "/me/keys", {"name": "x", "days": 1}, key=api.key("ana", "analyst")).status == 403
    token = browser("analyst")
    body = {"name": "script", "days": 30, "roles": ["admin"]}
    headers = {"cookie": f"tieout={token}", "x_csrf_token": sessions.csrf_of(token)}
    assert api.call("POST", "/me/keys", body, **headers).status == 403
    assert api.call("POST", "/me/keys", {**body, "roles": []}, idempotency_key="a", **headers).json["rule"] == "http/key-unwanted"
    assert told.connection.execute("select count(*) from answered").fetchall() == [(0,)]


def test_delegations_are_given_and_withdrawn(api: Api) -> None:
    lead, deputy = api.key("lead", "approver"), api.key("deputy", "approver")
    body = {"taker": "deputy", "role": "finance_lead", "days": 7, "reason": "on holiday"}
    made = api.call("POST", "/delegations", body, key=lead)
    assert (made.status, made.json["giver"], made.json["taker"]) == (201, "lead", "deputy")
    assert api.call("POST", f"/delegations/{made.json['id']}/withdraw", key=deputy).status == 409
    assert api.call("POST", f"/delegations/{made.json['id']}/withdraw", key=lead).status == 200
    assert api.call("GET", "/delegations", key=lead).json["items"] == []


def test_a_role_that_is_taken_away_is_gone_at_the_next_request(api: Api, told: World) -> None:
    lead = api.key("lead", "approver")
    path, tag = held(api, lead)
    with told.database.session() as session:
        accounts.set_roles(session, accounts.account(session, "lead"), ["viewer"], ["approver"], NOW, by=None)
    assert api.call("POST", f"{path}/approve", key=lead, if_match=tag).status == 403
