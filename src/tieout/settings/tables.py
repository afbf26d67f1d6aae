"""The tables of `tieout.toml`: what each is for and what stands in it when nothing is said."""

from datetime import date, time
from typing import Any

import msgspec

from tieout.core.values import Role
from tieout.policy.project import DelegationTable, PersonTable, PolicyTable, WaitTable
from tieout.policy.work import WorkTable

LOG_LEVELS = ("debug", "info", "warning", "error")
WEBHOOKS = ("shopify", "standard")
WEBHOOK_SECRET = "webhook"  # noqa: S105  how the names of such secrets begin


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
    `proxies` the networks of reverse proxies whose `X-Forwarded-For` is believed; `passwords = false` leaves single sign-on alone;
    `second_factor` names the roles whose local accounts have to show a code of an app besides, such as `["approver", "admin"]`.

    `key` (`env:NAME` or `file:PATH`) is where the text lies that the secrets of second factors are sealed with; left out, one is made in the
    project's `.tieout` folder. Where several machines serve the console they need the same.

    Single sign-on (OpenID Connect): `issuer`, our `client` id there and its `secret` (`env:NAME` or `file:PATH`; none for a public
    client), the `scope` that is asked for, and the names of the claims with the `login` and the `groups`. What the groups may do and
    see: `roles`, `teams`, `channels`, `warehouses`, each as group -> names; `["*"]` sees all. Who is in no group of `roles` is not let in.
    """

    address: str = ""
    proxies: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    passwords: bool = True
    second_factor: tuple[str, ...] = ()
    key: str = ""
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
