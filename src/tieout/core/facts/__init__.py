"""The canonical statements: what a system said, in the past tense, in the trade's words.

`Fact` is one shape for all of them; the files beside this one declare the *types* of fact by business object,
each naming its speaker and its act (rule 9). A connector writes facts, nothing else; the core reads nothing else.
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from tieout.core.values import Ref, Role, SourceRef


class Form(StrEnum):
    """A *change* adds to what was said before; a *state* replaces its predecessor by as-of instant."""

    CHANGE = "change"
    STATE = "state"


class FactType(msgspec.Struct, frozen=True):
    """One kind of statement: who speaks, what they did, to which business object."""

    name: str
    speaker: Role
    object: str
    act: str
    form: Form = Form.CHANGE


class Line(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One line of a fact; it posts alone (rule 8).

    `subject` is the document whose expectation this line moves (an order, an invoice, a return, a stock position).
    `order_line` is that document's line number, if the source knows it; several joined by `+` form a merged group.
    `quantity` is in `unit` as stated (units are converted once, in `post`), `value` is the extended amount in the
    fact's currency, or None where the source says nothing (None is not zero). `due` is the line's own deadline (UTC).
    `charge` names a line that is no goods: `freight`, `tax`, `discount`, `fee`.
    """

    line: str
    subject: Ref
    item: str = ""
    order_line: str = ""
    quantity: Decimal | None = None
    unit: str = "EA"
    value: Decimal | None = None
    due: datetime | None = None
    charge: str = ""


class Fact(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One canonical business statement.

    Identity (rule 2) is (system, type, partner, number, scope): whose document it is, not who carried it.
    `revision` is a text that sorts by age inside one identity (rule 3): see `revision_number`, `revision_time`.
    `happened` is UTC; `day` says that it is only known to the day and stands at local midnight.
    `total` is the gross amount of the whole document, `parcels` its tracking numbers.
    `links` are pairs of references that name the same business transaction (`identifies`);
    `relates` only joins views. `void` withdraws the document. `data` holds what a reference fact or a decision says.
    `source` is set by the intake and is no part of the content.
    """

    kind: str
    system: str
    type: str
    number: str
    happened: datetime
    revision: str = ""
    partner: str = ""
    scope: str = ""
    currency: str = ""
    lines: tuple[Line, ...] = ()
    total: Decimal | None = None
    due: datetime | None = None
    day: bool = False
    void: bool = False
    customer: str = ""
    channel: str = ""
    warehouse: str = ""
    entity: str = ""
    parcels: tuple[str, ...] = ()
    links: tuple[tuple[Ref, Ref], ...] = ()
    relates: tuple[tuple[Ref, Ref], ...] = ()
    data: dict[str, str] = {}
    source: SourceRef | None = None

    @property
    def identity(self) -> str:
        """`system/type/partner/number` and the scope; a number that holds a slash always has the (empty) scope's slash after it.

        So number `1/2` and number `1` of scope `2` are two documents; a scope holds no slash.
        """
        if self.scope or "/" in self.number:
            return f"{self.document}/{self.scope}"
        return f"{self.system}/{self.type}/{self.partner}/{self.number}"

    @property
    def document(self) -> str:
        """The identity of the whole document, without scope."""
        return f"{self.system}/{self.type}/{self.partner}/{self.number}"

    @property
    def ref(self) -> Ref:
        """The reference of this document itself, as other documents name it."""
        return Ref(f"{self.system}/{self.type}/{self.number}")


class Refusal(msgspec.Struct, frozen=True):
    """A statement that could not be read: kept with its bytes, shown with source, place, rule and next step."""

    source: SourceRef
    rule: str
    reason: str
    next_step: str


Statement = Fact | Refusal


def revision_number(number: int) -> str:
    """Revision key from a revision or version number (0 to 10^12)."""
    if not 0 <= number < 10**12:
        raise ValueError(f"revision {number} is out of range")
    return f"n{number:012d}"


def revision_time(moment: datetime, sequence: int = 0) -> str:
    """Revision key from a change time (UTC, to the microsecond) and, inside one instant, a control number."""
    return f"t{moment.strftime('%Y%m%dT%H%M%S%f')}.{sequence:012d}"


ARRIVAL = "@arrival"
"""Revision key of a source that has none: the intake replaces it by the stored message number (rule 3)."""
