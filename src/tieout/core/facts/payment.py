"""Money that moved, and its application to open items."""

from tieout.core.facts import FactType
from tieout.core.values import Role

CashReceived = FactType("CashReceived", Role.BANK, "bank entry", "the bank credited our account")
CashApplied = FactType("CashApplied", Role.ERP, "cash receipt", "the ERP applied cash to an invoice")
Refunded = FactType("Refunded", Role.CHANNEL, "refund", "a customer got money back")
VendorPaid = FactType("VendorPaid", Role.ERP, "vendor payment", "the ERP paid a vendor invoice")
CashPaid = FactType("CashPaid", Role.BANK, "bank entry", "the bank debited our account")
