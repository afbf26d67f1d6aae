"""Marketplace settlements and payouts."""

from tieout.core.facts import FactType
from tieout.core.values import Role

SettlementReported = FactType("SettlementReported", Role.MARKETPLACE, "settlement", "a marketplace reported a settlement total")
SaleSettled = FactType("SaleSettled", Role.MARKETPLACE, "settlement line", "a marketplace settled a sale or refund")
FeeCharged = FactType("FeeCharged", Role.MARKETPLACE, "settlement line", "a marketplace charged a fee")
FeePosted = FactType("FeePosted", Role.ERP, "journal", "the ERP posted a marketplace fee")
ReserveMoved = FactType("ReserveMoved", Role.MARKETPLACE, "settlement line", "a marketplace withheld or released a reserve")
PayoutSent = FactType("PayoutSent", Role.MARKETPLACE, "payout", "a marketplace sent a payout")
PayoutReceived = FactType("PayoutReceived", Role.BANK, "bank entry", "the bank credited a payout")
EventReported = FactType(
    "EventReported",
    Role.MARKETPLACE,
    "financial event",
    "a marketplace reported a financial event before its settlement",
)
