import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tieout.connectors import Document, System, canonical
from tieout.connectors.canonical.validate import LINES_MAX, is_clean, tidied
from tieout.core.facts import Fact, Line, Refusal
from tieout.core.facts.kinds import KINDS
from tieout.core.values import Ref, Role

WMS = System("wms", "canonical", Role.WMS)
names = st.text(alphabet="abz_-. /A", max_size=5)
numbers = st.text(alphabet="A1a /-\u00e9\x00", max_size=6)
decimals = st.decimals(allow_nan=True, allow_infinity=True) | st.decimals(-1000, 1000, places=3) | st.integers().map(Decimal)
refs = st.builds("{}/{}/{}".format, st.sampled_from(["erp", "*", ""]), st.just("order"), numbers).map(Ref)
moments = st.datetimes(timezones=st.sampled_from([UTC, None]))
lines = st.builds(
    Line,
    line=st.sampled_from(["1", "2", "3", ""]),
    subject=refs,
    quantity=st.none() | decimals,
    value=st.none() | decimals,
    due=st.none() | moments,
)
facts = st.builds(
    Fact,
    kind=st.sampled_from(["Shipped", "Invoiced", "Nonsense"]),
    system=st.sampled_from(["wms", "wms", "erp"]),
    type=names,
    number=numbers,
    happened=moments,
    partner=names,
    scope=names,
    currency=st.sampled_from(["", "EUR", "USD", "eur", "EURO"]),
    lines=st.lists(lines, max_size=3).map(tuple),
    total=st.none() | decimals,
    parcels=st.lists(numbers, max_size=2).map(tuple),
    links=st.lists(st.tuples(refs, refs), max_size=1).map(tuple),
)


def one(raw: bytes, system: System = WMS) -> Fact | Refusal:
    (result,) = canonical.translate(Document(raw, "feed.jsonl"), system)
    return result


def fact(**fields: Any) -> bytes:
    stated = {
        "kind": "Shipped",
        "system": "wms",
        "type": "shipment",
        "number": "S-1",
        "happened": "2026-03-02T10:00:00Z",
    }
    return msgspec.json.encode(stated | fields)


def test_every_kind_of_fact_can_be_stated() -> None:
    for kind in KINDS:
        assert isinstance(one(fact(kind=kind)), Fact)


def test_numbers_keep_every_digit() -> None:
    result = one(fact(lines=[{"line": "1", "subject": "erp/order/1", "quantity": "123456789012345.123456789"}]))

    assert isinstance(result, Fact)
    assert result.lines[0].quantity == Decimal("123456789012345.123456789")


def test_numbers_may_be_json_numbers() -> None:
    raw = fact(currency="EUR", total=1).replace(b'"total":1', b'"total":0.1')

    assert one(raw) == msgspec.json.decode(fact(currency="EUR", total="0.1"), type=Fact)


def test_source_is_never_taken_from_the_feed() -> None:
    result = one(fact(source={"origin": "forged"}))

    assert isinstance(result, Fact) and result.source is None


def test_too_many_lines_are_refused() -> None:
    many = [{"line": str(n), "subject": "erp/order/1"} for n in range(LINES_MAX + 1)]

    result = one(fact(lines=many))

    assert isinstance(result, Refusal) and result.rule == "canonical/too-many"


def test_a_refusal_names_the_place() -> None:
    result = one(fact(lines=[{"line": "1", "subject": "erp/order/1"}, {"line": "2", "subject": "1"}]))

    assert isinstance(result, Refusal)
    assert (result.rule, result.source.place) == ("canonical/reference", "lines[1].subject")
    assert "system/type/number" in result.reason


@given(facts)
def test_what_is_clean_is_what_the_full_reading_returns_unchanged(stated: Fact) -> None:
    if is_clean(stated, "wms"):
        full = tidied(stated, "wms")
        assert full == stated
        assert msgspec.json.encode(full) == msgspec.json.encode(stated)


@given(facts)
def test_a_fact_is_read_or_refused_and_reading_again_changes_nothing(stated: Fact) -> None:
    result = one(msgspec.json.encode(stated))

    if isinstance(result, Fact):
        assert one(msgspec.json.encode(result)) == result


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    one(raw)
    list(canonical.split(io.BytesIO(raw), "x", WMS))


def test_utc_is_one_instant() -> None:
    assert one(fact(happened="2026-03-02T12:00:00+02:00")) == one(fact())
    assert one(fact()).happened == datetime(2026, 3, 2, 10, tzinfo=UTC)  # type: ignore[union-attr]
