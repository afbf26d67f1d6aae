"""Money that moved, and its application to open items."""

from tieout.core.facts import FactType
from tieout.core.values import Role

CashReceived = FactType("CashReceived", Role.BANK, "bank entry", "the bank credited our account")
RemittanceAdvised = FactType("RemittanceAdvised", Role.PARTNER, "remittance", "a customer said which invoices (lines) a payment of his is for")
CashApplied = FactType("CashApplied", Role.ERP, "cash receipt", "the ERP applied cash to an invoice")
DepositTaken = FactType("DepositTaken", Role.ERP, "deposit", "the ERP booked a payment on an order before its invoice")
DepositApplied = FactType("DepositApplied", Role.ERP, "deposit", "the ERP applied a deposit on an order (lines) to an invoice: data = against")
CreditApplied = FactType(
    "CreditApplied", Role.ERP, "credit memo", "the ERP set the credit of a return (lines) off against an invoice: data = against"
)
Refunded = FactType("Refunded", Role.CHANNEL, "refund", "a customer got money back")
VendorPaid = FactType("VendorPaid", Role.ERP, "vendor payment", "the ERP paid a vendor invoice")
CashPaid = FactType("CashPaid", Role.BANK, "bank entry", "the bank debited our account")
