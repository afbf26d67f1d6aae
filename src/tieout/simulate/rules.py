"""What the auditor knows of bookkeeping, in its own words: which paper moves which account, who owes what, and until when.

Written from the trade's rules, not from the ledger's code: if both agree, that says something.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

from tieout.errors import SettingsError
from tieout.simulate.catalogue import EDI, MARKETS
from tieout.simulate.clock import HOUR, business_day, local, moment

GRACE = 20 * 60
"""The grace of the simulated company, as its `tieout.toml` says."""
CLOSES = 17.0


class Part(Enum):
    """What an account takes of a paper."""

    GOODS = "goods lines, by item"
    LINES = "goods and charges, by item or charge"
    TOTAL = "the sum, on the paper itself"
    AMOUNTS = "every line's money, on what the line is about"
    AGAINST = "the sum, on what the paper is against"
    PARCELS = "one for each parcel"
    MINUS = "every line's money taken off, on what the line is about"
    LABELS = "every line's money, by its label, on what the paper is about"
    COUNT = "one, on what the paper is about"
    EACH = "every line's quantity, on what the paper is about"
    BELOW = "how far every line is below zero, on what the paper is about"
    GROUP = "one for the interchange group it came in"
    SENT = "the sum of what it tells, on the document that it is about"
    ONCE = "one for the document, by the number it is about"


class Measure(Enum):
    """What has to come to nothing."""

    QUANTITY = "quantity"
    BOTH = "quantity and money"
    PRICE = "the price of what is on both sides"
    MONEY = "money"


@dataclass(frozen=True, slots=True)
class Side:
    """Who owes the next step, which systems would say that it is done, and how long it may take."""

    owner: str
    said_by: tuple[str, ...]
    hours: int = 0
    business_days: int = 0

    def due(self, occurred: int, *, is_day: bool) -> int:
        """Until when; what is only known to the day counts to the end of the day."""
        if self.business_days:
            return moment(business_day(business_day(local(occurred).date()), self.business_days), CLOSES)
        due = occurred + self.hours * HOUR
        return moment(local(due).date() + timedelta(days=1)) if is_day else due


@dataclass(frozen=True, slots=True)
class Account:
    """An expectation between two sides: papers that raise it, papers that clear it."""

    code: str
    measure: Measure
    raised: Mapping[str, Part]
    cleared: Mapping[str, Part]
    over: Side
    under: Side
    own_due: bool = False
    prices: tuple[str, ...] = ()
    """Accounts whose raised side says what a piece is worth."""
    upstream: tuple[str, ...] = ()
    unit: str = "EA"
    held_by: str = ""
    """An account whose exceptions hold those of this one back."""
    asked: bool = False
    """Whether it is owed only to customers who asked for it with their order."""
    explained_by: str = ""
    """An account whose open movements explain a difference between two statements; such statements differ since the later of them."""
    covered_by: str = ""
    """An account whose raised quantity stands for what would clear this one."""
    is_flow: bool = False
    """Movements of two systems that report at different times: what counts is how much has stood on one side, and since when."""
    is_paired: bool = False
    """Whether it says nothing until both sides have spoken."""
    tolerance: int = 0
    """Cents that the company's policy lets pass."""
    moves: Mapping[str, tuple[int, Part]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        found = {kind: (1, part) for kind, part in self.raised.items()} | {kind: (-1, part) for kind, part in self.cleared.items()}
        object.__setattr__(self, "moves", found)


CHANNELS = ("shop", "desk", "portal", *EDI, "mira", "bazaar")
REPORTS = ("mira_pay", "bazaar_pay")
WAREHOUSES = ("wms", "scanner", "threepl")
CARRIERS = ("carrier", "freight")
BY_EDI = (*EDI, "threepl", "vendors", "freight")
VENDORS = ("vendors",)
ERP = ("erp",)
GOODS, LINES = Part.GOODS, Part.LINES

ACCOUNTS: Mapping[str, Account] = {
    account.code: account
    for account in (
        Account(
            "TBK", Measure.BOTH, {"order": LINES, "order_changed": LINES, "booking_cancelled": LINES}, {"booking": LINES, "order_cancelled": LINES},
            Side("erp", ERP, 2), Side("channel", CHANNELS, 2), tolerance=2,
        ),
        Account(
            "TAL", Measure.QUANTITY, {"booking": GOODS, "reservation_released": GOODS}, {"reservation": GOODS, "booking_cancelled": GOODS},
            Side("wms", ("wms",), 8), Side("wms", ERP, 8), prices=("TBL",), covered_by="PRC",
        ),
        Account(
            "TSH", Measure.QUANTITY, {"booking": GOODS}, {"shipment": GOODS, "booking_cancelled": GOODS, "drop_shipped": GOODS},
            Side("wms", WAREHOUSES, business_days=2), Side("erp", ERP, 4), prices=("TBL", "TBK"), upstream=("TBK",),
        ),
        Account(
            "TDL", Measure.QUANTITY, {"shipment": Part.PARCELS, "drop_shipped": Part.PARCELS}, {"delivery": Part.COUNT},
            Side("carrier", CARRIERS, 72), Side("wms", WAREHOUSES, 24), unit="PCL",
        ),
        Account(
            "SNI", Measure.QUANTITY, {"shipment": GOODS, "invoice_voided": GOODS, "drop_shipped": GOODS}, {"invoice": GOODS},
            Side("erp", ERP, 24), Side("wms", WAREHOUSES, 24), prices=("TBL", "TBK"),
        ),
        Account(
            "TBL", Measure.PRICE, {"booking": LINES, "invoice_voided": LINES}, {"invoice": LINES, "booking_cancelled": LINES},
            Side("erp", ERP, 24), Side("erp", ERP, 24), upstream=("TBK",),
        ),
        Account(
            "TCO", Measure.MONEY, {"invoice": Part.TOTAL}, {"receipt": Part.AMOUNTS, "invoice_voided": Part.AGAINST, "credit_applied": Part.AGAINST},
            Side("channel", ERP, 30 * 24), Side("erp", ERP, 48), own_due=True,
        ),
        Account(
            "CSH", Measure.MONEY, {"payment": Part.AMOUNTS, "remitted": Part.AMOUNTS}, {"receipt": Part.AMOUNTS, "remittance": Part.TOTAL},
            Side("erp", ERP, business_days=1), Side("bank", ("bank",), business_days=2),
        ),
        Account(
            "RRC", Measure.QUANTITY, {"return_authorised": GOODS}, {"return_received": GOODS},
            Side("channel", ("wms",), 14 * 24), Side("erp", ERP, 24),
        ),
        Account(
            "RCR", Measure.QUANTITY, {"return_received": GOODS}, {"credit": GOODS},
            Side("erp", ERP, business_days=2), Side("wms", ("wms",), 14 * 24), prices=("TBL", "TBK"),
        ),
        Account(
            "RST", Measure.QUANTITY, {"return_received": GOODS}, {"restocked": GOODS},
            Side("wms", ("wms",), 3 * 24), Side("wms", ("wms",), 24),
        ),
        Account(
            "RRF", Measure.MONEY, {"credit": Part.AMOUNTS}, {"refund": Part.AMOUNTS, "credit_applied": Part.AMOUNTS},
            Side("channel", ("shop", *REPORTS), 5 * 24), Side("erp", ERP, 48),
        ),
        Account(
            "MRV", Measure.MONEY, {"invoice": Part.TOTAL},
            {"sale": Part.AMOUNTS, "sale_refunded": Part.AMOUNTS, "invoice_voided": Part.AGAINST, "credit": Part.AGAINST},
            Side("marketplace", REPORTS, 20 * 24), Side("erp", ERP, 3 * 24),
        ),
        Account(
            "SHD", Measure.MONEY, {"event": Part.AMOUNTS, "event_returned": Part.AMOUNTS}, {"sale": Part.AMOUNTS, "sale_refunded": Part.AMOUNTS},
            Side("marketplace", REPORTS, 20 * 24), Side("marketplace", MARKETS, 20 * 24),
        ),
        Account(
            "SFT", Measure.MONEY, {"settlement": Part.TOTAL}, {"settled": Part.AMOUNTS, "fees": Part.MINUS, "reserve_line": Part.MINUS},
            Side("marketplace", REPORTS, 1), Side("marketplace", REPORTS, 1),
        ),
        Account(
            "FTP", Measure.MONEY, {"fees": Part.LABELS}, {"fees_posted": Part.LABELS},
            Side("erp", ERP, 3 * 24), Side("marketplace", REPORTS, 3 * 24), held_by="SFT",
        ),
        Account(
            "RSV", Measure.MONEY, {"reserve": Part.AMOUNTS}, {}, Side("marketplace", REPORTS, 45 * 24), Side("marketplace", REPORTS, 3 * 24),
        ),
        Account(
            "PYT", Measure.MONEY, {"payout": Part.AMOUNTS}, {"payout_received": Part.AMOUNTS},
            Side("bank", ("bank",), business_days=5), Side("marketplace", REPORTS, 3 * 24), held_by="SFT",
        ),
        Account(
            "EAN", Measure.QUANTITY, {"group": Part.GROUP}, {"answer": Part.COUNT},
            Side("erp", BY_EDI, 24), Side("partner", BY_EDI, 24), unit="DOC",
        ),
        Account(
            "EAK", Measure.QUANTITY, {"group_sent": Part.GROUP}, {"accepted": Part.COUNT},
            Side("partner", EDI, 24), Side("erp", EDI, 24), unit="DOC",
        ),
        Account(
            "EOA", Measure.QUANTITY, {"booking": Part.ONCE}, {"acknowledgment": Part.ONCE},
            Side("erp", EDI, 24), Side("erp", ERP, 4), unit="DOC", asked=True,
        ),
        Account(
            "EAS", Measure.QUANTITY, {"shipment": Part.ONCE}, {"ship_notice": Part.ONCE},
            Side("erp", EDI, 4), Side("wms", WAREHOUSES, 4), unit="DOC", asked=True,
        ),
        Account(
            "EIS", Measure.QUANTITY, {"invoice": Part.ONCE}, {"sent_invoice": Part.ONCE},
            Side("erp", EDI, 24), Side("erp", ERP, 4), unit="DOC", asked=True,
        ),
        Account(
            "EIV", Measure.PRICE, {"invoice": Part.TOTAL}, {"sent_invoice": Part.SENT},
            Side("erp", EDI, 4), Side("erp", ERP, 4), is_paired=True,
        ),
        Account(
            "STK", Measure.QUANTITY, {"moved": Part.EACH}, {"posted": Part.EACH}, Side("erp", ERP, 24), Side("wms", WAREHOUSES, 24), is_flow=True,
        ),
        Account(
            "STC", Measure.QUANTITY, {"counted": Part.EACH}, {"stated": Part.EACH}, Side("erp", ERP, 24), Side("erp", WAREHOUSES, 24),
            explained_by="STK",
        ),
        Account("STN", Measure.QUANTITY, {"stated": Part.BELOW}, {}, Side("erp", ERP, 4), Side("erp", ERP, 4)),
        Account(
            "PAK", Measure.QUANTITY, {"purchase": GOODS}, {"purchase_accepted": GOODS},
            Side("vendor", VENDORS, business_days=1), Side("vendor", VENDORS, 24), prices=("PRC",),
        ),
        Account(
            "PAN", Measure.QUANTITY, {"purchase": GOODS}, {"announced": GOODS, "drop_shipped": GOODS},
            Side("vendor", VENDORS, 7 * 24), Side("vendor", VENDORS, 24), own_due=True, prices=("PRC",),
        ),
        Account(
            "PRC", Measure.QUANTITY, {"purchase": GOODS}, {"received": GOODS, "drop_shipped": GOODS},
            Side("vendor", WAREHOUSES, 14 * 24), Side("wms", VENDORS, 48), own_due=True,
        ),
        Account(
            "PMT", Measure.BOTH, {"received": GOODS, "drop_shipped": GOODS}, {"vendor_billed": GOODS},
            Side("vendor", VENDORS, 30 * 24), Side("vendor", WAREHOUSES, 3 * 24), prices=("PRC",),
        ),
        Account(
            "PPY", Measure.MONEY, {"vendor_billed": Part.TOTAL}, {"vendor_paid": Part.AMOUNTS},
            Side("erp", ERP, 30 * 24), Side("vendor", VENDORS, 3 * 24), own_due=True,
        ),
        Account(
            "FTM", Measure.MONEY, {"rated": Part.AMOUNTS}, {"freight_billed": Part.AMOUNTS},
            Side("carrier", ("freight",), 30 * 24), Side("carrier", ("freight",), 3 * 24),
        ),
    )
}  # fmt: skip
DRIVEN: Mapping[str, Account] = {
    "TFU": Account(
        "TFU", Measure.QUANTITY, {"shipment": GOODS, "drop_shipped": GOODS}, {"fulfilment": GOODS}, Side("channel", ("shop",), 4), Side("wms", WAREHOUSES, 4),
    )
}  # fmt: skip
"""What is expected besides where the shop is told what was shipped."""
TYPES = {
    "order": "order", "booking": "sales_order", "booking_cancelled": "cancellation", "order_cancelled": "order_cancellation",
    "reservation": "allocation", "reservation_released": "deallocation", "shipment": "shipment", "delivery": "delivery",
    "invoice": "invoice", "invoice_voided": "credit_memo", "receipt": "cash_receipt", "payment": "bank_entry",
    "answer": "group", "group": "received_group", "group_sent": "sent_group",
    "unit": "unit", "return_authorised": "return", "return_received": "return_receipt", "restocked": "restock", "credit": "credit_memo",
    "refund": "refund", "fulfilment": "fulfillment", "sale": "settled_sales", "sale_refunded": "settled_refunds",
    "event": "event", "event_returned": "event", "left_out": "left_out", "settlement": "settlement", "settled": "settled_in_all", "fees": "settled_fees",
    "reserve": "settled_reserve", "reserve_line": "settled_reserve_line", "payout": "payout", "payout_received": "bank_entry", "fees_posted": "journal",
    "order_changed": "order", "acknowledgment": "order_acknowledgment", "ship_notice": "ship_notice", "sent_invoice": "sent_invoice",
    "accepted": "acknowledged_group", "rejected": "acknowledged_group", "remittance": "remittance", "remitted": "remitted", "known": "known",
    "release": "link", "received": "goods_receipt", "moved": "stock_movement", "posted": "stock_movement", "counted": "stock_count",
    "stated": "stock_position", "snapshot": "snapshot", "rated": "freight_rate", "freight_billed": "freight_invoice", "purchase": "purchase_order",
    "purchase_accepted": "purchase_acknowledgment", "announced": "asn", "drop_shipped": "asn", "vendor_billed": "vendor_invoice",
    "vendor_paid": "vendor_payment", "supplied": "supply_link", "credit_applied": "credit_application",
}  # fmt: skip
"""What each kind of paper is called in references."""

ORDERS = ("order", "order_changed")
"""What a customer asks for documents with."""


def is_asked(root: str) -> bool:
    """Whether the customer of an order is one of those who ask for documents."""
    system, kind, _ = root.split("/", 2)
    return kind == "order" and system in EDI


def customers_of(settings: str, *, is_driven: bool = False) -> Mapping[str, Mapping[str, Account]]:
    """The accounts by the deadlines of those customers who have their own. Raises SettingsError."""
    names = {row["customer"] for row in tomllib.loads(settings).get("deadlines", []) if row.get("customer")}
    return {name: under(settings, name, is_driven=is_driven) for name in names}


def under(settings: str, customer: str = "", *, is_driven: bool = False) -> Mapping[str, Account]:
    """The accounts by a company's own deadlines and tolerances, as its `tieout.toml` states them for an account or a side of it, and
    for a customer.

    Raises SettingsError for a row that the auditor does not know how to apply.
    """
    stated = tomllib.loads(settings)
    made = {**ACCOUNTS, **(DRIVEN if is_driven else {})}
    for row in reversed(stated.get("deadlines", [])):
        if row.get("customer", "") not in ("", customer):
            continue
        for code in _codes(row, {"account", "side", "customer", "hours", "days", "business_days", "team"}):
            for name in _sides(row):
                side = getattr(made[code], name)
                if row.keys() & {"hours", "days", "business_days"}:
                    side = replace(side, hours=row.get("hours", 0) + 24 * row.get("days", 0), business_days=row.get("business_days", 0))
                made[code] = replace(made[code], **{name: side})
    for row in reversed(stated.get("tolerances", [])):
        for code in _codes(row, {"account", "value"}):
            made[code] = replace(made[code], tolerance=int(Decimal(row["value"]) * 100))
    return made


def grace_of(settings: str) -> int:
    """Seconds after every deadline, as a company's `tieout.toml` states them."""
    return 60 * int(tomllib.loads(settings)["project"].get("grace_minutes", 0))


def quiet_of(settings: str) -> dict[str, int]:
    """How many seconds each system may be silent, for those of which a company's `tieout.toml` says it."""
    systems = tomllib.loads(settings)["systems"]
    return {name: HOUR * table["quiet_hours"] for name, table in systems.items() if "quiet_hours" in table}


def _codes(row: Mapping[str, Any], known: set[str]) -> list[str]:
    if unknown := sorted(row.keys() - known):
        raise SettingsError(
            f"A drill cannot judge by {', '.join(unknown)}.",
            "For the drill, write tolerances by account alone, deadlines also by side and customer.",
        )
    code = row.get("account", "")
    return [code] if code in ACCOUNTS else [] if code else list(ACCOUNTS)


def _sides(row: Mapping[str, Any]) -> list[str]:
    return {"debit": ["over"], "credit": ["under"]}.get(row.get("side", ""), ["over", "under"])
