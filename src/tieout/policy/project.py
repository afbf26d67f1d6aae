"""What `tieout.toml` says about driving and approving: its tables, and the rules they make. Pure; settings reads the files.

Every error names the key, the rule and the next step; those inside a policy file also its row and column.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from tieout.core.account import Within
from tieout.core.act import TOLD, Act
from tieout.core.values import Role, day_end, day_start, exact
from tieout.declared import nearest
from tieout.errors import SettingsError
from tieout.flows import accounts
from tieout.policy import CompanyPolicy, Match
from tieout.policy.approval import Delegation, People, Person, people_of
from tieout.policy.cell import Words
from tieout.policy.checkpoints import FORM as CHECKPOINTS
from tieout.policy.driving import DIMENSIONS, Driven, Driving, WaitRow
from tieout.policy.fallback import FORM as FALLBACKS
from tieout.policy.fallback import Instead
from tieout.policy.table import Row, Table, Versions, versions
from tieout.policy.written import read_table


class PolicyTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[policy]`: the files of the decision tables, TOML or CSV, relative to `tieout.toml`, several if there are several
    versions: `checkpoints` say what waits for an approver, `fallbacks` what is done when a system does not take a command.
    `tax` is where tax is rounded when invoices are checked: `document` or `line`. See docs/how-to/write-a-policy.md.
    """

    checkpoints: str | tuple[str, ...] = ()
    fallbacks: str | tuple[str, ...] = ()
    tax: str = "document"

    @property
    def files(self) -> dict[str, tuple[str, ...]]:
        """Key -> file names."""
        named = {"checkpoints": self.checkpoints, "fallbacks": self.fallbacks}
        return {key: (names,) if isinstance(names, str) else names for key, names in named.items()}


class WaitTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[[waits]]`: where, and how long after something came to be owed its command is issued (`hours`, `days` or
    `business_days` of a `calendar`). Where no row matches it is issued at once.
    """

    account: str = ""
    side: str = ""
    customer: str = ""
    channel: str = ""
    warehouse: str = ""
    hours: int = 0
    days: int = 0
    business_days: int = 0
    calendar: str = ""


class PersonTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[people.NAME]`: a person who approves, the `roles` that the checkpoints name, and the `limit` up to which this person may,
    one amount per currency: `limit = ["5000.00 USD", "4500.00 EUR"]`; without one any amount."""

    roles: tuple[str, ...]
    limit: str | tuple[str, ...] = ()


class DelegationTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[[delegations]]`: `giver` lets `taker` approve in a `role`, from the day `begins` through the day `ends`."""

    giver: str
    taker: str
    role: str
    ends: date
    begins: date | None = None


class DrivenTable(msgspec.Struct, frozen=True):
    """The part of `[systems.NAME]` that is about driving it."""

    role: Role
    drive: tuple[str, ...] = ()
    stand_in: tuple[str, ...] = ()
    serves: dict[str, tuple[str, ...]] = {}
    anonymous: bool = False


class PolicyTables(msgspec.Struct, frozen=True):
    """All tables of `tieout.toml` that this file reads, and the texts of the files they name, by name."""

    policy: PolicyTable = PolicyTable()
    waits: tuple[WaitTable, ...] = ()
    people: dict[str, PersonTable] = {}
    delegations: tuple[DelegationTable, ...] = ()
    systems: dict[str, DrivenTable] = {}
    texts: Mapping[str, str] = {}
    timezone: str = "UTC"


def driving(tables: PolicyTables, company: CompanyPolicy) -> Driving:
    """The rules of the project. Raises SettingsError."""
    if tables.policy.tax not in ("document", "line"):
        raise SettingsError(f"`policy.tax` is {tables.policy.tax!r}.", 'Write "document" or "line".')
    systems = tuple(_driven(name, table) for name, table in tables.systems.items())
    made = Driving(
        company,
        systems,
        tuple(_wait(row) for row in tables.waits),
        versions(read_table(tables.texts[name], name, CHECKPOINTS, tables.timezone) for name in tables.policy.files["checkpoints"]),
        versions(read_table(tables.texts[name], name, FALLBACKS, tables.timezone) for name in tables.policy.files["fallbacks"]),
        _people(tables),
        tax_by_line=tables.policy.tax == "line",
    )
    codes = {name for account in accounts().values() for name in (account.code, account.name)}
    known = {"account": codes, "system": {*tables.systems}}
    for checkpoints in made.checkpoints.tables:
        _check_names(checkpoints, known)
    for fallbacks in made.fallbacks.tables:
        _check_names(fallbacks, known)
    _check_fallbacks(made.fallbacks, {one.name: one for one in systems})
    return made


