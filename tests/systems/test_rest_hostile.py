"""What the rest connector makes of every bad answer, on real sockets: for a command, a probe and a poll."""

import base64
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hostile import Behaviour, Hostile, refusing, serving

from tieout.connectors import Document, System
from tieout.connectors.rest import poll, secrets_of, send
from tieout.connectors.rest.access import Token
from tieout.core.command import Absent, Accepted, Act, Command, Failed, Polled, Rejected
from tieout.core.facts import Line
from tieout.core.values import Ref, Role, Side
from tieout.runtime.transport import Transport

SECRET = "s3cret-key"
BASE = """
[rest]
base = "https://erp.example"
timeout = 1
"""
RECORD = """
[[record]]
name = "thing"
[[record.fact]]
kind = "OrderBooked"
type = "sales_order"
number = "{id}"
revision = "arrival"
happened = "at"
"""


class Pages(Behaviour):
    """Lists in pages, every way a list can go on."""

    def things(self, first: int, last: int) -> list[dict[str, Any]]:
        return [{"id": n, "at": f"2026-03-02T08:00:0{n}Z"} for n in range(first, last)]

    def on_linked(self) -> None:
        more = "page=2" in self.path
        link = {} if more else {"Link": f'<{self.server.base}/linked?page=1>; rel="prev", </linked?page=2>; rel=next'}
        self.json(self.things(2, 4) if more else self.things(0, 2), **link)

    def on_tokens(self) -> None:
        more = "after=a%2Fb" in self.path
        self.json({"items": self.things(2, 4) if more else self.things(0, 2), "next": None if more else "a/b"})

    def on_pages(self) -> None:
        page = int(self.path.rpartition("=")[2])
        self.json({"items": self.things(2 * page - 2, min(2 * page, 5))})

    def on_delta(self) -> None:
        known = "token=d1" in self.path
        self.json({"items": [] if known else self.things(0, 1), "sync": "d1"})

    def on_elsewhere(self) -> None:
        self.json({"items": self.things(0, 1), "next": "https://thief.example/collect"})

    def on_circle(self) -> None:
        self.json({"items": self.things(0, 1), "next": "/circle"})

    def on_future(self) -> None:
        self.json({"items": [{"id": 1, "at": "2999-01-01T00:00:00Z"}]})

    def on_found(self) -> None:
        bears = {"one": ["K"], "two": ["K", "K"], "other": ["X", "Y"], "none": []}[self.path.rpartition("/")[2]]
        self.json({"items": [{"ref": text, "no": f"N{n}"} for n, text in enumerate(bears)]})

    def on_leak(self) -> None:
        self.json({"message": f"no such key {self.headers.get('x-api-key')}"}, 400)

    def on_html_200(self) -> None:
        self.answer(200, b"<html><form>Log in</form></html>", "text/html")

    def on_named(self) -> None:
        self.json({"nothing": "here"}, 201)


@pytest.fixture(scope="module")
def server() -> Iterator[Hostile]:
    with serving(Pages) as running:
        yield running


@pytest.fixture
def transport() -> Iterator[Transport]:
    with Transport() as made:
        yield made


def system(server: Hostile | str, text: str) -> System:
    base = server if isinstance(server, str) else server.base
    return System("erp", "rest", Role.ERP, options={"mapping": BASE + text, "base": base})


COMMAND = Command(
    Act.POST_INVOICE,
    "erp",
    "SNI",
    Side.DEBIT,
    Ref("shop/order/10/01"),
    3,
    (Line("1", Ref("shop/order/10/01"), "A&B", quantity=Decimal("1.50"), value=Decimal("10.00")),),
    currency="EUR",
    data={"note": 'say "hi" \\ {key}\n'},
)


def act(path: str, more: str = "") -> str:
    return f"""
[act.post_invoice]
url = "/{path}"
idempotency = {{ header = "Idempotency-Key" }}
documents = [{{ type = "invoice", path = "number" }}]
{more}
"""


