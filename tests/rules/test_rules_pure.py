"""Precise rules that need no database: revisions (1-4, 28), posting (7-11, 21), price (12), age and due (13, 14), components (19)."""

import random
from collections.abc import Mapping, Sequence, Set
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import permutations
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieout.core.account import Balance, Entry, Group, Posting, Row, Take, Within, entries
from tieout.core.correlate import Precedence, components
from tieout.core.evaluate import Item, State, Tolerance, evaluate
from tieout.core.facts import Fact, Line, revision_number, revision_time
from tieout.core.post import Component, Plans, Steps, Sums, net, post
from tieout.core.price import Layer, filling, layers_of, open_value, price_residual
from tieout.core.residual import balances, view
from tieout.core.revise import Listing, Version, judge, reused
from tieout.core.values import Ref, Side, day_end, day_start, exact, largest_remainder, minor_unit, ref, round_money, tidy
from tieout.flows import accounts, measured
from tieout.policy import CompanyPolicy, DeadlineRow, Match, ToleranceRow
from tieout.policy.calendar import Calendar

T = datetime(2026, 3, 2, 9, tzinfo=UTC)
D = Decimal


def h(hours: float) -> datetime:
    return T + timedelta(hours=hours)


def fact(kind: str = "Shipped", hours: float = 0, lines: Sequence[Line] = (), **more: Any) -> Fact:
    return Fact(kind, more.pop("system", "wms"), more.pop("type", "shipment"), more.pop("number", "1"), h(hours), lines=tuple(lines), **more)


def version(ordinal: int, revision: str = "", content: bytes = b"a", generation: int = 0, **more: Any) -> Version:
    return Version(ordinal, generation, content, fact(revision=revision, **more))


class Everything:
    """A context in which every reference is known; units and kits as given."""

    def __init__(
        self, units: Mapping[tuple[str, str], Fraction] | None = None, kits: Mapping[str, tuple[Component, ...]] | None = None
    ) -> None:
        self.units, self.kits = dict(units or {}), dict(kits or {})

    def resolve(self, reference: Ref) -> Ref | None:
        return reference

    def factor(self, item: str, unit: str, at: datetime) -> tuple[Fraction, str] | None:
        if not any(i == item for i, _ in self.units) or unit == "EA":
            return Fraction(1), unit
        return (self.units[item, unit], "EA") if (item, unit) in self.units else None

    @property
    def defined(self) -> Set[str]:
        return {*self.kits, *(item for item, _ in self.units)}

    def is_kit(self, item: str) -> bool:
        return item in self.kits

    def components(self, item: str, root: Ref, fact: Fact) -> tuple[Component, ...] | None:
        return self.kits[item]


PLANS = Plans(accounts().values(), lambda account: False)
ORDER = Ref("shop/order/1")


def posted(one: Fact, context: Any = None) -> list[Entry]:
    return [e for p in post(one, PLANS, context or Everything()).postings.values() for e in entries(p)]


# Rules 1 to 4: which version counts ---------------------------------------------------------------------------------------


def test_rule_1_the_greatest_revision_then_generation_wins_in_any_order() -> None:
    versions = [
        version(1, "n1"),
        version(2, "n2", b"b"),
        version(3, "n2", b"c", generation=1),
        version(4, "n1", b"d", generation=9),
    ]
    for arranged in permutations(versions):
        verdict = judge(arranged)
        assert verdict.winner == versions[2]
        assert verdict.superseded(arranged) == 3
        assert verdict.quarantined == {}


