"""The URL grammar of lists."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieout.console import urls
from tieout.console.urls import MOMENT, NUMBER, TEXT, Field, Grammar

GRAMMAR = Grammar(
    "/exceptions",
    (
        Field("class", "class"), Field("owner", "owner"), Field("state", "state", choices=("new", "ongoing")),
        Field("due", "due", MOMENT), Field("value", "value", NUMBER), Field("q", "text", TEXT),
    ),
    ("due", "-due", "value", "-value"),
    ("item", "cause"),
)  # fmt: skip
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def canonical(*pairs: tuple[str, str]) -> str:
    return urls.url(GRAMMAR, urls.read(GRAMMAR, pairs))


def test_the_grammar_of_the_manual_reads_and_writes_the_same() -> None:
    pairs = [("class", "price"), ("class", "uom"), ("owner", "me"), ("due", "..4h"), ("value", "500.."), ("q", "SO-12"),
             ("sort", "-value"), ("group", "cause"), ("view", "v/late-mine"), ("item", "EX-104211")]  # fmt: skip
    assert urls.redirect(GRAMMAR, pairs) == ""
    assert canonical(*pairs) == (
        "/exceptions?class=price&class=uom&owner=me&due=..4h&value=500..&q=SO-12&sort=-value&group=cause&view=v/late-mine&item=EX-104211"
    )


@pytest.mark.parametrize(
    ("pairs", "wanted"),
    [
        ([("owner", "me"), ("class", "b"), ("class", "a"), ("class", "b")], "/exceptions?class=a&class=b&owner=me"),
        ([("sort", "due"), ("group", "item")], "/exceptions"),
        ([("value", "500.00..1e3")], "/exceptions?value=500..1000"),
        ([("due", "..240m")], "/exceptions?due=..4h"),
        ([("due", "-1w..")], "/exceptions?due=-7d.."),
        ([("due", "..0h")], "/exceptions?due=..now"),
        ([("q", "  a   b ")], "/exceptions?q=a%20b"),
        ([("not.class", "a")], "/exceptions?not.class=a"),
        ([("q", "")], "/exceptions"),
        ([("due", "2026-11-22T23:00:00+01:00..")], "/exceptions?due=2026-11-22T22:00:00Z.."),
    ],
)
def test_equal_states_have_one_url(pairs: list[tuple[str, str]], wanted: str) -> None:
    assert canonical(*pairs) == wanted


@pytest.mark.parametrize(
    "pair",
    [("colour", "red"), ("state", "odd"), ("value", "much"), ("value", ".."), ("due", "soon"), ("sort", "colour"), ("value", "NaN"),
     ("not.value", "5.."), ("offset", "-1"), ("item", "a b"), ("as_of", "4h"), ("due", "2026-11-22T23:00")],
)  # fmt: skip
def test_what_means_nothing_is_ignored_and_stays_visible(pair: tuple[str, str]) -> None:
    state = urls.read(GRAMMAR, [pair])
    assert state.ignored == (pair,)
    assert state.terms == ()
    assert pair in urls.write(GRAMMAR, state)


def test_ranges_say_their_bounds() -> None:
    assert urls.numbers("500..") == (Decimal(500), None)
    assert urls.numbers("..0.5") == (None, Decimal("0.5"))
    assert urls.numbers("7") == (Decimal(7), Decimal(7))
    assert urls.moments("-7d..now", NOW, "UTC") == (datetime(2026, 11, 16, 12, tzinfo=UTC), NOW)
    assert urls.moments("..4h", NOW, "UTC") == (None, datetime(2026, 11, 23, 16, tzinfo=UTC))
    low, high = urls.moments("2026-11-22..2026-11-22", NOW, "Europe/Berlin")
    assert (low, high) == (datetime(2026, 11, 21, 23, tzinfo=UTC), datetime(2026, 11, 22, 23, tzinfo=UTC))


def test_one_value_of_a_filter_can_be_taken_away() -> None:
    state = urls.read(GRAMMAR, [("class", "a"), ("class", "b"), ("owner", "me"), ("offset", "240"), ("item", "EX-1")])
    term = state.term("class")
    assert term is not None
    assert urls.url(GRAMMAR, urls.without(state, term, "a")) == "/exceptions?class=b&owner=me"
    assert urls.url(GRAMMAR, urls.without(state, term)) == "/exceptions?owner=me"
    assert urls.url(GRAMMAR, urls.cleared(state)) == "/exceptions"


def test_a_second_range_replaces_the_first_and_a_second_word_joins_it() -> None:
    state = urls.read(GRAMMAR, [("class", "a"), ("value", "5..")])
    assert urls.url(GRAMMAR, urls.adding(GRAMMAR, state, "value", "..9")) == "/exceptions?class=a&value=..9"
    assert urls.url(GRAMMAR, urls.adding(GRAMMAR, state, "class", "b")) == "/exceptions?class=a&class=b&value=5.."


def test_a_link_for_others_names_me() -> None:
    state = urls.read(GRAMMAR, [("owner", "me"), ("owner", "bo")])
    assert urls.url(GRAMMAR, urls.resolved(state, "owner", "ana")) == "/exceptions?owner=ana&owner=bo"


words = st.text(min_size=0, max_size=12)
names = st.sampled_from(["class", "not.class", "owner", "state", "due", "value", "q", "sort", "group", "item", "view", "as_of", "offset", "x"])


@given(st.lists(st.tuples(names, words | st.sampled_from(["1..", "..4h", "me", "-value", "cause", "7"])), max_size=8))
def test_the_canonical_form_is_its_own_canonical_form(pairs: list[tuple[str, str]]) -> None:
    state = urls.read(GRAMMAR, pairs)
    again = urls.write(GRAMMAR, state)
    assert urls.redirect(GRAMMAR, again) == ""
    assert urls.read(GRAMMAR, again) == state
