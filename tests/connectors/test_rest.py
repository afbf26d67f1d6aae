"""What a wrong rest mapping says, and what places, paths, cursors and comparisons do at their edges."""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieout.connectors import Document, System, rest
from tieout.connectors.rest.answers import differences, hidden
from tieout.connectors.rest.check import parse
from tieout.connectors.rest.cursor import asked_from, further
from tieout.connectors.rest.mapping import CursorAt, Mapping
from tieout.connectors.rest.path import MISSING, find, text_of
from tieout.connectors.rest.template import Unfilled, fill_address, fill_body
from tieout.connectors.rest.values import is_known, is_of_line, loops_of, values_of
from tieout.core.command import Act, Command
from tieout.core.facts import Line, Refusal
from tieout.core.values import Ref, Role, Side
from tieout.errors import SettingsError
from tieout.formats.http import WAIT_MAX, next_link, retry_after
from tieout.formats.json_stream import decode_exact

FOLDER = Path(rest.__file__).parent
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "connect-your-own-erp-by-rest.md"
GOOD = """
[rest]
base = "https://erp.example"

[auth]
scheme = "bearer"

[[error]]
status = [409]
outcome = "retry"

[act.book_order]
url = "/orders/{group.number}"
body = '{"lines": [{"$each": "lines", "sku": "{line.item}"}]}'
documents = [{ type = "sales_order", path = "number" }]

[act.book_order.probe]
url = "/orders?ref={key}"
path = "ref"

[[record]]
name = "order"

[[record.fact]]
kind = "OrderBooked"
type = "sales_order"
number = "{number}"
revision = { time = "changed" }
happened = "changed"

[[record.fact.line]]
each = "lines"
subject = "{system}/sales_order/{number}"
quantity = "{lines.qty}"

[[poll]]
name = "orders"
url = "/orders?since={cursor}"
record = "order"
cursor = { path = "changed", first = "2026-01-01T00:00:00Z" }
"""


def test_a_good_mapping_is_read() -> None:
    assert list(parse(GOOD).act) == ["book_order"]


WRONG = [
    ("[rest]", "[rest]\nbse = 1", "erp.toml: rest: bse: there is no such key. Did you mean 'base'?"),
    ('base = "https://erp.example"', "", "erp.toml: rest: Object missing required field `base`."),
    ("https://erp", "ftp://erp", "erp.toml: rest: base: 'ftp://erp.example' is no address without query."),
    ("https://erp", "https://me:pw@erp", "erp.toml: rest: base: the address holds a user."),  # pragma: allowlist secret
    ("https://erp", "http://erp", "erp.toml: rest: base: credentials would travel unencrypted."),
    ('"bearer"', '"basic"', "erp.toml: auth: user: the scheme 'basic' needs it."),
    ("[409]", '["4x"]', "erp.toml: error 1: status: '4x' is no status."),
    ("status = [409]", "", "erp.toml: error 1: the rule would fit every answer."),
    ('"retry"', '"again"', "erp.toml: error 1: outcome: Invalid enum value 'again'."),
    ("act.book_order", "act.book_orders", "erp.toml: act: book_orders: there is no such act. Did you mean 'book_order'?"),
    ('url = "/orders/{group.number}"', "", "erp.toml: act: book_order: Object missing required field `url`."),
    ('path = "ref"', "path = 7", "erp.toml: act: book_order: probe: path: Expected `str`, got `int`."),
    ("{group.number}", "{group.no}", "erp.toml: act: book_order: url: a command has no 'group.no' here."),
    ("{group.number}", "{total:money}", "erp.toml: act: book_order: url: '/orders/{total:money}': {total:money}: there is no type 'money'"),
    ('"/orders/{group', '"orders/{group', "erp.toml: act: book_order: url: 'orders/{group.number}' is not below the base."),
    ('"$each": "lines", ', "", "erp.toml: act: book_order: body: 'line.item' stands outside of a line."),
    ('"$each": "lines"', '"$each": "line"', 'erp.toml: act: book_order: body: "$each" is one of lines, goods, charges.'),
    ('[{"$each": "lines", "sku": "{line.item}"}]', '{"$each": "lines"}', 'erp.toml: act: book_order: body: an object with "$each" stands in'),
    ('"{line.item}"}]}', '"{line.item}"}]', "erp.toml: act: book_order: body: this is not JSON:"),
    ("[act.book_order.probe]", "[act.book_order.probes]", "erp.toml: act: book_order: probes: there is no such key. Did you mean 'probe'?"),
    (
        '[act.book_order.probe]\nurl = "/orders?ref={key}"\npath = "ref"',
        "",
        "erp.toml: act: book_order: when an answer is lost nobody could say whether it was done.",
    ),
    ('path = "number"', 'path = "a..b"', "erp.toml: act: book_order: documents: 'a..b' is no path"),
    ('"OrderBooked"', '"OrderBookd"', "erp.toml: record 'order': fact 1 (OrderBookd): kind: there is no fact type 'OrderBookd'."),
    ('number = "{number}"\n', "", "erp.toml: record 'order': OrderBooked: a record's fact needs a `number`."),
    ('"{lines.qty}"', '"lines.qty"', "erp.toml: record 'order': line: quantity: 'lines.qty': '.qty' cannot be read."),
    ('subject = "{system}/', 'subject = "{system}', "erp.toml: record 'order': fact 1 (OrderBooked): '{system}sales_order/{number}' is no ref"),
    ('record = "order"', 'record = "ordr"', "erp.toml: poll 'orders': record: there is no [[record]] 'ordr'. Did you mean 'order'?"),
    ("{cursor}", "{since}", "erp.toml: poll 'orders': url: a poll's address is a path with {cursor}, {page} or {offset}."),
    (', first = "2026-01-01T00:00:00Z"', "", "erp.toml: poll 'orders': cursor: first: say where the first poll begins."),
    ('record = "order"', 'record = "order"\npaging = { link = true, size = 3 }', "erp.toml: poll 'orders': paging: give exactly one of"),
    ('name = "orders"', 'name = "or ders"', "erp.toml: poll 'or ders': a name is given once, of letters, digits, '-' and '_'."),
    ("[[poll]]", "[[poll]", "erp.toml: this is not TOML:"),
]


