"""JSON records to facts: those a poll has brought, and those that stand in a file."""

import fnmatch
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any, BinaryIO

import msgspec

from tieout.connectors import Document, Refused, System
from tieout.connectors.delimited.cells import Unreadable as UnreadableCell
from tieout.connectors.delimited.check import base_name
from tieout.connectors.delimited.plan import Speaker
from tieout.connectors.json_documents import Unreadable, decode, refusal, split_json
from tieout.connectors.rest.check import mapping_of, parse
from tieout.connectors.rest.mapping import Mapping, Record
from tieout.connectors.rest.plan import RecordPlan, facts_of, plan_of
from tieout.core.facts import Refusal, Statement
from tieout.core.values import SourceRef

CONTRACT = "rest/"

_records = msgspec.json.Decoder(Any, float_hook=Decimal)


def split(stream: BinaryIO, origin: str, system: System) -> Iterator[Document | Refused]:
    """One document per JSON value of a file. Raises SettingsError only when the mapping itself is wrong."""
    record = _record_for(mapping_of(system), origin)
    for piece in split_json(stream, origin, CONTRACT + (record.name if record else "")):
        if record is None and isinstance(piece, Document):
            yield Refused(piece, refusal(piece, Unreadable("rest/no-record", "No [[record]] of the mapping matches this file's name.")))
        else:
            yield piece


def translate(document: Document, system: System) -> Iterator[Statement]:
    """The facts of one record, each whole or refused. Raises SettingsError only when the mapping itself is wrong."""
    mapping = mapping_of(system)
    name = document.contract.removeprefix(CONTRACT)
    record = next((one for one in mapping.record if one.name == name), None) or _record_for(mapping, document.origin)
    if record is None:
        yield refusal(document, Unreadable("rest/no-record", f"There is no [[record]] {name[:60]!r} in the mapping."))
        return
    try:
        value = decode(document.raw, _records)
        if not isinstance(value, dict):
            raise Unreadable("rest/not-a-record", "The document is no JSON object.")
    except Unreadable as bad:
        yield refusal(document, bad)
        return
    yield from _statements(record, value, document, system)


def _statements(record: Record, value: Any, document: Document, system: System) -> Iterator[Statement]:
    speaker = Speaker(system.name, system.timezone, system.currency, system.entity, base_name(document.origin))
    source = SourceRef(document.origin, document.line, document.byte)
    plan = _plan(system.options["mapping"], str(system.options.get("base", "")), record.name, speaker)
    refused = set()
    for build in facts_of(plan, value, source):
        try:
            fact = build()
        except UnreadableCell as bad:
            if (what := (bad.place, bad.rule, bad.reason)) not in refused:
                refused.add(what)
                yield Refusal(msgspec.structs.replace(source, place=bad.place), bad.rule, f"{bad.reason}.", bad.next_step)
        else:
            if fact is not None:
                yield fact


@lru_cache(maxsize=256)
def _plan(text: str, base: str, name: str, speaker: Speaker) -> RecordPlan:
    return plan_of(next(one for one in parse(text, base=base).record if one.name == name), speaker)


def _record_for(mapping: Mapping, origin: str) -> Record | None:
    """The record whose `match` fits the name of a file; the only one there is fits every name."""
    name = base_name(origin).lower()
    fitting = (one for one in mapping.record if one.match and fnmatch.fnmatchcase(name, one.match.lower()))
    return next(fitting, mapping.record[0] if len(mapping.record) == 1 else None)
