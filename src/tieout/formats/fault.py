"""What is wrong with a piece of EDI (X12, EDIFACT), as a value a trading partner understands; never an exception."""

from enum import StrEnum

import msgspec


class Weight(StrEnum):
    """What a fault costs: nothing (note), perhaps a part that never arrived (gap), or the envelope it is in (fatal)."""

    NOTE = "note"
    GAP = "gap"
    FATAL = "fatal"


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong.

    `place` reads like `segment 12 (IT1), element 4`; `byte` is the 0-based offset of that segment in the interchange.
    `code` is what an acknowledgment would say: `TA1:001` (TA105), `AK5:3` (AK502), `AK9:4` (AK905) or `UCM:29` (0085 of
    CONTRL); empty where the standard has none.
    """

    place: str
    rule: str
    reason: str
    next_step: str
    code: str = ""
    weight: Weight = Weight.FATAL
    byte: int = 0


def segment_place(index: int, name: str, element: int = 0) -> str:
    """`segment 12 (IT1), element 4`; without the element if it is 0."""
    text = f"segment {index} ({name})"
    return f"{text}, element {element}" if element else text