@pytest.mark.parametrize(("old", "new", "said"), WRONG, ids=[said.removeprefix("erp.toml: ")[:50] for *_, said in WRONG])
def test_a_wrong_mapping_says_where_which_rule_and_what_to_do(old: str, new: str, said: str) -> None:
    assert GOOD.count(old) >= 1
    with pytest.raises(SettingsError) as raised:
        parse(GOOD.replace(old, new), "erp.toml")
    told = str(raised.value)
    assert told.startswith(said), told
    assert raised.value.next_step


@pytest.mark.parametrize("base", ["http://erp.example", "erp.example", "https://erp.example?x=1", "https://[::1"])
def test_a_base_from_the_settings_keeps_the_same_rules(base: str) -> None:
    with pytest.raises(SettingsError, match="rest: base"):
        parse(GOOD, base=base)


@pytest.mark.parametrize("base", ["http://127.0.0.1:8000", "http://localhost", "http://[::1]:80", "https://erp.example/api/"])
def test_this_machine_may_be_asked_without_tls(base: str) -> None:
    assert parse(GOOD, base=base)


def test_a_system_without_mapping_says_so() -> None:
    with pytest.raises(SettingsError, match="erp has no mapping"):
        list(rest.translate(Document(b"{}", "x"), System("erp", "rest", Role.ERP)))
    assert rest.states_of(System("erp", "rest", Role.ERP)) == ()


def test_a_line_that_cannot_be_read_refuses_its_fact_and_says_which() -> None:
    record = b'{"number": "1", "changed": "2026-03-02", "lines": [{"qty": 1}, {"qty": %s}]}'
    system = System("erp", "rest", Role.ERP, options={"mapping": GOOD})
    for qty, place, rule in (
        (b'"x"', "lines[1].qty", "mapping/number"),
        (b"null", "lines[1].qty", "mapping/empty"),
        (b"[]", "lines[1].qty", "rest/not-a-value"),
    ):
        (refused,) = rest.translate(Document(record % qty, "orders", contract="rest/order"), system)
        assert isinstance(refused, Refusal)
        assert (refused.source.place, refused.rule) == (place, rule)


@given(st.integers(0, len(GOOD)), st.text(alphabet='{}[]"$.=:\n ax0', max_size=3), st.integers(0, 6))
def test_a_damaged_mapping_is_read_or_refused_in_words(at: int, put: str, gone: int) -> None:
    try:
        parse(GOOD[:at] + put + GOOD[at + gone :], "erp.toml")
    except SettingsError as bad:
        assert str(bad).startswith("erp.toml: ")


