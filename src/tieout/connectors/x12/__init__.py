"""X12 trading partners: purchase orders, acknowledgments, ship notices, invoices, warehouse advice, carriers' status and freight, and remittances."""

from tieout.connectors.x12.intake import split
from tieout.connectors.x12.manifest import MANIFEST
from tieout.connectors.x12.translation import translate

__all__ = ["MANIFEST", "split", "translate"]
