"""Whom a command's document goes to, and how that partner wants it written: read from the system's options."""

from collections.abc import Mapping
from typing import Any

import msgspec

from tieout.connectors import System
from tieout.connectors.x12.send.draft import Unsendable
from tieout.core.command import Command
from tieout.core.values import normalise, ref_parts
from tieout.formats.x12 import CONTROL_MAX, Delimiters, Envelope

ITEM_QUALIFIER = "VN"
NAMED_BY = ("order", "group")
"""References of an x12 system whose number begins with the partner's identifier and a colon."""
STANDARD = "*>~^"


class Partner(msgspec.Struct, frozen=True):
    """A trading partner as the settings describe it; `first` is where our control numbers begin."""

    name: str
    sender: str
    receiver: str
    envelope: Envelope
    item_qualifier: str
    first: int


def partner_of(command: Command, system: System) -> Partner:
    """The partner a command is for. Raises Unsendable when it is not known or not described."""
    known = system.options.get("partners")
    partners = {normalise(str(name)): said for name, said in known.items()} if isinstance(known, Mapping) else {}
    name = _name(command, system, partners)
    said = partners.get(name)
    if not isinstance(said, Mapping):
        where = f"[systems.{system.name}.options.partners.{name}]"
        raise Unsendable(f"The partner {name} of {system.name} is not described.", f"Say under {where} how it wants documents written.")
    return _partner(name, said, system)


def _name(command: Command, system: System, partners: Mapping[str, Any]) -> str:
    """What the command itself says, else whose order or group it is about, else the only partner there is."""
    stated = command.data.get("partner", "")
    if stated:
        return normalise(stated)
    found = set()
    for reference in (command.group, *command.references):
        owner, type_, number = ref_parts(reference)
        if owner == system.name and type_ in NAMED_BY and ":" in number:
            found.add(number.split(":", 1)[0])
    if not found and len(partners) == 1:
        return next(iter(partners))
    if len(found) != 1:
        names = f"several partners ({', '.join(sorted(found))})" if found else "no partner"
        raise Unsendable(f"The command names {names} of {system.name}.", "Give it the data `partner`, the interchange identifier.")
    return found.pop()


def _partner(name: str, said: Mapping[str, Any], system: System) -> Partner:
    own = system.options.get("identifiers") or ()
    ours = [own] if isinstance(own, str) else list(own)
    if not ours:
        raise Unsendable(f"We have no interchange identifier at {system.name}.", "Set the option `identifiers`; the first one sends.")
    marks = str(said.get("delimiters", STANDARD)).encode("latin-1", "replace")
    if len(marks) not in (3, 4):
        reason = f"The delimiters of {name} are {marks.decode('latin-1')!r}, not three or four characters."
        raise Unsendable(reason, "Write element, component, segment end and repetition, such as *>~^.")
    first = said.get("first_control_number", 1)
    if not isinstance(first, int) or not 1 <= first <= CONTROL_MAX:
        raise Unsendable(f"The first control number of {name} is {first!r}, not 1 to {CONTROL_MAX:,}.", "Correct it in the settings.")
    sender = str(said.get("sender", ours[0]))
    receiver = f"{said.get('qualifier', 'ZZ')}:{said.get('id', name)}"
    qualifier, _, identifier = sender.partition(":")
    envelope = Envelope(
        sender_qualifier=qualifier,
        sender=identifier,
        receiver_qualifier=str(said.get("qualifier", "ZZ")),
        receiver=str(said.get("id", name)),
        control=1,
        version=str(said.get("version", "004010")),
        usage=str(said.get("usage", "P")),
        ack_requested=bool(said.get("ack_requested", False)),
        group_sender=str(said.get("group_sender", "")),
        group_receiver=str(said.get("group_receiver", "")),
        delimiters=Delimiters(marks[0:1], marks[1:2], marks[2:3], marks[3:4] or STANDARD[3:].encode()),
    )
    return Partner(name, sender, receiver, envelope, str(said.get("item_qualifier", "")), first)