OUTCOMES = [
    ("well", Accepted((Ref("erp/invoice/SO-1"),))),
    ("status/422", Rejected('{"error":"so it is"}')),
    ("html_400", ("not-json", True)),
    ("truncated_json", ("not-json", True)),
    ("named", ("answer", True)),
    ("status/304", ("answer", True)),
    ("short_body", ("truncated", True)),
    ("redirect", ("redirect", True)),
    ("drip_body", ("timeout", True)),
    ("drip_head", ("timeout", True)),
    ("ten_gigabytes", ("too-large", True)),
    ("hang_up", ("closed", True)),
    ("late", ("timeout", True)),
    ("busy", ("rate-limit", False)),
    ("down", ("status", True)),
    ("status/401", ("credentials", False)),
    ("status/403", ("credentials", False)),
]


@pytest.mark.parametrize(("path", "expected"), OUTCOMES)
def test_every_answer_to_a_command_has_its_outcome(server: Hostile, transport: Transport, path: str, expected: Any) -> None:
    before = len(server.seen)
    erp = system(server, act(path))

    outcome = transport.perform(send.send(COMMAND, erp, {}))

    assert len(server.seen) == before + 1
    if isinstance(expected, tuple):
        assert isinstance(outcome, Failed)
        assert (outcome.fault, outcome.in_doubt) == expected
    else:
        assert outcome == expected


def test_nothing_listens_is_not_in_doubt(transport: Transport) -> None:
    with refusing() as base:
        outcome = transport.perform(send.send(COMMAND, system(base, act("well")), {}))
    assert isinstance(outcome, Failed)
    assert (outcome.fault, outcome.in_doubt) == ("connect", False)


RULES = """
[[error]]
when = { path = "error.code", equals = "CREDIT" }
outcome = "refused"
reason = ["error.message"]

[[error]]
status = ["5xx", 401]
outcome = "%s"
reason = ["error"]
"""


@pytest.mark.parametrize(
    ("path", "rule", "expected"),
    [
        ("error_inside", "retry", Rejected("Customer is over the credit limit")),
        ("status/500", "refused", Rejected("so it is")),
        ("status/401", "refused", Rejected("so it is")),
        ("status/500", "retry", Failed("status", "500: so it is")),
        ("status/500", "in_doubt", Failed("answer", "500: so it is", in_doubt=True)),
        ("status/500", "credentials", Failed("credentials", "500: so it is")),
        ("down", "rate_limit", Failed("rate-limit", "503: {}", retry_after=120.0)),
    ],
)
def test_rules_of_the_mapping_come_before_the_usual_meaning(server: Hostile, transport: Transport, path: str, rule: str, expected: Any) -> None:
    assert transport.perform(send.send(COMMAND, system(server, act(path) + RULES % rule), {})) == expected


def test_a_rule_of_the_act_comes_first(server: Hostile, transport: Transport) -> None:
    own = '[[act.post_invoice.error]]\nstatus = [500]\noutcome = "refused"\n'
    outcome = transport.perform(send.send(COMMAND, system(server, act("status/500", own) + RULES % "retry"), {}))
    assert outcome == Rejected('{"error":"so it is"}')


def test_a_judged_status_that_no_rule_fits_keeps_its_usual_meaning(server: Hostile, transport: Transport) -> None:
    rule = '[[error]]\nstatus = [500, 429]\nwhen = { path = "code", equals = "X" }\noutcome = "refused"\n'
    outcomes = [transport.perform(send.send(COMMAND, system(server, act(path) + rule), {})) for path in ("status/500", "busy")]
    assert [(one.fault, one.in_doubt, one.retry_after) for one in outcomes] == [("status", True, None), ("rate-limit", False, 7.0)]


def test_success_is_what_the_mapping_calls_so(server: Hostile, transport: Transport) -> None:
    text = act("error_inside", 'success = { path = "ok", equals = "true" }').replace("documents = ", "#")
    outcome = transport.perform(send.send(COMMAND, system(server, text), {}))
    assert isinstance(outcome, Failed)
    assert (outcome.fault, outcome.in_doubt) == ("answer", True)


@pytest.mark.parametrize(("path", "fault"), [("well", ""), ("status/204", ""), ("html_200", "not-json")])
def test_a_success_that_names_nothing_is_at_least_json_or_empty(server: Hostile, transport: Transport, path: str, fault: str) -> None:
    """A log-in page comes with 200."""
    outcome = transport.perform(send.send(COMMAND, system(server, act(path).replace("documents = ", "#")), {}))
    assert (outcome.fault if isinstance(outcome, Failed) else "") == fault