def test_schema_of_the_mapping_is_the_one_in_contracts() -> None:
    kept = json.loads((FOLDER / rest.MANIFEST.contracts["mapping"]).read_text("utf-8"))
    assert {key: kept[key] for key in ("$ref", "$defs")} == json.loads(json.dumps(msgspec.json.schema(Mapping)))


COMMAND = Command(
    Act.BOOK_ORDER,
    "erp",
    "TBK",
    Side.CREDIT,
    Ref("shop/order/1001"),
    2,
    (Line("1", Ref("shop/order/1001"), "A", "10", Decimal(3), value=Decimal(10)), Line("2", Ref("shop/order/1001"), charge="tax")),
    Decimal("12.30"),
    "EUR",
    "C-7",
    references=(Ref("erp/sales_order/SO-1"), Ref("erp/sales_order/SO-2")),
    data={"tracking": "1Z"},
)


def test_every_place_that_the_page_names_is_known_and_the_other_way_round() -> None:
    section = PAGE.read_text("utf-8").split("\n### Places\n")[1].split("\n### ")[0]
    named = {place for row in re.findall(r"^\| (`.*?) \|", section, re.M) for place in re.findall(r"`([\w.]+)`", row)}
    whole = {name for name in named if not name.startswith("line.")} - {"reference.SYSTEM.TYPE", "data.NAME"}
    values = {name for name in values_of(COMMAND) if not name.startswith(("data.", "reference."))}
    assert whole == values
    assert all(is_known(name) for name in (*whole, "reference.shop.order", "data.reason"))
    lines = named - whole - {"reference.SYSTEM.TYPE", "data.NAME"}
    assert lines == set(loops_of(COMMAND)["lines"][0])
    assert all(is_of_line(name) for name in lines)
    assert not is_known("data.") and not is_known("reference.shop") and not is_of_line("line.cost")


def test_values_of_a_command() -> None:
    values = values_of(COMMAND)
    assert values["key"] == "TBK- shop/order/1001 2"
    assert values["uuid"] == values_of(msgspec.structs.replace(COMMAND, customer="other"))["uuid"]
    assert values["uuid"] != values_of(msgspec.structs.replace(COMMAND, number=3))["uuid"]
    assert (values["reference.erp.sales_order"], values["reference.shop.order"], values["data.tracking"]) == ("SO-1", "1001", "1Z")
    loops = loops_of(COMMAND)
    assert [len(loops[name]) for name in ("lines", "goods", "charges")] == [2, 1, 1]
    assert loops["goods"][0]["line.price"] is None, "10 by 3 has no end"


@given(st.text(), st.text())
def test_no_text_breaks_out_of_a_body_or_an_address(name: str, more: str) -> None:
    values = {"customer": name, "channel": more}
    try:
        body = fill_body('{"a": "{customer}", "b": ["{channel} by {customer?}"], "c": 1}', values, {})
    except Unfilled:
        assert not name or not more
        return
    assert json.loads(json.dumps(body)) == {"a": name, "b": [f"{more} by {name}"], "c": 1}
    try:
        address = fill_address("/x/{customer}/y?z={channel}", values)
    except (Unfilled, UnicodeEncodeError):
        return
    assert re.fullmatch(r"/x/[\w.~%-]+/y\?z=[\w.~%-]+", address, re.ASCII)


@pytest.mark.parametrize(
    ("path", "value"),
    [("a.b", 1), ("/a/b", 1), ("a.0", MISSING), ("l.0.c", 2), ("/l/0/c", 2), ("l.7", MISSING), ("/x.y", 3), ("/s~1t", 4), ("", ...)],
)
def test_a_path_leads_to_a_place(path: str, value: object) -> None:
    whole = {"a": {"b": 1}, "l": [{"c": 2}], "x.y": 3, "s/t": 4}
    assert find(whole, path) == (whole if value is ... else value)


@pytest.mark.parametrize(
    ("raw", "text"),
    [(b"1.50", "1.5"), (b"100", "100"), (b"true", "true"), (b"null", ""), (b'" a "', " a "), (b"1e3", "1000"), (b"1e999", "1E+999")],
)
def test_one_value_as_text(raw: bytes, text: str) -> None:
    assert text_of(decode_exact(raw)) == text


