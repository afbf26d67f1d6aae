"""The tree that HL segments draw (shipment, order, pack, item), as levels that know their parent."""

import msgspec

from tieout.formats.fault import Fault, segment_place
from tieout.formats.x12.tokens import Segment

DEPTH_MAX = 20


class Level(msgspec.Struct, frozen=True):
    """One HL loop: its number (HL01), code (HL03) and segments without the HL itself; `depth` of a root is 0."""

    number: str
    code: str
    hl: Segment
    segments: list[Segment]
    parent: "Level | None" = None
    depth: int = 0

    def above(self, code: str) -> "Level | None":
        """The nearest level of that code: this one or an ancestor."""
        level: Level | None = self
        while level is not None and level.code != code:
            level = level.parent
        return level


def read_levels(segments: list[Segment], ends: tuple[str, ...] = ("CTT", "SE")) -> list[Level] | Fault:
    """The levels in document order; every parent stands before its children. Segments named in `ends` end the tree."""
    levels: dict[str, Level] = {}
    current: Level | None = None
    for segment in segments:
        if segment.name == "HL":
            level = _level(segment, levels)
            if isinstance(level, Fault):
                return level
            levels[level.number] = current = level
        elif segment.name in ends:
            current = None
        elif current is not None:
            current.segments.append(segment)
    return list(levels.values())


def _level(segment: Segment, levels: dict[str, Level]) -> Level | Fault:
    number, parent = segment.get(1), segment.get(2)
    if not number or number in levels:
        return _fault(segment, 1, f"HL01 is {number!r}: every level needs a number of its own.")
    if parent and parent not in levels:
        return _fault(segment, 2, f"HL02 names the parent {parent!r}, which does not stand before this level.")
    above = levels[parent] if parent else None
    depth = above.depth + 1 if above else 0
    if depth > DEPTH_MAX:
        return _fault(segment, 2, f"The hierarchy is deeper than {DEPTH_MAX} levels.")
    return Level(number, segment.get(3), segment, [], above, depth)


def _fault(segment: Segment, element: int, reason: str) -> Fault:
    step = "Ask the partner to correct the hierarchy (HL01 runs up, HL02 names an earlier HL01)."
    place = segment_place(segment.index, segment.name, element)
    return Fault(place, "x12/hierarchy", reason, step, "AK5:5", byte=segment.byte)
