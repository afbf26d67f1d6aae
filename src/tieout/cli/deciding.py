"""What people decide at the command line, as facts: taken in at once, or asked for where a limit or a checkpoint wants others to consent."""

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec

from tieout.app import Tieout
from tieout.cases import decision, resolve
from tieout.cases.decision import CORRECTORS
from tieout.cases.item import APPROVAL, Outcome, Target
from tieout.cases.request import ask_for
from tieout.cases.resolve import Said
from tieout.cases.verdict import of_statement
from tieout.connectors import Refused
from tieout.core.facts import Fact, Refusal, revision_time
from tieout.core.values import exact
from tieout.errors import InputMissing, OperatorError
from tieout.people.approvers import speaker
from tieout.people.person import Person, Right
from tieout.runtime.batch import encode
from tieout.runtime.configuration import connector
from tieout.store.database import fetch

CORRECTION_MAX = 1024 * 1024


def person_of(project: Tieout, who: str) -> Person:
    """Whoever acts under a name. Raises OperatorError for one that nobody has."""
    return speaker(project.connection, project.driving.people, who)


def state(project: Tieout, person: Person, action: str, about: str, fact: Fact, why: str) -> int | None:
    """State what no system has stated; the number of the request where a checkpoint holds it. Raises OperatorError, Forbidden."""
    person.need(Right.RESOLVE)
    now = datetime.now(UTC)
    verdict = of_statement(project.configuration, fact, now)
    if verdict.rule:
        fact = msgspec.structs.replace(fact, data={**fact.data, "rule": verdict.rule})
    if not verdict.allowed:
        return ask_for(project.connection, person, about, action, fact, verdict, why, now)
    decision.say(project.connection, project.configuration, [fact], person.login, now)
    return None


def link(project: Tieout, first: str, second: str, person: Person, why: str, *, withdraw: bool) -> int | None:
    """Link two references, or take the link back."""
    fact = decision.link(first, second, {"who": person.login, "why": why}, datetime.now(UTC))
    if withdraw:
        fact = decision.withdrawn(fact, {}, fact.happened)
    return state(project, person, "link", f"{'unlink' if withdraw else 'link'} {fact.data['a']} {fact.data['b']}", fact, why)


def write_off(project: Tieout, name: str, person: Person, why: str) -> Outcome:
    """Accept the exact residual of a case (rule 18), like anybody who works the exceptions. Raises OperatorError when it was not done."""
    project.follow()
    found = fetch(project.connection, "work_of_case", name)
    if not found:
        raise OperatorError(f"There is no open case {name!r}.", "`tieout cases` lists them.")
    now = datetime.now(UTC)
    (outcome,) = resolve.accept(project.connection, project.configuration, person, [Target(found[0][0])], now, Said("other", why))
    if not outcome.is_good:
        raise OperatorError(f"{name} was not written off: {outcome.reason}.", f"`tieout work show {outcome.ref}` shows how it stands.")
    return outcome


def request_about(project: Tieout, outcome: Outcome) -> int | None:
    """The number of the request that an exception waits for; None when it waits for none."""
    if outcome.outcome != APPROVAL:
        return None
    ((number,),) = fetch(project.connection, "request_of_work", outcome.id)
    return int(number)


def unwrite(project: Tieout, name: str, person: Person, why: str) -> None:
    """Take a write-off back."""
    person.need(Right.RESOLVE)
    now = datetime.now(UTC)
    data = {"who": person.login, "why": why, "case": name}
    fact = decision.decision("WrittenOff", "write_off", decision.number_of(name), now, void=True, data=data)
    decision.say(project.connection, project.configuration, [fact], person.login, now)
    project.tick(everything=True)


def correct(project: Tieout, file: Path, person: Person, why: str) -> tuple[Fact, int | None]:
    """State by hand what a system should have stated: one fact, as the neutral feed writes it."""
    fact = _fact_of(file, _read(file), {"who": person.login, "why": why})
    return fact, state(project, person, "correct", f"correct {fact.type}/{fact.number}", fact, why)


def _read(file: Path) -> dict[str, Any]:
    try:
        raw = file.read_bytes()[: CORRECTION_MAX + 1]
    except OSError as bad:
        raise InputMissing(f"{file} cannot be read: {bad.strerror}.", "Check the path.") from bad
    try:
        said = msgspec.json.decode(raw) if len(raw) <= CORRECTION_MAX else None
    except (msgspec.DecodeError, UnicodeDecodeError) as bad:
        raise OperatorError(f"{file} is no JSON: {bad}.", "Write one fact; see docs/how-to/write-a-policy.md.") from bad
    if not isinstance(said, dict):
        raise OperatorError(f"{file} is not one JSON object.", "Write one fact; see docs/how-to/write-a-policy.md.")
    return said


def _fact_of(file: Path, said: dict[str, Any], by: dict[str, str]) -> Fact:
    said |= {"system": CORRECTORS.name, "revision": revision_time(datetime.now(UTC))}
    said["data"] = {**said.get("data", {}), **by} if isinstance(said.get("data", {}), dict) else said["data"]
    document = next(iter(connector("canonical").split(BytesIO(encode(said) + b"\n"), str(file), CORRECTORS)))
    (fact,) = () if isinstance(document, Refused) else tuple(connector("canonical").translate(document, CORRECTORS))
    if isinstance(fact, Refusal):
        raise OperatorError(f"{file}: {fact.reason}", fact.next_step)
    return fact


def match(project: Tieout, record: str, parts: list[str], person: Person, why: str) -> int | None:
    """Allot a bank entry to what it pays (rule 27)."""
    found = fetch(project.connection, "sources", [record])
    if not found:
        raise OperatorError(f"There is no record {record!r}.", "`tieout quarantine` lists what waits.")
    allotted = []
    for part in parts:
        reference, sign, amount = part.rpartition("=")
        if not sign:
            raise OperatorError(f"{part!r} is no allotment.", "Write erp/invoice/90012=150.00.")
        try:
            allotted.append((reference, exact(amount)))
        except ValueError as bad:
            raise OperatorError(f"{bad}.", "Write erp/invoice/90012=150.00.") from bad
    stated = msgspec.json.decode(found[-1][6], type=Fact)
    fact = decision.match(stated, allotted, {"who": person.login, "why": why}, datetime.now(UTC))
    return state(project, person, "match", f"match {record}", fact, why)
