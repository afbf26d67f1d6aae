"""`tieout policy`: what the decision tables would say, tried dry; no database is opened and nothing is sent."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from tieout.cli import show
from tieout.cli.options import Json, moment, project_folder
from tieout.core.act import TOLD
from tieout.core.command import Command
from tieout.core.residual import View
from tieout.core.values import exact
from tieout.errors import InputMissing, OperatorError
from tieout.policy.approval import payload_hash
from tieout.policy.checkpoints import Known, facts_of
from tieout.policy.driving import Driving
from tieout.settings import driving_of, load

COMMAND_MAX = 4 * 1024 * 1024


def explain(
    file: Annotated[Path, typer.Argument(help="A command in JSON, as `tieout policy explain --example` shows one.")] = Path("-"),
    at: Annotated[str | None, typer.Option("--at", help="When it came to be owed; else now.")] = None,
    new_customer: Annotated[bool | None, typer.Option("--new-customer/--known-customer", help="Else it is not known.")] = None,
    cost: Annotated[str | None, typer.Option("--cost", help="The cost of the goods, in the command's currency.")] = None,
    example: Annotated[bool, typer.Option("--example", help="Show a command to start from.")] = False,
    as_json: Json = False,
) -> None:
    """Say which row of the checkpoints would decide about a command, and why; row by row."""
    if example:
        show.console.print(EXAMPLE, markup=False)
        return
    folder = project_folder()
    rules = driving_of(load(folder), folder)
    command = _command(file)
    known = Known(new_customer, None if cost is None else _number(cost))
    answer = explained(rules.knowing(known), command, moment(at) or datetime.now(UTC))
    if as_json:
        show.as_json(answer)
        return
    for line in answer["rows"]:
        show.console.print(line, markup=False, soft_wrap=True)
    show.console.print(f"{command.key}: {answer['verdict']}. {answer['why']}", markup=False, soft_wrap=True)
    for line in (*answer["approval"], answer["told"]):
        show.console.print(line, markup=False, soft_wrap=True)


def explained(rules: Driving, command: Command, at: datetime) -> dict[str, list[str] | str]:
    """Verdict, reason, approval, the rows one by one, and who would be told, as text."""
    notes = {name: getattr(command, name) for name in ("customer", "channel", "warehouse", "entity")}
    found = View(str(command.group), {}, notes, [])
    judged = rules.judged(command, found, at)
    table = rules.checkpoints.at(at)
    facts = facts_of(command, found, rules.known, tax_by_line=rules.tax_by_line)
    rows = [] if table is None else [f"{table.form.name} {table.version} {line}" for line in table.trace(facts, at)]
    approval = []
    if judged is not None and judged.holds:
        hold = judged.hold
        who = f"{hold.approvers} with the role {hold.role}" + (f" (team {hold.team})" if hold.team else "")
        approval = [f"Needs {who} within {hold.expires_hours} h, for the payload {payload_hash(command)[:12]}."]
    system = rules.system(TOLD[command.act], command.act, notes)
    told = (
        f"By the settings {system} is told."
        if system
        else f"No system can be told to {command.act.replace('_', ' ')}: none names it in `drive`."
    )
    verdict = "no row speaks of it" if judged is None else ("held" if judged.holds else "passes")
    why = "What gives money or goods back, and a reversal, then waits for an approver; anything else goes." if judged is None else judged.rule
    return {"verdict": verdict, "why": why, "approval": approval, "rows": rows, "told": told}


def _command(file: Path) -> Command:
    if str(file) == "-":
        raise OperatorError("No command was named.", "`tieout policy explain --example` shows one; save it as COMMAND.json.")
    try:
        with file.open("rb") as stream:
            text = stream.read(COMMAND_MAX + 1)
    except OSError as bad:
        raise InputMissing(f"{file} cannot be read: {bad.strerror}.", "Check the path.") from bad
    if len(text) > COMMAND_MAX:
        raise OperatorError(f"{file} is larger than any command.", "Name the file of one command.")
    try:
        return msgspec.json.decode(text, type=Command)
    except msgspec.DecodeError as bad:
        raise OperatorError(f"{file} is no command: {bad}.", "`tieout policy explain --example` shows one.") from bad


def _number(text: str) -> Decimal:
    try:
        return exact(text)
    except ValueError as bad:
        raise OperatorError(f"{bad}.", "Write 512.40.") from bad


EXAMPLE = """{
  "act": "issue_credit", "system": "erp", "account": "RCR", "side": "debit",
  "group": "shop/order/1001", "number": 1, "currency": "USD", "customer": "BIGBOX", "channel": "web",
  "lines": [
    {"line": "1", "subject": "shop/order/1001", "item": "KETTLE", "quantity": "40", "value": "812.00"}
  ]
}"""
