"""Shipments: what left, and what arrived."""

from tieout.core.facts import FactType
from tieout.core.values import Role

Shipped = FactType("Shipped", Role.WMS, "shipment", "goods left the warehouse")
ShipmentAnnounced = FactType("ShipmentAnnounced", Role.ERP, "ship notice", "we told the customer what was shipped: data = about, the shipment")
Fulfilled = FactType("Fulfilled", Role.CHANNEL, "fulfilment", "the shop holds goods as sent, and so does its customer")
Delivered = FactType("Delivered", Role.CARRIER, "parcel", "the carrier confirmed a parcel as delivered")
ParcelScanned = FactType("ParcelScanned", Role.CARRIER, "parcel", "the carrier scanned a parcel")
