"""`tieout systems`: how the way to each system is, and what people do about it; `tieout dispatch`: send by hand, or only show."""

import os
import time
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.table import Table

from tieout.app import Tieout
from tieout.cli import show
from tieout.cli.options import Json, moment, open_project
from tieout.connectors import Secrets
from tieout.core.circuit import Circuit
from tieout.core.command import Failed
from tieout.core.lane import Lane, Limits
from tieout.core.rate import Bucket
from tieout.errors import OperatorError, SettingsError
from tieout.people.approvers import speaker
from tieout.people.person import Right
from tieout.runtime import lane as lanes
from tieout.runtime.configuration import sender_of
from tieout.runtime.consider import consider
from tieout.runtime.dispatch import Dispatcher
from tieout.runtime.dry_run import dry_run
from tieout.runtime.health import state_of
from tieout.runtime.polling import polls
from tieout.runtime.transport import Transport
from tieout.settings import folders_of, limits_of, secrets_of
from tieout.store.database import fetch

Name = Annotated[str, typer.Argument(help="The system, by its name in tieout.toml.")]
Who = Annotated[
    str, typer.Option("--who", "--as", help="Who does it: a login of `tieout people`; while there is none, a name in `\\[people]`.")
]
SHOWN_MAX = 100
QUIET = 2.0
"""Seconds without anything to send after which `dispatch --once` has done what there is to do."""


def list_(as_json: Json = False) -> None:
    """Health, circuit and why, backlog, the oldest command, and when all will be sent."""
    with open_project() as project:
        found = health(project, datetime.now(UTC))
        if as_json:
            show.as_json(found)
            return
        if not found:
            show.console.print("No system has been told or asked anything yet.")
            return
        table = Table("system", "health", "backlog", "held", "in doubt", "unproven", "oldest", "sent by", "why", box=None, header_style="bold")
        for one in found:
            counts = (str(one[name]) for name in ("backlog", "held", "in_doubt", "accepted"))
            table.add_row(one["system"], one["health"], *counts, _clock(one["oldest"]), _clock(one["drained_at"]), one["why"] or _resumed(one))
        show.console.print(table)


def pause(
    system: Name,
    reason: Annotated[str, typer.Option("--reason", help="Why nothing is to be sent.")],
    until: Annotated[str, typer.Option("--until", help="When it ends by itself, such as 2026-03-31T17:00 (UTC unless it has an offset).")],
    who: Who,
) -> None:
    """Send a system nothing more until then; what is under way is not called back."""
    now, end = datetime.now(UTC), moment(until)
    if end is None or end <= now:
        raise OperatorError(f"--until {until} is over already.", "Name a time to come: every pause has an end.")
    with open_project() as project:
        _known(project, system)
        person = speaker(project.connection, project.driving.people, who)
        person.need(Right.CONNECT)
        lanes.pause(project.connection, system, person, reason, end, now)
        show.console.print(f"Nothing is sent to {system} before {_clock(end)}.")


def resume(system: Name, who: Who) -> None:
    """End a pause before its time; who did it is kept."""
    with open_project() as project:
        _known(project, system)
        person = speaker(project.connection, project.driving.people, who)
        person.need(Right.CONNECT)
        paused_by = lanes.resume(project.connection, system, person, datetime.now(UTC))
        said = f"{system} is told things again; {paused_by} had paused it." if paused_by else f"{system} was not paused; nothing was changed."
        show.console.print(said, markup=False)


def test(system: Name) -> None:
    """Ask a system something harmless, with the credentials that commands use."""
    with open_project() as project:
        _known(project, system)
        known = project.systems[system]
        module = sender_of(known)
        greeting = getattr(module, "greet", None)
        if greeting is None:
            raise OperatorError(f"The connector {known.connector} has no harmless call.", "Send one command and look at its life.")
        with Transport() as transport:
            outcome = transport.perform(greeting(known, _secrets(project, system)))
        if isinstance(outcome, Failed):
            raise OperatorError(
                f"{system} does not answer as it should ({outcome.fault}): {outcome.reason}", "Correct this before it is told anything."
            )
        show.console.print(f"{system} answers.")