def test_values_stand_in_the_request_exactly_and_cannot_escape(server: Hostile, transport: Transport) -> None:
    text = """
[act.post_invoice]
url = "/echo/{group.number}?note={data.note}&none={warehouse?}"
method = "PUT"
headers = { X-Item = "{system} {number:integer}" }
idempotency = { header = "Idempotency-Key" }
body = '''{"note": "{data.note}", "both": "{group.number}/{currency}", "none": "{warehouse?}", "fixed": [1.10, true, null],
 "lines": [{"$each": "lines", "sku": "{line.item}", "n": "{line.quantity:number}", "cents": "{line.value:minor}", "t": "{line.value}"}]}'''
"""
    outcome = transport.perform(send.send(COMMAND, system(server, text), {}))

    assert outcome == Accepted()
    got = server.seen[-1]
    assert got.method == "PUT"
    assert got.path == "/echo/10%2F01?note=say%20%22hi%22%20%5C%20%7Bkey%7D%0A&none="
    assert got.headers["idempotency-key"] == "SNI+ shop/order/10/01 3"
    assert got.headers["x-item"] == "erp 3"
    assert got.body.decode() == (
        '{"note":"say \\"hi\\" \\\\ {key}\\n","both":"10/01/EUR","fixed":[1.10,true,null],'
        '"lines":[{"sku":"A&B","n":1.50,"cents":1000,"t":"10"}]}'
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('url = "/x/{warehouse}"', "Not sent: it needs warehouse, which it does not have."),
        ('url = "/x/{data.dots}"', "Not sent: '..' cannot stand in an address."),
        ('url = "/x"\nheaders = { X-Note = "{data.note}" }', "Not sent: the header X-Note cannot hold"),
        ('url = "/x"\nbody = \'{"n": "{customer:number?}", "m": "{data.note:number}"}\'', "Not sent: data.note is no number."),
        ('url = "/x"\nbody = \'[{"$each": "lines", "n": "{line.quantity:integer}"}]\'', "Not sent: line.quantity is no whole number."),
        ('url = "/x"\nbody = \'[{"$each": "lines", "n": "{line.price}"}]\'', "Not sent: it needs line.price, which it does not have."),
    ],
)
def test_a_command_that_lacks_something_is_not_sent_and_says_so(server: Hostile, transport: Transport, text: str, said: str) -> None:
    """10.00 by 1.50 has no end, so there is no price: a rounded one would post another value."""
    command = Command(**{name: getattr(COMMAND, name) for name in COMMAND.__struct_fields__} | {"data": {**COMMAND.data, "dots": ".."}})
    before = len(server.seen)

    outcome = transport.perform(send.send(command, system(server, f'[act.post_invoice]\nidempotency = {{ header = "K" }}\n{text}'), {}))

    assert isinstance(outcome, Rejected)
    assert outcome.reason.startswith(said)
    assert len(server.seen) == before


def test_an_act_that_the_mapping_does_not_have_is_not_sent(server: Hostile, transport: Transport) -> None:
    assert isinstance(transport.perform(send.send(COMMAND, system(server, ""), {})), Rejected)
    assert isinstance(transport.perform(send.probe(COMMAND, system(server, ""), {})), Failed)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("found/one", Accepted((Ref("erp/invoice/N0"),))),
        ("found/two", Accepted((Ref("erp/invoice/N0"), Ref("erp/invoice/N1")), differs=("2 documents bear 'K': N0, N1",))),
        ("found/none", Absent()),
        ("status/404", Absent()),
        ("found/other", "answer"),
        ("status/400", "answer"),
        ("html_400", "not-json"),
        ("truncated_json", "not-json"),
        ("down", "status"),
        ("late", "timeout"),
    ],
)
def test_every_answer_to_a_probe_has_its_outcome(server: Hostile, transport: Transport, path: str, expected: Any) -> None:
    probe = f"""
[act.post_invoice.probe]
url = "/{path}"
records = "items"
path = "ref"
equals = "K"
absent = [404]
documents = [{{ type = "invoice", path = "no" }}]
"""
    outcome = transport.perform(send.probe(COMMAND, system(server, act("well") + probe), {}))
    assert (outcome.fault if isinstance(outcome, Failed) else outcome) == expected