@pytest.mark.parametrize(
    ("later", "reason"),
    [
        ({"kind": "Invoiced"}, "the number was used for Shipped, now for Invoiced"),
        ({"currency": "EUR"}, "the number was used with USD, now with EUR"),
        ({"customer": "GLOBEX"}, "the number was used for customer ACME, now for GLOBEX"),
        ({"lines": [Line("7", ORDER, "Z")]}, "no line is common to both documents under this number"),
        ({"hours": 24 * 181}, "the number was used 181 days before"),
    ],
)
def test_rule_2_a_number_that_comes_back_for_another_document_is_quarantined(later: dict[str, Any], reason: str) -> None:
    base = {"currency": "USD", "customer": "ACME", "lines": [Line("1", ORDER, "A")]}
    first, other = version(1, "n1", **base), version(2, "n2", b"b", **{**base, "hours": 1, **later})
    for arranged in permutations((first, other)):
        verdict = judge(arranged)
        assert (verdict.winner, verdict.quarantined) == (first, {2: reason})


def test_rule_2_a_common_item_or_180_days_make_a_revision() -> None:
    first = fact(lines=[Line("1", ORDER, "A")])
    assert reused(first, fact(hours=24 * 180, lines=[Line("9", ORDER, "A")])) == ""


def test_rule_2_a_slash_in_a_number_is_not_a_scope() -> None:
    texts = {
        fact(number=number, scope=scope).identity
        for number, scope in (
            ("1", ""),
            ("1/2", ""),
            ("1", "2"),
            ("1/2", "3"),
            ("1", "3"),
            ("1/2/3", ""),
            ("1/", "2"),
            ("1//2", ""),
        )
    }
    assert len(texts) == 8
    assert fact(number="1", scope="2").identity == "wms/shipment//1/2"
    assert fact(number="1").identity == "wms/shipment//1"


def test_rule_3_revision_keys_sort_by_age() -> None:
    assert revision_number(9) < revision_number(10) < revision_number(10**11)
    assert revision_time(h(0), 2) < revision_time(h(0), 10) < revision_time(h(0.001))
    with pytest.raises(ValueError, match="out of range"):
        revision_number(10**12)


def test_rule_4_the_greatest_content_of_a_conflict_posts_and_all_versions_are_judged() -> None:
    versions = [version(1, "n1", b"b"), version(2, "n1", b"c"), version(3, "n1", b"a")]
    for arranged in permutations(versions):
        verdict = judge(arranged)
        assert (verdict.winner, verdict.versions_in_conflict) == (versions[1], 3)
    assert judge([*versions, version(4, "n2", b"a")]).versions_in_conflict == 0


def test_rule_28_a_complete_list_voids_what_happened_before_it_and_is_not_in_it() -> None:
    listing = Listing(h(10), frozenset({"wms/shipment//2"}))
    assert judge([version(1, hours=9)], [listing]).voided
    assert not judge([version(1, hours=10)], [listing]).voided
    assert not judge([version(1, hours=9, number="2")], [listing]).voided
    assert not judge([version(1, hours=9, number="2", scope="A")], [listing]).voided


def test_rule_28_a_list_says_nothing_of_what_was_changed_after_it_whatever_day_it_bears() -> None:
    listing = Listing(h(10), frozenset())
    assert judge([version(1, hours=0, revision=revision_time(h(9)))], [listing]).voided
    assert not judge([version(1, hours=0, revision=revision_time(h(11)))], [listing]).voided
    assert judge([version(1, "n1"), version(2, "n2", void=True)]).voided


# Rules 7 to 11: posting ----------------------------------------------------------------------------------------------------


def test_rule_7_posting_is_pure() -> None:
    one = fact("Invoiced", lines=[Line("1", ORDER, "A", quantity=D(2), value=D(10))], currency="USD", type="invoice", system="erp")
    assert post(one, PLANS, Everything()) == post(one, PLANS, Everything())


def test_rule_7_a_line_without_a_unit_valid_at_its_time_waits() -> None:
    outcome = post(fact(lines=[Line("1", ORDER, "A", quantity=D(2), unit="CS")]), PLANS, Everything({("A", "BX"): Fraction(6)}))
    assert outcome.postings == {}
    assert [(w.line, w.on) for w in outcome.waits] == [("1", "unit A CS")]


