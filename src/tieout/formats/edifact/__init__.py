"""EDIFACT: bytes to interchanges, groups, messages and segments, and back; what they mean is a connector's matter."""

from tieout.formats.days import read_date
from tieout.formats.edifact.charset import CODECS
from tieout.formats.edifact.cut import cut
from tieout.formats.edifact.envelope import Group, Interchange, Message, message_place, parse, read_message
from tieout.formats.edifact.header import STANDARD, Header, read_header
from tieout.formats.edifact.names import MESSAGES
from tieout.formats.edifact.numbers import read_clock, read_moment, read_number
from tieout.formats.edifact.tokens import Delimiters, Segment, Tokens
from tieout.formats.edifact.write import Envelope, MessageDraft, Row, Unwritable, write
from tieout.formats.fault import Fault, Weight, segment_place
from tieout.formats.pieces import Piece

__all__ = [
    "CODECS",
    "MESSAGES",
    "STANDARD",
    "Delimiters",
    "Envelope",
    "Fault",
    "Group",
    "Header",
    "Interchange",
    "Message",
    "MessageDraft",
    "Piece",
    "Row",
    "Segment",
    "Tokens",
    "Unwritable",
    "Weight",
    "cut",
    "message_place",
    "parse",
    "read_clock",
    "read_date",
    "read_header",
    "read_message",
    "read_moment",
    "read_number",
    "segment_place",
    "write",
]
