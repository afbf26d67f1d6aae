"""Systems over the interface: what the connector pages do, for engineers alone; what waits and replays not for those who see a part."""

from api_of import Api


def test_an_engineer_replays_what_a_preview_said(api: Api) -> None:
    chen = api.key("chen", "engineer")
    systems = {one["system"]: one for one in api.call("GET", "/systems", key=chen).json["items"]}
    assert all(set(one) >= {"came", "went", "errors", "next_probe", "next_poll", "credentials_end"} for one in systems.values())
    name = "wms"
    plan = api.call("POST", f"/systems/{name}/replay/preview", {"which": "all"}, key=chen).json
    assert plan["many"] == 6 and (plan["duplicates"], plan["changed"], plan["unread"]) == (plan["statements"], 0, 0)
    wrong = api.call("POST", f"/systems/{name}/replay", {"which": "all", "count": 7}, key=chen)
    assert wrong.status == 409
    body = {"which": "all", "count": 6}
    begun = api.call("POST", f"/systems/{name}/replay", body, key=chen, idempotency_key="replay-1234")
    assert (begun.status, begun.json["action"], begun.json["outcomes"]) == (201, "replay messages", {"": 6})
    again = api.call("POST", f"/systems/{name}/replay", body, key=chen, idempotency_key="replay-1234")
    assert again.json["ref"] == begun.json["ref"]
    listed = api.call("GET", f"/operations/{begun.json['ref']}/items", key=chen)
    assert listed.status == 200 and len(listed.json["items"]) == 6


def test_what_waits_is_listed_with_its_transactions(api: Api) -> None:
    chen = api.key("chen", "engineer")
    found = api.call("GET", "/systems/erp/waiting?limit=2", key=chen).json
    assert len(found["items"]) == 2 and found["next"] is not None
    rest = api.call("GET", f"/systems/erp/waiting?cursor={found['next']}", key=chen).json
    subjects = [one["subject"] for one in (*found["items"], *rest["items"])]
    assert len(set(subjects)) == len(subjects) == 6 and rest["next"] is None
    assert api.call("GET", "/systems/erp/waiting", key=api.key("sia", "engineer", channel=["web"])).status == 403
    assert api.call("POST", "/systems/wms/replay/preview", {"which": "all"}, key=api.key("sib", "engineer", channel=["web"])).status == 403


def test_a_test_says_what_is_wrong_and_nobody_else_may(api: Api) -> None:
    chen, ana = api.key("chen", "engineer"), api.key("ana", "analyst")
    found = api.call("POST", "/systems/shop/test", key=chen)
    assert found.status == 200 and found.json["well"] is False and found.json["why"]
    assert api.call("POST", "/systems/nobody/test", key=chen).status == 404
    kept = api.call("POST", "/systems/erp/credentials", {"secrets": [{"name": "token", "secret": "x"}]}, key=chen)
    assert kept.status == 409 and "is not changed from here" in kept.json["detail"]
    assert (
        api.call(
            "POST", "/systems/erp/credentials", {"secrets": [{"name": "token", "secret": "x"}]}, key=chen, idempotency_key="k-123456789"
        ).json["rule"]
        == "http/key-unwanted"
    )
    for path, body in (
        ("test", None),
        ("credentials", {"secrets": [{"name": "token", "secret": "x"}]}),
        ("replay/preview", {}),
        ("replay", {"count": 1}),
    ):
        assert api.call("POST", f"/systems/wms/{path}", body, key=ana).status == 403, path
