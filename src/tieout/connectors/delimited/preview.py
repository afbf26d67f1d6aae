"""What a mapping makes of a file, without keeping anything: the first facts and refusals and the counts of all."""

from collections import Counter
from collections.abc import Iterable
from typing import BinaryIO

import msgspec

from tieout.connectors import Refused, System
from tieout.connectors.delimited.split import split
from tieout.connectors.delimited.translate import translate
from tieout.core.facts import Fact, Refusal, Statement


class Preview(msgspec.Struct, frozen=True):
    """The first facts and refusals of a file, and how many there are of each kind and each broken rule."""

    documents: int
    facts: tuple[Fact, ...]
    refusals: tuple[Refusal, ...]
    facts_by_kind: dict[str, int]
    refusals_by_rule: dict[str, int]


def preview(stream: BinaryIO, origin: str, system: System, limit: int = 10) -> Preview:
    """Read a whole file and keep only the first of each. Raises SettingsError only when the mapping itself is wrong."""
    documents = 0
    facts: list[Fact] = []
    refusals: list[Refusal] = []
    kinds: Counter[str] = Counter()
    rules: Counter[str] = Counter()
    for piece in split(stream, origin, system):
        if isinstance(piece, Refused):
            statements: Iterable[Statement] = [piece.refusal]
        else:
            documents += 1
            statements = translate(piece, system)
        for statement in statements:
            if isinstance(statement, Fact):
                kinds[statement.kind] += 1
                if len(facts) < limit:
                    facts.append(statement)
            else:
                rules[statement.rule] += 1
                if len(refusals) < limit:
                    refusals.append(statement)
    return Preview(documents, tuple(facts), tuple(refusals), dict(kinds), dict(rules))
