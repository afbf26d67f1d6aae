"""The whole product at work for people: `tieout serve` with the interface mounted, and the way in by a real OpenID provider."""

import re
from collections.abc import Iterator
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

import pytest
from at_work import SETTINGS, Answer, Caller, Process, Project, until

from provider_process import IS_THERE, WHY_NOT, Provider, provider, query_of
from tieout.people import oidc, sessions

SIGN_IN = """
[sign_in]
address = "http://127.0.0.1:8477"
issuer = "{issuer}"
client = "tieout"
secret = "env:OIDC_SECRET"

[sign_in.roles]
"analysts" = ["analyst"]

[sign_in.channels]
"web-shop" = ["web"]
"""


@pytest.fixture(scope="module")
def there() -> Iterator[Provider]:
    if not IS_THERE:
        pytest.skip(WHY_NOT)
    with provider() as running:
        yield running


def cookies(answer: Answer) -> SimpleCookie:
    found: SimpleCookie = SimpleCookie()
    for text in answer.cookies:
        found.load(text)
    return found


def test_the_interface_is_served_beside_what_systems_send(project: Project) -> None:
    assert project.tieout("people", "add", "ana", "--name", "Ana", "-r", "analyst").returncode == 0
    process = Process(project, "serve", "--port", "0")
    try:
        assert process.get("/healthz").json["roles"]["people"] == "works"
        assert process.get("/api/v1/me").status == 401
        assert process.get("/api/v1/openapi.json").json["openapi"].startswith("3.1")
        assert process.get("/sign-in/sso").status == 404
        until(lambda: project.ask("select count(*) from action_seal")[0][0])
    finally:
        assert process.end() == 0


def test_a_worker_without_a_port_serves_no_people(project: Project) -> None:
    done = project.tieout("worker", "--roles", "people")
    assert (done.returncode, done.stderr) == (2, "tieout: people has to listen somewhere. Add --port, or use `tieout serve`.\n")


def test_a_secret_that_is_missing_is_said_before_anything_runs(project: Project) -> None:
    project.write(SETTINGS + SIGN_IN.format(issuer="https://id.example.com"))
    done = project.tieout("serve", "--roles", "people", "--port", "0")
    assert done.returncode == 2
    assert "`sign_in.secret`: the environment variable OIDC_SECRET is not set" in done.stderr


def test_somebody_signs_in_at_the_provider_and_is_out_when_the_group_is_gone(project: Project, there: Provider) -> None:
    there.user("s1", preferred_username="ana", name="Ana Moreno", groups=["analysts", "web-shop"])
    project.write(SETTINGS + SIGN_IN.format(issuer=there.issuer))
    project.environment["OIDC_SECRET"] = "s3cret"
    process = Process(project, "serve", "--roles", "people", "--port", "0")
    try:
        token, page = _sign_in(process, there, "s1", '/exceptions?class=SNI%2B&q=a"b')
        assert re.search(r'content="0;url=/exceptions\?class=SNI%2B&amp;q=a&quot;b"', page)
        me = process.call("GET", "/api/v1/me", cookie=f"tieout={token}").json
        assert (me["login"], me["roles"], me["channels"]) == ("ana", ["analyst"], ["web"])
        there.user("s1", preferred_username="ana", name="Ana Moreno", groups=[])
        refused, page = _sign_in(process, there, "s1", "/")
        assert refused == ""
        assert "You are in no group that may use this." in page
        assert process.call("GET", "/api/v1/me", cookie=f"tieout={token}").status == 401
        assert "s3cret" not in "".join(process.lines)
    finally:
        process.end()
    assert [row[0] for row in project.ask("select action from action order by id")] == [
        "rules in force",
        "add person",
        "follow groups",
        "sign in",
        "disable person",
    ]


def test_a_way_back_that_nobody_began_is_a_page_and_no_more(project: Project, there: Provider) -> None:
    project.write(SETTINGS + SIGN_IN.format(issuer=there.issuer))
    project.environment["OIDC_SECRET"] = "s3cret"
    process = Process(project, "serve", "--roles", "people", "--port", "0")
    try:
        for query in ("", "?state=x&code=y", f"?state={'x' * 5000}", "?error=<script>alert(1)</script>&state="):
            answer = process.get(f"/sign-in/sso/back{query.replace('<', '%3C').replace('>', '%3E')}")
            assert answer.status == 403
            assert b"script" not in answer.body
            assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    finally:
        process.end()


def _sign_in(process: Caller, there: Provider, subject: str, wanted: str) -> tuple[str, str]:
    """The token of the cookie that a browser has in the end, and the last page."""
    begun = process.call("GET", f"/sign-in/sso?{urlencode({'next': wanted})}")
    assert begun.status == 303
    (state,) = cookies(begun).values()
    assert (state.key, state["httponly"], state["samesite"], state["path"]) == (oidc.STATE_COOKIE, True, "lax", "/sign-in/sso")
    url = begun.headers["location"]
    assert query_of(url)["redirect_uri"] == "http://127.0.0.1:8477/sign-in/sso/back"
    back = urlencode(there.approve(url, subject))
    assert urlsplit(url).path == "/oauth2/authorize"
    ended = process.call("GET", f"/sign-in/sso/back?{back}", cookie=f"{oidc.STATE_COOKIE}={state.value}")
    found = cookies(ended)
    return (found[sessions.PLAIN_COOKIE].value if sessions.PLAIN_COOKIE in found else ""), ended.body.decode()
