"""`tieout people`: who may sign in, what each may do and see. Passwords come from the terminal or a pipe, never from the command line."""

import sys
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer
from rich.table import Table

from tieout.cli import show
from tieout.cli.options import Json, open_project
from tieout.errors import OperatorError
from tieout.people import accounts, password, second
from tieout.people.accounts import Account

Login = Annotated[str, typer.Argument(help="The person's login.")]


def add(
    login: Annotated[str, typer.Argument(help="What the person signs in with, such as ana or ana@example.com.")],
    name: Annotated[str, typer.Option("--name", "-n", help="The name that others see.")],
    role: Annotated[
        list[str] | None, typer.Option("--role", "-r", help="viewer, analyst, approver, engineer or admin; may be given again.")
    ] = None,
    email: Annotated[str, typer.Option(help="Where notices go.")] = "",
    zone: Annotated[str, typer.Option(help="The time zone in which the person sees times.")] = "UTC",
) -> None:
    """Add somebody. Give a password afterwards: `tieout people password LOGIN`."""
    with open_project() as project:
        now = datetime.now(UTC)
        with project.connection.transaction():
            made = accounts.add(project.connection, login, name, now, by=None, email=email, zone=zone)
            accounts.set_roles(project.connection, made, role or (), (), now, by=None)
        show.console.print(f"{made.person.login} is added; `tieout people password {made.person.login}` gives a password.", markup=False)


def list_(as_json: Json = False) -> None:
    """Show everybody: roles, scopes, limits, how they sign in, who is disabled."""
    with open_project() as project:
        found = accounts.accounts(project.connection)
    if as_json:
        show.as_json([_plain(one) for one in found])
        return
    table = Table("login", "name", "roles", "sees", "accepts alone", "signs in by", "state", box=None, pad_edge=False)
    for one in found:
        person = one.person
        limits = ", ".join(f"{currency} {amount:f}" for currency, amount in sorted(person.limit.items())) or "-"
        way = one.issuer or ("password" if one.has_password else "no password yet")
        state = f"disabled {one.disabled:%Y-%m-%d}" if one.disabled else "active"
        table.add_row(person.login, person.name, ", ".join(sorted(person.roles)) or "-", _seen(one), limits, way, state)
    show.console.print(table)


def role(
    login: Login,
    give: Annotated[list[str] | None, typer.Option("--give", "-g", help="A role to give; may be given again.")] = None,
    take: Annotated[list[str] | None, typer.Option("--take", "-t", help="A role to take away; may be given again.")] = None,
) -> None:
    """Give roles and take them. Effective at the person's next request."""
    if not give and not take:
        raise OperatorError("Nothing was given or taken.", "Write --give ROLE or --take ROLE.")
    with open_project() as project:
        accounts.set_roles(project.connection, accounts.account(project.connection, login), give or (), take or (), datetime.now(UTC), by=None)
        now = accounts.account(project.connection, login).person
        show.console.print(f"{now.login}: {', '.join(sorted(now.roles)) or 'no role'}.", markup=False)


def scope(
    login: Login,
    team: Annotated[list[str] | None, typer.Option(help="A team whose cases the person sees; may be given again.")] = None,
    channel: Annotated[list[str] | None, typer.Option(help="A sales channel; may be given again.")] = None,
    warehouse: Annotated[list[str] | None, typer.Option(help="A warehouse; may be given again.")] = None,
    limit: Annotated[list[str] | None, typer.Option(help="Accepts differences alone up to this, such as EUR=250 or EUR=none.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Let the person see everything again.")] = False,
) -> None:
    """Keep somebody to teams, channels and warehouses, and to limits. A kind that is not named stays as it is."""
    given = {kind: names for kind, names in (("team", team), ("channel", channel), ("warehouse", warehouse)) if names is not None}
    if not given and not limit and not all_:
        raise OperatorError("No scope was named.", "Write --team NAME, --channel NAME, --warehouse NAME, --limit EUR=250 or --all.")
    limits = [_limit(text) for text in limit or ()]
    with open_project() as project, project.connection.transaction():
        now = datetime.now(UTC)
        who = accounts.account(project.connection, login)
        if all_ or given:
            every: dict[str, list[str]] = {"team": [], "channel": [], "warehouse": []}
            accounts.set_scopes(project.connection, who, every | given if all_ else given, now, by=None)
        for currency, amount in limits:
            accounts.set_limit(project.connection, who, currency, amount, now, by=None)
        show.console.print(f"{who.person.login} sees {_seen(accounts.account(project.connection, login))}.", markup=False)


def password_(login: Login) -> None:
    """Set a password, asked for twice, or read from standard input when that is a pipe. Every sign-in of the person ends."""
    with open_project() as project:
        who = accounts.account(project.connection, login)
        accounts.set_password(project.connection, who, _typed(), datetime.now(UTC), by=None)
        show.console.print(f"The password of {who.person.login} is set.", markup=False)


def reset_second_factor(login: Login) -> None:
    """Take the second factor of somebody who has lost it. Every sign-in of the person ends; a role that asks for one has it set up anew."""
    with open_project() as project:
        who = accounts.account(project.connection, login)
        second.reset(project.connection, who, datetime.now(UTC), by=None)
        show.console.print(f"The second factor of {who.person.login} is taken away.", markup=False)


def disable(
    login: Login,
    why: Annotated[str, typer.Option(help="The reason, for the record.")] = "",
    enable: Annotated[bool, typer.Option("--enable", help="Let the person in again instead.")] = False,
) -> None:
    """Let somebody in no longer: sign-ins end and keys are revoked at once; what the person did stays."""
    with open_project() as project:
        who = accounts.account(project.connection, login)
        if enable:
            accounts.enable(project.connection, who, datetime.now(UTC), by=None)
        else:
            accounts.disable(project.connection, who, datetime.now(UTC), by=None, why=why)
        show.console.print(f"{who.person.login} is {'enabled' if enable else 'disabled'}.", markup=False)


def _typed() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline(password.LENGTH_MAX * 8).rstrip("\r\n")
    return str(typer.prompt("New password", hide_input=True, confirmation_prompt="The same again"))


def _limit(text: str) -> tuple[str, Decimal | None]:
    currency, _, amount = text.partition("=")
    try:
        return currency.strip().upper(), None if amount.strip().lower() == "none" else Decimal(amount.strip())
    except InvalidOperation as bad:
        raise OperatorError(f"{text!r} is no limit.", "Write EUR=250, or EUR=none to take it away.") from bad


def _seen(one: Account) -> str:
    scopes = one.person.scopes
    parts = (("teams", scopes.teams), ("channels", scopes.channels), ("warehouses", scopes.warehouses))
    return "; ".join(f"{kind} {', '.join(sorted(names))}" for kind, names in parts if names) or "all"


def _plain(one: Account) -> dict[str, object]:
    person = one.person
    return {
        "login": person.login, "name": person.name, "email": person.email, "zone": person.zone, "roles": sorted(person.roles),
        "teams": sorted(person.scopes.teams), "channels": sorted(person.scopes.channels), "warehouses": sorted(person.scopes.warehouses),
        "limits": {currency: format(amount, "f") for currency, amount in sorted(person.limit.items())},
        "issuer": one.issuer, "has_password": one.has_password, "disabled": one.disabled,
    }  # fmt: skip
