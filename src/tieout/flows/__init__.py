"""The business, as data: one folder per flow, one file per clearing account. A new reconciliation is one new file here."""

import importlib
import importlib.util
import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType

from tieout.core.account import ClearingAccount, Measure


@cache
def accounts() -> dict[str, ClearingAccount]:
    """All clearing accounts by code, found in the folders of this package.

    Raises ValueError when two files claim one code, or a code is not three capital letters.
    """
    return _found(importlib.import_module(module.name) for module in pkgutil.walk_packages(__path__, f"{__name__}."))


def accounts_with(files: Iterable[Path]) -> dict[str, ClearingAccount]:
    """All clearing accounts, those in some files in the place of the built-in ones of the same code. Runs the files.

    Raises ValueError as `accounts` does, and whatever the files raise.
    """
    return _sorted({**accounts(), **_found(_loaded(file) for file in files)})


def _loaded(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"tieout_own_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise ValueError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _found(modules: Iterable[ModuleType]) -> dict[str, ClearingAccount]:
    found: dict[str, ClearingAccount] = {}
    for module in modules:
        for value in vars(module).values():
            if isinstance(value, ClearingAccount):
                if found.get(value.code, value) != value:
                    raise ValueError(f"{value.name} and {found[value.code].name} both claim the code {value.code}")
                if len(value.code) != 3 or not value.code.isupper():
                    raise ValueError(f"the code of {value.name} is not three capital letters")
                found[value.code] = value
    return _sorted(found)


def _sorted(found: Mapping[str, ClearingAccount]) -> dict[str, ClearingAccount]:
    return dict(sorted(found.items(), key=lambda item: (FLOW_ORDER.get(item[1].flow, 99), item[1].name)))


FLOWS = ("order_to_cash", "return_to_credit", "inventory", "purchase_to_pay", "freight", "settlement", "edi")
FLOW_ORDER = {name: n for n, name in enumerate(FLOWS)}


def measured(of: Mapping[str, ClearingAccount]) -> dict[str, tuple[bool, bool]]:
    """For each account code: must quantity come to zero, must value come to zero (as plain sums, see `core.post.net`)."""
    return {code: (account.measure is not Measure.VALUE, account.measure is not Measure.QUANTITY) for code, account in of.items()}
