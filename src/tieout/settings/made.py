"""What the settings come to: systems, targets, limits, calendars, policies, as those want them who work by them."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import msgspec

from tieout.connectors import System
from tieout.core.account import Within
from tieout.core.attempt import Target
from tieout.core.evaluate import Tolerance
from tieout.core.lane import Limits
from tieout.core.rate import Rate
from tieout.errors import SettingsError
from tieout.policy import CompanyPolicy, DeadlineRow, Match, ToleranceRow
from tieout.policy.calendar import Calendar
from tieout.policy.driving import Driving
from tieout.policy.project import DrivenTable, PolicyTables, driving
from tieout.policy.work import Work
from tieout.policy.work import work_of as work_rules
from tieout.settings.folder import FILE, Folder
from tieout.settings.tables import DeadlineTable, Settings, ToleranceTable


def systems_of(settings: Settings, folder: Folder) -> dict[str, System]:
    """The systems as connectors want them; a mapping's text is read in."""
    made = {}
    for name, table in settings.systems.items():
        options = dict(table.options)
        if table.mapping:
            options["mapping"] = (folder / table.mapping).read_text("utf-8-sig")
        made[name] = System(
            name, table.connector, table.role, table.timezone or settings.project.timezone, table.currency,
            table.entity, table.lines, table.states, table.ignore, options,
        )  # fmt: skip
    return made


def targets_of(settings: Settings) -> dict[str, Target]:
    """How each system treats what it is told."""
    return {
        name: Target(
            timedelta(seconds=t.sending.settle_seconds),
            timedelta(hours=t.sending.remembers_hours),
            timedelta(seconds=t.sending.first_seconds),
            timedelta(seconds=t.sending.longest_seconds),
        )
        for name, t in settings.systems.items()
    }


def limits_of(settings: Settings) -> dict[str, Limits]:
    """How much each system is told at once."""
    return {
        name: Limits(
            t.sending.concurrency,
            Rate(t.sending.rate, t.sending.rate_seconds, t.sending.burst),
            None if t.sending.deadline_hours is None else timedelta(hours=t.sending.deadline_hours),
        )
        for name, t in settings.systems.items()
    }


def folders_of(settings: Settings, folder: Path) -> dict[str, Path]:
    """Where the documents of systems that take documents go."""
    return {name: folder / t.sending.folder for name, t in settings.systems.items() if t.sending.folder}


def policy_of(settings: Settings) -> CompanyPolicy:
    """The policy the settings describe."""
    zone = settings.project.timezone
    calendars = {"default": Calendar(zone)} | {
        name: Calendar(c.timezone or zone, frozenset(c.weekdays), c.closes, c.cutoff, frozenset(c.holidays), c.opens)
        for name, c in settings.calendars.items()
    }
    tolerances = tuple(
        ToleranceRow(
            _match(t),
            Tolerance(_limit(t.quantity), _limit(t.quantity_percent), _limit(t.value), _limit(t.value_percent), t.both),
        )
        for t in settings.tolerances
    )
    deadlines = tuple(DeadlineRow(_match(d), _within(d), d.team) for d in settings.deadlines)
    return CompanyPolicy(calendars, tolerances, deadlines, timedelta(minutes=settings.project.grace_minutes))


def driving_of(settings: Settings, folder: Folder) -> Driving:
    """What may be commanded, when, and what waits for an approver. Raises SettingsError, also for what a policy file says."""
    texts = _tables({f"policy.{key}": names for key, names in settings.policy.files.items()}, folder)
    systems = {n: DrivenTable(s.role, s.drive, s.stand_in, s.serves, s.anonymous) for n, s in settings.systems.items()}
    tables = PolicyTables(
        settings.policy, settings.waits, settings.people, settings.delegations, systems, texts, settings.project.timezone
    )  # fmt: skip
    return driving(tables, policy_of(settings))


def work_of(settings: Settings, folder: Folder, rules: Driving) -> Work:
    """How exceptions are worked: routing, chains, teams; with the checkpoints that judge what people decide. Raises SettingsError."""
    texts = _tables({"work.routing": settings.work.files}, folder)
    for name, calendar in settings.calendars.items():
        if calendar.opens >= calendar.closes:
            raise SettingsError(f"{folder / FILE}: `calendars.{name}.opens` is not before `closes`.", "Correct one of them.")
    made = work_rules(settings.work, texts, settings.project.timezone)
    version = rules.checkpoints.tables[-1].version if rules.checkpoints.tables else ""
    return msgspec.structs.replace(made, policy=version, checkpoints=rules.checkpoints, people=rules.people)


def _tables(named: Mapping[str, Iterable[str]], folder: Folder) -> dict[str, str]:
    """The texts of decision tables by file name; `named` says by which key each is named. Raises SettingsError."""
    texts = {}
    for key, names in named.items():
        for name in names:
            if not name.endswith((".toml", ".csv")):
                raise SettingsError(f"{folder / FILE}: `{key}` names {name!r}.", "A decision table is a .toml or a .csv file.")
            try:
                texts[name] = (folder / name).read_text("utf-8-sig")
            except (OSError, UnicodeDecodeError) as bad:
                why = "is not UTF-8" if isinstance(bad, UnicodeDecodeError) else "cannot be read"
                raise SettingsError(f"{folder / FILE}: `{key}` {name!r} {why}.", "The path is relative to tieout.toml.") from bad
    return texts


def _match(row: ToleranceTable | DeadlineTable) -> Match:
    return Match(row.account, row.side, row.customer, row.channel, row.warehouse)


def _limit(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _within(row: DeadlineTable) -> Within | None:
    if row.business_days is not None:
        return Within(business_days=row.business_days, calendar=row.calendar)
    if row.hours is None and row.days is None:
        return None
    return Within(hours=(row.hours or 0) + 24 * (row.days or 0))