def test_rule_8_lines_post_alone() -> None:
    lines = [Line("1", ORDER, "A", quantity=D(2), unit="CS"), Line("2", ORDER, "B", quantity=D(5))]
    outcome = post(fact(lines=lines), PLANS, Everything({("A", "BX"): Fraction(6)}))
    assert {e.key for p in outcome.postings.values() for e in entries(p)} == {"B"}
    assert [w.line for w in outcome.waits] == ["1"]


def test_rule_9_every_fact_type_takes_one_side_of_an_account() -> None:
    """One that carries an amount from its own document to others takes both, of the document as a whole and of its lines."""
    both = {(a.code, kind.name): {a.debit[kind], a.credit[kind]} for a in accounts().values() for kind in a.debit.keys() & a.credit.keys()}
    assert both == {("CSH", "RemittanceAdvised"): {Take.AMOUNT, Take.DOCUMENT}}


def test_rule_10_none_is_not_zero() -> None:
    silent, zero = (
        posted(fact("Invoiced", lines=[Line("1", ORDER, "A", quantity=D(2), value=value)], currency="USD", type="invoice", system="erp"))
        for value in (None, D(0))
    )
    assert {e.value for e in silent} == {None}
    assert {e.currency for e in silent} == {""}
    assert {(e.account, e.value) for e in zero} == {("SNI", D(0)), ("TBL", D(0)), ("TCO", D(0))}


def entry(side: Side = Side.DEBIT, quantity: Any = None, value: Any = None, hours: float = 0, account: str = "TBK", **more: Any) -> Entry:
    return Entry(
        account, side, more.pop("key", "A"), None if quantity is None else D(quantity), more.pop("unit", "EA" if quantity is not None else ""),
        None if value is None else D(value), more.pop("currency", "USD" if value is not None else ""), h(hours), False,
        more.pop("due", None), "A", more.pop("identity", f"x{hours}"), "", "OrderPlaced",
    )  # fmt: skip


def test_rule_11_a_balance_keeps_quantity_priced_quantity_and_value_per_unit_and_currency() -> None:
    found = balances([
        entry(quantity=10, value=100), entry(quantity=3), entry(Side.CREDIT, 4, 36), entry(quantity=2, unit="KG"),
        entry(value=7, currency="EUR"), entry(quantity=1, value=5, currency="EUR"),
    ])  # fmt: skip
    by_name = {(b.unit, b.currency): b for b in found}
    assert set(by_name) == {("EA", "USD"), ("EA", "EUR"), ("EA", ""), ("KG", ""), ("", "EUR")}
    usd: Balance = by_name["EA", "USD"]
    assert (usd.debit.quantity, usd.debit.priced, usd.debit.value, usd.credit.quantity) == (10, 10, 100, 4)
    assert (usd.quantity, usd.value) == (6, 64)
    assert by_name["EA", ""].debit.quantity == 3
    assert by_name["EA", ""].debit.priced == 0


def test_rule_11_a_quantity_without_value_joins_the_only_currency_of_its_unit() -> None:
    (one,) = balances([entry(quantity=10, value=100), entry(quantity=3)])
    assert (one.debit.quantity, one.debit.priced, one.debit.value) == (13, 10, 100)


# Rule 12: price ------------------------------------------------------------------------------------------------------------

LAYERS = [entry(quantity=10, value=100), entry(quantity=10, value=120, hours=1)]


@pytest.mark.parametrize(
    ("quantity", "value", "residual"),
    [
        (10, 100, "0"), (10, 120, "0"), (10, 110, "0"), (10, "99.995", "0"), (10, "99.99", "0.01"), (10, "120.005", "0"),
        (10, "120.01", "-0.01"), (20, 220, "0"), (20, 221, "-1"), (25, "270", "0"), (25, "280", "0"), (25, "269", "1"),
        (25, "281", "-1"),
    ],
)  # fmt: skip
def test_rule_12_price_residual_is_zero_between_cheapest_and_dearest_filling(quantity: int, value: Any, residual: str) -> None:
    found = price_residual(layers_of(LAYERS, "USD"), [entry(Side.CREDIT, quantity, value)], "USD")
    assert found == D(residual)


