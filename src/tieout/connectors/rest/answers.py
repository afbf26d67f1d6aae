"""Answers to outcomes: the error rules of a mapping, applied to whatever came back, a page of HTML and a 200 with an error inside too."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from tieout.connectors import Secrets
from tieout.connectors.rest.mapping import DocumentAt, ErrorRule, Status, Test
from tieout.connectors.rest.path import MISSING, NotText, find, text_of
from tieout.connectors.verdict import NOT_TAKEN, fault_of
from tieout.core.command import Call, Failed, Rejected, Reply
from tieout.core.values import Ref, ref
from tieout.formats.http import media_type, retry_after
from tieout.formats.json_stream import NO_JSON, decode_exact, why

REASON_MAX = 500
DOCUMENTS_MAX = 1000
HIDDEN = "•••"

Fault = Rejected | Failed


class NotJson(Exception):
    """The body is no JSON; says why."""


def judged(call: Call, reply: Reply, rules: Iterable[ErrorRule], secrets: Secrets) -> Fault | None:
    """What went wrong according to the rules, else to the status; None when nothing did."""
    for rule in rules:
        if _fits(rule, reply):
            reason = hidden(_reason(rule, reply), secrets)
            return _fault(rule, call, reply, f"{reply.status}: {reason}" if rule.outcome != "refused" else reason)
    usual = fault_of(msgspec.structs.replace(call, judges=()), reply)
    if usual is not None:
        return msgspec.structs.replace(usual, in_doubt=call.writes and reply.status not in NOT_TAKEN)
    if 200 <= reply.status < 300:
        return None
    said = f"{call.shown} was answered {reply.status}"
    if reply.status < 400:
        return Failed("answer", f"{said}, which says nothing about what became of it.", call.writes)
    try:
        value = json_of(reply)
    except NotJson:
        kind = media_type(reply.headers) or "no type"
        return Failed("not-json", f"{said} with {kind} that is no JSON; is this the right address?", call.writes)
    return Rejected(hidden(_clip(_words(value) or f"{said}."), secrets))


def judges_of(rules: Iterable[ErrorRule]) -> tuple[int, ...]:
    """The statuses that the rules name: the transport is to leave them to us."""
    return tuple(sorted({status for rule in rules for each in rule.status for status in statuses(each)}))


def statuses(status: Status) -> range:
    """The statuses that `422` or `4xx` stands for."""
    if isinstance(status, int):
        return range(status, status + 1)
    return range(int(status[0]) * 100, int(status[0]) * 100 + 100)


def json_of(reply: Reply) -> Any:
    """The body as JSON with exact numbers. Raises NotJson."""
    try:
        return decode_exact(reply.body)
    except NO_JSON as bad:
        raise NotJson(why(bad)) from bad


def documents_of(value: Any, places: Iterable[DocumentAt], system: str) -> tuple[Ref, ...]:
    """The documents an answer names; a list at a place names several. Raises ValueError when a place is empty."""
    found: list[Ref] = []
    for place in places:
        there = find(value, place.path)
        for one in there if isinstance(there, list) else [there]:
            text = text_of(one)
            if not text:
                raise ValueError(f"nothing stands at {place.path!r}")
            found.append(ref(system, place.type, text))
    if len(found) > DOCUMENTS_MAX:
        raise ValueError(f"{len(found):,} documents are named, more than {DOCUMENTS_MAX:,}")
    return tuple(found)


def passes(test: Test, value: Any) -> bool:
    """Whether the answer passes a test; a list or object is never equal to a text, and empty if nothing is in it."""
    there = find(value, test.path)
    try:
        text = text_of(there)
    except NotText:
        text = "" if not there else "[]"
        if test.equals is not None or test.in_ is not None:
            return False
    if test.equals is not None:
        return text == test.equals
    if test.not_equals is not None:
        return text != test.not_equals
    if test.in_ is not None:
        return text in test.in_
    return (not text.strip()) is bool(test.empty)


def differences(expected: Any, found: Any, place: str = "") -> list[str]:
    """Where what was found is not what was expected, in words; numbers are compared as numbers, written as text or not."""
    here = place or "the answer"
    if isinstance(expected, dict):
        if not isinstance(found, dict):
            return [f"{here}: expected an object, found {_shown(found)}"]
        return [each for key, item in expected.items() for each in differences(item, found.get(key, MISSING), f"{place}.{key}".lstrip("."))]
    if isinstance(expected, list):
        if not isinstance(found, list) or len(found) != len(expected):
            count = len(found) if isinstance(found, list) else "no"
            return [f"{here}: expected {len(expected)} entries, found {count}"]
        pairs = zip(expected, found, strict=True)
        return [each for n, (item, other) in enumerate(pairs) for each in differences(item, other, f"{place}[{n}]")]
    return [] if _equal(expected, found) else [f"{here}: expected {_shown(expected)}, found {_shown(found)}"]


def hidden(text: str, secrets: Secrets) -> str:
    """The text without our secrets, should the target have repeated one."""
    for secret in secrets.values():
        if len(secret) > 3:
            text = text.replace(secret, HIDDEN)
    return text


def _fits(rule: ErrorRule, reply: Reply) -> bool:
    if rule.status and not any(reply.status in statuses(status) for status in rule.status):
        return False
    if rule.when is None:
        return True
    try:
        return passes(rule.when, json_of(reply))
    except NotJson:
        return False


def _fault(rule: ErrorRule, call: Call, reply: Reply, reason: str) -> Fault:
    wait = retry_after(reply.headers)
    match rule.outcome:
        case "refused":
            return Rejected(reason)
        case "retry":
            return Failed("status", reason, retry_after=wait)
        case "rate_limit":
            return Failed("rate-limit", reason, retry_after=wait)
        case "credentials":
            return Failed("credentials", reason)
        case "in_doubt":
            return Failed("answer", reason, call.writes, wait)


def _reason(rule: ErrorRule, reply: Reply) -> str:
    """The words at the places the rule names, else the whole answer."""
    try:
        value = json_of(reply)
    except NotJson:
        return _clip(reply.body.decode("utf-8", "replace")) or "an empty answer"
    words = [_words(there) for path in rule.reason if (there := find(value, path)) is not MISSING]
    return _clip("; ".join(word for word in words if word) or _words(value) or "an empty answer")


def _words(value: Any) -> str:
    try:
        return text_of(value)
    except NotText:
        return msgspec.json.Encoder(decimal_format="number").encode(value).decode()


def _clip(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= REASON_MAX else plain[:REASON_MAX] + "…"


def _equal(expected: Any, found: Any) -> bool:
    left, right = _number(expected), _number(found)
    if left is not None and right is not None and not (isinstance(expected, str) and isinstance(found, str)):
        return left == right
    return type(expected) is type(found) and bool(expected == found)


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    try:
        number = Decimal(value)
    except ArithmeticError:
        return None
    return number if number.is_finite() else None


def _shown(value: Any) -> str:
    return "nothing" if value is MISSING else _clip(_words(value))[:80] or "an empty text"
