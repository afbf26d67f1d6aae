"""EDIFACT trading partners: orders, changes, responses, despatch advice, invoices, remittances and syntax reports."""

from tieout.connectors.edifact.intake import split
from tieout.connectors.edifact.manifest import MANIFEST
from tieout.connectors.edifact.translation import translate

__all__ = ["MANIFEST", "split", "translate"]