def test_rule_12_half_a_minor_unit_per_credit_entry_is_rounding() -> None:
    layers = layers_of([entry(quantity=3, value=10)], "USD")
    thirds = [entry(Side.CREDIT, 1, "3.33")] * 3
    assert price_residual(layers, thirds, "USD") == 0
    assert price_residual(layers, [entry(Side.CREDIT, 3, "9.99")], "USD") == D("0.01")
    yen = layers_of([entry(quantity=3, value=10, currency="JPY")], "JPY")
    assert price_residual(yen, [entry(Side.CREDIT, 1, 3, currency="JPY")], "JPY") == 0


def test_rule_12_without_layers_a_price_cannot_be_judged() -> None:
    assert price_residual([], [entry(Side.CREDIT, 1, 5)], "USD") is None


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 50)), min_size=1, max_size=5), st.integers(0, 40))
def test_rule_12_filling_is_what_trying_every_choice_of_units_gives(layers: list[tuple[int, int]], quantity: int) -> None:
    prices = sorted(price for count, price in layers for _ in range(count))
    low = sum((prices + [prices[0]] * quantity)[:quantity]) if quantity <= len(prices) else sum(prices) + (quantity - len(prices)) * prices[0]
    high = sum(prices[::-1][:quantity]) + max(0, quantity - len(prices)) * prices[-1]
    assert filling([Layer(D(count), Fraction(price)) for count, price in layers], D(quantity)) == (low, high)


def test_rule_12_open_value_is_the_open_quantity_at_its_remaining_layers() -> None:
    layers = layers_of(LAYERS, "USD")
    assert open_value(layers, D(4), D(16), "USD") == 180
    assert open_value(layers, D(15), D(5), "USD") == 60
    assert open_value([], D(0), D(5), "USD") is None


# Rules 13 to 18: judging ---------------------------------------------------------------------------------------------------


class Feeds:
    """Watermarks: one for everything."""

    def __init__(self, mark: datetime | None, *, observed: bool = True) -> None:
        self.mark, self.is_observed = mark, observed

    def of(self, account: Any, side: Side) -> datetime | None:
        return self.mark

    def observed(self, account: Any, side: Side) -> bool:
        return self.is_observed


def posting(
    moves: Sequence[str], quantity: Any, hours: float, *, value: Any = None, key: str = "A", kind: str = "X", due: datetime | None = None,
    unit: str = "EA", currency: str = "USD", **notes: str,
) -> Posting:  # fmt: skip
    row = Row(
        key, None if quantity is None else D(quantity), unit if quantity is not None else "", None if value is None else D(value),
        currency if value is not None else "", due, "A",
    )  # fmt: skip
    return Posting(f"{kind}{moves}{hours}{quantity}", "", kind, h(hours), False, (Group(tuple(moves), (row,)),), notes)


def judged(
    book: Sequence[Posting],
    *,
    mark: float | None = 10_000,
    now: float = 10_000,
    policy: CompanyPolicy | None = None,
    observed: bool = True,
) -> list[Item]:
    feeds = Feeds(None if mark is None else h(mark), observed=observed)
    return evaluate(view("r", book), accounts(), policy or CompanyPolicy({}), feeds, h(now))


def test_rule_13_fifo_age_is_that_of_the_oldest_uncovered_entry() -> None:
    book = [posting(["SNI+"], 4, 0), posting(["SNI+"], 4, 10), posting(["SNI+"], 4, 20), posting(["SNI-"], 5, 30)]
    for arranged in permutations(book):
        (item,) = judged(arranged)
        assert (item.quantity, item.since, item.due) == (7, h(10), h(34))


@pytest.mark.parametrize("quantity", [None, -2])
def test_a_discount_or_a_return_that_nobody_has_answered_stands_since_it_was_said(quantity: int | None) -> None:
    (item,) = [i for i in judged([posting(["TBK+"], quantity, 3, value=-3)]) if i.account == "TBK"]
    assert (item.side, item.since) == (Side.CREDIT, h(3))


