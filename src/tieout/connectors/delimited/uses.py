"""Which texts a mapping gives and which columns it reads, each with the key that does; needed to check both."""

from collections.abc import Iterator

import msgspec

from tieout.connectors.delimited.expression import NotAnExpression, columns_of, parse_expression, parse_template
from tieout.connectors.delimited.mapping import FactMapping, FileMapping, ListMapping, RevisionColumn, conditions
from tieout.declared import Wrong

BUILT_IN = ("system", "file")
"""Names a text may use besides columns: the system's name and the file's base name."""


class Use(msgspec.Struct, frozen=True):
    """One place where a mapping reads a column; `key` is its path in the file."""

    key: str
    column: str


def columns_used(entry: FileMapping) -> Iterator[Use]:
    """Every column the entry reads, with the key that reads it. Raises for a text or amount that cannot be read."""
    for day in entry.days:
        yield Use("days", day)
    for number, fact in enumerate(entry.fact, start=1):
        for use in _fact_uses(fact):
            yield Use(f"fact {number} ({fact.kind}): {use.key}", use.column)
    for number, listed in enumerate(entry.list, start=1):
        for use in _list_uses(listed):
            yield Use(f"list {number} ({listed.type}): {use.key}", use.column)


def missing_columns(entry: FileMapping, present: tuple[str, ...]) -> list[Use]:
    """The columns the entry reads that a file does not have."""
    return [use for use in columns_used(entry) if use.column not in present]


def texts_of(fact: FactMapping) -> Iterator[tuple[str, str]]:
    """Every text of a fact, in which `{columns}` may stand, with its key."""
    for name in ("number", "scope", "partner", "currency", "customer", "channel", "warehouse", "entity"):
        yield name, getattr(fact, name)
    yield from (("parcels", text) for text in fact.parcels)
    yield from (("links", text) for pair in fact.links for text in pair)
    yield from (("relates", text) for pair in fact.relates for text in pair)
    yield from ((f"data: {name}", text) for name, text in fact.data.items())
    for line in fact.line:
        for name in ("subject", "line", "item", "order_line", "unit", "charge"):
            yield f"line: {name}", getattr(line, name)


def _list_uses(listed: ListMapping) -> Iterator[Use]:
    for key in ("number", "partner"):
        yield from _text_uses(key, getattr(listed, key))
    if listed.as_of == "":
        raise Wrong("as_of", "name the column that says as of when the list is complete")
    if isinstance(listed.as_of, str):
        yield Use("as_of", listed.as_of)
    yield from (Use("when", test.column) for test in conditions(listed.when))


def _text_uses(key: str, text: str) -> Iterator[Use]:
    try:
        yield from (Use(key, part) for part, is_column in parse_template(text) if is_column and part not in BUILT_IN)
    except NotAnExpression as bad:
        raise Wrong(key, f"{text!r}: {bad}") from None


def _fact_uses(fact: FactMapping) -> Iterator[Use]:
    for key, text in texts_of(fact):
        yield from _text_uses(key, text)
    amounts = [("total", fact.total)]
    times = [("due", fact.due), ("happened", fact.happened if isinstance(fact.happened, str) else "")]
    if isinstance(fact.revision, RevisionColumn):
        times.append(("revision", fact.revision.number or fact.revision.time or ""))
    if fact.happened == "":
        raise Wrong("happened", "name the column that says when it happened")
    tests = [*conditions(fact.when), *conditions(fact.void)]
    for line in fact.line:
        amounts += [("line: quantity", line.quantity), ("line: value", line.value)]
        times.append(("line: due", line.due))
        tests += conditions(line.when)
    for key, text in amounts:
        try:
            yield from (Use(key, column) for column in (columns_of(parse_expression(text)) if text else ()))
        except NotAnExpression as bad:
            raise Wrong(key, f"{text!r}: {bad}") from None
    yield from (Use(key, column) for key, column in times if column)
    yield from (Use("when", test.column) for test in tests)
