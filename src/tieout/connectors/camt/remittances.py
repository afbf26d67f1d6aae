"""Payments of customers who send remittance advice by EDI: which entries they are, and of which remittance."""

from tieout.connectors import System
from tieout.core.values import Ref, normalise, ref
from tieout.formats.camt import Transaction

NONE = ("", "NOTPROVIDED")


def remittance_of(transaction: Transaction | None, system: System) -> Ref | None:
    """The remittance that a payment names by its end-to-end reference; None where the payer sends no advice, or names none.

    The option `remittances` has the payer's name and, as `system/partner`, whose advice it is. Raises ValueError.
    """
    if transaction is None or normalise(transaction.end_to_end) in NONE:
        return None
    known = {plain_name(str(name)): str(value) for name, value in dict(system.options.get("remittances") or {}).items()}
    edi, _, partner = known.get(plain_name(transaction.counterparty), "").partition("/")
    return ref(edi, "remittance", f"{partner}:{transaction.end_to_end}") if partner else None


def plain_name(name: str) -> str:
    """A counterparty's name, however it is spaced and cased."""
    return " ".join(name.split()).casefold()