def test_rule_13_fifo_goes_by_due_before_occurred() -> None:
    book = [posting(["TSH+"], 5, 0, due=h(100)), posting(["TSH+"], 5, 1, due=h(50)), posting(["TSH-"], 5, 2)]
    (item,) = judged(book)
    assert (item.since, item.due) == (h(0), h(100))


@pytest.mark.parametrize(
    ("steps", "least", "state"),
    [
        ([("+", 5, 0)], 5, State.OPEN),
        ([("+", 5, 0), ("-", 3, 60)], 2, State.OPEN),
        ([("+", 2, 0), ("+", 3, 90)], 2, State.OPEN),
        ([("+", 5, 80)], 5, State.PENDING),
        ([("+", 5, 0), ("-", 5, 80), ("+", 5, 81)], 5, State.PENDING),
        ([("-", 5, 70), ("+", 9, 85)], 4, State.PENDING),
        ([("-", 4, 0)], -4, State.OPEN),
        ([("-", 5, 80), ("+", 9, 80)], 4, State.PENDING),
    ],
)
def test_rule_13_standing_age_is_the_least_balance_of_one_sign_through_the_window(
    steps: list[tuple[str, int, float]], least: int, state: State
) -> None:
    """`stock_in_step` allows 24 hours; it is judged at hour 100, so the window begins at hour 76. Same instant, one step."""
    for arranged in permutations([posting([f"STK{side}"], quantity, hours, key="") for side, quantity, hours in steps]):
        (item,) = judged(arranged, mark=100, now=100)
        assert (item.quantity, item.state) == (least, state)


def test_rule_14_due_is_the_facts_own_else_the_calendar() -> None:
    (own,) = judged([posting(["TCO+"], None, 0, value=10, key="", due=h(5))])
    (by_policy,) = judged([posting(["TCO+"], None, 0, value=10, key="")])
    assert (own.due, by_policy.due) == (h(5), h(720))


def test_rule_14_day_precise_times_start_at_local_midnight_and_fall_due_at_local_day_end() -> None:
    zone = "Europe/Berlin"
    assert day_start(date(2026, 3, 29), zone) == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert day_end(date(2026, 3, 29), zone) == datetime(2026, 3, 29, 22, tzinfo=UTC)
    calendar = Calendar(timezone=zone)
    assert calendar.due(day_start(date(2026, 3, 27), zone), 24, 0, day=True) == day_end(date(2026, 3, 28), zone)


@pytest.mark.parametrize(
    ("occurred", "due"),
    [
        (datetime(2026, 3, 5, 15, 0), datetime(2026, 3, 6, 18)),
        (datetime(2026, 3, 5, 15, 1), datetime(2026, 3, 9, 18)),
        (datetime(2026, 3, 6, 10, 0), datetime(2026, 3, 9, 18)),
        (datetime(2026, 3, 7, 10, 0), datetime(2026, 3, 11, 18)),
        (datetime(2026, 3, 9, 23, 0), datetime(2026, 3, 12, 18)),
    ],
)
def test_rule_14_business_days_count_from_the_cut_off_and_skip_days_off(occurred: datetime, due: datetime) -> None:
    """Winter time in New York is UTC-5; the 10th of March is a holiday; summer time begins on the 8th."""
    calendar = Calendar("America/New_York", closes=time(18), cutoff=time(15), holidays=frozenset({date(2026, 3, 10)}))
    from zoneinfo import ZoneInfo

    zone = ZoneInfo("America/New_York")
    assert calendar.due(occurred.replace(tzinfo=zone), 0, 1) == due.replace(tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("mark", "now", "state"),
    [
        (24, 24, State.OPEN),
        (23, 24, State.UNKNOWABLE),
        (None, 24, State.UNKNOWABLE),
        (23, 23, State.PENDING),
        (99, 23, State.PENDING),
    ],
)
def test_rule_15_missing_is_judged_by_the_watermark_of_the_feed_that_owes_it(mark: float | None, now: float, state: State) -> None:
    (item,) = judged([posting(["SNI+"], 4, 0)], mark=mark, now=now)
    assert item.state is state


