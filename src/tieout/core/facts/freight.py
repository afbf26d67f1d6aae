"""Freight: what a shipment should cost to move, and what its carrier asks for it."""

from tieout.core.facts import FactType
from tieout.core.values import Role

FreightRated = FactType("FreightRated", Role.ERP, "freight rate", "we rated or tendered a shipment: what its freight should cost")
FreightInvoiced = FactType("FreightInvoiced", Role.CARRIER, "freight invoice", "a carrier invoiced the freight of a shipment")
