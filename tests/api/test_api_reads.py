"""What the interface tells, to whom, and how it refuses."""

import json
from datetime import timedelta

import pytest

from api_of import Api
from tieout.api.v1 import bounds, caller
from tieout.people import accounts, keys, sessions
from world import NOW, World


def pages(api: Api, path: str, key: str) -> list[dict[str, object]]:
    """All items of a list, page by page."""
    found, cursor = [], ""
    for _ in range(100):
        answer = api.call("GET", f"{path}{'&' if '?' in path else '?'}limit=2{cursor}", key=key)
        assert answer.status == 200, answer.body
        assert len(answer.json["items"]) <= 2
        found += answer.json["items"]
        if answer.json["next"] is None:
            return found
        cursor = f"&cursor={answer.json['next']}"
    raise AssertionError("it never ends")


def test_cases_come_in_pages_that_together_are_the_list(api: Api, told: World) -> None:
    key = api.key("ana", "analyst")
    found = pages(api, "/cases?class=SNI%2B&sort=-value", key)
    assert [case["worth"] for case in found] == ["60", "50", "40", "30", "20", "10"]
    (expected,) = told.connection.execute("select count(*), sum(worth)::text from work where class = 'SNI+' and state <> 'resolved'").fetchall()
    totals = api.call("GET", "/cases/totals?class=SNI%2B", key=key).json
    assert (totals["many"], totals["sums"]) == (expected[0], {"USD": expected[1]})


