"""Settlement reports as statements: typed keys, label triples, days, parts, and rows that cannot be read."""

import io
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from settlement_rows import COLUMNS, line, report, total
from tieout.connectors import Refused, System, settlement
from tieout.connectors.settlement import intake
from tieout.connectors.settlement.labels import Labels
from tieout.core.facts import Fact, Refusal, Statement
from tieout.core.values import Role

ORDER = "114-1111111-1111111"
SALE = "Order/ItemPrice/Principal"


def market(**options: object) -> System:
    return System("market", "settlement", Role.MARKETPLACE, options=options)


def statements(raw: bytes, system: System | None = None) -> list[Statement]:
    system = system or market()
    found: list[Statement] = []
    for piece in settlement.split(io.BytesIO(raw), "report.txt", system):
        found += [piece.refusal] if isinstance(piece, Refused) else settlement.translate(piece, system)
    return found


def facts(raw: bytes, system: System | None = None) -> list[Fact]:
    """What is stated and not void."""
    return [each for each in statements(raw, system) if isinstance(each, Fact) and not each.void]


def lines(raw: bytes, kind: str, system: System | None = None) -> list[tuple[str, str, Decimal | None]]:
    return [(each.subject, each.charge, each.value) for fact in facts(raw, system) if fact.kind == kind for each in fact.lines]


def refusals(raw: bytes) -> list[Refusal]:
    return [each for each in statements(raw) if isinstance(each, Refusal)]


def test_a_settlement_has_a_total_and_a_payout_that_is_linked_to_it() -> None:
    stated, payout = facts(report(total("9", "80.50")))
    assert (stated.kind, stated.ref, stated.total, stated.currency) == ("SettlementReported", "market/settlement/9", Decimal("80.5"), "USD")
    assert (payout.kind, payout.ref, payout.links) == ("PayoutSent", "market/payout/9", (("market/payout/9", "market/settlement/9"),))
    assert payout.happened == datetime(2026, 3, 4, 23, 59, 59, tzinfo=UTC)


def test_a_settlement_of_nothing_announces_no_payout() -> None:
    assert [fact.kind for fact in facts(report(total("9", "0.00")))] == ["SettlementReported"]


@pytest.mark.parametrize(
    ("order", "subject"),
    [
        (ORDER, f"market/order/{ORDER}"),
        ("FBA19CD9HGQ8", "market/settlement/9"),
        ("", "market/settlement/9"),
        ("114-1111111", "market/settlement/9"),
        (f"{ORDER}9", "market/settlement/9"),
    ],
)
def test_only_what_looks_like_an_order_id_is_one(order: str, subject: str) -> None:
    raw = report(total("9", "10"), line("9", SALE, "10.00", order))
    assert lines(raw, "SaleSettled") == [(subject, "ItemPrice/Principal", 10)]
    (sale,) = (fact for fact in facts(raw) if fact.kind == "SaleSettled")
    assert sale.data.get("account level") == (None if order == ORDER else order or "(no id)")
    assert sale.data["against"] == "market/settlement/9"


def test_orders_may_be_another_systems_and_look_different() -> None:
    raw = report(total("9", "10"), line("9", SALE, "10.00", "W-77"))
    assert lines(raw, "SaleSettled", market(order_system="shop", order_pattern="W-[0-9]+"))[0][0] == "shop/order/W-77"


@pytest.mark.parametrize(
    ("triple", "amount", "kind", "label", "value"),
    [
        ("Order/ItemFees/Commission", "-15.00", "FeeCharged", "Commission", "15"),
        ("Refund/ItemFees/Commission", "3.00", "FeeCharged", "Commission", "-3"),
        ("ServiceFee/Cost of Advertising/TransactionTotalAmount", "-12", "FeeCharged", "Cost of Advertising", "12"),
        ("other-transaction/other-transaction/StorageRenewalBilling", "-4", "FeeCharged", "StorageRenewalBilling", "4"),
        ("other-transaction/other-transaction/Current Reserve Amount", "-30", "ReserveMoved", "Current Reserve Amount", "30"),
        ("other-transaction/other-transaction/Previous Reserve Amount Balance", "70", "ReserveMoved", "Previous Reserve Amount Balance", "-70"),
        ("Order/ItemWithheldTax/MarketplaceFacilitatorTax-Principal", "-8", "SaleSettled", "ItemWithheldTax/MarketplaceFacilitatorTax-Principal", "-8"),
        ("Order/ItemFees/Renamed Fee", "-1", "FeeCharged", "unknown: Order/ItemFees/Renamed Fee", "1"),
        ("Invented/Type/Thing", "5", "FeeCharged", "unknown: Invented/Type/Thing", "-5"),
    ],
)  # fmt: skip
def test_the_label_triple_says_what_an_amount_is(triple: str, amount: str, kind: str, label: str, value: str) -> None:
    found = lines(report(total("9", "1"), line("9", triple, amount, ORDER)), kind)
    assert [(charge, number) for _, charge, number in found] == [(label, Decimal(value))]


def test_an_unknown_label_is_named_and_stands_open_until_the_table_knows_it() -> None:
    raw = report(total("9", "1"), line("9", "Order/ItemFees/Renamed Fee", "-1"))
    (fee,) = (fact for fact in facts(raw) if fact.kind == "FeeCharged")
    assert fee.data["unknown"] == "Order/ItemFees/Renamed Fee"
    known = market(labels={"*/ItemFees/Renamed Fee": "fee:Commission"})
    (fee,) = (fact for fact in facts(raw, known) if fact.kind == "FeeCharged")
    assert ([each.charge for each in fee.lines], "unknown" in fee.data) == (["Commission"], False)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("Order/ItemPrice/Principal", "fee:x", "x"),
        ("*/ItemPrice/*", "fee", "Principal"),
        ("Order/*/Principal", "reserve", "Principal"),
        ("order/itemprice/principal", "fee:x", "x"),
    ],
)
def test_a_systems_own_labels_go_before_the_table(key: str, value: str, expected: str) -> None:
    meaning = Labels({key: value}).meaning("Order", "ItemPrice", "Principal")
    assert (meaning.label, meaning.kind, meaning.is_known) == (expected, value.split(":")[0], True)


