"""Messages and webhooks over real sockets: what is acknowledged is committed, what cannot be accepted says why."""

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import pytest
from at_work import SHOP_SECRETS, Project, Within, shipped, until

ORDER = Path(__file__).parents[2] / "src" / "tieout" / "connectors" / "shopify" / "fixtures" / "order-body" / "input.json"


def test_a_message_is_acknowledged_with_what_was_kept_and_is_there(project: Project, served: Within) -> None:
    body = shipped(1)
    answer = served.post("wms", body, idempotency_key="delivery-1")
    assert answer.status == 202
    (message,) = answer.json["messages"]
    assert (answer.json["documents"], answer.json["statements"], answer.json["quarantined"]) == (1, 1, 0)
    assert message["sha256"] == hashlib.sha256(body).hexdigest()
    assert project.ask("select id, key, raw from message") == [(message["message"], b"delivery-1", body)]
    assert project.ask("select kind from fact") == [("Shipped",)]
    assert [(what, messages) for what, messages in project.ask("select what, messages from batch")] == [("receive", 1)]


def test_a_repetition_gets_the_same_answer_and_changes_nothing(project: Project, served: Within) -> None:
    first = served.post("wms", shipped(1), idempotency_key="delivery-1")
    second = served.post("wms", shipped(1), idempotency_key="delivery-1")
    assert (first.status, second.status) == (202, 200)
    assert first.body == second.body
    assert project.messages == [("wms", "delivery-1")]
    assert served.metric('tieout_messages_total{outcome="repeated",system="wms"}') == 1


def test_without_a_key_the_content_is_the_key(project: Project, served: Within) -> None:
    assert [served.post("wms", shipped(n)).status for n in (1, 1, 2)] == [202, 200, 202]
    assert len(project.messages) == 2


def test_a_key_used_for_another_content_is_refused_and_not_kept(project: Project, served: Within) -> None:
    served.post("wms", shipped(1), idempotency_key="k")
    answer = served.post("wms", shipped(2), idempotency_key="k")
    assert (answer.status, answer.json["rule"]) == (409, "http/key-reused")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["next_step"]
    assert len(project.messages) == 1
    assert project.ask("select sum(received) from batch") == [(1,)]


def test_a_document_that_breaks_its_contract_is_kept_and_says_so(project: Project, served: Within) -> None:
    answer = served.post("wms", b'{"event": "vanished", "event_id": "E1"}')
    assert (answer.status, answer.json["quarantined"]) == (202, 1)
    (refused,) = answer.json["messages"][0]["refused"]
    assert refused["rule"] == "json/shape"
    assert refused["next_step"]
    assert len(project.messages) == 1
    again = served.post("wms", b'{"event": "vanished", "event_id": "E1"}')
    assert (again.status, again.body) == (200, answer.body)


@pytest.mark.parametrize(
    "garbage", [b"\x00\xff\xfe" * 100, b"{" * 5000, b"%PDF-1.7 ...", b"[[[[", b"ISA*broken"], ids=["binary", "deep", "pdf", "open", "x12"]
)
@pytest.mark.parametrize("system", ["wms", "edi", "shop"])
def test_garbage_is_kept_in_quarantine(project: Project, served: Within, system: str, garbage: bytes) -> None:
    answer = served.post(system, garbage)
    assert answer.status == 202, answer.body
    assert answer.json["quarantined"] >= 1
    assert served.get("/healthz").status == 200


def test_a_file_of_many_documents_is_kept_document_by_document(project: Project, served: Within) -> None:
    body = b"\n".join([shipped(1), b'{"event": 7}', shipped(2)])
    answer = served.post("wms", body, idempotency_key="file-7")
    assert (answer.status, answer.json["documents"], answer.json["quarantined"]) == (202, 3, 1)
    assert [len(message["refused"]) for message in answer.json["messages"]] == [0, 1, 0]
    assert project.messages == [("wms", f"file-7#{n}") for n in (1, 2, 3)]
    assert served.post("wms", body, idempotency_key="file-7").body == answer.body


def test_whoever_has_no_key_learns_nothing(project: Project, served: Within) -> None:
    for header in ("", "Bearer", "Bearer x", "Basic abc", f"Bearer {served.key}x", "Bearer tieout_000000000000_x", served.key):
        for system in ("wms", "nowhere"):
            answer = served.post(system, shipped(1), authorization=header)
            assert (answer.status, answer.json["rule"]) == (401, "http/key"), header
            assert answer.headers["www-authenticate"] == "Bearer"
    assert project.messages == []


