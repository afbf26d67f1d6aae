"""The neutral feed: each JSON object is one fact in Tieout's own words; for your own systems, tests and benchmarks."""

from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from tieout.connectors import Document, Manifest, Option, Refused, System
from tieout.connectors.canonical.validate import is_clean, tidied
from tieout.connectors.json_documents import Unreadable, decode, refusal, split_json
from tieout.core.facts import Fact, Statement
from tieout.core.facts.kinds import KINDS

MANIFEST = Manifest(
    name="canonical",
    title="Neutral facts (JSON Lines)",
    states=tuple(sorted(KINDS)),
    contracts={"canonical/fact": "contracts/fact.json"},
    options=(Option("any_system", "bool", "false", "accept facts of other systems than the one the feed is configured for"),),
)

CONTRACT = "canonical/fact"
NO_JSON = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

_decoder = msgspec.json.Decoder(Fact)
_decode = _decoder.decode


def split(stream: BinaryIO, origin: str, system: System) -> Iterator[Document | Refused]:
    """One document per JSON object."""
    return split_json(stream, origin, CONTRACT)


def translate(document: Document, system: System) -> tuple[Statement]:
    """The fact that the document is, or the rule it breaks.

    Nearly every document is decoded by the typed decoder and passes `is_clean` as it is; whatever does not goes
    through `tidied`, which is slow and either repairs the spelling or names the rule.
    """
    raw = document.raw
    try:
        fact = _decode(raw)
        if is_clean(fact, system.name) and b"\\u0000" not in raw:
            return (fact,)
    except NO_JSON:
        pass
    try:
        any_system = system.options.get("any_system") is True
        return (tidied(decode(raw, _decoder), "" if any_system else system.name),)
    except Unreadable as fault:
        return (refusal(document, fault),)