def _check_names(table: Table[Any], known: Mapping[str, set[str]]) -> None:
    """Accounts and systems that a row names must exist; a row about what does not exist would silently never decide."""
    for row in table.rows:
        for column, names in known.items():
            cell = row.cells.get(column)
            for word in cell.patterns if isinstance(cell, Words) else ():
                if not any(Words((word,)).judge(name) for name in names):
                    hint = nearest(word, names) or f"There are: {', '.join(sorted(names))}."
                    raise SettingsError(f"{table.place}: row {row.number}: column {column}: there is no {column} {word!r}.", hint)


def _driven(name: str, table: DrivenTable) -> Driven:
    acts, stand_in = (_acts(f"systems.{name}.{key}", words) for key, words in (("drive", table.drive), ("stand_in", table.stand_in)))
    for act in sorted(acts):
        if TOLD[act] is not table.role:
            raise SettingsError(
                f"`systems.{name}.drive` names {act}, which the {TOLD[act]} is told; {name} is the {table.role}.",
                "Name it at that system, or here as `stand_in` if it only takes over as a fallback.",
            )
    for dimension in table.serves:
        if dimension not in DIMENSIONS:
            hint = nearest(dimension, DIMENSIONS) or f"There are: {', '.join(DIMENSIONS)}."
            raise SettingsError(f"`systems.{name}.serves` names {dimension!r}, which is no dimension of an order.", hint)
    serves = {dimension: Words(values) for dimension, values in table.serves.items()}
    return Driven(name, table.role, acts, stand_in, serves, table.anonymous)


def _acts(key: str, words: tuple[str, ...]) -> frozenset[Act]:
    known = [act.value for act in Act]
    for word in words:
        if word not in known:
            raise SettingsError(f"`{key}` names {word!r}, which is no act.", nearest(word, known) or f"There are: {', '.join(known)}.")
    return frozenset(Act(word) for word in words)


def _wait(row: WaitTable) -> WaitRow:
    match = Match(row.account, row.side, row.customer, row.channel, row.warehouse)
    if min(row.hours, row.days, row.business_days) < 0 or (row.business_days and (row.hours or row.days)):
        raise SettingsError(
            "`waits` has a row whose time is not one of hours, days and business days.", "State hours and days, or business_days."
        )
    if row.business_days:
        return WaitRow(match, Within(business_days=row.business_days, calendar=row.calendar))
    return WaitRow(match, Within(hours=row.hours + 24 * row.days))


def _people(tables: PolicyTables) -> People:
    made = []
    for row in tables.delegations:
        for name in (row.giver, row.taker):
            if name not in tables.people:
                hint = nearest(name, tables.people) or "Name the person in `[people]`."
                raise SettingsError(f"`delegations` names {name!r}, who is not in `[people]`.", hint)
        if row.role not in tables.people[row.giver].roles:
            raise SettingsError(f"`delegations`: {row.giver} has not the role {row.role} to give.", "Name a role of the giver.")
        begins = datetime.min.replace(tzinfo=UTC) if row.begins is None else day_start(row.begins, tables.timezone)
        ends = day_end(row.ends, tables.timezone)
        made.append(Delegation(row.giver, row.taker, row.role, begins, ends))
    return people_of((Person(name, frozenset(row.roles), _limits(name, row.limit)) for name, row in tables.people.items()), made)


def _limits(name: str, written: str | tuple[str, ...]) -> dict[str, Decimal]:
    """Amount by currency. Raises SettingsError."""
    found = {}
    for text in (written,) if isinstance(written, str) else written:
        said = re.fullmatch(r"(\d{1,15}(?:\.\d{1,9})?) ([A-Z]{3})", text.strip())
        if said is None or said[2] in found:
            raise SettingsError(f"`people.{name}.limit` says {text!r}.", 'Write an amount with its currency, each once: ["5000.00 USD"].')
        found[said[2]] = exact(said[1])
    return found


def _check_fallbacks(fallbacks: Versions[Instead], systems: Mapping[str, Driven]) -> None:
    """A fallback to a system needs that system, and its leave to be told whatever the row may divert to it."""
    for table in fallbacks.tables:
        for row in table.rows:
            target = row.result.use_system
            if not target:
                continue
            place = f"{table.place}: row {row.number}: column use_system"
            if target not in systems:
                raise SettingsError(f"{place}: there is no system {target!r}.", nearest(target, systems) or f"There are: {', '.join(systems)}.")
            missing = sorted(_acts_of(row, systems) - systems[target].acts - systems[target].stand_in)
            if missing:
                raise SettingsError(f"{place}: {target} may not be told {', '.join(missing)}.", f"Add it to `systems.{target}.stand_in`.")


def _acts_of(row: Row[Instead], systems: Mapping[str, Driven]) -> frozenset[Act]:
    """What the systems that a row speaks of may be told, of the acts that it speaks of."""
    act, system = row.cells.get("act"), row.cells.get("system")
    told = {one for driven in systems.values() if system is None or system.judge(driven.name) for one in driven.acts}
    named = {one for one in Act if isinstance(act, Words) and one.value in act.patterns}
    return frozenset(one for one in told if act is None or act.judge(one.value)) | frozenset(named)
