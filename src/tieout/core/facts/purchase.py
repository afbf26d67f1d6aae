"""Purchase orders and what vendors and the dock say about them."""

from tieout.core.facts import FactType
from tieout.core.values import Role

PurchaseOrdered = FactType("PurchaseOrdered", Role.ERP, "purchase order", "we ordered from a vendor")
PurchaseCancelled = FactType("PurchaseCancelled", Role.ERP, "purchase order", "we cancelled quantities of a purchase order")
PurchaseAcknowledged = FactType("PurchaseAcknowledged", Role.VENDOR, "purchase order acknowledgment", "the vendor accepted quantities")
GoodsAnnounced = FactType("GoodsAnnounced", Role.VENDOR, "ship notice", "the vendor announced a shipment (ASN)")
DropShipped = FactType("DropShipped", Role.VENDOR, "ship notice", "the vendor shipped to our customer what we had ordered for him (ASN)")
GoodsReceived = FactType("GoodsReceived", Role.WMS, "goods receipt", "the dock received goods")
GoodsRejected = FactType("GoodsRejected", Role.WMS, "inspection", "inspection rejected received goods")
ReturnedToVendor = FactType("ReturnedToVendor", Role.WMS, "vendor return", "rejected goods went back to the vendor")
