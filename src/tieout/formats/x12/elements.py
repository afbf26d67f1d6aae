"""The elements of the segments we write: type, length and whether they must be there, as 004010 has them; read by `write` alone."""

import re
from collections.abc import Mapping
from functools import cache

import msgspec

from tieout.formats.days import read_date
from tieout.formats.x12.numbers import N, R, read_time

SEGMENTS = {
    "GS": "ID2-2! AN2-15! AN2-15! DT8-8! TM4-8! N1-9! ID1-2! AN1-12!",
    "ST": "ID3-3! AN4-9!",
    "SE": "N1-10! AN4-9!",
    "GE": "N1-6! N1-9!",
    "IEA": "N1-5! N9-9!",
    "AK1": "ID2-2! N1-9! AN1-12",
    "AK2": "ID3-3! AN4-9! AN1-35",
    "AK3": "ID2-3! N1-6! AN1-4 ID1-3 ID1-3 ID1-3 ID1-3 ID1-3",
    "AK4": "N1-2! N1-4 ID1-3! AN1-99",
    "AK5": "ID1-1! ID1-3 ID1-3 ID1-3 ID1-3 ID1-3",
    "AK9": "ID1-1! N1-6! N1-6! N1-6! ID1-3 ID1-3 ID1-3 ID1-3 ID1-3",
    "ACK": "ID2-2! R1-15 ID2-2 ID3-3 DT8-8",
    "BAK": "ID2-2! ID2-2! AN1-22! DT8-8! AN1-30 AN1-45 AN1-30 AN1-30 DT8-8",
    "BEG": "ID2-2! ID2-2! AN1-22! AN1-30 DT8-8! AN1-30 ID2-2",
    "BIG": "DT8-8! AN1-22! DT8-8 AN1-22 AN1-30 AN1-8 ID2-2 ID1-2",
    "BSN": "ID2-2! AN2-30! DT8-8! TM4-8! ID4-4",
    "CTT": "N1-6! R1-10",
    "CUR": "ID2-3! ID3-3! R4-10 ID2-3",
    "DTM": "ID3-3! DT8-8 TM4-8 ID2-2",
    "G62": "ID2-2! DT8-8!",
    "HL": "AN1-12! AN1-12 ID1-2! ID1-1",
    "IT1": "AN1-20 R1-10! ID2-2! R1-17! ID2-2 ID2-2 AN1-48 ID2-2 AN1-48",
    "ITD": "ID2-2 ID1-2 R1-6 DT8-8 N1-3 DT8-8 N1-3",
    "LIN": "AN1-20 ID2-2! AN1-48! ID2-2 AN1-48",
    "LX": "N1-6!",
    "MAN": "ID1-2! AN1-48!",
    "N1": "ID2-3! AN1-60 ID1-2 AN2-80",
    "N3": "AN1-55! AN1-55",
    "N4": "AN2-30 ID2-2 AN3-15 ID2-3",
    "N9": "ID2-3! AN1-30!",
    "PO1": "AN1-20 R1-15! ID2-2! R1-17 ID2-2 ID2-2 AN1-48 ID2-2 AN1-48",
    "PRF": "AN1-22! AN1-30 AN1-6 DT8-8 AN1-20 AN1-30 ID2-2",
    "REF": "ID2-3! AN1-30 AN1-80",
    "SAC": "ID1-1! ID4-4 ID2-2 AN1-10 N1-15 ID1-1 R1-6 R1-9 ID2-2 R1-15 R1-15 ID2-2 AN1-30 AN1-20 AN1-80 ID2-3",
    "SN1": "AN1-20 R1-10! ID2-2!",
    "TD5": "ID1-2 ID1-2 AN2-80 ID1-2 AN1-35 ID2-2",
    "TDS": "N1-15!",
    "TXI": "ID2-2! R1-18",
    "W01": "R1-15! ID2-2! AN12-12 ID2-2 AN1-48",
    "W05": "ID1-1! AN1-22! AN1-22",
    "W66": "ID2-2! ID1-2! ID1-1 ID2-2 AN1-35 ID2-2 AN1-30 ID1-1 N1-9 ID2-4",
    "W76": "R1-10!",
}
"""Segment to its elements in order: type, least and greatest length; `!` where one must be there."""
SHAPE = re.compile(r"([A-Z]+?)(\d+)-(\d+)(!?)")


class Element(msgspec.Struct, frozen=True):
    """What one element may hold. The length of a number counts its digits alone."""

    type: str
    least: int
    most: int
    is_needed: bool


@cache
def elements(segment: str) -> tuple[Element, ...] | None:
    """The elements of a segment, or None if we do not know it."""
    shapes: Mapping[str, str] = SEGMENTS
    if segment not in shapes:
        return None
    found = [SHAPE.fullmatch(each) for each in shapes[segment].split()]
    return tuple(Element(one[1], int(one[2]), int(one[3]), bool(one[4])) for one in found if one)


def wrong(element: Element, text: str) -> str:
    """Why `text` cannot stand in that element, as the end of a sentence; empty if it can."""
    if not text:
        return "is missing" if element.is_needed else ""
    length = sum(map(str.isdigit, text)) if element.type in "NR" else len(text)
    if not element.least <= length <= element.most:
        return f"is {text!r}: {length} characters, {_span(element)} are allowed"
    try:
        match element.type:
            case "DT":
                read_date(text)
            case "TM":
                read_time(text)
    except ValueError as bad:
        return f"cannot be written: {bad}"
    if element.type == "N" and not N.match(text):
        return f"is {text!r}, not a whole number"
    if element.type == "R" and not R.match(text):
        return f"is {text!r}, not a decimal number"
    if element.type == "ID" and not text.isalnum():
        return f"is {text!r}, not a code"
    return ""


def _span(element: Element) -> str:
    return str(element.least) if element.least == element.most else f"{element.least} to {element.most}"
