"""Carriers' documents: our load tender (204), shipment status (214) and freight invoices (210)."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tieout.connectors.edi_documents import local_instant
from tieout.connectors.x12.reading import Reading, Unreadable
from tieout.connectors.x12.shipments import PARCELS_MAX, parcels
from tieout.core.facts import Fact, Line
from tieout.core.facts.freight import FreightInvoiced, FreightRated
from tieout.core.facts.shipment import Delivered, ParcelScanned
from tieout.core.values import ZERO, Ref, normalise, plain, ref
from tieout.formats.x12 import Segment, read_date, read_time

DELIVERED = frozenset(("D1",))
"""AT701: completed unloading at the delivery location. X1 (arrived there) and CD (departed) are scans like any other."""
ZONES = {
    "AT": "America/Halifax",
    "ET": "America/New_York",
    "CT": "America/Chicago",
    "MT": "America/Denver",
    "PT": "America/Los_Angeles",
    "GM": "UTC",
    "UT": "UTC",
}
"""AT707 (element 623) to a zone with its own daylight saving; local time and codes not named here are the system's zone."""
FIXED = {"ED": -4, "ES": -5, "CD": -5, "CS": -6, "MD": -6, "MS": -7, "PD": -7, "PS": -8}
"""AT707 codes that say daylight or standard time outright, as hours from UTC."""

SURCHARGES = {"FUE": "fuel", "FSC": "fuel", "DSC": "discount"}
"""L108 to the kind of charge; what has another code is an accessorial, what has none is the freight itself."""
SHIPMENT = ("BM", "SI")
"""N9: bill of lading, shipper's number of the shipment."""


def freight_rated(reading: Reading) -> Fact:
    """204 to a carrier: what the tendered shipment should cost."""
    head = reading.need("B2")
    subject = ref("*", "freight", reading.text(head, 4, "the shipment identification number"))
    rated = _total(reading)
    if rated is None:
        raise Unreadable("no-rate", "L305 does not say what the load should cost.", head, 0, "State the rate elsewhere, or in L305.")
    own = reading.partners("freight_rate", head.get(4))
    line = Line(line="1", subject=subject, value=rated, charge="freight")
    return reading.fact(
        FreightRated, own, head, happened=reading.frame.moment, currency=reading.currency(), lines=(line,), total=rated, customer="",
        data={"carrier": head.get(2)} if head.get(2) else {},
    )  # fmt: skip


def freight_invoiced(reading: Reading) -> Fact:
    """210 from a carrier: one line per charge if they make up the amount due, else that amount alone and the difference."""
    head = reading.need("B3")
    number = reading.text(head, 2, "the invoice number")
    shipment = head.get(3) or reading.reference(SHIPMENT)
    if not shipment:
        raise Unreadable("shipment-missing", "B303 (or N9*BM) does not say which shipment is invoiced.", head, 3)
    subject = ref("*", "freight", shipment)
    happened, day = reading.happened(head, 6)
    reading.text(head, 7, "the net amount due")
    due = reading.cents(head, 7) or ZERO
    lines = _charges(reading, subject)
    charged = sum((line.value or ZERO for line in lines), ZERO)
    data = {"carrier": head.get(11), "correction": head.get(8), "foots": "yes" if charged == due else "no"}
    if charged != due:
        data |= {"difference": plain(due - charged)} if lines else {"foots": "unknown"}
        lines = [Line(line="1", subject=subject, value=due, charge="freight")]
    return reading.fact(
        FreightInvoiced,
        reading.partners("freight_invoice", number),
        head,
        happened=happened,
        day=day,
        currency=_currency(reading),
        lines=tuple(lines),
        total=due,
        data={key: value for key, value in data.items() if value},
    )


def _charges(reading: Reading, subject: Ref) -> list[Line]:
    """L1: every charge of the invoice."""
    lines = []
    for position, segment in enumerate(reading.all("L1"), 1):
        value = reading.cents(segment, 4)
        code = segment.get(8)
        if value is not None:
            charge = SURCHARGES.get(code, "accessorial") if code else "freight"
            lines.append(Line(line=f"L1-{position}", subject=subject, value=value, charge=charge))
    return lines


def _currency(reading: Reading) -> str:
    """C301 of a freight invoice, else what CUR or the system says."""
    for segment in reading.all("C3"):
        code = segment.get(1).upper()
        if len(code) == 3 and code.isalpha():
            return code
        raise Unreadable("currency", f"C301 is {code!r}, not an ISO 4217 code.", segment, 1)
    return reading.currency()


def _total(reading: Reading) -> Decimal | None:
    stated = [reading.cents(segment, 5) for segment in reading.all("L3")]
    return next((each for each in stated if each is not None), None)


def parcels_scanned(reading: Reading) -> tuple[Fact, ...]:
    """214: a fact per status and parcel. A parcel is delivered once, so a second confirmation is a revision of the first."""
    head = reading.need("B10")
    named = _parcels(reading, head)
    found: dict[str, Fact] = {}
    for segment in reading.all("AT7"):
        status = segment.get(1) or segment.get(3)
        if not status:
            raise Unreadable("element-missing", "AT701 (or AT703), the status of the shipment, is missing.", segment, 1)
        happened, day = _when(reading, segment)
        for parcel in named:
            fact = _scan(reading, segment, parcel, status, happened, day)
            found[fact.identity] = fact
    if not found:
        raise Unreadable("segment-missing", "Segment AT7 is missing: a 214 without a status says nothing.", head)
    return tuple(found.values())


def _scan(reading: Reading, segment: Segment, parcel: str, status: str, happened: datetime, day: bool) -> Fact:
    subject = ref("*", "parcel", parcel)
    if status in DELIVERED:
        line = Line(line="1", subject=subject, quantity=Decimal(1), unit="PCL")
        own = reading.partners("delivery", parcel)
        return reading.fact(Delivered, own, segment, happened=happened, day=day, lines=(line,), parcels=(normalise(parcel),))
    number = f"{parcel[:80]}-{status}-{happened:%Y%m%dT%H%M%S}"
    data = {"status": status} | ({"reason": segment.get(2)} if segment.get(2) else {})
    return reading.fact(
        ParcelScanned,
        reading.partners("scan", number),
        segment,
        happened=happened,
        day=day,
        lines=(Line(line="1", subject=subject),),
        parcels=(normalise(parcel),),
        data=data,
    )


def _parcels(reading: Reading, head: Segment) -> list[str]:
    """The parcels that MAN, REF or L11 name; if they name none, the carrier's own number of the shipment is the parcel."""
    swapped = (Segment(["REF", segment.get(2), segment.get(1)], segment.index, segment.byte) for segment in reading.all("L11"))
    stated: Iterable[Segment] = (*reading.segments, *swapped)
    found = list(parcels(stated)) or [reading.text(head, 1, "the carrier's reference number")]
    return found[:PARCELS_MAX]


def _when(reading: Reading, segment: Segment) -> tuple[datetime, bool]:
    """AT705 and AT706 in the zone that AT707 names."""
    code = segment.get(7)
    happened, is_day = reading.happened(segment, 5, 6)
    if is_day:
        return happened, True
    on, at = read_date(segment.get(5)), read_time(segment.get(6))
    if code in FIXED:
        return datetime.combine(on, at, UTC) - timedelta(hours=FIXED[code]), False
    return (local_instant(on, at, ZONES[code]) if code in ZONES else happened), False
