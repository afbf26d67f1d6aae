"""Tracking events of parcel carriers in one plain JSON format: scanned on its way, and delivered."""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import BinaryIO

import msgspec

from tieout.connectors import Document, Manifest, Refused, System
from tieout.connectors.json_documents import Unreadable, decode, refusal, split_json, utc
from tieout.core.facts import Fact, Line, Statement, revision_time
from tieout.core.values import normalise, ref

MANIFEST = Manifest(
    name="carrier_json",
    title="Carrier tracking events (JSON)",
    states=("Delivered", "ParcelScanned"),
    contracts={"carrier_json/event": "contracts/event.json"},
)
CONTRACT = "carrier_json/event"
DELIVERED = "delivered"


class Event(msgspec.Struct, frozen=True):
    """One scan as the feed writes it."""

    carrier: str
    tracking_number: str
    status: str
    occurred_at: datetime
    event_id: str = ""


_decoder = msgspec.json.Decoder(Event)


def split(stream: BinaryIO, origin: str, system: System) -> Iterator[Document | Refused]:
    """One document per event."""
    return split_json(stream, origin, CONTRACT)


def translate(document: Document, system: System) -> tuple[Statement]:
    """`Delivered` for a delivery, `ParcelScanned` for every other scan."""
    try:
        event = decode(document.raw, _decoder)
        return (_fact(event, system),)
    except Unreadable as fault:
        return (refusal(document, fault),)
    except (ValueError, OverflowError) as bad:
        return (refusal(document, Unreadable("carrier/event", f"The event cannot be read: {bad}.")),)


def _fact(event: Event, system: System) -> Fact:
    """A parcel is delivered once: the identity is the tracking number, so a second confirmation never counts twice.

    Its revision is the time of the event: a later confirmation replaces the earlier one, the same one again is a
    duplicate. Other scans have an identity each.
    """
    tracking = normalise(event.tracking_number)
    subject = ref("*", "parcel", tracking)
    carrier = normalise(event.carrier)
    if not carrier or "/" in carrier or not (carrier + tracking + event.status).isprintable():
        raise ValueError("carrier, tracking number and status are printable, and a carrier has no slash")
    moment = utc(event.occurred_at, system)
    data = {"status": event.status.strip().lower()[:60]}
    if data["status"] == DELIVERED:
        line = Line(line="1", subject=subject, quantity=Decimal(1), unit="PCL")
        return Fact(
            "Delivered",
            system.name,
            "delivery",
            tracking,
            moment,
            revision=revision_time(moment),
            partner=carrier,
            lines=(line,),
            parcels=(tracking,),
            entity=system.entity,
        )
    scan = normalise(event.event_id) or hashlib.sha256(_content(event, moment)).hexdigest()[:16].upper()
    return Fact(
        "ParcelScanned",
        system.name,
        "scan",
        f"{tracking}-{scan}"[:120],
        moment,
        revision=revision_time(moment),
        partner=carrier,
        lines=(Line(line="1", subject=subject),),
        parcels=(tracking,),
        entity=system.entity,
        data=data,
    )


def _content(event: Event, moment: datetime) -> bytes:
    """What makes a scan without an id the same scan: its status and its instant."""
    return f"{event.status.strip().lower()}|{moment.isoformat()}".encode()