def test_rule_15_grace_is_added_to_the_deadline() -> None:
    policy = CompanyPolicy({}, grace=timedelta(hours=2))
    assert [judged([posting(["SNI+"], 4, 0)], mark=m, now=m, policy=policy)[0].state for m in (25, 26)] == [
        State.PENDING,
        State.OPEN,
    ]


def test_rule_15_what_nobody_can_state_is_not_observed() -> None:
    (item,) = judged([posting(["SNI+"], 4, 0)], observed=False)
    assert item.state is State.UNOBSERVED


def tolerant(**limits: Any) -> CompanyPolicy:
    match = Match(**{name: limits.pop(name) for name in ("account", "side", "customer", "channel") if name in limits})
    return CompanyPolicy({}, (ToleranceRow(match, Tolerance(**{k: v if k == "both" else D(v) for k, v in limits.items()})),))


@pytest.mark.parametrize(
    ("policy", "state"),
    [
        (tolerant(quantity=2), State.TOLERATED),
        (tolerant(quantity=1), State.OPEN),
        (tolerant(quantity_percent=20), State.TOLERATED),
        (tolerant(quantity_percent=19), State.OPEN),
        (tolerant(quantity=2, quantity_percent=19), State.OPEN),
        (tolerant(quantity=2, quantity_percent=19, both=True), State.TOLERATED),
        (tolerant(quantity=1, quantity_percent=19, both=True), State.OPEN),
        (tolerant(quantity=2, side="credit"), State.OPEN),
        (tolerant(quantity=2, side="debit", customer="ACME"), State.TOLERATED),
        (tolerant(quantity=2, customer="GLOBEX"), State.OPEN),
        (tolerant(quantity=2, account="to_invoice"), State.TOLERATED),
        (tolerant(quantity=2, account="TSH"), State.OPEN),
    ],
)
def test_rule_16_every_limit_alone_is_enough_unless_policy_says_both(policy: CompanyPolicy, state: State) -> None:
    """10 shipped, 8 invoiced: 2 pieces or 20 percent."""
    (item,) = judged([posting(["SNI+"], 10, 0, customer="ACME"), posting(["SNI-"], 8, 1)], policy=policy)
    assert (item.quantity, item.state) == (2, state)


def test_rule_16_deadlines_are_a_table_by_customer() -> None:
    row = DeadlineRow(Match(account="SNI", customer="ACME"), Within(hours=1), "key accounts")
    policy = CompanyPolicy({}, deadlines=(row,))
    (mine,), (other,) = (judged([posting(["SNI+"], 1, 0, customer=c)], policy=policy) for c in ("ACME", "GLOBEX"))
    assert [(i.due, i.expectation.team) for i in (mine, other)] == [(h(1), "key accounts"), (h(24), "billing")]


def test_rule_17_tolerance_changes_the_state_and_nothing_else() -> None:
    book = [posting(["SNI+"], 10, 0), posting(["SNI-"], 8, 1)]
    (strict,), (tolerated,) = judged(book), judged(book, policy=tolerant(quantity=2))
    assert msgspec.structs.replace(tolerated, state=strict.state) == strict


@pytest.mark.parametrize(("left", "state"), [(2, State.WRITTEN_OFF), (3, State.LAPSED)])
def test_rule_18_a_write_off_counts_only_for_the_exact_residual(left: int, state: State) -> None:
    notes = {"account": "SNI", "key": "A", "residual": "2", "unit": "EA"}
    decision = Posting("erp/write_off//1", "", "WrittenOff", h(50), False, (), notes)
    (item,) = judged([posting(["SNI+"], 10, 0), posting(["SNI-"], 10 - left, 1), decision])
    assert (item.quantity, item.state) == (left, state)
    assert judged([posting(["SNI+"], 10, 0), posting(["SNI-"], 10, 1), decision]) == []