def test_a_key_opens_its_systems_only(served: Within) -> None:
    answer = served.post("market", shipped(1))
    assert (answer.status, answer.json["rule"]) == (403, "http/scope")
    unknown = served.post("nowhere", shipped(1))
    assert (unknown.status, unknown.json["rule"], unknown.json["source"]) == (404, "http/system", "/v1/messages/nowhere")


def test_a_revoked_key_is_refused_while_the_server_runs(project: Project, served: Within) -> None:
    assert served.post("wms", shipped(1)).status == 202
    assert project.tieout("keys", "revoke", served.key.split("_")[1]).returncode == 0
    until(lambda: served.post("wms", shipped(1)).status == 401, seconds=10)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/messages/wms", 405), ("POST", "/", 404), ("POST", "/healthz", 405), ("POST", "/v1/messages/a/b", 404)],
)
def test_a_path_or_method_that_is_none_is_a_problem_too(served: Within, method: str, path: str, status: int) -> None:
    answer = served.call(method, path)
    assert (answer.status, answer.json["status"]) == (status, status)
    assert answer.headers["content-type"] == "application/problem+json"


def test_what_is_in_no_message_is_refused(project: Project, served: Within) -> None:
    assert served.post("wms", b"").json["rule"] == "http/empty"
    assert served.post("wms", shipped(1), content_encoding="gzip").json["rule"] == "http/encoding"
    assert served.post("wms", shipped(1), idempotency_key="k" * 201).json["rule"] == "http/name"
    assert project.messages == []


# Webhooks ----------------------------------------------------------------------------------------------------------------


def hmac_of(secret: bytes, signed: bytes) -> str:
    return base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()


def shopify(served: Within, body: bytes, id_: str, signature: str | None = None, topic: str = "orders/create") -> Any:
    signature = hmac_of(SHOP_SECRETS[0].encode(), body) if signature is None else signature
    headers = {"x_shopify_hmac_sha256": signature, "x_shopify_webhook_id": id_, "x_shopify_topic": topic, "x_shopify_shop_domain": "s.example"}
    return served.call("POST", "/v1/webhooks/shop", body, **headers)


def test_a_shopify_webhook_is_an_order_under_its_webhook_id(project: Project, served: Within) -> None:
    body = ORDER.read_bytes()
    answer = shopify(served, body, "w-1")
    assert (answer.status, answer.json["quarantined"]) == (202, 0), answer.body
    assert shopify(served, body, "w-1").status == 200
    assert project.messages == [("shop", "w-1")]
    assert ("OrderPlaced",) in project.ask("select kind from fact")
    ((meta,),) = project.ask("select meta from message")
    assert meta["x-shopify-topic"] == "orders/create"
    assert not any("hmac" in name for name in meta)


@pytest.mark.parametrize("signature", ["", "AAAA", "not base64 é".encode().decode("latin-1"), hmac_of(b"", b"{}"), hmac_of(b"other", b"{}")])
def test_a_wrong_signature_is_refused_counted_and_nothing_is_read(project: Project, served: Within, signature: str) -> None:
    before = served.metric('tieout_requests_refused_total{rule="webhook/signature"}')
    answer = shopify(served, b"{}", "w-1", signature)
    assert (answer.status, answer.json["rule"]) == (401, "webhook/signature")
    assert served.metric('tieout_requests_refused_total{rule="webhook/signature"}') == before + 1
    assert project.messages == []


def test_one_changed_byte_breaks_the_signature(served: Within) -> None:
    body = ORDER.read_bytes()
    right = hmac_of(SHOP_SECRETS[0].encode(), body)
    assert shopify(served, body.replace(b"{", b"{ ", 1), "w-1", right).status == 401
    assert shopify(served, body, "w-1", right).status == 202


def standard(served: Within, body: bytes, id_: str, secret: str, *, age: float = 0, before: str = "") -> Any:
    stamp = str(int(time.time() - age))
    signature = hmac_of(base64.b64decode(secret.removeprefix("whsec_")), f"{id_}.{stamp}.".encode() + body)
    headers = {"webhook_id": id_, "webhook_timestamp": stamp, "webhook_signature": f"{before}v1,{signature}"}
    return served.call("POST", "/v1/webhooks/market", body, **headers)


