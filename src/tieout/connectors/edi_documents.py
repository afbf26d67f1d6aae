"""What connectors of trading partners share in any syntax: documents as cut, refusals that quote with measure, line names, orders by line."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import msgspec

from tieout.connectors import Document, Refused
from tieout.core.facts import Fact, Line, Refusal
from tieout.core.values import SourceRef, day_start
from tieout.formats.pieces import Piece

NO_CHARACTER = "\ufffd"
REASON_MAX = 600
PLACE_MAX = 200
BY_LINE = "by line"
"""The option `order_changes` of a system whose orders are changed line by line, and therefore kept so."""

ADVICE = "advice"
"""The option `remittances` of a system whose customers' payments the bank states too."""


def refusal(source: SourceRef, rule: str, reason: str, next_step: str) -> Refusal:
    """A refusal that quotes the input only as far as a person reads and a database keeps (no NUL)."""
    reason = reason.replace("\0", NO_CHARACTER)
    if len(reason) > REASON_MAX:
        reason = f"{reason[:REASON_MAX]} (and so on)"
    source = msgspec.structs.replace(source, place=source.place.replace("\0", NO_CHARACTER)[:PLACE_MAX])
    return Refusal(source, rule, reason, next_step)


def documents(pieces: Iterable[Piece], origin: str, contract: str) -> Iterator[Document | Refused]:
    """One document per interchange that was cut, byte for byte; bytes that are none are refused and kept."""
    for piece in pieces:
        document = Document(piece.raw, origin, piece.line, piece.byte, contract)
        fault = piece.fault
        if fault is None:
            yield document
            continue
        source = SourceRef(origin, piece.line, piece.byte, fault.place)
        yield Refused(document, refusal(source, fault.rule, fault.reason, fault.next_step))


def local_instant(day: date, clock: time | None, zone: str) -> datetime:
    """A local date and time in UTC; local midnight without a time."""
    if clock is None:
        return day_start(day, zone)
    return datetime.combine(day, clock, ZoneInfo(zone)).astimezone(UTC)


def line_names(given: list[str]) -> list[str]:
    """Line numbers as stated, the position where none is; a number used twice is told apart by the position."""
    names: list[str] = []
    used: set[str] = set()
    for position, name in enumerate(given, 1):
        own = name or str(position)
        own = own if own not in used else f"{own}#{position}"
        used.add(own)
        names.append(own)
    return names


def by_line(whole: Fact) -> tuple[Fact, ...]:
    """An order as a fact per line (with the charges on it) and one, without scope, for all the rest."""
    lines: dict[str, list[Line]] = {"": []}
    for line in whole.lines:
        own = line.order_line if line.charge else line.line
        lines.setdefault(own, []).append(line)
    rest = msgspec.structs.replace(whole, lines=tuple(lines.pop("")))
    return (rest, *(of_line(msgspec.structs.replace(whole, lines=tuple(mine), total=None), name) for name, mine in lines.items()))


def of_line(fact: Fact, name: str) -> Fact:
    """The fact about one line of an order that is kept by line."""
    return msgspec.structs.replace(fact, scope=name.replace("/", "-"))
