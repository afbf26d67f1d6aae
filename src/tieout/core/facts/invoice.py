"""Invoices and credit memos, ours and our vendors'."""

from tieout.core.facts import FactType
from tieout.core.values import Role

Invoiced = FactType("Invoiced", Role.ERP, "invoice", "the ERP posted an invoice")
InvoiceVoided = FactType("InvoiceVoided", Role.ERP, "invoice", "the ERP cancelled invoiced quantities (a cancelling credit memo)")
InvoiceSent = FactType("InvoiceSent", Role.ERP, "invoice", "we sent the customer an invoice: data = about and against, the ERP's invoice")
CreditIssued = FactType("CreditIssued", Role.ERP, "credit memo", "the ERP credited returned goods")
VendorInvoiced = FactType("VendorInvoiced", Role.VENDOR, "vendor invoice", "a vendor invoiced us")
VendorCredited = FactType("VendorCredited", Role.VENDOR, "vendor credit", "a vendor credited us, or we debited the vendor")
