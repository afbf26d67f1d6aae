"""What the console does at the desk, the interface does too: files, claims, causes that rest, approvals, views, exports."""

from datetime import timedelta
from typing import Any

from api_of import Api
from tieout.cases import operation
from world import NOW, World

PDF = b"%PDF-1.7\n"


def first(api: Api, key: str, query: str = "class=SNI%2B&sort=value") -> dict[str, Any]:
    return dict(api.call("GET", f"/cases?{query}&limit=1", key=key).json["items"][0])


def test_a_file_is_put_listed_taken_and_removed(api: Api) -> None:
    ana, bo = api.key("ana", "analyst"), api.key("bo", "approver")
    ref = first(api, ana)["ref"]
    path = f"/cases/{ref}/files"
    made = api.call("POST", f"{path}?name=a.pdf", raw=PDF + b"x" * 2_000_000, key=ana, content_type="application/octet-stream")
    assert (made.status, made.json["kind"], made.json["size"]) == (201, "PDF", 2_000_009)
    assert api.call("POST", f"{path}?name=a.pdf", raw=b"MZ\0", key=ana, content_type="application/octet-stream").status == 409
    assert [one["name"] for one in api.call("GET", path, key=bo).json["items"]] == ["a.pdf"]
    one = f"{path}/{made.json['id']}"
    taken = api.call("GET", one, key=bo)
    assert (taken.headers["content-type"], taken.headers["content-disposition"]) == (
        "application/octet-stream",
        "attachment; filename*=UTF-8''a.pdf",
    )
    assert taken.body.startswith(PDF)
    assert api.call("DELETE", one, key=bo).status == 403
    assert api.call("DELETE", one, key=ana).status == 200
    assert api.call("GET", one, key=ana).status == 404


def test_the_next_is_claimed_and_owners_are_named(api: Api) -> None:
    ana = api.key("ana", "analyst")
    wanted = first(api, ana, "class=SNI%2B&sort=priority&owner=none")
    got = api.call("POST", "/cases/claim", {"query": "class=SNI%2B"}, key=ana)
    assert (got.status, got.json["ref"]) == (200, wanted["ref"])
    found = api.call("GET", f"/cases/{wanted['ref']}/owners", key=ana).json["items"]
    assert [(one["login"], one["load"], one["why"]) for one in found] == [("ana", 1, "has least to do")]
    assert api.call("POST", "/cases/claim", {"query": "channel=fax"}, key=ana).status == 404
    assert api.call("POST", "/cases/claim", {}, key=api.key("vic", "viewer")).status == 403


def test_a_cause_rests_is_woken_settled_and_split(api: Api) -> None:
    ana = api.key("ana", "analyst")
    case = first(api, ana)
    path = f"/causes/{case['cause']}"
    until = {"kind": "time", "until": (NOW + timedelta(days=1)).isoformat()}
    done = api.call("POST", f"{path}/snooze", until, key=ana)
    assert (done.status, done.json["done"].endswith("rest")) == (200, True)
    assert first(api, ana, f"ref={case['ref']}")["state"] == "snoozed"
    assert api.call("POST", f"{path}/snooze", until, key=ana).status == 409
    assert api.call("POST", f"{path}/wake", key=ana).status == 200
    assert api.call("POST", f"{path}/settle", {"team": "billing", "fixed_in": "2b"}, key=ana).status == 200
    split = api.call("POST", "/causes/split", {"cases": [case["ref"]], "title": "Apart", "why": "another partner"}, key=ana)
    assert (split.status, split.json["done"][:3]) == (201, "CA-")
    assert api.call("POST", "/causes/999999/wake", key=ana).status == 404


def test_approvals_are_filtered_asked_about_and_decided_together(api: Api, told: World) -> None:
    ana, bo = api.key("ana", "analyst"), api.key("bo", "approver")
    for number in range(3):
        case = api.call("GET", "/cases?class=SNI%2B&kind=balance&sort=value&limit=3", key=ana).json["items"][number]
        said = {"reason": "agreed", "why": "phone"}
        assert api.call("POST", f"/cases/{case['ref']}/accept", said, key=ana, if_match=f'"{case["version"]}"').status == 200
    found = api.call("GET", "/approvals?policy=over%20the%20person%27s%20limit&under=15", key=bo).json["items"]
    assert [one["amount"] for one in found] == ["10.00"] or [float(one["amount"]) for one in found] == [10.0]
    assert api.call("GET", "/approvals?mine=true", key=bo).json["items"] == []
    assert api.call("POST", f"/approvals/{found[0]['id']}/question", {"text": "why?"}, key=bo).json == {"done": "ana is asked"}
    waiting = api.call("GET", "/approvals", key=bo).json["items"]
    chosen = {"policy": "over the person's limit", "requests": [{"id": one["id"], "hash": one["hash"]} for one in waiting]}
    alone = api.call("POST", "/approvals/together", chosen, key=bo)
    assert (alone.status, "approve_together" in alone.json["detail"]) == (409, True)


def test_views_are_renamed_shared_and_opened_first(api: Api) -> None:
    ana = api.key("ana", "analyst")
    made = api.call("POST", "/views", {"name": "Mine", "page": "/exceptions", "query": "owner=me"}, key=ana).json
    again = api.call("POST", f"/views/{made['id']}/rename", {"name": "Mine, late"}, key=ana)
    assert (again.status, again.json["slug"]) == (200, "mine-late")
    shared = api.call("POST", f"/views/{made['id']}/share", {}, key=ana)
    assert (shared.status, shared.json["owner"]) == (201, "")
    assert api.call("POST", f"/views/{made['id']}/default", key=ana).status == 200
    assert [one["is_default"] for one in api.call("GET", "/views", key=ana).json["items"]] == [True, False]
    assert api.call("DELETE", "/views/default", key=ana).status == 200
    assert [one["is_default"] for one in api.call("GET", "/views", key=ana).json["items"]] == [False, False]
    assert api.call("POST", f"/views/{made['id']}/rename", {"name": "x"}, key=api.key("bea", "analyst")).status == 404


def test_a_list_is_written_and_fetched_by_its_owner(api: Api, told: World) -> None:
    ana, bea = api.key("ana", "analyst"), api.key("bea", "analyst")
    wanted = {"query": "class=SNI%2B", "key": "my-list-of-today"}
    made = api.call("POST", "/exports?sort=-value", wanted, key=ana)
    assert (made.status, made.json) == (201, api.call("POST", "/exports?sort=-value", wanted, key=ana).json)
    path = f"/operations/{made.json['done']}/file"
    assert api.call("GET", path, key=ana).status == 409
    while operation.step(told.connection, told.configuration, NOW):
        pass
    rows = api.call("GET", path, key=ana).body.decode().split("\r\n")
    assert rows[0].startswith("ref,class,title")
    assert len(rows) == 1 + 6 + 1
    assert api.call("GET", path, key=bea).status == 409
