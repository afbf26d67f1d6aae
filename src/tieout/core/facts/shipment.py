"""Shipments: what left, and what arrived."""

from tieout.core.facts import FactType
from tieout.core.values import Role

Shipped = FactType("Shipped", Role.WMS, "shipment", "goods left the warehouse")
Delivered = FactType("Delivered", Role.CARRIER, "parcel", "the carrier confirmed a parcel as delivered")
ParcelScanned = FactType("ParcelScanned", Role.CARRIER, "parcel", "the carrier scanned a parcel")
