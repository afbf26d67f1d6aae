"""What people decide, as facts: taken in at once, or kept as a proposal where a checkpoint wants others to consent."""

from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import msgspec

from tieout.app import Tieout
from tieout.cases import decision
from tieout.cases.decision import PEOPLE
from tieout.connectors import Refused, System
from tieout.core.evaluate import Item
from tieout.core.facts import Fact, Refusal, revision_time
from tieout.core.post import total
from tieout.core.values import Role, exact, plain
from tieout.errors import InputMissing, OperatorError
from tieout.policy.checkpoints import CORRECTION, WRITE_OFF, write_off_facts
from tieout.policy.table import Facts
from tieout.runtime import proposals
from tieout.runtime.apply import apply
from tieout.runtime.batch import encode
from tieout.runtime.configuration import connector
from tieout.runtime.intake import arrivals_of
from tieout.runtime.looks import tick
from tieout.runtime.proposals import Proposal
from tieout.store.database import fetch

CORRECTORS = System("corrections", "canonical", Role.ERP, silent=True)
"""People who state in the place of a system what it should have stated; nobody waits for them."""
CORRECTION_MAX = 1024 * 1024


def decide(project: Tieout, fact: Fact) -> None:
    """A decision is a message like any other: kept, hashed, applied. Raises OperatorError when it was refused."""
    system = project.use(CORRECTORS if fact.system == CORRECTORS.name else PEOPLE)
    raw = msgspec.json.encode(fact, order="deterministic") + b"\n"
    found = connector("canonical").split(BytesIO(raw), f"decision of {fact.data.get('who', 'somebody')}", system)
    counts = apply(project.connection, project.configuration, list(arrivals_of(found, system)), datetime.now(UTC), what="decision")
    tick(project.connection, project.configuration, datetime.now(UTC), everything=True)
    if counts.quarantined > 0:
        reason = fetch(project.connection, "quarantined")[-1]
        raise OperatorError(f"The decision was refused: {reason[7]}", reason[8])


def checked(project: Tieout, act: str, about: str, fact: Fact, facts: Facts, worth: tuple[Decimal | None, str], who: str) -> Proposal | None:
    """Take a decision in, or, where a checkpoint holds it, keep it as a proposal until others consent; None when it was taken in."""
    now = datetime.now(UTC)
    said = proposals.judged(project.driving, facts, now)
    if said is not None and said.holds:
        return proposals.propose(project.connection, act, about, fact, said, worth, who, now)
    if said is not None:
        fact = msgspec.structs.replace(fact, data={**fact.data, "rule": said.rule})
    decide(project, fact)
    return None


def approve(project: Tieout, key: str, who: str) -> str:
    """Consent to a proposal; with the last consent that it needs it is taken in. What came of it, as a sentence."""
    waiting = proposals.held(project.connection, key)
    changed = _changed(project, waiting.fact) if waiting.act == WRITE_OFF else ""
    came = proposals.approve(project.connection, key, who, project.driving.people, datetime.now(UTC), changed)
    if came.fact is not None:
        decide(project, came.fact)
    return came.said


def _changed(project: Tieout, fact: Fact) -> str:
    """What is another since a write-off was proposed; empty when exactly that residual still stands."""
    now = _residual(project, fact.data["case"])
    then = f"{fact.data['residual']} {fact.data['unit']}"
    if now is None:
        return f"{then} were to be written off, and the case is no longer open"
    found = f"{plain(_amount_left(now))} {now.unit if now.quantity else now.currency}"
    return "" if found == then else f"{then} were to be written off, {found} stand open now"


def link(project: Tieout, first: str, second: str, who: str, why: str, *, withdraw: bool) -> None:
    """Link two references, or take the link back."""
    fact = decision.link(first, second, {"who": who, "why": why}, datetime.now(UTC))
    decide(project, decision.withdrawn(fact, {}, fact.happened) if withdraw else fact)


def write_off(project: Tieout, name: str, who: str, why: str, *, withdraw: bool) -> Proposal | None:
    """Accept the exact residual of a case (rule 18), or take that back; a proposal where a checkpoint wants others to consent."""
    now = datetime.now(UTC)
    if withdraw:
        data = {"who": who, "why": why, "case": name}
        decide(project, decision.decision("WrittenOff", "write_off", decision.number_of(name), now, void=True, data=data))
        return None
    item = _residual(project, name)
    if item is None:
        raise OperatorError(f"There is no open case {name!r}.", "`tieout cases` lists them.")
    fact = decision.write_off(name, item, {"who": who, "why": why}, now)
    is_worth = bool(item.currency) and (item.value is not None or bool(item.price))
    facts = write_off_facts(item.account, item.side, item.amount, item.currency if is_worth else "", item.notes)
    return checked(project, WRITE_OFF, name, fact, facts, (item.amount if is_worth else None, item.currency), who)


def _residual(project: Tieout, name: str) -> Item | None:
    """What stands open in a case; None when it is not open. Raises OperatorError when it is more than one amount."""
    ledger = project.ledger()
    case = next((c for c in ledger.cases if c.case == name and c.account), None)
    if case is None:
        return None
    found = [i for i in ledger.items if i.account == case.code and i.subject == case.subject and i.side.value == case.side]
    if len(found) != 1:
        raise OperatorError(f"{name} stands open in several units or currencies.", "Correct all but one of them first.")
    return found[0]


def _amount_left(item: Item) -> Decimal:
    return item.quantity or exact((item.value or 0) + item.price)


def correct(project: Tieout, file: Path, who: str, why: str) -> tuple[Fact, Proposal | None]:
    """State by hand what a system should have stated: one fact, as the neutral feed writes it; a proposal where a checkpoint holds it."""
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
    now = datetime.now(UTC)
    said |= {"system": CORRECTORS.name, "revision": revision_time(now)}
    said["data"] = {**said.get("data", {}), "who": who, "why": why} if isinstance(said.get("data", {}), dict) else said["data"]
    document = next(iter(connector("canonical").split(BytesIO(encode(said) + b"\n"), str(file), CORRECTORS)))
    (fact,) = () if isinstance(document, Refused) else tuple(connector("canonical").translate(document, CORRECTORS))
    if isinstance(fact, Refusal):
        raise OperatorError(f"{file}: {fact.reason}", fact.next_step)
    facts = proposals.correction_facts(fact, project.configuration.plans)
    about = f"{fact.type}/{fact.number}"
    return fact, checked(project, CORRECTION, about, fact, facts, (total(fact), fact.currency), who)


def match(project: Tieout, record: str, parts: list[str], who: str, why: str) -> None:
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
    decide(project, decision.match(stated, allotted, {"who": who, "why": why}, datetime.now(UTC)))
