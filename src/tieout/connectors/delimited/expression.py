"""The two tiny languages of a mapping: text with `{columns}` and exact arithmetic over columns.

An expression has column names, numbers, `+ - *`, unary minus and parentheses. Division is deliberately absent: a
quotient is rarely exact, and a rounded one would leave residuals nobody caused.
"""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal, Inexact, InvalidOperation

from tieout.connectors.delimited.cells import Cells, Reader, Unreadable
from tieout.core.values import EXACT, exact

LENGTH_MAX = 500
DEPTH_MAX = 20

Number = Decimal
Node = Number | str | tuple["str", "Node", "Node"]
"""A number, a column's name, or (operator, left, right); `-x` is `0 - x`."""

Template = tuple[tuple[str, bool], ...]
"""Parts of a text: (literal, False) or (column, True)."""

_TOKEN = re.compile(r"\s*(?:(?P<number>[0-9]+(?:\.[0-9]+)?)|(?P<name>[A-Za-z_]\w*)|\{(?P<braced>[^{}]+)\}|(?P<sign>[-+*()]))")


class NotAnExpression(ValueError):
    """The text breaks the grammar; says where."""


def parse_expression(text: str) -> Node:
    """Read `OrderQty * {Unit Price}`; a name with blanks stands in braces. Raises NotAnExpression."""
    if len(text) > LENGTH_MAX:
        raise NotAnExpression(f"an expression has at most {LENGTH_MAX} characters")
    tokens = list(_tokens(text))
    node, rest = _sum(tokens, 0, 0)
    if rest < len(tokens):
        raise NotAnExpression(f"{tokens[rest][1]!r} is not expected here")
    return node


def parse_template(text: str) -> Template:
    """Read `{PurchaseOrderID}-{LineID}`. Raises NotAnExpression when braces do not pair."""
    if len(text) > LENGTH_MAX:
        raise NotAnExpression(f"a text has at most {LENGTH_MAX} characters")
    parts: list[tuple[str, bool]] = []
    for index, part in enumerate(re.split(r"\{([^{}]+)\}", text)):
        if index % 2:
            parts.append((part.strip(), True))
        elif "{" in part or "}" in part:
            raise NotAnExpression("a brace is not closed")
        elif part:
            parts.append((part, False))
    return tuple(parts)


def columns_of(node: Node) -> Iterator[str]:
    """Every column an expression reads."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, tuple):
        yield from columns_of(node[1])
        yield from columns_of(node[2])


def compile_expression(node: Node, number: Callable[[str], Reader[Decimal]], place: str) -> Reader[Decimal]:
    """A function from a row's cells to the exact result; `number` gives the reader of one column."""
    value = _compile(node, number)
    if not isinstance(node, tuple):
        return value

    def result(cells: Cells) -> Decimal:
        try:
            return exact(value(cells))
        except (ValueError, Inexact, InvalidOperation) as bad:
            raise Unreadable(place, "mapping/inexact", str(bad) or "The result has too many digits", "Check the columns used.") from bad

    return result


def _compile(node: Node, number: Callable[[str], Reader[Decimal]]) -> Reader[Decimal]:
    if isinstance(node, Decimal):
        constant = node
        return lambda cells: constant
    if isinstance(node, str):
        return number(node)
    operator, left, right = node[0], _compile(node[1], number), _compile(node[2], number)
    operate = {"*": EXACT.multiply, "+": EXACT.add, "-": EXACT.subtract}[operator]
    return lambda cells: operate(left(cells), right(cells))


Tokens = list[tuple[str, str]]


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    text = text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            hint = "; there is no division" if text[at:].lstrip().startswith(("/", "%")) else ""
            raise NotAnExpression(f"{text[at:].lstrip()[:10]!r} cannot be read{hint}")
        kind = str(found.lastgroup)
        yield kind, found[kind].strip()
        at = found.end()


def _sum(tokens: Tokens, at: int, depth: int) -> tuple[Node, int]:
    node, at = _product(tokens, at, depth)
    while at < len(tokens) and tokens[at] in (("sign", "+"), ("sign", "-")):
        operator = tokens[at][1]
        right, at = _product(tokens, at + 1, depth)
        node = (operator, node, right)
    return node, at


def _product(tokens: Tokens, at: int, depth: int) -> tuple[Node, int]:
    node, at = _factor(tokens, at, depth)
    while at < len(tokens) and tokens[at] == ("sign", "*"):
        right, at = _factor(tokens, at + 1, depth)
        node = ("*", node, right)
    return node, at


def _factor(tokens: Tokens, at: int, depth: int) -> tuple[Node, int]:
    if depth > DEPTH_MAX:
        raise NotAnExpression(f"parentheses are nested more than {DEPTH_MAX} deep")
    if at >= len(tokens):
        raise NotAnExpression("a column or number is missing at the end")
    kind, text = tokens[at]
    if kind == "number":
        return Decimal(text), at + 1
    if kind != "sign":
        return text, at + 1
    if text == "-":
        node, at = _factor(tokens, at + 1, depth + 1)
        return ("-", Decimal(0), node), at
    if text != "(":
        raise NotAnExpression(f"a column or number is missing before {text!r}")
    node, at = _sum(tokens, at + 1, depth + 1)
    if at >= len(tokens) or tokens[at] != ("sign", ")"):
        raise NotAnExpression("a parenthesis is not closed")
    return node, at + 1