def test_a_case_has_a_version_and_is_not_sent_twice(api: Api) -> None:
    key = api.key("ana", "analyst")
    ref = pages(api, "/cases?class=SNI%2B", key)[0]["ref"]
    first = api.call("GET", f"/cases/{ref}", key=key)
    assert first.headers["etag"] == f'"{first.json["version"]}"'
    again = api.call("GET", f"/cases/{ref}", key=key, if_none_match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert [event["event"] for event in pages(api, f"/cases/{ref}/history", key)] == ["opened"]


def test_causes_count_what_is_open(api: Api) -> None:
    found = pages(api, "/causes", api.key("ana", "analyst"))
    sni = [cause for cause in found if cause["class"] == "SNI+"]
    assert sum(cause["open"] for cause in sni) == 6


def test_balances_are_those_of_the_ledger(api: Api, told: World) -> None:
    key = api.key("ana", "viewer")
    found = pages(api, "/balances", key)
    expected = told.connection.execute('select root, account, key, net::text from balance order by root collate "C", account, key').fetchall()
    assert sorted((one["subject"], one["account"], one["key"], one["net"]) for one in found) == sorted(expected)
    one = pages(api, "/balances?account=SNI&subject=shop/order/1", key)
    assert {(balance["subject"], balance["account"]) for balance in one} == {("shop/order/1", "SNI")}


def test_a_transaction_is_explained_down_to_the_byte(api: Api) -> None:
    found = api.call("GET", "/transaction?subject=shop/order/1", key=api.key("ana", "viewer")).json
    (account,) = (one for one in found["accounts"] if one["code"] == "SNI" and one["debits"][0]["quantity"])
    assert [(entry["fact"], entry["quantity"]) for entry in account["debits"]] == [("wms/shipment//S1", "2")]
    assert account["debits"][0]["source"]["origin"] == "test.jsonl"
    assert pages(api, "/transactions?begins=shop/order/&open=true", api.key("bo", "viewer"))[0]["subject"] == "shop/order/0"


def test_commands_show_content_and_life(api: Api) -> None:
    key = api.key("ana", "viewer")
    held = pages(api, "/commands?state=held", key)
    assert held
    one = api.call("GET", f"/commands/{held[0]['id']}", key=key)
    assert one.json["key"] == held[0]["key"]
    assert [event["event"] for event in one.json["life"]] == ["hold"]
    assert one.headers["etag"]


def test_systems_tell_how_they_are(api: Api, told: World) -> None:
    found = pages_once = api.call("GET", "/systems", key=api.key("ana", "viewer")).json["items"]
    assert {one["system"] for one in found} == set(told.systems)
    assert all(one["health"] == "well" for one in pages_once)


SECRET_PATHS = (
    "/me",
    "/cases",
    "/cases/totals",
    "/causes",
    "/balances",
    "/transactions",
    "/transaction?subject=x",
    "/commands",
    "/systems",
    "/audit",
)


@pytest.mark.parametrize("path", SECRET_PATHS)
@pytest.mark.parametrize("authorization", ["", "Bearer ", "Bearer tieoutp_00_x", "Basic YTpi", "Bearer tieout_000000000000_x"])
def test_nobody_unknown_learns_anything(api: Api, path: str, authorization: str) -> None:
    answer = api.call("GET", path, authorization=authorization)
    assert answer.status == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json["next_step"]


def test_who_is_asked_before_what(api: Api) -> None:
    assert api.call("GET", "/cases?limit=lots").status == 401
    assert api.call("GET", "/cases?limit=lots", key=api.key("ana", "viewer")).status == 422


def test_a_key_that_is_over_or_revoked_is_none(api: Api, told: World) -> None:
    key = api.key("ana", "viewer")
    assert api.call("GET", "/me", key=key).json["login"] == "ana"
    with told.database.session() as session:
        account = accounts.account(session, "ana")
        keys.revoke(session, account.person, key.split("_")[1], NOW, by=account.person)
    assert api.call("GET", "/me", key=key).status == 401


def test_a_browser_reads_by_its_cookie_and_is_told_its_token(api: Api, told: World) -> None:
    with told.database.session() as session:
        token = sessions.begin(session, api.person("ana", "viewer").person.id, NOW)
    me = api.call("GET", "/me", cookie=f"tieout={token}").json
    assert (me["login"], me["key"], me["csrf"]) == ("ana", "", sessions.csrf_of(token))
    assert api.call("GET", "/me", cookie="tieout=x").status == 401


@pytest.mark.parametrize(
    ("path", "status", "rule"),
    [
        ("/nothing", 404, "http/path"), ("/cases/EX-999999", 404, "http/missing"), ("/cases/EX-", 422, "http/invalid"),
        ("/cases?colour=red", 422, "http/invalid"), ("/cases?cursor=abc", 404, "page/unknown"), ("/cases?due=soon", 422, "http/invalid"),
        ("/cases?party=%00", 422, "http/invalid"), ("/transaction?subject=nothing", 404, "http/missing"), ("/commands/AA", 404, "http/missing"),
        ("/audit", 403, "request/forbidden"), ("/messages/1/raw", 403, "request/forbidden"), ("/cases?limit=0", 422, "http/invalid"),
    ],
)  # fmt: skip
def test_a_refusal_names_rule_and_next_step(api: Api, path: str, status: int, rule: str) -> None:
    answer = api.call("GET", path, key=api.key("ana", "viewer"))
    assert (answer.status, answer.json["rule"]) == (status, rule)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["next_step"]


def test_a_method_that_is_none_is_told_those_that_are(api: Api) -> None:
    answer = api.call("DELETE", "/me/keys", key=api.key("ana", "viewer"))
    assert (answer.status, answer.headers["allow"]) == (405, "GET, POST")


def test_a_body_has_an_end(api: Api) -> None:
    key = api.key("ana", "viewer")
    for headers in ({}, {"content_length": str(bounds.BODY_MAX + 1)}):
        raw = b'{"name": "' + b"x" * bounds.BODY_MAX + b'"}'
        answer = api.call("POST", "/me/keys", raw=raw, key=key, **headers)
        assert (answer.status, answer.json["rule"]) == (413, "http/too-large")


def test_answers_are_data_and_nothing_more(api: Api) -> None:
    key = api.key("ana", "viewer")
    for path in ("/me", "/nothing", "/openapi.json"):
        headers = api.call("GET", path, key=key).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert headers["cache-control"] in ("no-store", "private, no-cache")
    answer = api.call("GET", "/me", key=key, origin="https://evil.example.com")
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_too_many_requests_are_told_to_wait(api: Api) -> None:
    key, other = api.key("ana", "viewer"), api.key("bo", "viewer")
    answers = [api.call("GET", "/me", key=key).status for _ in range(caller.RATE.burst + 1)]
    assert answers == [200] * caller.RATE.burst + [429]
    refused = api.call("GET", "/me", key=key)
    assert (refused.status, refused.headers["retry-after"]) == (429, "1")
    assert api.call("GET", "/me", key=other).status == 200


def test_strangers_are_told_to_wait_sooner(api: Api) -> None:
    answers = [api.call("GET", "/me", key="tieoutp_x_y").status for _ in range(caller.STRANGERS.burst + 1)]
    assert answers == [401] * caller.STRANGERS.burst + [429]


def test_our_own_proxy_tells_the_address() -> None:
    ours = ("127.0.0.0/8",)
    assert caller.address_of("127.0.0.1", "6.6.6.6, 203.0.113.9", ours) == "203.0.113.9"
    assert caller.address_of("198.51.100.7", "203.0.113.9", ours) == "198.51.100.7"
    assert caller.address_of("127.0.0.1", "nonsense", ours) == "127.0.0.1"
    assert caller.address_of("", "", ours) == ""


def test_the_description_is_openapi_and_names_every_problem(api: Api) -> None:
    made = json.loads(api.call("GET", "/openapi.json").body)
    assert made["openapi"].startswith("3.1")
    assert made["servers"] == [{"url": "/api/v1"}]
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            refusals = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
            assert {"401", "403", "422", "429", "503"} <= set(refusals), (method, path)
            for answer in refusals.values():
                assert list(answer["content"]) == ["application/problem+json"], (method, path)
            assert operation["security"], (method, path)


def test_a_day_later_the_same_key_works_no_longer(api: Api) -> None:
    key = api.key("ana", "viewer")
    api.project.clock = lambda: NOW + timedelta(days=1)
    assert api.call("GET", "/me", key=key).status == 401