def polled(server: Hostile, transport: Transport, text: str, cursor: str = "") -> tuple[Any, list[Document]]:
    found: list[Document] = []
    entry = f'[[poll]]\nname = "things"\nrecord = "thing"\n{text}\n'
    return transport.perform(poll.poll(system(server, entry + RECORD), {}, cursor, found)), found


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ('url = "/linked"\npaging = { link = true }', 4),
        ('url = "/tokens"\nrecords = "items"\npaging = { token = "next", parameter = "after" }', 4),
        ('url = "/pages?page={page}"\nrecords = "items"\npaging = { size = 2 }', 5),
        ('url = "/tokens"\nrecords = "items.0"', 1),
        ('url = "/tokens"\nrecords = "/items/0"', 1),
    ],
)
def test_pages_are_read_to_the_end(server: Hostile, transport: Transport, text: str, count: int) -> None:
    outcome, found = polled(server, transport, text)
    assert isinstance(outcome, Polled)
    assert [document.raw for document in found] == [b'{"id": %d, "at": "2026-03-02T08:00:0%dZ"}' % (n, n) for n in range(count)]
    assert {document.contract for document in found} == {"rest/thing"}


def test_a_delta_token_goes_on_where_it_was(server: Hostile, transport: Transport) -> None:
    text = 'url = "/delta?token={cursor}"\nrecords = "items"\ncursor = { path = "sync", kind = "token", first = "all" }'
    first, found = polled(server, transport, text)
    assert (first.cursor, len(found)) == ('{"things":"d1"}', 1)
    again, found = polled(server, transport, text, first.cursor)
    assert (again.cursor, len(found)) == ('{"things":"d1"}', 0)
    assert server.seen[-1].path == "/delta?token=d1"


def test_a_time_beyond_the_targets_clock_does_not_hide_what_comes(server: Hostile, transport: Transport) -> None:
    text = 'url = "/future?since={cursor}"\nrecords = "items"\ncursor = { path = "at", first = "2026-01-01T00:00:00Z", overlap = 60 }'
    outcome, _ = polled(server, transport, text)
    assert "2999" not in outcome.cursor
    assert server.seen[-1].path == "/future?since=2025-12-31T23%3A59%3A00Z"
    assert outcome.complete_to is not None


@pytest.mark.parametrize(
    ("text", "fault", "kept"),
    [
        ('url = "/elsewhere"\nrecords = "items"\npaging = { next = "next" }', "redirect", 1),
        ('url = "/circle"\nrecords = "items"\npaging = { next = "next" }', "endless", 1),
        ('url = "/pages?page={page}"\nrecords = "items"\npages_max = 1\npaging = { size = 2 }', "endless", 2),
        ('url = "/error_inside"\nrecords = "items"', "answer", 0),
        ('url = "/html_400"', "not-json", 0),
        ('url = "/truncated_json"', "not-json", 0),
        ('url = "/status/404"', "answer", 0),
        ('url = "/late"', "timeout", 0),
        ('url = "/endless"', "too-large", 0),
    ],
)
def test_a_poll_that_fails_is_never_taken_for_no_news(server: Hostile, text: str, fault: str, kept: int) -> None:
    with Transport(answer_max=1_000_000) as transport:
        outcome, found = polled(server, transport, text)
    assert isinstance(outcome, Failed)
    assert (outcome.fault, len(found)) == (fault, kept)


SCHEMES = [
    ('scheme = "basic"\nuser = "me"', "password", ("authorization", "Basic " + base64.b64encode(b"me:" + SECRET.encode()).decode())),
    ('scheme = "bearer"', "token", ("authorization", f"Bearer {SECRET}")),
    ('scheme = "header"\nname = "X-Api-Key"', "api_key", ("x-api-key", SECRET)),
    ('scheme = "query"\nname = "api key"', "api_key", ("path", f"/well?api%20key={SECRET}")),
]


