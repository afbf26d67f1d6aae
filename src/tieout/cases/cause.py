"""Causes: what tells one cause from another. Items of one fingerprint are one cause; people may merge causes and split them for good."""

import re
from collections.abc import Mapping
from typing import NamedTuple

NUMBERS = re.compile(r"\d[\d.,:-]*")
FIELD_MAX = 120

BY_KIND: dict[str, tuple[str, ...]] = {
    "quarantine": ("systems", "field", "version"),
    "waiting": ("systems",),
    "conflict": ("systems",),
    "reference": ("systems",),
    "feed": ("systems",),
    "command": ("systems", "field", "version"),
    "balance": ("systems", "field"),
}
"""What tells causes apart, besides the class, by the kind of exception."""

BY_HINT: dict[str, tuple[str, ...]] = {
    "unit of measure": ("systems", "field", "version", "sku"),
    "price": ("systems", "field", "party", "sku"),
    "paid at the bank, not applied": ("systems", "field", "party"),
}
"""The same of balances whose cause the ledger can name: a wrong unit is a matter of the item, a wrong price one of partner and item."""


class Seen(NamedTuple):
    """What an item says of its cause."""

    kind: str
    class_: str
    systems: str
    field: str
    version: str
    party: str
    sku: str
    title: str


class Fingerprint(NamedTuple):
    """A cause by what tells it apart; `*` where it makes no difference."""

    class_: str
    systems: str
    field: str
    version: str
    party: str
    sku: str

    def __str__(self) -> str:
        return " | ".join(self)


def fingerprint(seen: Seen, own: Mapping[str, tuple[str, ...]]) -> Fingerprint:
    """The fingerprint of an item. `own` is what the company says tells apart the causes of a class (or of an account, or a kind)."""
    told = own.get(seen.class_) or own.get(seen.class_.rstrip("+-")) or own.get(seen.kind)
    if told is None:
        told = BY_HINT.get(seen.field, BY_KIND[seen.kind]) if seen.kind == "balance" else BY_KIND[seen.kind]
    field = NUMBERS.sub("#", seen.field)[:FIELD_MAX]
    values = {"systems": seen.systems, "field": field, "version": seen.version, "party": seen.party, "sku": seen.sku}
    return Fingerprint(seen.class_, *(values[name] if name in told else "*" for name in ("systems", "field", "version", "party", "sku")))


def title(found: Fingerprint, what: str) -> str:
    """A cause in a line: `Shipped, not invoiced · erp · price · customer C1`."""
    parts = [
        what,
        found.systems,
        found.field,
        *(
            f"{name} {value}"
            for name, value in (("version", found.version), ("partner", found.party), ("item", found.sku))
            if value not in ("", "*")
        ),
    ]
    return " · ".join(part for part in parts if part not in ("", "*"))[:300]