def test_a_refund_lowers_the_sale_and_is_a_refund_of_its_order() -> None:
    raw = report(total("9", "1"), line("9", "Refund/ItemPrice/Principal", "-20", ORDER), line("9", "Refund/Promotion/Shipping", "2", ""))
    assert lines(raw, "Refunded") == [(f"market/order/{ORDER}", "ItemPrice/Principal", 20)]
    assert [value for _, _, value in lines(raw, "SaleSettled")] == [-20, 2]


def test_the_reserve_of_all_settlements_is_one_account() -> None:
    raw = report(
        total("9", "1"),
        line("9", "o/o/Current Reserve Amount", "-30"),
        total("10", "1"),
        line("10", "o/o/Previous Reserve Amount Balance", "30"),
    )
    assert [(subject, value) for subject, _, value in lines(raw, "ReserveMoved")] == [
        ("market/settlement/RESERVE", -30), ("market/settlement/RESERVE", 30),
    ]  # fmt: skip


def test_lines_stand_on_the_day_they_were_posted_and_empty_days_are_void() -> None:
    raw = report(total("9", "2"), line("9", SALE, "1", ORDER, "2026-03-02"), line("9", SALE, "1", ORDER, "2026-03-04"))
    sales = [each for each in statements(raw) if isinstance(each, Fact) and each.kind == "SaleSettled"]
    assert [(fact.scope, fact.void, len(fact.lines)) for fact in sales] == [
        ("2026-03-02", False, 1), ("2026-03-03", True, 0), ("2026-03-04", False, 1),
    ]  # fmt: skip


def test_a_row_without_a_date_counts_on_the_last_day() -> None:
    (sale,) = (fact for fact in facts(report(total("9", "1"), line("9", SALE, "1", ORDER, ""))) if fact.kind == "SaleSettled")
    assert sale.scope == "2026-03-04"


@pytest.mark.parametrize(
    ("row", "rule", "place"),
    [
        (line("8", SALE, "1", ORDER), "no-total", "column settlement-id"),
        (line("9", SALE, "1,000.00", ORDER), "amount", "column amount"),
        (line("9", SALE, "", ORDER), "amount", "column amount"),
        (line("9", SALE, "1e3", ORDER), "amount", "column amount"),
        (line("9", SALE, "1", ORDER, "01/02/2026"), "date", "column posted-date"),
        (line("9", SALE, "1", ORDER, "2026-02-30"), "date", "column posted-date"),
        (line("", SALE, "1", ORDER), "settlement-id", "column settlement-id"),
        (total("9", "1"), "total-twice", "column total-amount"),
        (total("10", "1", "dollar"), "currency", "column currency"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_alone_with_its_column(row: str, rule: str, place: str) -> None:
    raw = report(total("9", "1"), row, line("9", SALE, "1", ORDER))
    (refusal,) = refusals(raw)
    assert (refusal.rule, refusal.source.place, refusal.source.line) == (f"settlement/{rule}", place, 3)
    assert lines(raw, "SaleSettled") == [(f"market/order/{ORDER}", "ItemPrice/Principal", 1)]


def test_a_report_with_a_row_that_cannot_be_read_voids_nothing() -> None:
    raw = report(total("9", "1"), line("9", SALE, "?", ORDER))
    assert not [each for each in statements(raw) if isinstance(each, Fact) and each.void]


@pytest.mark.parametrize("missing", ["amount", "settlement-id", "total-amount", "currency"])
def test_a_file_without_a_needed_column_is_refused_whole(missing: str) -> None:
    names = [b"other" if name == missing else name.encode() for name in COLUMNS]
    (refusal,) = statements(b"\t".join(names) + b"\n" + report(total("9", "1")).split(b"\n", 1)[1])
    assert isinstance(refusal, Refusal)
    assert (refusal.rule, refusal.reason) == ("settlement/columns", f"The columns {missing} are missing.")


def test_columns_may_stand_in_any_order_and_be_more() -> None:
    raw = report(total("9", "1"), line("9", SALE, "1", ORDER)).decode()
    turned = "\n".join("\t".join([*row.split("\t")[::-1], "more"]) for row in raw.splitlines())
    assert [msg.lines for msg in facts(turned.encode())] == [msg.lines for msg in facts(raw.encode())]
    assert len(COLUMNS) == 24


def test_a_long_report_is_read_in_parts_that_know_their_settlement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "BYTES_MAX", 600)
    raw = report(total("9", "20"), *(line("9", SALE, "1", ORDER) for _ in range(20)))
    found = facts(raw)
    sales = [fact for fact in found if fact.kind == "SaleSettled"]
    assert len({fact.identity for fact in sales}) == len(sales) > 2
    assert sum(each.value or 0 for fact in sales for each in fact.lines) == 20
    assert [fact.kind for fact in found].count("SettlementReported") == 1
    assert not [each for each in statements(raw) if isinstance(each, Fact) and each.void]


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 900), st.binary(max_size=20), st.integers(0, 60))
def test_damage_never_raises(at: int, noise: bytes, lost: int) -> None:
    raw = report(total("9", "1"), line("9", SALE, "1", ORDER), line("9", "Order/ItemFees/Commission", "-1", ORDER))
    for each in statements(raw[:at] + noise + raw[at + lost :]):
        assert isinstance(each, Fact) or (each.reason and each.next_step)