def test_a_standard_webhook_is_taken_with_either_secret_while_they_change(project: Project, served: Within) -> None:
    assert standard(served, shipped(1), "m-1", SHOP_SECRETS[1]).status == 202
    assert standard(served, shipped(2), "m-2", SHOP_SECRETS[2], before="v1,AAAA v1a,xyz ").status == 202
    assert standard(served, shipped(1), "m-1", SHOP_SECRETS[1]).status == 200
    assert project.messages == [("market", "m-1"), ("market", "m-2")]


def test_a_standard_webhook_that_is_old_unsigned_or_for_another_id_is_refused(project: Project, served: Within) -> None:
    assert standard(served, shipped(1), "m-1", SHOP_SECRETS[1], age=301).json["rule"] == "webhook/time"
    assert standard(served, shipped(1), "m-1", SHOP_SECRETS[1], age=-301).json["rule"] == "webhook/time"
    assert standard(served, shipped(1), "m-1", "whsec_b3RoZXI=").json["rule"] == "webhook/signature"
    stamp = str(int(time.time()))
    signature = hmac_of(base64.b64decode(SHOP_SECRETS[1][6:]), f"m-1.{stamp}.".encode() + shipped(1))
    headers = {"webhook_id": "m-2", "webhook_timestamp": stamp, "webhook_signature": f"v1,{signature}"}
    assert served.call("POST", "/v1/webhooks/market", shipped(1), **headers).status == 401
    assert project.messages == []


def test_a_system_without_a_scheme_takes_no_webhooks(served: Within) -> None:
    answer = served.call("POST", "/v1/webhooks/wms", shipped(1))
    assert (answer.status, answer.json["rule"]) == (404, "webhook/scheme")
    assert served.call("POST", "/v1/webhooks/nowhere", shipped(1)).json["rule"] == "http/system"


# Watching ----------------------------------------------------------------------------------------------------------------


def test_health_readiness_and_figures(served: Within) -> None:
    served.post("wms", shipped(1))
    assert served.get("/healthz").json == {"roles": {"receive": "works", "tick": "works", "apply": "works"}}
    assert served.get("/readyz").json == {"ready": True, "fault": "", "polls": {}}
    assert served.metric('tieout_messages_total{outcome="kept",system="wms"}') == 1
    assert served.metric('tieout_role_up{role="apply"}') == 1
    assert served.metric("tieout_database_up") == 1
    assert served.metric('tieout_batch_seconds_count{role="apply"}') == 1
    assert served.metric('tieout_feed_watermark_age_seconds{system="wms"}') > 3600


def test_a_schema_that_is_not_migrated_is_not_ready(project: Project, served: Within) -> None:
    project.ask("update migration set number = number + 1 where number = (select max(number) from migration) returning 1")
    answer = served.get("/readyz")
    assert answer.status == 503
    assert "The schema is at version" in answer.json["fault"]
    project.ask("update migration set number = number - 1 where number = (select max(number) from migration) returning 1")
    assert served.get("/readyz").status == 200


def test_the_answer_is_json_whatever_was_refused(served: Within) -> None:
    answer = served.post("wms", json.dumps({"event": "ümläut\u2028"}).encode())
    assert answer.status == 202
    assert answer.headers["content-type"] == "application/json"


def test_a_system_says_how_far_it_has_reported(project: Project, served: Within) -> None:
    marks = "select system, declared from feed where declared is not null order by 1"
    assert served.call("POST", "/v1/messages/wms?complete_to=2026-03-02T18:00:00Z", b"", authorization=f"Bearer {served.key}").status == 200
    assert [(name, str(at)) for name, at in project.ask(marks)] == [("wms", "2026-03-02 18:00:00+00:00")]
    body = shipped(1)
    assert served.call("POST", "/v1/messages/wms?complete_to=2026-03-03T18:00:00Z", body, authorization=f"Bearer {served.key}").status == 202
    assert [(name, str(at)) for name, at in project.ask(marks)] == [("wms", "2026-03-03 18:00:00+00:00")]
    for wrong in ("yesterday", "2026-03-02T18:00:00", "2099-01-01T00:00:00Z"):
        answer = served.call("POST", f"/v1/messages/wms?complete_to={wrong}", b"", authorization=f"Bearer {served.key}")
        assert (answer.status, answer.json["rule"]) == (400, "http/complete-to")
