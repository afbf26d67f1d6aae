"""Marketplace settlement from the report's own bytes: what foots, what is held, what is refunded, what comes again corrected."""

import io
from collections.abc import Callable
from decimal import Decimal

import pytest

from settlement_rows import line as row
from settlement_rows import report, total
from tieout.connectors import Refused, System, settlement
from tieout.core.values import Role
from tieout.runtime.apply import apply
from tieout.runtime.statements import Arrival
from world import NOW, SYSTEMS, World, line

ORDER = "114-1111111-1111111"
SUBJECT = f"market/order/{ORDER}"
MARKET = System("market", "settlement", Role.MARKETPLACE)
SALE, FEE = "Order/ItemPrice/Principal", "Order/ItemFees/Commission"
PAYOUT = "market/payout/9"


@pytest.fixture
def world(world_of: Callable[..., World]) -> World:
    return world_of(systems={**SYSTEMS, "market": MARKET}, marketplaces=frozenset(("market",)))


def settle(world: World, *rows: str) -> None:
    """Import a report; every statement in it is counted (rule 29)."""
    arrivals = []
    for piece in settlement.split(io.BytesIO(report(*rows)), "report.txt", MARKET):
        assert not isinstance(piece, Refused)
        arrivals.append(Arrival(piece, MARKET, NOW))
        world.sent += len(list(settlement.translate(piece, MARKET)))
    apply(world.connection, world.configuration, arrivals, NOW)
    world.check_counts()


def invoice(world: World, amount: int = 100) -> None:
    lines = [line(1, SUBJECT, "A", 1, amount)]
    world.say("Invoiced", "erp", "I1", 0, lines, channel="market", total=Decimal(amount), links=[["erp/invoice/I1", SUBJECT]])


def cases(world: World, hours: float, *accounts: str) -> dict[str, object]:
    return {name: case for name, case in world.complete(hours).items() if name[:3] in accounts}


def test_a_report_that_foots_clears_the_invoice_and_leaves_fees_and_payout_to_do(world: World) -> None:
    invoice(world)
    settle(world, total("9", "85"), row("9", SALE, "100", ORDER), row("9", FEE, "-15", ORDER))
    assert (world.of("SFT"), world.of("MRV")) == ({}, {})
    assert world.of("FTP") == {f"{PAYOUT} Commission $USD": 15}
    assert world.of("PYT") == {f"{PAYOUT}  $USD": 85}


def test_a_missing_line_is_a_case_of_just_its_amount_and_holds_fees_and_payout(world: World) -> None:
    settle(world, total("9", "55"), row("9", SALE, "100", ORDER), row("9", FEE, "-15", ORDER))
    assert cases(world, 24 * 20, "SFT", "FTP", "PYT") == {f"SFT- {PAYOUT}": ({}, {"USD": "-30"})}
    settle(world, total("9", "55"), row("9", SALE, "100", ORDER), row("9", FEE, "-15", ORDER), row("9", "o/o/Current Reserve Amount", "-30"))
    assert world.of("SFT") == {}
    assert set(cases(world, 24 * 20, "SFT", "FTP", "PYT")) == {f"FTP+ {PAYOUT}#Commission", f"PYT+ {PAYOUT}"}
    assert world.of("RSV") == {"market/settlement/RESERVE  $USD": 30}


def test_a_corrected_report_takes_back_what_it_no_longer_says(world: World) -> None:
    settle(world, total("9", "20"), row("9", SALE, "10", ORDER, "2026-03-02"), row("9", SALE, "10", ORDER, "2026-03-04"))
    settle(world, total("9", "10"), row("9", SALE, "10", ORDER, "2026-03-02"))
    assert world.of("SFT") == {}
    assert world.of("MRV") == {f"{SUBJECT}  $USD": -10}


def test_an_id_that_is_no_orders_never_lands_on_an_order(world: World) -> None:
    settle(world, total("9", "5"), row("9", SALE, "5", "FBA19TEST0001"))
    assert world.of("MRV") == {f"{PAYOUT}  $USD": -5}


def test_a_reserve_that_the_next_settlement_releases_is_not_held(world: World) -> None:
    settle(world, total("9", "70"), row("9", SALE, "100", ORDER), row("9", "o/o/Current Reserve Amount", "-30"))
    settle(world, total("10", "30"), row("10", "o/o/Previous Reserve Amount Balance", "30"))
    assert (world.of("RSV"), world.of("SFT")) == ({}, {})


def test_a_refund_is_settled_by_its_credit_memo_and_open_without_it(world: World) -> None:
    invoice(world)
    settle(world, total("9", "80"), row("9", SALE, "100", ORDER), row("9", "Refund/ItemPrice/Principal", "-20", ORDER))
    assert world.of("MRV") == {"erp/invoice/I1  $USD": 20}
    world.say(
        "CreditIssued",
        "erp",
        "CM1",
        72,
        [line(1, SUBJECT, "A", 1, 20)],
        channel="market",
        total=Decimal(20),
        data={"against": "erp/invoice/I1"},
    )
    assert (world.of("MRV"), world.of("RRF")) == ({}, {})


def test_a_credit_memo_of_another_channel_is_no_marketplace_matter(world: World) -> None:
    world.say("Invoiced", "erp", "I2", 0, [line(1, "shop/order/1", "A", 1, 50)], channel="shop")
    world.say("CreditIssued", "erp", "CM2", 1, [line(1, "shop/order/1", "A", 1, 50)], channel="shop", data={"against": "erp/invoice/I2"})
    assert world.of("MRV") == {}
