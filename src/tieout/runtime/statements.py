"""Documents to statements: translated, checked against our own bounds, hashed; a statement we cannot keep becomes a refusal."""

from datetime import datetime
from fractions import Fraction
from hashlib import sha256

import msgspec

from tieout.connectors import Connector, Document, System
from tieout.core.facts import ARRIVAL, Fact, Line, Refusal
from tieout.core.facts.kinds import KINDS
from tieout.core.values import LIMIT, Ref, SourceRef, exact
from tieout.flows import accounts

CONTENT_BYTES = 16
IDENTITY_MAX = 400
_encode = msgspec.json.Encoder(decimal_format="number").encode
decode_fact = msgspec.json.Decoder(Fact).decode


class Arrival(msgspec.Struct, gc=False):
    """A document on its way in, with the system that sent it.

    Rebuild keeps `message_id` and the stored `key`, replay raises `generation`; `refused` says why the piece could not
    even be cut into a document. `ahead` holds its statements, if they were read before their batch began. `parent` is the
    message that a person edited into this one: it takes that one's place, by its `generation`.
    """

    document: Document
    system: System
    received: datetime
    generation: int = 0
    message_id: int | None = None
    refused: Refusal | None = None
    key: bytes | None = None
    ahead: "list[New | Fact | Refusal] | None" = None
    parent: int | None = None

    @property
    def is_stored(self) -> bool:
        """True for a message that is kept already and only read anew."""
        return bool(self.generation) and self.parent is None


class New(msgspec.Struct, gc=False):
    """A statement read from a message and not yet compared with what is known."""

    identity: str
    fact: Fact
    body: bytes
    content: bytes
    message: int
    generation: int
    place: str


def read(arrival: Arrival, connector: Connector) -> list[New | Fact | Refusal]:
    """Translate one document, as far as it can be without knowing its message.

    What the connector gives that we cannot keep is refused, never dropped. A fact without a revision of its own is given
    as it is: its revision is the number of its message (rule 3), see `keep`.
    """
    if arrival.refused is not None:
        return [arrival.refused]
    return [
        statement if isinstance(statement, Refusal) or statement.revision == ARRIVAL else keep(statement, 0, arrival)
        for statement in connector.translate(arrival.document, arrival.system)
    ]


def keep(fact: Fact, message: int, arrival: Arrival) -> New | Refusal:
    """A fact as a row to be, or the reason why not."""
    source = fact.source
    place = "" if source is None else _place(source)
    if source is not None or fact.revision == ARRIVAL:
        fact = msgspec.structs.replace(fact, source=None, revision=f"a{message:020d}" if fact.revision == ARRIVAL else fact.revision)
    identity = fact.identity
    reason = _unfit(fact, identity)
    if reason:
        return _refusal(arrival, source, reason)
    if not arrival.system.believes(fact.kind):
        fact = msgspec.structs.replace(fact, lines=(), links=(), total=None, parcels=())
    body = _encode(fact)
    if b"\\u0000" in body:
        return _refusal(arrival, source, "a text contains the character NUL, which no database keeps")
    return New(identity, fact, body, sha256(body).digest()[:CONTENT_BYTES], message, arrival.generation, place)


def version_of(fact: Fact, message: int, generation: int, place: str = "") -> New:
    """A fact with the bytes that are stored and hashed."""
    body = _encode(fact)
    return New(fact.identity, fact, body, sha256(body).digest()[:CONTENT_BYTES], message, generation, place)


def _unfit(fact: Fact, identity: str) -> str:
    if fact.kind not in KINDS:
        return f"there is no fact type {fact.kind!r}"
    if not fact.number or len(identity) > IDENTITY_MAX:
        return f"a document number has 1 to {IDENTITY_MAX} characters"
    if fact.happened.tzinfo is None:
        return "the time it happened has no time zone"
    if not identity.isascii() and not _is_text(identity):
        return "the document number is not valid text"
    return unsaid(fact) if fact.kind in MUST_SAY and not fact.void else ""


def _is_text(identity: str) -> bool:
    try:
        identity.encode()
    except UnicodeEncodeError:
        return False
    return True


MUST_SAY = {
    "WrittenOff": ("account", "key", "residual", "unit"),
    "Matched": ("record", "revision"),
    "Listed": ("system", "type", "numbers"),
    "UnitDefined": ("item", "unit", "base", "factor"),
    "KitDefined": ("item",),
    "CostStated": ("item", "cost"),
}
"""What the `data` of a decision or reference statement has to hold; the engine relies on it later."""


def unsaid(fact: Fact) -> str:
    """What a decision or reference statement lacks, or says in a way that has no meaning."""
    data = fact.data
    lacking = [name for name in MUST_SAY[fact.kind] if name not in data]
    if lacking:
        return f"data says nothing about {', '.join(lacking)}"
    if fact.kind == "WrittenOff" and (data["account"] not in accounts() or not _is_number(data["residual"])):
        return "the write-off names no account, or no exact residual"
    if fact.kind == "UnitDefined" and not _is_factor(data["factor"]):
        return f"{data['factor']!r} is no factor above zero (`n` or `n/d`)"
    if fact.kind == "CostStated" and not (data["item"] and fact.currency and _is_number(data["cost"])):
        return "a cost is a number in the currency of the statement, of an item"
    if fact.kind == "KitDefined" and not fact.void and not all(line.item and (line.value or 0) >= 0 for line in fact.lines or [_NO_LINE]):
        return "a kit has components, each with its item and a share of the price that is not negative"
    return ""


_NO_LINE = Line("", Ref(""))


def _is_number(text: str) -> bool:
    try:
        exact(text)
    except ValueError:
        return False
    return True


def _is_factor(text: str) -> bool:
    try:
        return 0 < Fraction(text) < LIMIT
    except (ValueError, ZeroDivisionError):
        return False


def _refusal(arrival: Arrival, source: SourceRef | None, reason: str) -> Refusal:
    where = source or SourceRef(arrival.document.origin, arrival.document.line, arrival.document.byte)
    return Refusal(where, "fact.unfit", reason, "Correct the document or the mapping, then replay the message.")


def _place(source: SourceRef) -> str:
    parts = []
    if source.line is not None:
        parts.append(f"line {source.line}")
    if source.byte is not None:
        parts.append(f"byte {source.byte}")
    if source.place:
        parts.append(source.place)
    return ", ".join(parts)
