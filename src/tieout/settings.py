"""`tieout.toml`: what a project is, which systems speak, and how this company judges. Every error names file, key and rule."""

import difflib
import ipaddress
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from tieout.connectors import Secrets, System
from tieout.core.account import Within
from tieout.core.attempt import Target
from tieout.core.evaluate import Tolerance
from tieout.core.facts.kinds import KINDS
from tieout.core.lane import Limits
from tieout.core.rate import Rate
from tieout.core.values import Role
from tieout.errors import SettingsError
from tieout.flows import accounts
from tieout.policy import CompanyPolicy, DeadlineRow, Match, ToleranceRow
from tieout.policy.calendar import Calendar
from tieout.policy.driving import Driving
from tieout.policy.project import DelegationTable, DrivenTable, PersonTable, PolicyTable, PolicyTables, WaitTable, driving
from tieout.policy.work import MailTable, StepTable, TeamTable, Work, WorkTable
from tieout.policy.work import work_of as work_rules

FILE = "tieout.toml"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
LOG_LEVELS = ("debug", "info", "warning", "error")
WEBHOOKS = ("shopify", "standard")
WEBHOOK_SECRET = "webhook"  # noqa: S105  how the names of such secrets begin
SECRET_PLACE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]{0,99}|file:[^\0]{1,500}")
POLL_SECONDS_MAX = 7 * 24 * 3600
CONCURRENCY_MAX = 64
PEOPLE_ROLES = ("viewer", "analyst", "approver", "engineer", "admin")


class Folder(Protocol):
    """Where the files are that settings name: a path, or one folder laid over another."""

    def __truediv__(self, name: str, /) -> Path:
        """The file of that name."""
        ...


class Overlay(NamedTuple):
    """A folder laid over a project's: a file that it has takes the place of the project's of the same name.

    `settings`, if named, stands for `tieout.toml`.
    """

    above: Path | None
    below: Path
    settings: Path | None = None

    def __truediv__(self, name: str, /) -> Path:
        """The file of that name, from above if it is there."""
        if name == FILE and self.settings is not None:
            return self.settings
        if self.above is not None and (self.above / name).is_file():
            return self.above / name
        return self.below / name


class ProjectTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[project]`: name; `database` (`embedded` or a PostgreSQL URL) and its `schema`; the company's `timezone`; `clock`
    (`feeds`: time runs with what the feeds report, for exports; `wall`: real time); `grace_minutes` after every
    deadline; `waiting_hours` before a waiting line becomes a case; `switches` of accounts, such as `match_accepted`;
    `log_level` of `serve` and `worker` (`debug`, `info`, `warning`, `error`); `environment` is the word that the console shows on
    every page, such as `prod`, `test` or `demo`.
    """

    name: str = "tieout"
    database: str = "embedded"
    schema: str = "tieout"
    timezone: str = "UTC"
    clock: str = "feeds"
    grace_minutes: int = 0
    waiting_hours: int = 24
    switches: tuple[str, ...] = ()
    log_level: str = "info"
    environment: str = "prod"


class SendingTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[systems.NAME.sending]`: how the system is told what it is to do. `settle_seconds`: the longest time, after we have stopped
    waiting, in which it may still do what it was told; `remembers_hours`: how long it knows our key again (0: never); `first_seconds`
    and `longest_seconds` bound the wait between attempts; `concurrency` conversations at a time; `rate` calls per `rate_seconds`,
    `burst` at once; `deadline_hours` after which what has never been sent goes to a person; `folder` for its documents.
    """

    settle_seconds: int = 300
    remembers_hours: int = 0
    first_seconds: int = 1
    longest_seconds: int = 300
    concurrency: int = 4
    rate: int = 10
    rate_seconds: int = 1
    burst: int = 10
    deadline_hours: int | None = None
    folder: str = ""


class SystemTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[systems.NAME]`: connector and role; time zone, currency, legal entity; whether `lines` are the order's own line
    numbers; the fact types it `states` or that are to `ignore`; a `mapping` file; `quiet_hours` after which its silence
    is a case; the connector's `options`; how it is told things, in `sending`; its `secrets` by name, each as the place where it lies: `env:NAME` or
    `file:PATH`; `poll_seconds` between two questions for news; the scheme of its `webhook` signatures, `shopify` or
    `standard`, whose secrets are those with names that begin with `webhook`.

    What it is told: `drive` names the acts it may be told, nothing is ever sent unless named here; `stand_in` those it is
    told only when a fallback says so. `serves` says of which orders, where several systems could be told the same:
    `{ warehouse = ["W1"], channel = ["web*"] }`, also by `customer` and `entity`. `anonymous`: its statements name neither
    our key nor a document that it told us.
    """

    connector: str
    role: Role
    timezone: str = ""
    currency: str = "USD"
    entity: str = ""
    lines: bool = False
    states: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    mapping: str = ""
    quiet_hours: int | None = None
    drive: tuple[str, ...] = ()
    stand_in: tuple[str, ...] = ()
    serves: dict[str, tuple[str, ...]] = {}
    anonymous: bool = False
    options: dict[str, Any] = {}
    sending: SendingTable = SendingTable()
    secrets: dict[str, str] = {}
    poll_seconds: int | None = None
    webhook: str = ""


class ChannelTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[channels.NAME]`: `kind = "marketplace"` if its sales are collected by settlement, else `direct`."""

    kind: str = "direct"


class CalendarTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[calendars.NAME]`: working days (Monday is 1), opening and closing time, cut-off, holidays, time zone.

    `default` serves where no other is named; `warehouse.W1` is the calendar `warehouse` of warehouse W1.
    """

    timezone: str = ""
    weekdays: tuple[int, ...] = (1, 2, 3, 4, 5)
    closes: time = time(17)
    cutoff: time | None = None
    holidays: tuple[date, ...] = ()
    opens: time = time(8)


class ToleranceTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[[tolerances]]`: where (account, side, customer, channel, warehouse) and the limits, absolute and percent."""

    account: str = ""
    side: str = ""
    customer: str = ""
    channel: str = ""
    warehouse: str = ""
    quantity: str | None = None
    quantity_percent: str | None = None
    value: str | None = None
    value_percent: str | None = None
    both: bool = False


class DeadlineTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[[deadlines]]`: where, and the time allowed (`hours`, `days` or `business_days` of a `calendar`), or the team."""

    account: str = ""
    side: str = ""
    customer: str = ""
    channel: str = ""
    warehouse: str = ""
    hours: int | None = None
    days: int | None = None
    business_days: int | None = None
    calendar: str = ""
    team: str = ""


class SignInTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[sign_in]`: how people get in. `address` is where browsers reach the console, such as `https://tieout.example.com`;
    `proxies` the networks of reverse proxies whose `X-Forwarded-For` is believed; `passwords = false` leaves single sign-on alone.

    Single sign-on (OpenID Connect): `issuer`, our `client` id there and its `secret` (`env:NAME` or `file:PATH`; none for a public
    client), the `scope` that is asked for, and the names of the claims with the `login` and the `groups`. What the groups may do and
    see: `roles`, `teams`, `channels`, `warehouses`, each as group -> names; `["*"]` sees all. Who is in no group of `roles` is not let in.
    """

    address: str = ""
    proxies: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    passwords: bool = True
    issuer: str = ""
    client: str = ""
    secret: str = ""
    scope: str = "openid profile email"
    login: str = "preferred_username"
    groups: str = "groups"
    roles: dict[str, tuple[str, ...]] = {}
    teams: dict[str, tuple[str, ...]] = {}
    channels: dict[str, tuple[str, ...]] = {}
    warehouses: dict[str, tuple[str, ...]] = {}


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole `tieout.toml`."""

    project: ProjectTable = ProjectTable()
    systems: dict[str, SystemTable] = {}
    channels: dict[str, ChannelTable] = {}
    calendars: dict[str, CalendarTable] = {}
    tolerances: tuple[ToleranceTable, ...] = ()
    deadlines: tuple[DeadlineTable, ...] = ()
    policy: PolicyTable = PolicyTable()
    waits: tuple[WaitTable, ...] = ()
    people: dict[str, PersonTable] = {}
    delegations: tuple[DelegationTable, ...] = ()
    sign_in: SignInTable = SignInTable()
    work: WorkTable = WorkTable()