# Rules 19 to 22 ------------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=25), st.randoms())
def test_rule_19_components_do_not_depend_on_the_order_of_links(pairs: list[tuple[int, int]], shuffler: random.Random) -> None:
    types = ("order", "sales_order", "delivery")
    links = [tuple(Ref(f"s{n % 3}/{types[n % 3]}/{n}") for n in pair) for pair in pairs]
    precedence = Precedence(["s1", "s0", "s2"])
    wanted = components(links, precedence)  # type: ignore[arg-type]
    shuffler.shuffle(links)
    links = [pair if shuffler.random() < 0.5 else pair[::-1] for pair in links]
    assert components(links + links[:3], precedence) == wanted  # type: ignore[operator, arg-type]
    for member, root in wanted.root.items():
        assert wanted.root[root] == root
        assert min((m for m, r in wanted.root.items() if r == root), key=precedence) == root, member


def test_rule_19_a_reference_with_too_many_links_merges_nothing() -> None:
    links = [(Ref("bank/payment/1"), Ref(f"erp/invoice/{n}")) for n in range(21)]
    found = components(links, Precedence(["erp", "bank"]))
    assert found.overloaded == ("bank/payment/1",)
    assert set(found.root.values()) == {*(b for _, b in links), Ref("bank/payment/1")}
    fewer = components(links[:20], Precedence(["erp", "bank"]))
    assert set(fewer.root.values()) == {Ref("erp/invoice/0")}
    assert fewer.overloaded == ()


def test_rule_20_one_line_for_several_clears_on_their_merged_group() -> None:
    book = [
        posting(["TSH+"], 3, 0, key="1"),
        posting(["TSH+"], 4, 0, key="2"),
        posting(["TSH+"], 9, 0, key="3"),
        posting(["TSH-"], 5, 1, key="1+2"),
    ]
    assert [(i.key, i.quantity) for i in judged(book)] == [("1", 2), ("3", 9)]


def test_rule_21_kits_post_components_and_lose_no_cent() -> None:
    kit = (Component("A", D(2), "EA", D(1)), Component("B", D(1), "EA", D(1)), Component("C", D(1), "EA", D(1)))
    one = fact("OrderPlaced", lines=[Line("1", ORDER, "K", quantity=D(5), value=D(100))], currency="USD", type="order", system="shop")
    found = [(e.key, e.quantity, e.value) for e in posted(one, Everything(kits={"K": kit})) if e.account == "TBK"]
    assert found == [("A", 10, D("33.34")), ("B", 5, D("33.33")), ("C", 5, D("33.33"))]


def test_rule_22_the_same_difference_stands_under_its_upstream() -> None:
    book = [posting(["TBK-", "TSH+"], 5, 0), posting(["TBK-"], 3, 0, key="B"), posting(["TSH+"], 2, 0, key="B")]
    assert {(i.account, i.key): i.state for i in judged(book)} == {
        ("TBK", "A"): State.OPEN, ("TSH", "A"): State.UNDER, ("TBK", "B"): State.OPEN, ("TSH", "B"): State.OPEN,
    }  # fmt: skip


def test_rule_22_an_equal_difference_of_another_statement_stands_by_itself() -> None:
    """Booked five too many, and shipped five more than booked: two faults of one amount, and nobody may see only one of them."""
    book = [posting(["TBK-"], 5, 0), posting(["TSH-"], 5, 1)]
    assert {i.account: i.state for i in judged(book)} == {"TBK": State.OPEN, "TSH": State.OPEN}


def test_rule_34_an_open_footing_blocks_fees_and_payout_of_the_settlement_only() -> None:
    book = [
        posting(["SFT+"], None, 0, value=100, key=""), posting(["FTP+"], None, 0, value=5, key="commission"),
        posting(["PYT+"], None, 0, value=95, key=""), posting(["RSV+"], None, 0, value=3, key=""),
    ]  # fmt: skip
    states = {i.account: i.state for i in judged(book)}
    assert states == {"SFT": State.OPEN, "FTP": State.BLOCKED, "PYT": State.BLOCKED, "RSV": State.OPEN}


