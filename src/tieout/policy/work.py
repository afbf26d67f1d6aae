"""What `tieout.toml` says about working exceptions: `[work]`, its teams, escalation chains and ways to tell people. Pure."""

import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec

from tieout.declared import nearest
from tieout.errors import SettingsError
from tieout.policy.approval import People
from tieout.policy.cell import Words
from tieout.policy.checkpoints import Action
from tieout.policy.routing import FORM, Route
from tieout.policy.table import Versions, versions
from tieout.policy.written import read_table

WAYS = ("email", "webhook")
TOLD = ("person", "team")
TELLS_APART = ("systems", "field", "version", "party", "sku")


class StepTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One step of `[work.chains.NAME]`: `after_minutes` since the step before, tell `to` (`person`, `team`, `team:NAME` or a person's
    name) by `way`, `email` or `webhook`.
    """

    after_minutes: int
    to: str
    way: str = "email"


class TeamTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[work.teams.NAME]`: `email` of the team, `webhook` for its chat, and its `members` by login."""

    email: str = ""
    webhook: str = ""
    members: tuple[str, ...] = ()


class MailTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[work.mail]`: the SMTP server's `host` and `port`, the `sender`, `tls` (`none`, `starttls`, `tls`), `user` and where its `password` lies."""

    host: str = ""
    port: int = 25
    sender: str = "tieout@localhost"
    tls: str = "none"
    user: str = ""
    password: str = ""


class WorkTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[work]`: files of the `routing` table; hours until an acknowledged exception escalates again (`acknowledge_hours`); what tells causes
    apart, by class, in `causes`; `digest_minutes` between two messages to the same person; `digest_at`, such as "07:00" in
    the person's zone, when the daily digest goes out (empty: never); `url` of the console for links; up to which amount, by currency,
    requests of one policy may be approved together (`approve_together`, such as `{ EUR = "50.00" }`; none: each on its own).
    """

    routing: str | tuple[str, ...] = ()
    acknowledge_hours: int = 8
    digest_minutes: int = 15
    digest_at: str = ""
    url: str = ""
    approve_together: dict[str, str] = {}
    causes: dict[str, tuple[str, ...]] = {}
    teams: dict[str, TeamTable] = {}
    chains: dict[str, tuple[StepTable, ...]] = {}
    mail: MailTable = MailTable()

    @property
    def files(self) -> tuple[str, ...]:
        """The files of the routing table."""
        return (self.routing,) if isinstance(self.routing, str) else self.routing

    def ceiling(self, currency: str) -> Decimal | None:
        """Up to which amount requests are approved together; None when each is decided on its own."""
        return Decimal(self.approve_together[currency]) if currency in self.approve_together else None


class Work(msgspec.Struct, frozen=True):
    """The rules of working exceptions. `policy` is the version of the checkpoints, part of what tells causes apart; `people` are those
    that the settings name, with the roles that checkpoints ask for.
    """

    table: WorkTable = WorkTable()
    routing: Versions[Route] = Versions()
    policy: str = ""
    checkpoints: Versions[Action] = Versions()
    people: People = People({})

    @property
    def acknowledged_for(self) -> timedelta:
        """How long an acknowledgement holds."""
        return timedelta(hours=self.table.acknowledge_hours)


def work_of(table: WorkTable, texts: Mapping[str, str], zone: str, policy: str = "") -> Work:
    """The rules that the settings describe; `texts` are the files they name. Raises SettingsError."""
    routing = versions(read_table(texts[name], name, FORM, zone) for name in table.files)
    for one in routing.tables:
        for row in one.rows:
            _check_route(f"{one.place}: row {row.number}", row.result, row.cells, table)
    for name, steps in table.chains.items():
        for step in steps:
            _check_step(f"`work.chains.{name}`", step, table)
    for name, told in table.causes.items():
        for word in told:
            if word not in TELLS_APART:
                raise SettingsError(f"`work.causes.{name}` names {word!r}.", nearest(word, TELLS_APART) or f"Use {', '.join(TELLS_APART)}.")
    if table.mail.tls not in ("none", "starttls", "tls"):
        raise SettingsError(f"`work.mail.tls` is {table.mail.tls!r}.", "Write none, starttls or tls.")
    if table.digest_at and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", table.digest_at):
        raise SettingsError(f"`work.digest_at` is {table.digest_at!r}.", 'Write a time such as "07:00".')
    for currency, text in table.approve_together.items():
        if not re.fullmatch(r"[A-Z]{3}", currency) or not re.fullmatch(r"\d{1,12}(\.\d{1,4})?", text):
            raise SettingsError(
                f"`work.approve_together` says {currency} = {text!r}.", 'Write an amount for a currency, such as EUR = "50.00".'
            )
    if table.acknowledge_hours < 1 or table.digest_minutes < 0:
        raise SettingsError("`work.acknowledge_hours` or `work.digest_minutes` is too small.", "Write 1 hour or more, 0 minutes or more.")
    return Work(table, routing, policy)


def _check_route(place: str, route: Route, cells: Mapping[str, Any], table: WorkTable) -> None:
    if route.chain and route.chain not in table.chains:
        hint = nearest(route.chain, table.chains) or "Describe it in `[work.chains]`."
        raise SettingsError(f"{place}: column chain: there is no chain {route.chain!r}.", hint)
    if route.team and table.teams and route.team not in table.teams:
        hint = nearest(route.team, table.teams) or "Describe it in `[work.teams]`."
        raise SettingsError(f"{place}: column team: there is no team {route.team!r}.", hint)
    if isinstance(cells.get("class"), Words) and any(not word for word in cells["class"].patterns):
        raise SettingsError(f"{place}: column class: an empty class.", "Remove it.")


def _check_step(place: str, step: StepTable, table: WorkTable) -> None:
    if step.after_minutes < 1:
        raise SettingsError(f"{place}: `after_minutes` is {step.after_minutes}.", "Write 1 or more.")
    if step.way not in WAYS:
        raise SettingsError(f"{place}: `way` is {step.way!r}.", f"Write one of {', '.join(WAYS)}.")
    team = step.to.removeprefix("team:") if step.to.startswith("team:") else ""
    if team and team not in table.teams:
        raise SettingsError(f"{place}: there is no team {team!r}.", nearest(team, table.teams) or "Describe it in `[work.teams]`.")
