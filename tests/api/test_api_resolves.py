"""Resolving, approving and bulk work through the interface; what it says is what the ledger shows."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from api_of import Api
from tieout.cases import operation
from tieout.cases.follow import follow
from tieout.people import accounts
from world import NOW, World, line, say, text


def open_cases(api: Api, key: str, query: str = "class=SNI%2B&sort=value") -> list[dict[str, Any]]:
    return list(api.call("GET", f"/cases?{query}&limit=50", key=key).json["items"])


def limited(api: Api, login: str, amount: str, *roles: str) -> str:
    key = api.key(login, *roles)
    with api.database.session() as session:
        accounts.set_limit(session, accounts.account(session, login), "USD", Decimal(amount), NOW, by=None)
    return key


def test_a_difference_within_the_limit_is_accepted_and_gone_from_the_ledger(api: Api) -> None:
    key = limited(api, "ana", "15", "analyst")
    one = open_cases(api, key)[0]
    path, tag = f"/cases/{one['ref']}/accept", f'"{one["version"]}"'
    assert api.call("POST", path, {"reason": "because"}, key=key, if_match=tag).status == 409
    assert api.call("POST", path, {"reason": "immaterial"}, key=key).status == 428
    done = api.call("POST", path, {"reason": "immaterial"}, key=key, if_match=tag, idempotency_key="accept-1")
    assert (done.status, done.json["outcome"]) == (200, "done"), done.body
    again = api.call("POST", path, {"reason": "immaterial"}, key=key, if_match=tag, idempotency_key="accept-1")
    assert (again.body, again.headers["idempotent-replayed"]) == (done.body, "true")
    assert api.call("GET", f"/cases/{one['ref']}", key=key).json["state"] == "resolved"
    api.project.clock = lambda: NOW + timedelta(hours=1)
    taken = api.call("POST", f"/cases/{one['ref']}/take-back", {"reason": "mistake"}, key=key)
    assert taken.status == 200, taken.body
    assert api.call("GET", f"/cases/{one['ref']}", key=key).json["state"] == "regressed"


def test_a_difference_above_the_limit_waits_for_somebody_else(api: Api) -> None:
    ana, lead = limited(api, "ana", "5", "analyst", "approver"), api.key("lead", "approver")
    one = open_cases(api, ana)[0]
    asked = api.call("POST", f"/cases/{one['ref']}/accept", {"reason": "goodwill"}, key=ana, if_match=f'"{one["version"]}"')
    assert (asked.status, asked.json["outcome"]) == (200, "waiting for approval")
    (mine,) = api.call("GET", "/approvals", key=ana).json["items"]
    assert "proposed" in mine["cannot"]
    path, tag = f"/approvals/{mine['id']}/approve", f'"{mine["hash"]}"'
    assert api.call("POST", path, {}, key=ana, if_match=tag).status == 403
    assert api.call("POST", path, {}, key=lead).status == 428
    assert api.call("POST", path, {}, key=lead, if_match='"0"').status == 412
    assert api.call("GET", "/approvals", key=lead).json["items"][0]["cannot"] == ""
    done = api.call("POST", path, {"note": "fine"}, key=lead, if_match=tag)
    assert (done.status, done.json["done"]) == (200, f"{one['ref']}: approved and posted")
    assert api.call("GET", f"/cases/{one['ref']}", key=lead).json["state"] == "resolved"
    assert api.call("POST", path, {}, key=lead, if_match=tag).status == 404


def test_an_approval_outside_the_scopes_is_not_there(api: Api) -> None:
    ana = limited(api, "ana", "1", "analyst")
    one = next(case for case in open_cases(api, ana) if case["channel"] == "edi")
    api.call("POST", f"/cases/{one['ref']}/accept", {"reason": "goodwill"}, key=ana, if_match=f'"{one["version"]}"')
    (waiting,) = api.call("GET", "/approvals", key=ana).json["items"]
    web = api.key("lead", "approver", channel=["web"])
    assert api.call("GET", "/approvals", key=web).json["items"] == []
    assert api.call("POST", f"/approvals/{waiting['id']}/approve", {}, key=web, if_match=f'"{waiting["hash"]}"').status == 404


def test_bulk_does_what_the_preview_said_to_what_was_selected(api: Api, told: World) -> None:
    key = api.key("ana", "analyst")
    chosen = api.call("POST", "/selections", {"query": "class=SNI%2B"}, key=key)
    assert (chosen.status, chosen.json["many"], chosen.json["sums"]) == (201, 6, {"USD": "210"})
    changed = open_cases(api, key)[0]
    api.call("POST", f"/cases/{changed['ref']}/priority", {"priority": 1}, key=key, if_match=f'"{changed["version"]}"')
    wanted = {"selection": chosen.json["id"], "action": "tag", "arguments": {"add": ["march"]}}
    shown = api.call("POST", "/previews", wanted, key=key).json
    assert (shown["eligible"], shown["not_eligible"]) == (5, {"changed since selection": 1})
    start = {**wanted, "hash": chosen.json["hash"]}
    assert api.call("POST", "/operations", {**start, "hash": "0" * 64}, key=key).status == 409
    begun = [api.call("POST", "/operations", start, key=key, idempotency_key="bulk-1") for _ in range(2)]
    assert [one.status for one in begun] == [201, 201]
    assert begun[0].json["ref"] == begun[1].json["ref"]
    while operation.step(told.connection, told.configuration, NOW):
        pass
    done = api.call("GET", f"/operations/{begun[0].json['ref']}", key=key).json
    assert (done["state"], done["outcomes"]) == ("done", {"done": 5, "changed since selection": 1})
    (item,) = api.call("GET", f"/operations/{done['ref']}/items?outcome=changed%20since%20selection", key=key).json["items"]
    assert item["ref"] == changed["ref"]
    assert len(open_cases(api, key, "tag=march")) == 5
    assert api.call("GET", f"/operations/{done['ref']}", key=api.key("bo", "analyst")).status == 404
    assert api.call("POST", "/operations", start, key=api.key("cy", "analyst")).status == 403


def test_an_unknown_filter_is_refused_in_bulk(api: Api) -> None:
    refused = api.call("POST", "/selections", {"query": "colour=red"}, key=api.key("ana", "analyst"))
    assert refused.status in (409, 422)
    assert "colour" in refused.json["detail"]


def test_views_are_named_changed_and_removed(api: Api) -> None:
    key, other = api.key("ana", "analyst"), api.key("bo", "viewer")
    mine = api.call("POST", "/views", {"name": "Late, mine", "query": "owner=me&due=..now"}, key=key)
    assert (mine.status, mine.json["slug"]) == (201, "late-mine")
    assert api.call("POST", "/views", {"name": "Late, mine", "query": "owner=me"}, key=key).status == 428
    assert api.call("POST", "/views", {"name": "Late, mine", "query": "owner=me"}, key=key, if_match=mine.headers["etag"]).status == 201
    assert api.call("GET", "/views", key=other).json["items"] == []
    shared = {"name": "All late", "query": "due=..now", "everybody": True}
    assert api.call("POST", "/views", shared, key=other).status == 403
    made = api.call("POST", "/views", shared, key=key).json
    assert [one["name"] for one in api.call("GET", "/views", key=other).json["items"]] == ["All late"]
    assert api.call("DELETE", f"/views/{made['id']}", key=other).status == 403
    assert api.call("DELETE", f"/views/{made['id']}", key=key).status == 200
    assert api.call("DELETE", f"/views/{mine.json['id']}", key=other).status == 404


def test_a_message_is_edited_and_replayed_as_a_child(api: Api, told: World) -> None:
    key = limited(api, "ana", "100", "analyst")
    good = text(say("OrderBooked", "erp", "9", 0, [line(1, "shop/order/1", "A", 2, "20.00")])).decode().strip()
    told.apply([good.replace('"happened": "2026-03-02T09:00:00Z"', '"happened": "yesterday"').encode() + b"\n"])
    follow(told.connection, told.configuration, NOW)
    (one,) = open_cases(api, key, "kind=quarantine")
    path, tag = f"/cases/{one['ref']}", f'"{one["version"]}"'
    assert api.call("GET", f"{path}/draft", key=api.key("vic", "viewer")).status == 403
    draft = api.call("GET", f"{path}/draft", key=key).json
    assert "yesterday" in draft["raw"]
    assert draft["statements"][0]["reason"]
    assert api.call("POST", f"{path}/try", {"text": good}, key=key).json["refused"] == ""
    body = {"text": good, "hash": draft["hash"], "reason": "typo"}
    assert api.call("POST", f"{path}/replay", body, key=key).status == 428
    assert api.call("POST", f"{path}/replay", {**body, "hash": "0" * 64}, key=key, if_match=tag).status == 409
    done = api.call("POST", f"{path}/replay", body, key=key, if_match=tag)
    assert (done.status, done.json["done"].split()[0]) == (200, "message"), done.body
    assert open_cases(api, key, "kind=quarantine") == []
    actions = told.connection.execute("select action from action where object = %s order by id", [one["ref"]]).fetchall()
    assert [action for (action,) in actions if action != "refused"] == ["read masked", "edit and replay"]


def test_the_messages_that_a_balance_rests_on_are_named_and_can_be_edited(api: Api) -> None:
    key = api.key("ana", "analyst")
    one = open_cases(api, key, "kind=balance")[0]
    found = api.call("GET", f"/cases/{one['ref']}/sources", key=key)
    assert found.status == 200, found.body
    source = found.json["items"][0]
    assert (source["system"], source["kind"]) in {("shop", "OrderPlaced"), ("erp", "OrderBooked"), ("wms", "Shipped"), ("erp", "Invoiced")}
    draft = api.call("GET", f"/cases/{one['ref']}/draft?message={source['message']}", key=key)
    assert source["identity"] in {statement["identity"] for statement in draft.json["statements"]}
    assert api.call("GET", f"/cases/{one['ref']}/draft?message=999999", key=key).status == 409


def test_candidates_say_why(api: Api) -> None:
    key = api.key("ana", "analyst")
    one = open_cases(api, key)[0]
    assert api.call("GET", f"/cases/{one['ref']}/candidates", key=key).status == 200