@pytest.mark.parametrize(("scheme", "secret", "expected"), SCHEMES)
def test_each_scheme_shows_who_we_are(server: Hostile, transport: Transport, scheme: str, secret: str, expected: tuple[str, str]) -> None:
    erp = system(server, f"[auth]\n{scheme}\n" + act("well"))

    assert isinstance(transport.perform(send.send(COMMAND, erp, {secret: SECRET})), Accepted)
    got = server.seen[-1]
    assert {**got.headers, "path": got.path}[expected[0]] == expected[1]
    lacking = transport.perform(send.send(COMMAND, erp, {}))
    assert lacking == Failed("credentials", f"The secret `{secret}` is not set. Set it for this system.")


@pytest.mark.parametrize("client", ["basic", "body"])
def test_an_expired_token_is_fetched_once_anew(server: Hostile, transport: Transport, client: str) -> None:
    auth = f'[auth]\nscheme = "oauth2"\ntoken_url = "/token"\nclient_id = "me"\nscope = "orders"\nclient = "{client}"\n'
    before, issued = len(server.seen), server.state.get("issued", 0)

    outcome = transport.perform(send.send(COMMAND, system(server, auth + act("guarded")), {"client_secret": SECRET, "access_token": "old"}))

    assert isinstance(outcome, Accepted)
    assert [request.path for request in server.seen[before:]] == ["/guarded", "/token", "/guarded"]
    assert server.state["issued"] == issued + 1
    assert b"grant_type=client_credentials&scope=orders" in server.seen[before + 1].body


def test_a_token_that_stays_bad_ends_after_one_renewal(server: Hostile, transport: Transport) -> None:
    auth = '[auth]\nscheme = "oauth2"\ntoken_url = "/token"\nclient_id = "me"\n'
    before = len(server.seen)
    outcome = transport.perform(send.send(COMMAND, system(server, auth + act("status/401")), {"client_secret": SECRET, "access_token": "old"}))
    assert isinstance(outcome, Failed)
    assert (outcome.fault, outcome.in_doubt) == ("credentials", False)
    assert [request.path for request in server.seen[before:]] == ["/status/401", "/token", "/status/401"]


@pytest.mark.parametrize("path", ["status/401", "status/400", "html_400", "well", "truncated_json"])
def test_a_token_that_is_not_given_is_a_matter_of_credentials(server: Hostile, transport: Transport, path: str) -> None:
    auth = f'[auth]\nscheme = "oauth2"\ntoken_url = "/{path}"\nclient_id = "me"\n'
    outcome = transport.perform(send.send(COMMAND, system(server, auth + act("well")), {"client_secret": SECRET}))
    assert isinstance(outcome, Failed)
    assert (outcome.fault, outcome.in_doubt) == ("credentials", False)
    assert SECRET not in repr(outcome)


def test_the_runtime_may_fetch_a_token_and_keep_it(server: Hostile, transport: Transport) -> None:
    erp = system(server, '[auth]\nscheme = "oauth2"\ntoken_url = "/token"\nclient_id = "me"\n' + act("guarded"))
    fetched = transport.perform(send.renewed(erp, {"client_secret": SECRET}))
    assert isinstance(fetched, Token)
    assert (fetched.value, fetched.seconds) == (f"t0ken-{server.state['issued']}", 3600)
    assert fetched.value not in repr(fetched)
    before = len(server.seen)
    assert isinstance(transport.perform(send.send(COMMAND, erp, {"access_token": fetched.value})), Accepted)
    assert [request.path for request in server.seen[before:]] == ["/guarded"]
    assert transport.perform(send.renewed(system(server, act("well")), {})) is None
    assert (secrets_of(erp), secrets_of(system(server, act("well")))) == (("client_secret",), ())


def test_a_target_that_repeats_our_secret_does_not_put_it_into_the_reason(server: Hostile, transport: Transport) -> None:
    auth = '[auth]\nscheme = "header"\nname = "X-Api-Key"\n'
    outcome = transport.perform(send.send(COMMAND, system(server, auth + act("leak")), {"api_key": SECRET}))
    assert outcome == Rejected('{"message":"no such key •••"}')
