"""The business, as data: one folder per flow, one file per clearing account. A new reconciliation is one new file here."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from tieout.core.account import ClearingAccount, Measure


@cache
def accounts() -> dict[str, ClearingAccount]:
    """All clearing accounts by code, found in the folders of this package.

    Raises ValueError when two files claim one code, or a code is not three capital letters.
    """
    found: dict[str, ClearingAccount] = {}
    for module in pkgutil.walk_packages(__path__, f"{__name__}."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, ClearingAccount):
                if found.get(value.code, value) != value:
                    raise ValueError(f"{value.name} and {found[value.code].name} both claim the code {value.code}")
                if len(value.code) != 3 or not value.code.isupper():
                    raise ValueError(f"the code of {value.name} is not three capital letters")
                found[value.code] = value
    return dict(sorted(found.items(), key=lambda item: (FLOW_ORDER.get(item[1].flow, 99), item[1].name)))


FLOW_ORDER = {name: n for n, name in enumerate(("order_to_cash", "return_to_credit", "inventory", "purchase_to_pay", "settlement", "edi"))}


def measured(of: Mapping[str, ClearingAccount]) -> dict[str, tuple[bool, bool]]:
    """For each account code: must quantity come to zero, must value come to zero (as plain sums, see `core.post.net`)."""
    return {code: (account.measure is not Measure.VALUE, account.measure is not Measure.QUANTITY) for code, account in of.items()}
