"""What trading partners ask to be sent, as the options of their system declare it; any connector that has `partners` reads it here."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from tieout.connectors import System
from tieout.core.values import normalise
from tieout.declared import nearest
from tieout.errors import SettingsError

DOCUMENTS = {
    "855": "acknowledgment",
    "ORDRSP": "acknowledgment",
    "856": "ship_notice",
    "DESADV": "ship_notice",
    "810": "invoice",
    "INVOIC": "invoice",
}
"""A document by its trade's name to what accounts call it (`ClearingAccount.asked`)."""
FULFILMENT = "fulfilment"
"""What a shop asks for."""


def asked_of(system: System) -> frozenset[str]:
    """All that any partner of a system asks for, and a shop itself. Raises SettingsError for a document that is none."""
    own = {FULFILMENT} if takes_fulfilments(system) else set()
    return frozenset(word for name in _partners(system) for word in _words(system, name)) | own


def takes_fulfilments(system: System) -> bool:
    """True for a shop that is told what was shipped, so that its fulfilments are its own word and no shipments."""
    return bool(system.options.get("takes_fulfilments"))


def asked_by(system: System, partner: str, day: date) -> tuple[str, ...]:
    """What a partner asks for with an order of that day, sorted; nothing before the day `takes_from`."""
    said = _partners(system).get(normalise(partner))
    since = said.get("takes_from") if said is not None else None
    if said is None or (isinstance(since, date) and day < since):
        return ()
    return tuple(sorted(_words(system, normalise(partner))))


def is_described(system: System, partner: str) -> bool:
    """True when the settings say how a partner is written to."""
    return normalise(partner) in _partners(system)


def ships_for_us(system: System, partner: str) -> bool:
    """True when what this vendor announces goes to our customers (`drop_ships`)."""
    return bool(_partners(system).get(normalise(partner), {}).get("drop_ships", False))


def _partners(system: System) -> dict[str, Mapping[str, Any]]:
    known = system.options.get("partners")
    found = known.items() if isinstance(known, Mapping) else ()
    return {normalise(str(name)): said for name, said in found if isinstance(said, Mapping)}


def _words(system: System, partner: str) -> set[str]:
    takes = _partners(system)[partner].get("takes", ())
    key = f"`systems.{system.name}.options.partners.{partner}.takes`"
    if not isinstance(takes, list | tuple) or not all(isinstance(each, str) for each in takes):
        raise SettingsError(f"{key} is {takes!r}, not a list of documents.", 'Write it as ["855", "856", "810"].')
    for each in takes:
        if each.upper() not in DOCUMENTS:
            raise SettingsError(f"{key} names {each!r}.", nearest(each, DOCUMENTS) or f"There are: {', '.join(DOCUMENTS)}.")
    return {DOCUMENTS[each.upper()] for each in takes}