def load(folder: Folder) -> Settings:
    """Read and check a project's settings. Raises SettingsError with file, key, rule and next step."""
    path = folder / FILE
    if not path.is_file():
        raise SettingsError(f"There is no {path.name} in {path.parent}.", f"Run `tieout init {path.parent}` to make a project there.")
    try:
        data = tomllib.loads(path.read_text("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as bad:
        raise SettingsError(f"{path} is not valid TOML: {bad}.", "Correct the line it names.") from bad
    try:
        settings = msgspec.convert(data, Settings)
    except msgspec.ValidationError as bad:
        raise SettingsError(f"{path}: {_plain(str(bad), data)}.", "See docs/reference/settings.md.") from bad
    _check(settings, path, folder)
    return settings


def _plain(message: str, data: Any) -> str:
    """A validation message in plain words, with a suggestion for a misspelt key."""
    found = re.match(r"Object contains unknown field `(.+?)`(?: - at `\$\.?(.*?)`)?$", message)
    if not found:
        return message.replace(" - at `$.", " at `").replace("Object", "the table")
    name, place = found[1], found[2] or ""
    tables = {"project": ProjectTable, "systems": SystemTable, "channels": ChannelTable, "calendars": CalendarTable,
              "tolerances": ToleranceTable, "deadlines": DeadlineTable, "policy": PolicyTable, "waits": WaitTable,
              "people": PersonTable, "delegations": DelegationTable, "sign_in": SignInTable, "work": WorkTable, "": Settings}  # fmt: skip
    inner = {"sending": SendingTable, "mail": MailTable}.get(place.rpartition(".")[2])
    if place.startswith("work."):
        inner = TeamTable if place.startswith("work.teams.") else StepTable if place.startswith("work.chains.") else inner
    table = inner or tables.get(re.split(r"[.\[]", place)[0], Settings)
    near = difflib.get_close_matches(name, table.__struct_fields__, 1)
    where = f" in `{place}`" if place else ""
    return f"unknown key `{name}`{where}" + (f" (did you mean `{near[0]}`?)" if near else "")


def _check(settings: Settings, path: Path, folder: Folder) -> None:
    project = settings.project

    def need(good: bool, what: str, next_step: str) -> None:
        if not good:
            raise SettingsError(f"{path}: {what}.", next_step)

    need(project.log_level in LOG_LEVELS, f"`project.log_level` is {project.log_level!r}", f"Write one of {', '.join(LOG_LEVELS)}.")
    need(
        re.fullmatch(r"[a-z][a-z0-9-]{0,19}", project.environment) is not None,
        f"`project.environment` is {project.environment!r}", "Write a short word, such as prod or test.",
    )  # fmt: skip
    need(project.clock in ("feeds", "wall"), f"`project.clock` is {project.clock!r}", 'Write "feeds" or "wall".')
    need(
        re.fullmatch(r"[a-z_][a-z0-9_]{0,40}", project.schema) is not None,
        f"`project.schema` {project.schema!r} is no plain name", "Use small letters, digits and _.",
    )  # fmt: skip
    zones = [("project.timezone", project.timezone)]
    zones += [(f"systems.{n}.timezone", s.timezone) for n, s in settings.systems.items() if s.timezone]
    zones += [(f"calendars.{n}.timezone", c.timezone) for n, c in settings.calendars.items() if c.timezone]
    for key, zone in zones:
        need(_is_zone(zone), f"`{key}` {zone!r} is no time zone", "Use an IANA name such as America/Chicago.")
    for name, system in settings.systems.items():
        need(re.fullmatch(r"[a-z0-9_-]{1,30}", name) is not None, f"`systems.{name}` is no plain name", "Use a-z, 0-9, _ and -.")
        for kind in (*system.states, *system.ignore):
            need(kind in KINDS, f"`systems.{name}` names the fact type {kind!r}, which does not exist", _near(kind, KINDS))
        need(
            not system.mapping or (folder / system.mapping).is_file(),
            f"`systems.{name}.mapping` {system.mapping!r} is not a file", "The path is relative to tieout.toml.",
        )  # fmt: skip
        for secret, place in system.secrets.items():
            need(
                SECRET_PLACE.fullmatch(place) is not None,
                f"`systems.{name}.secrets.{secret}` does not say where the secret lies",
                f'Write {secret} = "env:NAME" or "file:PATH"; a secret itself stands in no settings file. If it did, change it.',
            )
        need(
            system.poll_seconds is None or 1 <= system.poll_seconds <= POLL_SECONDS_MAX,
            f"`systems.{name}.poll_seconds` is {system.poll_seconds}", f"Write a number from 1 to {POLL_SECONDS_MAX} (a week).",
        )  # fmt: skip
        need(system.webhook in ("", *WEBHOOKS), f"`systems.{name}.webhook` is {system.webhook!r}", f"Write one of {', '.join(WEBHOOKS)}.")
        need(
            not system.webhook or any(secret.startswith(WEBHOOK_SECRET) for secret in system.secrets),
            f"`systems.{name}` takes webhooks and has no secret to check them with",
            f'Add secrets = {{ {WEBHOOK_SECRET} = "env:NAME" }}.',
        )
        for key in ("settle_seconds", "first_seconds", "longest_seconds", "concurrency", "rate", "rate_seconds", "burst"):
            need(getattr(system.sending, key) >= 1, f"`systems.{name}.sending.{key}` is below 1", "Write a whole number from 1.")
        need(system.sending.remembers_hours >= 0, f"`systems.{name}.sending.remembers_hours` is below 0", "Write 0 if it never does.")
        need(
            system.sending.longest_seconds >= system.sending.first_seconds,
            f"`systems.{name}.sending.longest_seconds` is less than `first_seconds`", "Let the waits grow.",
        )  # fmt: skip
        need(
            system.sending.concurrency <= CONCURRENCY_MAX,
            f"`systems.{name}.sending.concurrency` is {system.sending.concurrency}", f"Write at most {CONCURRENCY_MAX}.",
        )  # fmt: skip
    _check_sign_in(settings.sign_in, need)
    names = {a.name for a in accounts().values()} | set(accounts())
    rows: list[tuple[str, ToleranceTable | DeadlineTable | WaitTable]] = [("tolerances", r) for r in settings.tolerances]
    rows += [("deadlines", r) for r in settings.deadlines]
    rows += [("waits", r) for r in settings.waits]
    for table, row in rows:
        need(
            row.account in names | {""},
            f"`{table}` names the account {row.account!r}, which does not exist",
            _near(row.account, names),
        )
        need(row.side in ("", "debit", "credit"), f"`{table}` has side {row.side!r}", "Write debit or credit.")
    for tolerance in settings.tolerances:
        for text in (tolerance.quantity, tolerance.quantity_percent, tolerance.value, tolerance.value_percent):
            need(text is None or _is_limit(text), f"`tolerances` has the limit {text!r}", 'Write a number as text: "0.50".')


def _check_sign_in(table: SignInTable, need: Callable[[bool, str, str], None]) -> None:
    need(
        not table.address or re.fullmatch(r"https?://[a-z0-9.:\[\]-]{1,250}", table.address) is not None,
        f"`sign_in.address` {table.address!r} is no address", 'Write it without a path: "https://tieout.example.com".',
    )  # fmt: skip
    for proxy in table.proxies:
        need(_is_network(proxy), f"`sign_in.proxies` names {proxy!r}", 'Write a network such as "10.0.0.0/8".')
    if not table.issuer:
        need(table.passwords, "`sign_in.passwords` is false and there is no `issuer`: nobody could sign in", "Name an issuer or leave it out.")
        need(not table.client and not table.roles, "`sign_in` names a client or roles and no `issuer`", "Name who vouches for people.")
        return
    loopback = table.issuer.startswith("http://") and urlsplit(table.issuer).hostname in LOOPBACK
    need(
        table.issuer.startswith("https://") or loopback, f"`sign_in.issuer` {table.issuer!r} is not https", "Use the provider's https address."
    )
    need(bool(table.client), "`sign_in.issuer` is named without a `client`", "Register Tieout there and name the client id it got.")
    need(
        bool(table.address),
        "`sign_in.issuer` is named without an `address`",
        "Say where browsers reach the console; the provider sends them back there.",
    )
    need(
        not table.secret or SECRET_PLACE.fullmatch(table.secret) is not None,
        "`sign_in.secret` does not say where the secret lies", 'Write secret = "env:NAME" or "file:PATH". If it was the secret, change it.',
    )  # fmt: skip
    need("openid" in table.scope.split(), "`sign_in.scope` lacks `openid`", 'Write scope = "openid profile email", and more if groups need it.')
    need(
        bool(table.roles),
        "`sign_in` lets nobody in: no group has a role",
        'Add [sign_in.roles] with lines such as "tieout-analysts" = ["analyst"].',
    )
    for group, roles in table.roles.items():
        for role in roles:
            need(role in PEOPLE_ROLES, f"`sign_in.roles` gives {group!r} the role {role!r}", f"The roles are {', '.join(PEOPLE_ROLES)}.")


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _is_limit(text: str) -> bool:
    return re.fullmatch(r"\d{1,15}(\.\d{1,9})?", text) is not None


def _near(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), 1)
    return f"Did you mean {near[0]}?" if near else "See docs/reference."


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


def secrets_of(settings: Settings, name: str, folder: Path, environment: Mapping[str, str]) -> Secrets:
    """The secrets of a system, fetched from where they lie. Raises SettingsError naming the place, never the secret."""
    places = settings.systems[name].secrets if name in settings.systems else {}
    return {secret: secret_at(place, f"systems.{name}.secrets.{secret}", folder, environment) for secret, place in places.items()}


def secret_at(place: str, key: str, folder: Path, environment: Mapping[str, str]) -> str:
    """The secret that lies at `env:NAME` or `file:PATH`; `key` names the setting. Raises SettingsError."""
    kind, _, where = place.partition(":")
    named = f"{FILE}: `{key}`"
    if kind == "env":
        text = environment.get(where, "")
        if not text:
            raise SettingsError(f"{named}: the environment variable {where} is not set.", "Set it for this process and start it again.")
        return text
    try:
        text = (folder / where).read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as bad:
        why = bad.strerror if isinstance(bad, OSError) else "it is no text"
        raise SettingsError(f"{named}: {where} cannot be read: {why}.", "Put the secret there, readable by this user.") from bad
    if not text:
        raise SettingsError(f"{named}: {where} is empty.", "Put the secret there, readable by this user.")
    return text


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
