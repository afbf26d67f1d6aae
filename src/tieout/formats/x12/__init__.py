"""X12: bytes to interchanges, groups, transaction sets and segments, and back; what they mean is a connector's matter."""

from tieout.formats.days import read_date
from tieout.formats.fault import Fault, Weight, segment_place
from tieout.formats.pieces import Piece
from tieout.formats.x12.cut import cut
from tieout.formats.x12.describe import Description, describe
from tieout.formats.x12.envelope import Group, Interchange, TransactionSet, parse, read_set, set_place
from tieout.formats.x12.header import Delimiters, Header, read_header
from tieout.formats.x12.hierarchy import Level, read_levels
from tieout.formats.x12.numbers import n_decimal, r_decimal, read_time
from tieout.formats.x12.tokens import Segment, Tokens, components, read_segments, repetitions, tokenise
from tieout.formats.x12.write import CONTROL_MAX, Envelope, GroupDraft, Row, SetDraft, Unwritable, write

__all__ = [
    "CONTROL_MAX",
    "Delimiters",
    "Description",
    "Envelope",
    "Fault",
    "Group",
    "GroupDraft",
    "Header",
    "Interchange",
    "Level",
    "Piece",
    "Row",
    "Segment",
    "SetDraft",
    "Tokens",
    "TransactionSet",
    "Unwritable",
    "Weight",
    "components",
    "cut",
    "describe",
    "n_decimal",
    "parse",
    "r_decimal",
    "read_date",
    "read_header",
    "read_levels",
    "read_segments",
    "read_set",
    "read_time",
    "repetitions",
    "segment_place",
    "set_place",
    "tokenise",
    "write",
]
