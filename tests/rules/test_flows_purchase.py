"""Purchases to the three-way match, and drop ship: the vendor's ship notice is our shipment to the customer."""

from collections.abc import Callable

import pytest
from driven import ERP, LINK, SHOP, accept, asked, commands, drive

from world import World, line

PO = "erp/purchase_order/PO1"
BILL = "SNI+ shop/order/1 1"


@pytest.fixture
def world(world_of: Callable[..., World]) -> World:
    return drive(world_of())


def test_a_purchase_is_followed_from_order_to_payment(world: World) -> None:
    world.say("PurchaseOrdered", "erp", "PO1", 0, [line(1, PO, "A", 10, 50)])
    world.say("PurchaseAcknowledged", "vendor", "PO1", 1, [line(1, PO, "A", 8)])
    assert world.of("PAK") == {f"{PO} A EA": 2}
    world.say("PurchaseCancelled", "erp", "X1", 2, [line(1, PO, "A", 2, 10)])
    world.say("GoodsAnnounced", "vendor", "N1", 3, [line(1, PO, "A", 8)])
    assert {code: world.of(code) for code in ("PAK", "PAN", "PRC")} == {"PAK": {}, "PAN": {}, "PRC": {f"{PO} A EA": 8}}
    assert world.of("SNI") == world.of("TSH") == {}
    world.say("GoodsReceived", "wms", "G1", 30, [line(1, PO, "A", 8)])
    world.say("VendorInvoiced", "vendor", "V1", 31, [line(1, PO, "A", 8, 40)])
    world.say("VendorPaid", "erp", "VP1", 40, [line(1, "vendor/vendor_invoice/V1", value=40)])
    assert {code: world.of(code) for code in ("PRC", "PMT", "PPY")} == {"PRC": {}, "PMT": {f"{PO} A $USD": -40}, "PPY": {}}
    assert not [name for name in world.complete(24 * 60) if name[:3] in ("PAK", "PAN", "PRC", "PMT", "PPY")]


def test_short_receipt_and_dear_invoice_are_judged_apart(world: World) -> None:
    world.say("PurchaseOrdered", "erp", "PO1", 0, [line(1, PO, "A", 10, 50)])
    world.say("GoodsReceived", "wms", "G1", 30, [line(1, PO, "A", 9)])
    world.say("VendorInvoiced", "vendor", "V1", 31, [line(1, PO, "A", 10, 60)])
    cases = world.complete(24 * 60)
    assert cases[f"PRC+ {PO}#A"] == ({"EA": "1"}, {"USD": "5"})
    assert cases[f"PMT- {PO}#A"][0] == {"EA": "-1"}


def sold_and_bought(world: World) -> None:
    """A customer's order for ten A that a vendor ships: our purchase order names it."""
    world.say("OrderPlaced", "shop", 1, 0, [line(1, SHOP, "A", 10, 100)], warehouse="DROP")
    world.say("OrderBooked", "erp", "S1", 1, [line(1, ERP, "A", 10, 100)], warehouse="DROP", **LINK)
    world.say("PurchaseOrdered", "erp", "PO1", 2, [line(1, PO, "A", 10, 60)], links=[[PO, ERP]])


def test_what_a_vendor_was_ordered_to_supply_needs_no_reservation(world_of: Callable[..., World]) -> None:
    world = world_of()
    sold_and_bought(world)
    assert not [name for name in world.complete(24) if name.startswith("TAL")]
    world.say("OrderBooked", "erp", "S2", 1, [line(1, "erp/sales_order/S2", "A", 10, 100)])
    world.say(
        "PurchaseOrdered",
        "erp",
        "PO2",
        2,
        [line(1, "erp/purchase_order/PO2", "A", 4, 24)],
        links=[["erp/purchase_order/PO2", "erp/sales_order/S2"]],
    )
    assert world.complete(25)["TAL+ erp/purchase_order/PO2#A"][0] == {"EA": "6"}


def test_the_ship_notice_of_the_vendor_is_our_shipment_and_drives_our_invoice(world: World) -> None:
    sold_and_bought(world)
    assert commands(world, "TSH") == {}
    world.say("DropShipped", "vendor", "N1", 10, [line(1, PO, "A", 6)], parcels=["1Z1"])
    assert {code: world.of(code) for code in ("TSH", "SNI", "PAN", "PRC", "PMT")} == {
        "TSH": {"shop/order/1 A EA": 4}, "SNI": {"shop/order/1 A EA": 6}, "PAN": {"shop/order/1 A EA": 4},
        "PRC": {"shop/order/1 A EA": 4}, "PMT": {"shop/order/1 A EA": 6},
    }  # fmt: skip
    assert world.of("TDL") == {"*/parcel/1Z1  PCL": 1}
    assert commands(world, "SNI") == {BILL: "queued"}
    assert asked(world, BILL) == {"A": 6}
    accept(world, BILL, "erp/invoice/I1")
    world.say("Invoiced", "erp", "I1", 11, [line(1, ERP, "A", 6, 60)])
    world.say("Delivered", "carrier", "1Z1", 12, [line(1, "*/parcel/1Z1", quantity=1, unit="PCL")])
    world.say("VendorInvoiced", "vendor", "V1", 13, [line(1, PO, "A", 6, 36)])
    world.say("DropShipped", "vendor", "N2", 14, [line(1, PO, "A", 4)])
    world.say("Invoiced", "erp", "I2", 15, [line(1, ERP, "A", 4, 40)])
    world.say("VendorInvoiced", "vendor", "V2", 16, [line(1, PO, "A", 4, 24)])
    assert commands(world, "SNI") == {BILL: "confirmed", "SNI+ shop/order/1 2": "cancelled"}
    open_ = {name for name in world.complete(24 * 20) if name[:3] not in ("TAL", "TCO", "PAK", "PPY")}
    assert open_ == set()
    assert world.of("TSH") == world.of("SNI") == world.of("PRC") == world.of("PAN") == {}


def test_a_vendor_who_ships_more_than_was_sold_stops_our_invoice(world: World) -> None:
    sold_and_bought(world)
    world.say("DropShipped", "vendor", "N1", 10, [line(1, PO, "A", 11)])
    assert world.of("TSH") == {"shop/order/1 A EA": -1}
    assert commands(world, "SNI") == {}
    cases = world.complete(24 * 20)
    assert cases["TSH- shop/order/1#A"][0] == {"EA": "-1"}
    assert cases["PRC- shop/order/1#A"][0] == {"EA": "-1"}


def test_a_customer_who_cancels_a_drop_ship_leaves_the_purchase_to_be_cancelled(world: World) -> None:
    sold_and_bought(world)
    world.say("OrderCancelled", "shop", 1, 3, [line(1, SHOP, "A", 10, 100)])
    world.say("BookingCancelled", "erp", "X1", 4, [line(1, ERP, "A", 10, 100)])
    assert (world.of("TSH"), world.of("PRC")) == ({}, {"shop/order/1 A EA": 10})
    world.say("PurchaseCancelled", "erp", "X2", 5, [line(1, PO, "A", 10, 60)])
    assert (world.of("PRC"), world.of("PAN")) == ({}, {})
    assert commands(world, "TSH", "SNI") == {}


def test_the_ship_notice_may_come_before_the_link(world: World) -> None:
    world.say("DropShipped", "vendor", "N1", 10, [line(1, PO, "A", 10)])
    assert commands(world) == {}
    sold_and_bought(world)
    assert world.of("SNI") == {"shop/order/1 A EA": 10}
    assert asked(world, BILL) == {"A": 10}
