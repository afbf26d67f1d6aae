"""Tieout keeps every order, shipment, invoice, return, stock movement and payout tied out across every system."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tieout.app import Tieout

__version__ = "0.1.0"


def open(path: str | Path = ".") -> Tieout:
    """Open the project in a folder for reading from Python: `tieout.open(".").cases().to_polars()`."""
    from tieout.app import open_project

    return open_project(path)