def test_differences_are_said_field_by_field() -> None:
    expected = {"a": "x", "n": Decimal("1.50"), "t": "1.5", "l": [{"s": "A"}, {"s": "B"}], "gone": "g", "o": {"p": "q"}}
    found = {"a": "x", "n": "1.5", "t": Decimal("1.500"), "l": [{"s": "A"}, {"s": "C"}], "o": 7, "more": True}
    assert differences(expected, found) == [
        "l[1].s: expected B, found C",
        "gone: expected g, found nothing",
        "o: expected an object, found 7",
    ]
    assert differences([1], [1, 2]) == ["the answer: expected 1 entries, found 2"]
    assert differences("007", "7") == ["the answer: expected 007, found 7"], "texts are compared as texts"
    assert differences({"b": True}, {"b": 1}) == ["b: expected true, found 1"]


def test_secrets_are_taken_out_of_reasons() -> None:
    assert hidden("key abcd is bad", {"api_key": "abcd", "empty": "", "short": "is"}) == "key ••• is bad"


TIME = CursorAt("at", first="2026-03-02T08:00:00Z", overlap=90)


@pytest.mark.parametrize(
    ("reached", "zone", "asked"),
    [
        ("", "UTC", "2026-03-02T07:58:30Z"),
        ("2026-03-02T09:00:00.500+02:00", "UTC", "2026-03-02T08:58:30.500000+02:00"),
        ("2026-03-02T09:00:00", "Europe/Berlin", "2026-03-02T08:58:30"),
        ("2026-03-02", "Europe/Berlin", "2026-03-01"),
    ],
)
def test_a_time_is_asked_for_as_the_target_writes_it(reached: str, zone: str, asked: str) -> None:
    assert asked_from(TIME, reached, zone) == asked


def test_a_poll_by_time_overlaps_by_itself() -> None:
    assert asked_from(CursorAt("at", first="2026-03-02T08:00:00Z"), "", "UTC") == "2026-03-02T07:55:00Z"
    assert asked_from(CursorAt("id", "number", "100", overlap=10), "250", "UTC") == "240"
    assert asked_from(CursorAt("sync", "token", "all"), "d1", "UTC") == "d1"
    with pytest.raises(ValueError, match="no number"):
        asked_from(CursorAt("id", "number", "1", overlap=10), "many", "UTC")


@given(st.permutations([f"2026-03-02T08:00:{n:02}Z" for n in range(8)]), st.booleans())
def test_the_cursor_ends_at_the_greatest_whatever_the_order(times: list[str], with_clock: bool) -> None:
    records = [{"at": text} for text in times] + [{"at": None}, {"at": "soon"}, {"at": []}, {}]
    clock = datetime(2026, 3, 2, 8, 0, 5, tzinfo=UTC) if with_clock else None
    assert further(TIME, "", records, {}, clock, "UTC") == f"2026-03-02T08:00:0{5 if with_clock else 7}Z"
    assert further(TIME, "2026-03-03T00:00:00Z", records, {}, clock, "UTC") == "2026-03-03T00:00:00Z"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "120"}, 120.0),
        ({"retry-after": " 0 "}, 0.0),
        ({"retry-after": "99999999"}, WAIT_MAX),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "9" * 500}, None),
        ({}, None),
        ({"retry-after": "Mon, 02 Mar 2026 08:01:00 GMT", "date": "Mon, 02 Mar 2026 08:00:30 GMT"}, 30.0),
        ({"retry-after": "Mon, 02 Mar 2026 08:00:00 GMT", "date": "Mon, 02 Mar 2026 09:00:00 GMT"}, 0.0),
        ({"retry-after": "Mon, 02 Mar 2026 08:01:00 GMT"}, None),
        ({"retry-after": "Mon, 99 Mar 2026 08:01:00 GMT", "date": "x"}, None),
    ],
)
def test_what_retry_after_asks_for(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ('<https://a/?p=2>; rel="next"', "https://a/?p=2"),
        ('<https://a/?p=1,2>; rel=prev, </b>; title="x, y"; rel="last next"', "/b"),
        ('<https://a>; rel="nextish"', ""),
        ("garbage <", ""),
        ("", ""),
    ],
)
def test_where_the_next_page_is(link: str, address: str) -> None:
    assert next_link({"link": link}) == address
