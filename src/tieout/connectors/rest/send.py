"""Commands to calls: do it, read it back, and find out whether an attempt of unknown outcome succeeded."""

from collections.abc import Generator
from typing import Any

import msgspec

from tieout.connectors import Conversation, Secrets, System
from tieout.connectors.rest.access import Access, Token, token
from tieout.connectors.rest.answers import Fault, NotJson, differences, documents_of, hidden, json_of, judged, judges_of, passes
from tieout.connectors.rest.check import address, base_of, mapping_of
from tieout.connectors.rest.mapping import ActMapping, ErrorRule, Mapping, ReadBack
from tieout.connectors.rest.path import NotText, find, text_of
from tieout.connectors.rest.template import Unfilled, fill, fill_address, fill_body
from tieout.connectors.rest.values import loops_of, values_of
from tieout.core.command import Absent, Accepted, Act, Call, Command, Failed, Rejected, Reply
from tieout.core.values import Ref, ref_parts

DIFFERENCES_MAX = 20
RECORDS_MAX = 10_000

_encoder = msgspec.json.Encoder(decimal_format="number")


def send(command: Command, system: System, secrets: Secrets) -> Conversation:
    """Do the command and read it back, as its `[act]` says. Raises SettingsError only when the mapping itself is wrong."""
    mapping = mapping_of(system)
    act = mapping.act.get(command.act)
    if act is None:
        return Rejected(f"Not sent: the mapping of {system.name} has no [act.{command.act.value}].")
    rules = (*act.error, *mapping.error)
    try:
        call = _call(command, act, mapping, system, rules)
    except Unfilled as bad:
        return Rejected(f"Not sent: {bad}.")
    access = _access(mapping, system, secrets)
    reply = yield from access.ask(call)
    if isinstance(reply, Failed):
        return reply
    taken = _taken(call, reply, act, rules, system, access.known)
    if not isinstance(taken, Accepted) or act.read_back is None:
        return taken
    differs = yield from _read_back(command, act.read_back, taken.documents, mapping, system, access)
    return Accepted(taken.documents, differs=tuple(hidden(one, access.known) for one in differs[:DIFFERENCES_MAX]))


def probe(command: Command, system: System, secrets: Secrets) -> Generator[Call, Reply, Accepted | Rejected | Failed | Absent]:
    """Look whether an attempt succeeded. An act without a probe cannot be looked up: see `knows_key`."""
    mapping = mapping_of(system)
    act = mapping.act.get(command.act)
    if act is None or act.probe is None:
        return Failed("no-probe", f"The mapping of {system.name} has no [act.{command.act.value}.probe].", in_doubt=True)
    looked = act.probe
    try:
        values = values_of(command)
        url, wanted = address(base_of(system), fill_address(looked.url, values)), fill(looked.equals, values)
    except Unfilled as bad:
        return Failed("no-probe", f"The probe cannot be asked: {bad}.", in_doubt=True)
    rules = tuple(rule for rule in mapping.error if rule.outcome != "refused")
    call = Call("GET", url, _headers(mapping), timeout=mapping.rest.timeout, judges=(*judges_of(rules), *looked.absent))
    access = _access(mapping, system, secrets)
    reply = yield from access.ask(call)
    if isinstance(reply, Failed):
        return reply
    if reply.status in looked.absent:
        return Absent()
    fault = judged(call, reply, rules, access.known)
    if fault is not None:
        return Failed("answer", f"The probe was refused: {fault.reason}") if isinstance(fault, Rejected) else fault
    return _found(call, reply, act, wanted, system)


def greet(system: System, secrets: Secrets) -> Generator[Call, Reply, Accepted | Failed]:
    """Ask something harmless, with the credentials of commands: any answer to the bare address is one."""
    mapping = mapping_of(system)
    call = Call("GET", base_of(system), _headers(mapping), timeout=mapping.rest.timeout)
    reply = yield from _access(mapping, system, secrets).ask(call)
    return reply if isinstance(reply, Failed) else Accepted()


def knows_key(system: System, act: Act) -> bool:
    """Whether the target itself recognises a second attempt by its key, so that it may be sent again (rule 26)."""
    stated = mapping_of(system).act.get(act)
    return stated is not None and stated.idempotency is not None


def renewed(system: System, secrets: Secrets) -> Generator[Call, Reply, Token | Failed | None]:
    """A fresh OAuth 2 token; None where the system is not asked that way. Handed in as the secret `access_token` for its
    lifetime, it saves each conversation a call."""
    mapping = mapping_of(system)
    if mapping.auth.scheme != "oauth2":
        return None
    return (yield from token(mapping.auth, base_of(system), mapping.rest.timeout, secrets))


