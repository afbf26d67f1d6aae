"""What an amount is, by its label triple: a table, since marketplaces rename labels as they like. An unknown triple is never guessed."""

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache

import msgspec


class Kind(StrEnum):
    """A sale (or its refund), a fee (or its reversal), a reserve withheld or released."""

    SALE = "sale"
    FEE = "fee"
    RESERVE = "reserve"


class Meaning(msgspec.Struct, frozen=True):
    """What a triple means; `label` names the fee. `is_known` is False where no row of the table says it."""

    kind: Kind
    label: str
    is_known: bool = True


ANY = "*"
Triple = tuple[str, str, str]
"""transaction-type, amount-type, amount-description, in lower case."""

SALES = ("itemprice", "promotion", "itemwithheldtax")
"""Amount types of what the customer pays and of the tax that the marketplace keeps from it: they net on the order."""
RESERVES = ("current reserve amount", "previous reserve amount balance")
FEES = (
    "commission",
    "refundcommission",
    "fbaperunitfulfillmentfee",
    "fbaperorderfulfillmentfee",
    "fbaweightbasedfee",
    "fixedclosingfee",
    "variableclosingfee",
    "shippingchargeback",
    "shippinghb",
    "giftwrapchargeback",
    "salestaxservicefee",
    "digitalservicesfee",
    "digitalservicesfeefba",
    "restockingfee",
    "getpaidfasterfee",
)
ACCOUNT_FEES = (
    "subscription fee",
    "storage fee",
    "storagerenewalbilling",
    "fbalongtermstoragefee",
    "removalcomplete",
    "disposalcomplete",
    "shipping label purchase",
    "shipping label purchase for return",
    "inbound transportation fee",
    "fbainboundtransportationfee",
    "reversal_reimbursement",
    "warehouse_damage",
    "warehouse_lost_manual",
    "missing_from_inbound",
    "compensated_clawback",
)
"""Descriptions of fees and reimbursements of the account; they are posted by just these names."""
TABLE: dict[Triple, Kind] = {
    **{(ANY, each, ANY): Kind.SALE for each in SALES},
    **{(ANY, ANY, each): Kind.RESERVE for each in RESERVES},
    **{(ANY, "itemfees", each): Kind.FEE for each in FEES},
    **{(ANY, ANY, each): Kind.FEE for each in ACCOUNT_FEES},
    ("servicefee", "cost of advertising", ANY): Kind.FEE,
    ("fbafees", "inbound defect fee", ANY): Kind.FEE,
}
AMOUNT_TYPE_NAMES = ("cost of advertising", "inbound defect fee")
"""Fees that are named by their amount type; their description says nothing."""


class Labels:
    """The table with a system's own rows before it."""

    def __init__(self, own: Mapping[str, str]) -> None:
        self.own = {_triple(key): value for key, value in own.items()}
        self.meaning = lru_cache(maxsize=4096)(self._meaning)

    def _meaning(self, transaction: str, type_: str, description: str) -> Meaning:
        """What a triple is; an unknown one is a fee by its whole name, so that it stands open until somebody says what it is."""
        triple = (transaction.lower(), type_.lower(), description.lower())
        for key in _patterns(triple):
            if key in self.own:
                kind, _, label = self.own[key].partition(":")
                return Meaning(Kind(kind), label or _name(type_, description))
        for key in _patterns(triple):
            if key in TABLE:
                return Meaning(TABLE[key], _name(type_, description))
        return Meaning(Kind.FEE, f"unknown: {transaction}/{type_}/{description}", is_known=False)


def _patterns(triple: Triple) -> list[Triple]:
    """The triple itself, then with less and less of it."""
    a, b, c = triple
    return [(a, b, c), (ANY, b, c), (a, b, ANY), (a, ANY, c), (ANY, b, ANY), (ANY, ANY, c), (a, ANY, ANY)]


def _triple(text: str) -> Triple:
    """`Order/ItemFees/*` as a key; what is not said is any."""
    first, second, third = [*(part.strip().lower() for part in text.split("/", 2)), ANY, ANY][:3]
    return first, second, third


def _name(type_: str, description: str) -> str:
    return type_ if type_.lower() in AMOUNT_TYPE_NAMES else description