def dispatch(
    once: Annotated[bool, typer.Option("--once", help="Send what is due now, then end.")] = False,
    only_show: Annotated[bool, typer.Option("--dry-run", help="Show the requests that would be sent, secrets masked; send nothing.")] = False,
    limit: Annotated[int, typer.Option(help="How many commands per system a dry run shows.", min=1, max=10_000)] = SHOWN_MAX,
    as_json: Json = False,
) -> None:
    """Send what is owed. Without an option it goes on until it is stopped."""
    with open_project() as project:
        if only_show:
            _show(project, limit, as_json)
            return
        project.refuse_unless_rebuilt()
        running = Dispatcher(
            lambda: project.database.session(writer=True),
            project.configuration,
            lambda name: _secrets(project, name),
            limits=limits_of(project.settings),
            folders=folders_of(project.settings, project.folder),
        )
        try:
            _run(project, running, once=once)
        finally:
            running.close()


def _run(project: Tieout, running: Dispatcher, *, once: bool) -> None:
    """Go on until stopped, or until nothing has moved for a while."""
    quiet = time.monotonic() + QUIET
    while not once or time.monotonic() < quiet:
        now = datetime.now(UTC)
        wait = running.step(now)
        if consider(project.connection, project.configuration, now) or running.held:
            quiet = time.monotonic() + QUIET
        running.wait(wait)


def _show(project: Tieout, limit: int, as_json: bool) -> None:
    secrets = {}
    for name in project.systems:
        try:
            secrets[name] = _secrets(project, name)
        except SettingsError as bad:
            show.notes.print(str(bad), markup=False)
    found = list(dry_run(project.connection, project.configuration, secrets, limit, datetime.now(UTC)))
    if as_json:
        show.as_json(found)
        return
    for one in found:
        show.console.print(f"{one.key}: {one.refused or one.request}", markup=False, style="bold")
        for name, value in one.headers.items():
            show.console.print(f"  {name}: {value}", markup=False)
        if one.body:
            show.console.print(f"  {one.body}", markup=False)
    show.notes.print(f"{len(found)} would be sent; nothing was.")


def health(project: Tieout, now: datetime) -> list[dict[str, Any]]:
    """How the way to each system is that is told or asked something."""
    limits = limits_of(project.settings)
    known, asked = lanes.lanes(project.connection), polls(project.connection)
    counts = {row[0]: row[1:] for row in fetch(project.connection, "backlogs")}
    refused = dict(fetch(project.connection, "refused_of_late", now - timedelta(days=1)))
    made = []
    for name in sorted(known.keys() | counts.keys() | asked.keys()):
        lane = known.get(name) or Lane(name, Circuit(now), Bucket(now))
        backlog, held, in_doubt, accepted, oldest = counts.get(name, (0, 0, 0, 0, None))
        state, why = state_of(lane, asked.get(name), now)
        made.append({
            "system": name, "health": state, "why": why, "circuit": lane.circuit.stage.value, "backlog": backlog, "held": held,
            "in_doubt": in_doubt, "accepted": accepted, "refused_in_a_day": refused.get(name, 0), "oldest": oldest,
            "drained_at": lane.forecast(backlog, limits.get(name, Limits()), now) if backlog else None, "fault": lane.fault,
            "fault_at": lane.fault_at, "answered_at": lane.answered_at, "paused_until": lane.paused_until, "paused_by": lane.paused_by,
            "resumed_at": lane.resumed_at, "resumed_by": lane.resumed_by,
        })  # fmt: skip
    return made


def _secrets(project: Tieout, name: str) -> Secrets:
    return secrets_of(project.settings, name, project.folder, os.environ)


def _known(project: Tieout, system: str) -> None:
    if system not in project.systems:
        raise OperatorError(f"There is no system {system!r}.", f"There are: {', '.join(sorted(project.systems)) or 'none'}.")


def _resumed(one: dict[str, Any]) -> str:
    return f"{one['resumed_by']} ended the last pause {_clock(one['resumed_at'])}" if one["resumed_by"] else ""


def _clock(found: datetime | None) -> str:
    return "" if found is None else found.isoformat(sep=" ", timespec="seconds").replace("+00:00", "Z")
