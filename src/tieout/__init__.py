"""Tieout keeps every order, shipment, invoice, return, stock movement and payout tied out across every system."""

__version__ = "0.1.0"