def _call(command: Command, act: ActMapping, mapping: Mapping, system: System, rules: tuple[ErrorRule, ...]) -> Call:
    """The call that does a command. Raises Unfilled."""
    values = values_of(command)
    headers = _headers(mapping) | {name: fill(text, values) for name, text in act.headers.items()}
    body = b""
    if act.body:
        body = _encoder.encode(fill_body(act.body, values, loops_of(command)))
        headers.setdefault("Content-Type", "application/json")
    if act.idempotency is not None:
        headers[act.idempotency.header] = str(values[act.idempotency.write])
    for name, text in headers.items():
        if not text.isprintable() or any(character > "\xff" for character in text):
            raise Unfilled(f"the header {name} cannot hold {text[:60]!r}")
    url = address(base_of(system), fill_address(act.url, values))
    return Call(act.method, url, headers, body, writes=True, timeout=mapping.rest.timeout, judges=judges_of(rules))


def _taken(call: Call, reply: Reply, act: ActMapping, rules: tuple[ErrorRule, ...], system: System, secrets: Secrets) -> Accepted | Fault:
    """What became of the command, by the answer to it: an answer that cannot be understood leaves it in doubt."""
    fault = judged(call, reply, rules, secrets)
    if fault is not None:
        return fault
    if act.success is None and not act.documents and not reply.body.strip():
        return Accepted()
    try:
        value = json_of(reply)
    except NotJson as bad:
        return Failed("not-json", f"{call.shown} was answered {reply.status} with what is no JSON: {bad}.", in_doubt=True)
    if act.success is not None and not passes(act.success, value):
        said = f"{call.shown} was answered {reply.status}, but `{act.success.path}` is not what success looks like"
        return Failed("answer", f"{said}. Add an [[error]] for this answer.", in_doubt=True)
    try:
        return Accepted(documents_of(value, act.documents, system.name))
    except ValueError as bad:
        return Failed("answer", f"{call.shown} was answered {reply.status}, but {bad}.", in_doubt=True)


def _found(call: Call, reply: Reply, act: ActMapping, wanted: str, system: System) -> Accepted | Absent | Failed:
    """The document that bears the key among those the target knows; two of them are one too many."""
    assert act.probe is not None
    places = act.probe.documents or act.documents
    try:
        records = records_at(json_of(reply), act.probe.records)
        mine = [record for record in records if _bears(record, act.probe.path, wanted)]
        documents = tuple(document for record in mine for document in documents_of(record, places, system.name))
    except NotJson as bad:
        return Failed("not-json", f"{call.shown} was answered with what is no JSON: {bad}.")
    except ValueError as bad:
        return Failed("answer", f"{call.shown}: {bad}.")
    if not mine:
        if records:
            said = f"{call.shown} was answered with {len(records)} records, none of which bears {wanted!r} at {act.probe.path!r}"
            return Failed("answer", f"{said}: the target did not look for it. Correct the probe.")
        return Absent()
    twice = f"{len(mine)} documents bear {wanted!r}: {', '.join(ref_parts(one)[2] for one in documents)}"
    return Accepted(documents, differs=(twice,) if len(mine) > 1 else ())


def records_at(value: Any, path: str) -> list[Any]:
    """The records of an answer; one object alone is one record. Raises ValueError when there is neither."""
    there = find(value, path)
    if isinstance(there, dict):
        return [there] if there else []
    if not isinstance(there, list) or len(there) > RECORDS_MAX:
        raise ValueError(f"there is no list of records at {path or 'the top'!r}")
    return there


def _bears(record: Any, path: str, wanted: str) -> bool:
    try:
        return text_of(find(record, path)) == wanted
    except NotText:
        return False


def _read_back(
    command: Command, read: ReadBack, documents: tuple[Ref, ...], mapping: Mapping, system: System, access: Access
) -> Generator[Call, Reply, list[str]]:
    """What stands in the target other than was meant. The command is taken: whatever is wrong here is a difference."""
    values = values_of(command) | {"document": ref_parts(documents[0])[2] if documents else ""}
    try:
        url = address(base_of(system), fill_address(read.url, values))
        expected = fill_body(read.expect, values, loops_of(command))
    except Unfilled as bad:
        return [f"it was not read back: {bad}"]
    reply = yield from access.ask(Call("GET", url, _headers(mapping), timeout=mapping.rest.timeout))
    if isinstance(reply, Failed):
        return [f"it was not read back: {reply.reason}"]
    if not 200 <= reply.status < 300:
        return [f"it was not read back: the target answered {reply.status}"]
    try:
        return differences(expected, json_of(reply))
    except NotJson as bad:
        return [f"it was not read back: what came is no JSON, {bad}"]


def _headers(mapping: Mapping) -> dict[str, str]:
    return {"Accept": "application/json"} | mapping.rest.headers


def _access(mapping: Mapping, system: System, secrets: Secrets) -> Access:
    return Access(mapping.auth, base_of(system), mapping.rest.timeout, secrets)
