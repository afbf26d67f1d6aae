"""What the simulated distributor sells, to whom, from where: items with units and prices, customers by channel, warehouses."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from tieout.simulate.paper import Cents


@dataclass(frozen=True, slots=True)
class Item:
    """An item, its price per piece, how many are in a case, and what a piece costs."""

    sku: str
    price: Cents
    case: int
    cost: Cents


ITEMS = tuple(
    Item(sku, price, case, cost)
    for sku, price, case, cost in (
        ("BEANS-1KG", 1895, 6, 1120), ("BEANS-250", 749, 12, 405), ("CARAFE", 2499, 6, 1310), ("DRIPPER", 1149, 12, 520),
        ("FILTER-2", 429, 24, 160), ("FILTER-4", 519, 24, 190), ("GRINDER", 7999, 4, 4650), ("KETTLE", 5499, 6, 2980),
        ("LATTE-CUP", 639, 12, 270), ("MUG-BLUE", 899, 12, 380), ("MUG-RED", 899, 12, 380), ("PITCHER", 1799, 8, 880),
        ("SCALE", 3449, 8, 1890), ("SERVER-600", 2199, 6, 1090), ("TAMPER", 2149, 10, 990), ("TIN-500", 1249, 12, 560),
    )
)  # fmt: skip
BY_SKU = {item.sku: item for item in ITEMS}
SITES = {"CHI": "wms", "RNO": "scanner", "LAKE": "threepl"}
"""Warehouses, and the system that speaks for each: our own in Chicago and Reno, and a third party's at the lake, which speaks X12."""
WAREHOUSES = tuple(SITES)
RENO = ZoneInfo("America/Los_Angeles")
"""The scanners in Reno write their own local time."""
VENDORS = ("ACMEPOT", "ROASTCO", "GLASSWRK")
DROP_SHIPPER = "DIRECTCO"
"""The vendor who ships to our customers for us."""
HAULER = "NORTHLTL"
"""The freight carrier that moves what goes to EDI customers; it speaks X12."""
EDI_CUSTOMERS = ("BIGBOX", "HOMEHUB", "GREENMART", "NORTHCO")
BY_EDIFACT = ("NORTHCO",)
"""Those of them who write EDIFACT; the others write X12."""
EDI = ("edi", "edifact")
"""The systems of EDI customers."""
COLLECTIVE = ("GREENMART",)
"""Those of them who are invoiced once a week."""
TRADE_CUSTOMERS = tuple(f"C-{n}" for n in range(1001, 1061))
"""Customers who order through inside sales or the portal."""
FREIGHT: tuple[Cents, ...] = (0, 695, 995, 1495)
TAX_PERMILLE = 80
"""Sales tax of web shop orders, in thousandths."""


MARKETS = ("mira", "bazaar")
"""Marketplaces; what they sell for us they settle themselves."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A way in which orders come: its share of the orders, how large they are, and on which days after the invoice they are paid."""

    name: str
    system: str
    share: int
    lines_max: int
    pieces_max: int
    terms_days: int
    paid_after: tuple[int, int]


CHANNELS = (
    Channel("shop", "shop", 55, 3, 4, 6, (1, 2)),
    Channel("edi", "edi", 20, 4, 48, 8, (2, 4)),
    Channel("inside", "desk", 15, 4, 24, 8, (2, 4)),
    Channel("portal", "portal", 10, 4, 24, 8, (2, 4)),
    Channel("mira", "mira", 12, 2, 3, 8, (0, 0)),
    Channel("bazaar", "bazaar", 8, 2, 3, 8, (0, 0)),
)
