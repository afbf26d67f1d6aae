"""Marketplace settlement reports as a flat file: a total, and lines that say by three labels what each amount is."""

from tieout.connectors.settlement.intake import split
from tieout.connectors.settlement.manifest import MANIFEST
from tieout.connectors.settlement.translation import translate

__all__ = ["MANIFEST", "split", "translate"]
