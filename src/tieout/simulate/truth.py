"""The truth about every fault: whom it struck, what should come of it, and when the ledger could first know; written to `truth.jsonl`."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from tieout.simulate.clock import iso
from tieout.simulate.paper import Cents, Line, money


class Outcome(StrEnum):
    """What should happen to a fault."""

    HEALED = "healed by itself"
    EXCEPTION = "exception"
    QUARANTINED = "quarantined"


@dataclass(slots=True)
class Expected:
    """An exception that should stand: its name as the ledger writes it, who owes the next step, and how much is open.

    `quantity` is by unit, `cents` the money, both signed like the balance; None says nothing about it.
    """

    case: str
    owner: str
    quantity: dict[str, int] = field(default_factory=dict)
    cents: Cents | None = None


@dataclass(slots=True)
class Truth:
    """One fault. Moments are of the world's time; `corrected` is None for what nobody ever corrects.

    `knowable` is worked out by the auditor: when the ledger could first have known.
    """

    kind: str
    subject: str
    outcome: Outcome
    expected: list[Expected] = field(default_factory=list)
    detail: str = ""
    corrected: int | None = None
    knowable: int | None = None
    miss: str = ""
    """Why it cannot be found yet; empty for what should be."""

    def written(self) -> dict[str, Any]:
        """As it stands in the truth file."""
        found = asdict(self)
        found["knowable"] = iso(self.knowable) if self.knowable is not None else None
        found["corrected"] = iso(self.corrected) if self.corrected is not None else None
        found["expected"] = [
            {**asdict(each), "amount": None if each.cents is None else money(each.cents)} for each in self.expected
        ]  # fmt: skip
        for each in found["expected"]:
            del each["cents"]
        return found


def open_lines(code: str, owner: str, root: str, lines: Iterable[Line], sign: int = 1) -> list[Expected]:
    """An exception for each line: goods with their quantity and value, charges with their value."""
    made = []
    for line in lines:
        cents = None if line.value is None else sign * line.value
        quantity = {} if line.quantity is None else {"EA": sign * line.quantity}
        made.append(Expected(f"{code}{'+' if sign > 0 else '-'} {root}#{line.item or line.charge}", owner, quantity, cents))
    return made


def write(path: Path, truths: list[Truth]) -> None:
    """The truth file, one fault a line."""
    path.write_bytes(b"".join(msgspec.json.encode(truth.written()) + b"\n" for truth in truths))
