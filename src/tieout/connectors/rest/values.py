"""The values of a command by the names that a mapping uses for them; the only place that knows these names."""

from decimal import Decimal, Inexact
from hashlib import sha256
from uuid import UUID, uuid5

from tieout.connectors.rest.template import LINE, Value, Values
from tieout.core.command import Command
from tieout.core.facts import Line
from tieout.core.values import EXACT, ref_parts, tidy

KEYS = UUID("5bd7b1f0-52a5-5f0e-9a0e-0b8b7d5f7a11")
"""Namespace of the UUIDs that stand for a command's key."""

NAMES = ("key", "uuid", "hash", "system", "act", "account", "side", "group", "group.number", "number", "total", "currency")
TEXTS = ("customer", "channel", "warehouse", "entity")
LINES = ("line", "position", "order_line", "item", "quantity", "unit", "value", "price", "charge", "subject", "subject.number")
OPEN = ("data.", "reference.")
"""Names that go on with what the command brings: `data.tracking`, `reference.shop.order`."""


def is_known(name: str, more: tuple[str, ...] = ()) -> bool:
    """Whether a command can have a value of this name; `more` are names of the place itself."""
    if name.startswith(OPEN):
        return name.count(".") == (1 if name.startswith("data.") else 2) and not name.endswith(".")
    return name in (*NAMES, *TEXTS, *more)


def is_of_line(name: str) -> bool:
    """Whether a line can have a value of this name."""
    return name.startswith(LINE) and name.removeprefix(LINE) in LINES


def values_of(command: Command) -> dict[str, Value]:
    """The values of a whole command."""
    found: dict[str, Value] = {name: getattr(command, name) for name in (*TEXTS, "currency", "total", "account", "system", "key")}
    found |= {
        "uuid": str(uuid5(KEYS, command.key)),
        "hash": sha256(command.key.encode()).hexdigest(),
        "act": command.act.value,
        "side": command.side.value,
        "group": command.group,
        "group.number": ref_parts(command.group)[2],
        "number": Decimal(command.number),
    }
    found |= {f"data.{name}": text for name, text in command.data.items()}
    for reference in (*reversed(command.references), command.group):
        system, type_, number = ref_parts(reference)
        found[f"reference.{system}.{type_}"] = number
    return found


def loops_of(command: Command) -> dict[str, list[Values]]:
    """The values of each line, for each of the loops a body may have."""
    lines = [(line, _line(line, position)) for position, line in enumerate(command.lines, start=1)]
    return {
        "lines": [values for _, values in lines],
        "goods": [values for line, values in lines if not line.charge],
        "charges": [values for line, values in lines if line.charge],
    }


def _line(line: Line, position: int) -> Values:
    found: dict[str, Value] = {name: getattr(line, name) for name in ("line", "order_line", "item", "unit", "charge", "subject")}
    found |= {
        "position": Decimal(position),
        "quantity": line.quantity,
        "value": line.value,
        "price": _price(line),
        "subject.number": ref_parts(line.subject)[2],
    }
    return {f"{LINE}{name}": value for name, value in found.items()}


def _price(line: Line) -> Decimal | None:
    """Value by quantity where that has an end; a rounded price would post another value than is owed."""
    if line.value is None or not line.quantity:
        return None
    try:
        return tidy(EXACT.divide(line.value, line.quantity))
    except Inexact:
        return None
