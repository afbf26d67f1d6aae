"""The *Hard cases* of the design, one story each, in the words of the table."""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from tieout.runtime.apply import apply
from world import NOW, SYSTEMS, World, line, say

Worlds = Callable[..., World]
D = Decimal
SHOP, ERP = "shop/order/1", "erp/sales_order/S1"
LINK = {"links": [[ERP, SHOP]]}


def test_price_differs_between_channel_and_erp(world: World) -> None:
    world.say(
        "OrderPlaced",
        "shop",
        "1",
        0,
        [line(1, SHOP, "A", 10, 100), line("T", SHOP, value=7, charge="tax"), line("D", SHOP, value=-5, charge="discount")],
    )
    world.say(
        "OrderBooked",
        "erp",
        "S1",
        1,
        [line(1, ERP, "A", 10, "97.5"), line("T", ERP, value=8, charge="tax"), line("D", ERP, value=-5, charge="discount")],
        **LINK,
    )
    assert world.of("TBK") == {"shop/order/1 A $USD": D("2.5"), "shop/order/1 tax $USD": -1}
    cases = {name: case for name, case in world.complete(24).items() if name.startswith("TBK")}
    assert cases == {"TBK+ shop/order/1#A": ({}, {"USD": "2.5"}), "TBK- shop/order/1#tax": ({}, {"USD": "-1"})}
    assert world.hints()["TBK+ shop/order/1#A"] == "price"


def test_unit_of_measure_wrong(world: World) -> None:
    world.say("UnitDefined", "erp", "A-CS", -10, data={"item": "A", "unit": "CS", "base": "EA", "factor": "12"})
    world.say("OrderPlaced", "shop", "1", 0, [line(1, SHOP, "A", 2, unit="CS")])
    world.say("OrderBooked", "erp", "S1", 1, [line(1, ERP, "A", 2, unit="EA")], **LINK)
    assert world.complete(4)["TBK+ shop/order/1#A"] == ({"EA": "22"}, {})
    assert world.hints()["TBK+ shop/order/1#A"] == "unit of measure"


def test_partial_shipment_and_backorder(world: World) -> None:
    world.say("OrderBooked", "erp", "S1", 0, [line(1, ERP, "A", 10)])
    world.say("Shipped", "wms", "P1", 1, [line(1, ERP, "A", 6)])
    assert (world.of("TSH"), world.of("SNI")) == ({f"{ERP} A EA": 4}, {f"{ERP} A EA": 6})


def test_second_shipment_message_with_the_same_number(world: World) -> None:
    world.say("Shipped", "wms", "P1", 1, [line(1, SHOP, "A", 6)], revision=1)
    world.say("Shipped", "wms", "P1", 1, [line(1, SHOP, "A", 6)], revision=1)
    world.say("Shipped", "wms", "P1", 1, [line(1, SHOP, "A", 7)], revision=3)
    world.say("Shipped", "wms", "P1", 1, [line(1, SHOP, "A", 9)], revision=2)
    assert world.of("SNI") == {"shop/order/1 A EA": 7}
    counts = world.counts()
    assert (counts.duplicate, counts.superseded, counts.posted) == (1, 2, 1)


def test_truly_shipped_twice(world: World) -> None:
    world.say("OrderPlaced", "shop", "1", 0, [line(1, SHOP, "A", 6)])
    world.say("OrderBooked", "erp", "S1", 0, [line(1, ERP, "A", 6)], **LINK)
    for number in ("P1", "P2"):
        world.say("Shipped", "wms", number, 1, [line(1, ERP, "A", 6)])
    assert world.complete(10)["TSH- shop/order/1#A"] == ({"EA": "-6"}, {})
    assert world.hints()["TSH- shop/order/1#A"] == "stated twice"


