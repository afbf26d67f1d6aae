"""Payments of marketplaces: which entries are payouts, and of which settlement."""

import re

from tieout.connectors import System
from tieout.connectors.camt.remittances import plain_name
from tieout.core.values import Ref, normalise, ref
from tieout.formats.camt import Transaction

PATTERN = r"\b[0-9]{5,}\b"


def is_payout(transaction: Transaction | None, system: System) -> bool:
    """Whether a payment is between us and one of the marketplaces that the option `payouts` names."""
    return transaction is not None and _payer(transaction, system) != ""


def payout_of(transaction: Transaction | None, text: str, system: System) -> Ref | None:
    """The payout that an entry's text names; None if it names none or several. Raises ValueError."""
    if transaction is None:
        return None
    pattern = str(system.options.get("payout_pattern", PATTERN))
    try:
        found = {match.group(1) if match.re.groups else match.group() for match in re.finditer(pattern, text, re.IGNORECASE)}
    except re.error as bad:
        raise ValueError(f"option payout_pattern is no regular expression: {bad}") from bad
    numbers = {normalise(number) for number in found if number and number.strip()}
    return ref(_payer(transaction, system), "payout", numbers.pop()) if len(numbers) == 1 else None


def _payer(transaction: Transaction, system: System) -> str:
    """The marketplace's system by the counterparty's name, however it is spaced and cased; empty if it is none."""
    stated = dict(system.options.get("payouts") or {})
    names = {plain_name(str(name)): str(value) for name, value in stated.items()}
    return names.get(plain_name(transaction.counterparty), "")