def test_rule_34_currencies_never_net() -> None:
    book = [posting(["FTP+"], None, 0, value=5, key="x"), posting(["FTP-"], None, 1, value=5, key="x", currency="EUR")]
    assert [(i.currency, i.value) for i in judged(book)] == [("EUR", -5), ("USD", 5)]


def test_rule_34_a_price_in_another_currency_is_no_agreement() -> None:
    """Ordered at 100 USD, booked at 100 EUR: the quantity nets, the price does not."""
    items = judged([posting(["TBK+"], 10, 0, value=100), posting(["TBK-"], 10, 1, value=100, currency="EUR")])
    assert [(i.currency, i.side, i.quantity, i.price) for i in items] == [("EUR", Side.CREDIT, 0, -100)]


def test_rule_35_unit_prices_keep_all_their_decimals() -> None:
    layers = [entry(quantity=D("3"), value=D("0.000000003"))]
    assert price_residual(layers_of(layers, "USD"), [entry(Side.CREDIT, 3, "0.000000003")], "USD") == 0
    assert open_value(layers_of([entry(quantity=550, value="27.4895")], "USD"), D(547), D(3), "USD") == D("0.149942727")


def test_rule_35_quantity_and_price_are_judged_apart() -> None:
    book = [posting(["PRC+"], 10, 0, value=100), posting(["PMT+", "PRC-"], 10, 1), posting(["PMT-"], 8, 2, value=88)]
    (item,) = [i for i in judged(book) if i.account == "PMT"]
    assert (item.quantity, item.price, item.value) == (2, -8, 20)


# Values --------------------------------------------------------------------------------------------------------------------


@given(st.decimals(-(10**6), 10**6, places=4), st.lists(st.integers(0, 100), min_size=1, max_size=8))
def test_largest_remainder_loses_nothing(total: Decimal, weights: list[int]) -> None:
    parts = largest_remainder(total, [Fraction(w) for w in weights], D("0.01"))
    assert sum(parts) == total
    scale = sum(weights)
    for n, (part, weight) in enumerate(zip(parts, weights, strict=True)):
        if scale:
            assert abs(Fraction(part) - Fraction(total) * weight / scale) < Fraction(2, 100), n


@pytest.mark.parametrize(
    "text", ["1" * 16, "1e15", "0.1234567891", "NaN", "Infinity", "x", "0." + "0" * 61 + "1", "1." + "0" * 70 + "1", "1e-100"]
)
def test_a_number_that_cannot_be_kept_exactly_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        exact(text)


def test_equal_numbers_are_written_alike() -> None:
    assert {str(exact(t)) for t in ("100", "1E2", "100.000", "1.0e+2")} == {"100"}
    assert str(exact("-0.00")) == "0"
    assert str(tidy(D("0.50"))) == "0.5"
    assert (minor_unit("JPY"), minor_unit("KWD"), round_money(Fraction(1, 200), "USD")) == (1, D("0.001"), D("0.01"))
    assert ref("erp", "order", "  so  1 ") == "erp/order/SO 1"


@given(st.lists(st.tuples(st.booleans(), st.integers(-9, 9), st.one_of(st.none(), st.integers(-9, 9))), max_size=12))
def test_net_is_debits_less_credits_and_reversal_undoes_it(rows: list[tuple[bool, int, int | None]]) -> None:
    sums: Sums = {}
    steps = Steps(measured(accounts()))
    book = [posting(["TBK+" if debit else "TBK-"], quantity, n, value=value) for n, (debit, quantity, value) in enumerate(rows)]
    for one in book:
        net(one, steps, sums)
    wanted = sum((q if debit else -q for debit, q, _ in rows), 0)
    assert sums.get("A|EA", {}).get("TBK", 0) == wanted
    for one in book:
        net(one, steps, sums, -1)
    assert sums == {}