def test_invoice_before_shipment_is_silent_within_its_time(world: World) -> None:
    world.say("Invoiced", "erp", "I1", 0, [line(1, SHOP, "A", 6, 60)])
    assert world.complete(23) == {}
    world.say("Shipped", "wms", "P1", -1, [line(1, SHOP, "A", 6)])
    assert [name for name in world.complete(48) if name.startswith("SNI")] == []
    assert world.of("SNI") == {}


def test_cancellation_after_allocation_and_crossing_a_shipment(world: World) -> None:
    world.say("OrderBooked", "erp", "S1", 0, [line(1, ERP, "A", 6)])
    world.say("Allocated", "wms", "A1", 1, [line(1, ERP, "A", 6)])
    world.say("BookingCancelled", "erp", "X1", 2, [line(1, ERP, "A", 6)])
    assert world.of("TAL") == {f"{ERP} A EA": -6}
    world.say("Shipped", "wms", "P1", 2, [line(1, ERP, "A", 6)])
    assert world.complete(10)[f"TSH- {ERP}#A"] == ({"EA": "-6"}, {})
    assert world.hints()[f"TSH- {ERP}#A"] == "cancellation crossed the shipment"


def test_value_of_a_shipment_whose_order_is_not_known_yet(world: World) -> None:
    world.say("Shipped", "wms", "P1", 0, [line(1, SHOP, "A", 6)])
    assert world.complete(24)["SNI+ shop/order/1#A"] == ({"EA": "6"}, {})
    world.say("OrderPlaced", "shop", "1", 0, [line(1, SHOP, "A", 10, 100)])
    assert world.tick(everything=True)["SNI+ shop/order/1#A"] == ({"EA": "6"}, {"USD": "60"})


def test_the_erp_splits_an_order_into_two(world: World) -> None:
    world.say("OrderPlaced", "shop", "1", 0, [line(1, SHOP, "A", 10, 100)])
    for n, quantity in (("S1", 6), ("S2", 4)):
        subject = f"erp/sales_order/{n}"
        world.say("OrderBooked", "erp", n, 1, [line(1, subject, "A", quantity, quantity * 10)], links=[[subject, SHOP]])
    assert world.of("TBK") == {}


def test_one_invoice_for_two_orders_and_one_payment_for_two_invoices(world: World) -> None:
    world.say("Shipped", "wms", "P1", 0, [line(1, SHOP, "A", 1), line(2, "shop/order/2", "A", 2)])
    world.say("Invoiced", "erp", "I1", 1, [line(1, SHOP, "A", 1, 10), line(2, "shop/order/2", "A", 2, 20)])
    world.say("Invoiced", "erp", "I2", 1, [line(1, "shop/order/3", "A", 1, 10)])
    world.say("CashApplied", "erp", "C1", 2, [line(1, "erp/invoice/I1", value=30), line(2, "erp/invoice/I2", value=4)])
    assert world.of("SNI") == {"shop/order/3 A EA": -1}
    assert world.of("TCO") == {"erp/invoice/I2  $USD": 6}


def test_a_return_without_rma_and_a_refund_before_the_return(world: World) -> None:
    back = "erp/return/R1"
    world.say("ReturnReceived", "wms", "RR1", 0, [line(1, back, "A", 2)])
    world.say("Refunded", "shop", "F1", 0, [line(1, back, value=20)])
    nets = {code: world.of(code) for code in ("RRC", "RCR", "RRF", "RST")}
    assert nets == {
        "RRC": {f"{back} A EA": -2}, "RCR": {f"{back} A EA": 2}, "RRF": {f"{back}  $USD": -20}, "RST": {f"{back} A EA": 2}
    }  # fmt: skip
    world.say("ReturnAuthorised", "erp", "R1", 0, [line(1, back, "A", 2)])
    world.say("CreditIssued", "erp", "CM1", 0, [line(1, back, "A", 2, 20)])
    world.say("Restocked", "wms", "ST1", 0, [line(1, back, "A", 2)])
    assert world.net() == {}


