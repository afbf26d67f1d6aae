"""Inspect: what is this document? The truth about bytes nobody has imported yet."""

from io import BytesIO
from typing import Any, BinaryIO

import msgspec

from tieout.connectors import DOCUMENT_MAX, Document, Refused, System
from tieout.core.facts import Refusal
from tieout.core.values import Role
from tieout.formats import x12
from tieout.runtime.configuration import connector

READERS = ("shopify", "wms_json", "carrier_json", "canonical", "camt")
OPTIONS: dict[str, dict[str, Any]] = {"canonical": {"any_system": True}, "edifact": {"accept_test": True}}
"""What lets a connector read as much as it can of a document that no system has yet."""
EDIFACT = (b"UNA", b"UNB")
SETTLEMENT = b"settlement-id\t"


def describe(origin: str, stream: BinaryIO) -> dict[str, Any]:
    """What a stream holds: X12 by its envelopes, other documents by the connector that understands most of them, else what it looks like."""
    raw = stream.read(DOCUMENT_MAX + 1)
    if len(raw) > DOCUMENT_MAX:
        return {
            "origin": origin,
            "kind": "too large",
            "reason": f"more than {DOCUMENT_MAX} bytes",
            "next_step": "Import it; it is read in pieces.",
        }
    head = raw.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not head:
        return {"origin": origin, "kind": "empty", "bytes": len(raw)}
    if head[:1] in (b"{", b"[") or head[:1] == b"<":
        return _by_connectors(origin, raw)
    if head[:3] in EDIFACT:
        return _by_connectors(origin, raw, ("edifact",), "EDIFACT")
    if head[: len(SETTLEMENT)].lower() == SETTLEMENT:
        return _by_connectors(origin, raw, ("settlement",), "delimited text")
    found = x12.describe(raw)
    if found.interchanges or head[:3] == b"ISA":
        return {"origin": origin, "kind": "X12", "bytes": len(raw), **msgspec.to_builtins(found)}
    return _text(origin, raw, msgspec.to_builtins(found.unreadable[0].fault) if found.unreadable else None)


def _by_connectors(origin: str, raw: bytes, readers: tuple[str, ...] = READERS, kind: str = "") -> dict[str, Any]:
    best: dict[str, Any] | None = None
    for name in readers:
        module, system = connector(name), System("unknown", name, Role.CHANNEL, options=OPTIONS.get(name, {}))
        facts: dict[str, int] = {}
        refusals: list[Refusal] = []
        for each in module.split(BytesIO(raw), origin, system):
            for statement in [each.refusal] if isinstance(each, Refused) else module.translate(_document(each), system):
                if isinstance(statement, Refusal):
                    refusals.append(statement)
                else:
                    facts[statement.kind] = facts.get(statement.kind, 0) + 1
        answer = {
            "origin": origin, "kind": module.MANIFEST.title, "connector": name, "bytes": len(raw), "valid": bool(facts) and not refusals,
            "facts": facts, "refusals": [{"place": str(r.source), "rule": r.rule, "reason": r.reason, "next_step": r.next_step} for r in refusals[:20]],
        }  # fmt: skip
        if best is None or (len(facts), -len(refusals)) > (len(best["facts"]), -len(best["refusals"])):
            best = answer
    if best is None or not best["facts"]:
        kind = kind or ("JSON" if raw.lstrip()[:1] in (b"{", b"[") else "XML")
        reason = best["refusals"][0]["reason"] if best and best["refusals"] else ""
        return {"origin": origin, "kind": kind, "bytes": len(raw), "valid": False, "reason": f"No connector reads it. {reason}".strip()}
    return best


def _document(each: Document | Refused) -> Document:
    return each.document if isinstance(each, Refused) else each


def _text(origin: str, raw: bytes, fault: dict[str, Any] | None) -> dict[str, Any]:
    if raw[:4] == b"PAR1":
        return {"origin": origin, "kind": "Parquet", "bytes": len(raw), "next_step": "Write a mapping; see docs/how-to/write-a-mapping.md."}
    line = raw.split(b"\n", 1)[0][:2000]
    counts = {mark: line.count(mark.encode()) for mark in ("\t", ",", ";", "|")}
    mark, count = max(counts.items(), key=lambda pair: pair[1])
    if count >= 2 and b"\0" not in raw[:4000]:
        return {
            "origin": origin, "kind": "delimited text", "bytes": len(raw), "delimiter": mark, "columns": count + 1,
            "lines": raw.count(b"\n") + (not raw.endswith(b"\n")), "first_line": line.decode("utf-8", "replace").strip(),
            "next_step": "Write a mapping; see docs/how-to/write-a-mapping.md.",
        }  # fmt: skip
    return {"origin": origin, "kind": "not recognised", "bytes": len(raw), "valid": False, "fault": fault}
