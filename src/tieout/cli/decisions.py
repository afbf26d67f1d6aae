"""`tieout decide`: what people decide about links, write-offs, matches and corrections, and who consents to it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table

from tieout.cli import deciding, show
from tieout.cli.options import Json, open_project
from tieout.runtime import proposals
from tieout.runtime.desk import HASH_SHOWN, check_person
from tieout.runtime.proposals import Proposal

Who = Annotated[str, typer.Option("--as", "--who", help="Who decides: a name in `[people]`, if it names anybody.")]
Why = Annotated[str, typer.Option("--why", help="The reason.")]
Key = Annotated[str, typer.Argument(help="The proposal, as `tieout decide list` shows it.")]


def link(
    first: Annotated[str, typer.Argument(help="A reference: system/type/number.")],
    second: Annotated[str, typer.Argument(help="Another name of the same transaction.")],
    who: Annotated[str, typer.Option("--who", help="Who decides.")],
    why: Annotated[str, typer.Option("--why", help="The reason.")] = "",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take the link back.")] = False,
) -> None:
    """Say that two references name the same transaction."""
    with open_project() as project:
        deciding.link(project, first, second, who, why, withdraw=withdraw)
        show.console.print(f"{'Withdrew the link of' if withdraw else 'Linked'} {first} and {second}.")


def write_off(
    case: Annotated[str, typer.Argument(help="The case's name, as `tieout cases` shows it.")],
    who: Who,
    why: Why,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take the write-off back.")] = False,
) -> None:
    """Accept exactly the residual of a case; it lapses as soon as the residual is another. A checkpoint may want others to consent."""
    with open_project() as project:
        check_person(project.driving.people, who)
        proposal = deciding.write_off(project, case, who, why, withdraw=withdraw)
        if proposal is not None:
            _waits(proposal)
            return
        show.console.print(f"{'Withdrew the write-off of' if withdraw else 'Wrote off'} {case}.")


def correct(
    file: Annotated[Path, typer.Argument(help="One fact in JSON, as the neutral feed writes it, without `system`.")],
    who: Who,
    why: Why,
) -> None:
    """State by hand what a system should have stated. A checkpoint may want others to consent."""
    with open_project() as project:
        check_person(project.driving.people, who)
        fact, proposal = deciding.correct(project, file, who, why)
        if proposal is not None:
            _waits(proposal)
            return
        show.console.print(f"Stated {fact.kind} {fact.type}/{fact.number}.", markup=False)


def list_(
    state: Annotated[str | None, typer.Option(help="Only those that are held, approved, rejected or changed.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=100_000)] = show.FIRST,
    as_json: Json = False,
) -> None:
    """List what people have proposed and others have to consent to, newest first."""
    with open_project() as project:
        found = [_shown(one) for one in proposals.proposals(project.connection, state, limit)]
    if as_json:
        show.as_json(found)
        return
    if not found:
        show.console.print("Nothing was proposed.")
        return
    table = Table("proposal", "by", "state", "worth", "waits for", "why", box=None, header_style="bold")
    for one in found:
        waits = f"{one['missing']} {one['role']} until {one['until']:%Y-%m-%d %H:%M}" if one["state"] == "held" else ""
        worth = f"{one['amount']} {one['currency']}" if one["amount"] is not None else "not known"
        table.add_row(one["key"], one["proposed_by"], one["state"], worth, waits, one["reason"] or one["rule"])
    show.console.print(table)


def approve(key: Key, who: Who) -> None:
    """Consent to a proposal: with the role that it waits for, within your limit, and never to what you proposed."""
    with open_project() as project:
        check_person(project.driving.people, who)
        show.console.print(deciding.approve(project, key, who), markup=False, soft_wrap=True)


def reject(key: Key, who: Who, why: Why) -> None:
    """Refuse a proposal, or take back your own."""
    with open_project() as project:
        check_person(project.driving.people, who)
        proposals.reject(project.connection, key, who, why, project.driving.people, datetime.now(UTC))
        show.console.print(f"Rejected {key}.", markup=False)


def _waits(one: Proposal) -> None:
    asked = one.request
    show.console.print(f"Proposed: {one.key}. {asked.rule}.", markup=False, soft_wrap=True)
    show.console.print(
        f"It waits for {asked.approvers} with the role {asked.role} until {asked.expires_at:%Y-%m-%d %H:%M} UTC, for the payload "
        f"{asked.payload[:HASH_SHOWN]}: tieout decide approve '{one.key}' --as NAME",
        markup=False, soft_wrap=True,
    )  # fmt: skip


def _shown(one: Proposal) -> dict[str, Any]:
    return {
        "key": one.key, "act": one.act, "state": one.state, "proposed_by": one.proposed_by, "reason": one.reason, "created": one.created,
        "changed": one.changed, "amount": one.request.amount, "currency": one.request.currency,
        "fact": msgspec.to_builtins(one.fact), **proposals.waits_for(one.request),
    }  # fmt: skip


def match(
    record: Annotated[str, typer.Argument(help="The identity of the bank entry that waits.")],
    parts: Annotated[list[str], typer.Argument(help="INVOICE-REFERENCE=AMOUNT, one or more; they must sum to the entry.")],
    who: Annotated[str, typer.Option("--who", help="Who decides.")],
    why: Annotated[str, typer.Option("--why", help="The reason.")] = "",
) -> None:
    """Say what a bank entry without reference pays. The entry can be claimed once; the claim lapses when the entry changes."""
    with open_project() as project:
        deciding.match(project, record, parts, who, why)
        show.console.print(f"Matched {record} to {', '.join(parts)}.")