def test_an_unknown_fee_label_opens_an_account_of_its_own(world: World) -> None:
    subject = "market/settlement/9"
    world.say(
        "FeeCharged",
        "market",
        "F1",
        0,
        [line(1, subject, value=5, charge="commission"), line(2, subject, value=2, charge="new fee 2026")],
    )
    world.say("FeePosted", "erp", "J1", 1, [line(1, subject, value=5, charge="commission")])
    assert world.of("FTP") == {f"{subject} new fee 2026 $USD": 2}


def test_a_stock_difference_that_movements_explain_is_no_finding(world: World) -> None:
    spot = "*/stock/W1:A"
    world.say("StockStated", "erp", "W1:A", 10, [line(1, spot, "A", 100)], revision=10)
    world.say("StockMoved", "wms", "M1", 5, [line(1, spot, "A", -3)])
    world.say("StockCounted", "wms", "W1:A", 10, [line(1, spot, "A", 97)], revision=10)
    cases = world.complete(100)
    assert [name for name in cases if name.startswith("STC")] == []
    assert cases[f"STK+ {spot}"] == ({"EA": "-3"}, {})
    world.say("StockPosted", "erp", "M1", 50, [line(1, spot, "A", -3)])
    assert [name for name in world.tick(everything=True) if name.startswith("STK")] == []


def test_a_legacy_system_that_resends_the_whole_day(world: World) -> None:
    facts = [say("Shipped", "wms", f"P{n}", n, [line(1, SHOP, "A", 1)]) for n in range(20)]
    world.apply(facts)
    before = world.state()
    counts = world.apply(facts[::-1], 7)
    assert (counts.received, counts.duplicate, counts.facts) == (20, 20, 0)
    assert world.state() == before


def test_an_order_booked_in_another_currency_is_an_exception(world: World) -> None:
    world.say("OrderPlaced", "shop", "1", 0, [line(1, SHOP, "A", 10, 100)])
    world.say("OrderBooked", "erp", "S1", 1, [line(1, ERP, "A", 10, 100)], currency="EUR", **LINK)
    assert world.complete(24)["TBK- shop/order/1#A"] == ({}, {"EUR": "-100"})


def test_a_fact_from_the_far_future_moves_no_watermark(world: World) -> None:
    world.say("Shipped", "wms", "P1", 24 * 400, [line(1, SHOP, "A", 1)])
    world.say("Shipped", "wms", "P2", 0, [line(1, SHOP, "A", 1)])
    assert world.connection.execute("select watermark < '2026-04-01' from feed where system = 'wms'").fetchall() == [(True,)]


def test_the_erp_was_edited_by_hand(world: World) -> None:
    """A price changed behind our back opens, and closes by itself when it is put right."""
    world.say("OrderPlaced", "shop", "1", 0, [line(1, SHOP, "A", 10, 100)])
    for revision, price in ((1, 100), (2, 120), (3, 100)):
        world.say("OrderBooked", "erp", "S1", revision, [line(1, ERP, "A", 10, price)], revision=revision, **LINK)
        found = [name for name in world.complete(10 + revision) if name.startswith("TBK")]
        assert found == (["TBK- shop/order/1#A"] if revision == 2 else [])


def test_a_phantom_order_opens_and_closes_when_it_is_deleted(world: World) -> None:
    world.say("OrderBooked", "erp", "S9", 0, [line(1, "erp/sales_order/S9", "A", 1, 10)], revision=1)
    assert world.complete(10)["TBK- erp/sales_order/S9#A"][0] == {"EA": "-1"}
    world.say("OrderBooked", "erp", "S9", 1, [], revision=2, void=True)
    assert world.tick(everything=True) == {}
    assert world.net() == {}


def test_a_feed_that_went_silent_is_a_finding_against_the_system(world_of: Worlds) -> None:
    world = world_of(quiet_hours={"wms": 24})
    world.say("Shipped", "wms", "P1", 0, [line(1, SHOP, "A", 1)])
    world.say("Invoiced", "erp", "I1", 20, [line(1, SHOP, "A", 1, 10)])
    assert "FED wms" not in world.tick()
    world.say("Invoiced", "erp", "I2", 30, [line(1, "shop/order/2", "A", 1, 10)])
    assert "FED wms" in world.tick()
    world.say("Shipped", "wms", "P2", 29, [line(1, "shop/order/2", "A", 1)])
    assert "FED wms" not in world.tick()


def test_a_mapping_that_was_wrong_for_a_week_corrects_the_ledger_and_both_states_stay(world: World) -> None:
    """What is translated anew is a revision of a later generation: the old posting is reversed whole, and stays in the log."""
    world.say("OrderPlaced", "shop", "1", 0, [line(1, SHOP, "A", 10, 1000)])
    (arrival,) = world.arrivals([say("OrderPlaced", "shop", "1", 0, [line(1, SHOP, "A", 10, 100)])])
    ((message,),) = world.connection.execute("select id from message").fetchall()
    arrival.message_id, arrival.generation = message, 1
    apply(world.connection, world.configuration, [arrival], NOW, what="replay")
    assert world.of("TBK") == {"shop/order/1 A EA": 10, "shop/order/1 A $USD": 100}
    signs = world.connection.execute("select sign, count(*) from posting group by 1 order by 1").fetchall()
    assert signs == [(-1, 1), (1, 2)]


def test_a_merged_line_clears_the_lines_it_was_made_of(world_of: Worlds) -> None:
    """The ERP makes one line of two order lines and says of which."""
    systems = {name: msgspec.structs.replace(system, lines=True) for name, system in SYSTEMS.items()}
    world = world_of(systems=systems)
    lines = [line(1, SHOP, "A", 4, 40, order_line="1"), line(2, SHOP, "A", 6, 60, order_line="2")]
    world.say("OrderPlaced", "shop", "1", 0, lines)
    world.say("OrderBooked", "erp", "S1", 1, [line(1, ERP, "A", 10, 100, order_line="1+2")], **LINK)
    assert [name for name in world.complete(10) if name.startswith("TBK")] == []


def test_a_parcel_that_the_carrier_confirms_twice_is_delivered_once(world: World) -> None:
    world.say("Shipped", "wms", "P1", 0, [line(1, SHOP, "A", 1)], parcels=["1Z1"])
    for hours in (5, 9):
        world.say("Delivered", "carrier", "1Z1", hours, [line(1, "*/parcel/1Z1", quantity=1, unit="PCL")], revision=hours)
    assert world.of("TDL") == {}
    world.say("Delivered", "carrier", "1Z2", 9, [line(1, "*/parcel/1Z2", quantity=1, unit="PCL")])
    assert world.complete(48)["TDL- */parcel/1Z2"] == ({"PCL": "-1"}, {})


def test_settlement_lines_post_while_a_header_that_does_not_foot_holds_fees_and_payout(world: World) -> None:
    subject, payout = "market/settlement/9", "market/payout/9"
    world.say("Invoiced", "erp", "I1", 0, [line(1, SHOP, "A", 1, 100)])
    world.say("SaleSettled", "market", "L1", 1, [line(1, "erp/invoice/I1", value=100)], data={"against": subject})
    world.say("FeeCharged", "market", "L2", 1, [line(1, subject, value=15, charge="commission")], data={"against": subject})
    world.say("SettlementReported", "market", "9", 1, total=Decimal(80))
    world.say("PayoutSent", "market", "9", 1, total=Decimal(80), links=[[payout, subject]])
    assert world.of("SFT") == {f"{payout}  $USD": -5}
    held = {name for name in world.complete(24 * 10) if name[:3] in ("SFT", "FTP", "PYT")}
    assert held == {f"SFT- {payout}"}
    world.say("ReserveMoved", "market", "L3", 1, [line(1, subject, value=5)], data={"against": subject})
    free = {name for name in world.tick(everything=True) if name[:3] in ("SFT", "FTP", "PYT")}
    assert free == {f"FTP+ {payout}#commission", f"PYT+ {payout}"}
