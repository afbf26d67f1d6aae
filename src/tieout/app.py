"""The one composition root: a project folder becomes settings, a database and a configuration; the command line and notebooks start here."""

import getpass
import hashlib
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import msgspec
import psycopg

from tieout.cases.follow import follow
from tieout.connectors import Secrets, System
from tieout.core.account import ClearingAccount
from tieout.core.attempt import Target
from tieout.core.ground import Rules
from tieout.core.values import Ref, ref_parts
from tieout.errors import InputMissing, OperatorError, SettingsError, StoreError
from tieout.flows import accounts_with
from tieout.people import audit
from tieout.people.vault import Vault, key_beside
from tieout.policy import driving as policies
from tieout.policy.checkpoints import Known
from tieout.policy.fallback import Diversion
from tieout.policy.work import Work
from tieout.process import follow as process
from tieout.report import tables
from tieout.report.state import Ledger
from tieout.runtime.batch import Connection, Counts
from tieout.runtime.configuration import Configuration, Driving, sender_of
from tieout.runtime.consider import consider
from tieout.runtime.knowing import prepare
from tieout.runtime.looks import tick
from tieout.runtime.outcome import Rehearsal
from tieout.runtime.rehearse import Progress, rehearse
from tieout.settings import FILE, Overlay, Settings, driving_of, load, policy_of, secret_at, secrets_of, systems_of, targets_of, work_of
from tieout.store.database import Database, fetch, run

DATABASE_VARIABLE = "TIEOUT_DATABASE"


class Terms(NamedTuple):
    """What the files of a project say: its settings, the rules they name, the systems with their mappings read in."""

    settings: Settings
    driving: policies.Driving
    work: Work
    systems: dict[str, System]


def terms_of(settings: Settings, folder: Path) -> Terms:
    """What settings and the files they name say. Raises SettingsError."""
    rules = driving_of(settings, folder)
    return Terms(settings, rules, work_of(settings, folder, rules), systems_of(settings, folder))


class Tieout:
    """An open project. Close it, or use it in a `with` block; every table it gives is an Arrow table."""

    def __init__(self, folder: Path, settings: Settings, database: Database) -> None:
        self.folder = folder
        self.terms = terms_of(settings, folder)
        self.database = database
        self.connection: Connection = database.connect(writer=True)
        self._remember_systems()
        self.configuration = self._configure()
        self._check_fingerprint()

    @property
    def settings(self) -> Settings:
        """What `tieout.toml` says."""
        return self.terms.settings

    @property
    def driving(self) -> policies.Driving:
        """What may be told to whom, what waits for an approver, what else is done."""
        return self.terms.driving

    @property
    def work(self) -> Work:
        """How exceptions are worked."""
        return self.terms.work

    @property
    def systems(self) -> dict[str, System]:
        """The systems that speak, by name."""
        return self.terms.systems

    def __enter__(self) -> "Tieout":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Leave the database; the embedded server stops when nobody else uses it."""
        self.connection.close()
        self.database.close()

    # Systems -------------------------------------------------------------------------------------------------------

    def _remember_systems(self) -> None:
        """Systems named once stay known: those of the settings, and those a mapping brought along at an import."""
        for _, name, text in fetch(self.connection, "systems"):
            if name not in self.systems:
                self.systems[name] = msgspec.json.decode(text, type=System)
        for system in self.systems.values():
            self._store(system)

    def _store(self, system: System) -> None:
        run(self.connection, "set_system", system.name, msgspec.json.encode(system).decode())

    def _configure(self, connection: Connection | None = None, terms: Terms | None = None) -> Configuration:
        terms = terms or self.terms
        configuration = configuration_of(terms.settings, terms.systems.values(), connection or self.connection)
        configuration.driving = driving_by(terms.driving, targets_of(terms.settings))
        configuration.work = terms.work
        if configuration.driving is not None:
            _refuse_forgetful(terms)
        return configuration

    def take(self, terms: Terms) -> None:
        """Go by other terms from now on, all of them or none. Raises OperatorError when the ledger would have to be made anew for them."""
        for name, system in self.systems.items():
            terms.systems.setdefault(name, system)
        configuration = self._configure(terms=terms)
        if configuration.fingerprint != self.configuration.fingerprint:
            raise OperatorError(f"{FILE} changes how accounts are kept.", "Stop, run `tieout rebuild --replace`, then start again.")
        for system in terms.systems.values():
            self._store(system)
        self.terms, self.configuration = terms, configuration

    def connect_again(self) -> None:
        """Have a session again if the one there was is lost; the next question says whether the database is back."""
        if self.connection.broken or self.connection.closed:
            with suppress(StoreError, psycopg.Error):
                self.connection = self.database.connect(writer=True)

    def judge_again(self) -> None:
        """Look at everything that stands open if the terms judge it by another measure than it was last judged by."""
        self._look_again()

    def fresh_configuration(self, connection: Connection | None = None) -> Configuration:
        """The same configuration without reference data read, for another schema or for another thread with its own connection."""
        return self._configure(connection)

    def secrets_of(self, name: str) -> Secrets:
        """The secrets of a system, fetched anew from where they lie. Raises SettingsError."""
        return secrets_of(self.settings, name, self.folder, os.environ)

    def sign_in_secret(self) -> str:
        """Our secret at who vouches for people; empty when there is none. Raises SettingsError."""
        place = self.settings.sign_in.secret
        return secret_at(place, "sign_in.secret", self.folder, os.environ) if place else ""

    def vault(self) -> Vault:
        """What the secrets of second factors are sealed with: the key of the settings, else one that is made beside the project's own data."""
        place = self.settings.sign_in.key
        return Vault(lambda: secret_at(place, "sign_in.key", self.folder, os.environ) if place else key_beside(self.folder / ".tieout"))

    def _check_fingerprint(self) -> None:
        """The stored postings depend on which accounts are kept by line; when that changes they must be made anew."""
        stored = fetch(self.connection, "meta", "fingerprint")
        if not stored or not fetch(self.connection, "last_batch"):
            run(self.connection, "set_meta", "fingerprint", self.configuration.fingerprint)
        self.needs_rebuild = bool(stored) and stored[0][0] != self.configuration.fingerprint
        if not (self.needs_rebuild and self.configuration.driving):
            self._look_again()

    def refuse_unless_rebuilt(self) -> None:
        """Before anything is posted or sent. Raises OperatorError when what stands is kept otherwise than the settings now say and this
        project drives: the two would not meet, and what is owed already would be owed once more."""
        if self.needs_rebuild and self.configuration.driving:
            raise OperatorError("The settings changed how accounts are kept, and systems are driven.", "First run `tieout rebuild --replace`.")

    def _look_again(self) -> None:
        """Other feeds or another policy judge the same balances differently: then every open root is looked at."""
        judged = hashlib.sha256(f"{self.configuration.feed_names}{self.settings}{self.driving.digest}".encode()).hexdigest()
        prepare(self.connection, self.driving if self.configuration.driving is not None else None)
        stored = fetch(self.connection, "meta", "judged")
        if stored != [(judged,)]:
            run(self.connection, "set_meta", "judged", judged)
            detail = {"checkpoints": [one.version for one in self.driving.checkpoints.tables], "digest": judged[:12]}
            audit.write(self.connection, None, "rules in force", "policy", detail, datetime.now(UTC), who=f"command line, {_user()}")
            if stored:
                self.tick(everything=True)
                self._decide_again()

    def _decide_again(self) -> None:
        """What is owed, and what waits to go or was refused, is decided about by the policy as it is now."""
        if self.configuration.driving is not None:
            now = datetime.now(UTC)
            roots = sorted({root for (root,) in (*fetch(self.connection, "open_roots"), *fetch(self.connection, "open_commands"))})
            with self.connection.transaction():
                run(self.connection, "consider", roots, [now] * len(roots))
            while consider(self.connection, self.configuration, now):
                pass  # a batch at a time; where another process is at it already, it does the rest

    def use(self, system: System) -> System:
        """Take a system that the settings do not name, or a new mapping for one, into this project."""
        if self.systems.get(system.name) != system:
            self.systems[system.name] = system
            self._store(system)
            self.configuration = self._configure()
            self._check_fingerprint()
        return system

    # Reading -------------------------------------------------------------------------------------------------------

    def ledger(self, as_of: datetime | None = None) -> Ledger:
        """The ledger now, or as it was known at a moment of recorded time."""
        return Ledger(self.connection, self.configuration, datetime.now(UTC), as_of)

    def balances(self, as_of: datetime | None = None) -> tables.Table:
        """Every open balance: account, subject, quantity, value, age, state, who owes it."""
        return tables.balances(self.ledger(as_of))

    def cases(self, as_of: datetime | None = None) -> tables.Table:
        """The open cases, due soonest first."""
        return tables.cases(self.ledger(as_of))

    def facts(self) -> tables.Table:
        """Every kept version of every statement, with its message, place and lines (JSON)."""
        return tables.facts(self.connection)

    def t_account(self, subject: str, as_of: datetime | None = None) -> tables.Table:
        """All entries of a subject, each with its source down to file, line and byte."""
        return tables.t_account(self.ledger(as_of), subject)

    def status(self, as_of: datetime | None = None) -> Mapping[str, object]:
        """Counts of statements, subjects, cases, and the ledger hash."""
        return self.ledger(as_of).status()

    # Trying a change -----------------------------------------------------------------------------------------------

    def rehearse(
        self,
        *,
        policy: Path | None = None,
        settings: Path | None = None,
        mappings: Mapping[str, Path] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        flow: str = "",
        examples: int = 10,
        progress: Progress | None = None,
    ) -> Rehearsal:
        """What a change would have made of the history, in scratch schemas; nothing is sent, and nothing of it stays.

        `policy` is a folder whose files take the place of the project's of the same name (`tieout.toml`, mappings, decision
        tables, and `flows/**/*.py` of clearing accounts); `settings` stands for `tieout.toml` alone; `mappings` are files by
        system. `since` and `until` are recorded time. Raises OperatorError.
        """
        present, changed = self.fresh_configuration(), self._changed(policy, settings, mappings or {})
        flows = sorted({account.flow for account in changed.accounts.values()})
        if flow and flow not in flows:
            raise OperatorError(f"There is no flow {flow!r}.", f"There are: {', '.join(flows)}.")
        start = since or datetime.min.replace(tzinfo=UTC)
        return rehearse(
            self.database, self.connection, present, changed, datetime.now(UTC),
            since=start, until=until, flow=flow, examples=examples, progress=progress,
        )  # fmt: skip

    def _changed(self, policy: Path | None, settings: Path | None, mappings: Mapping[str, Path]) -> Configuration:
        """The configuration that the changed files describe. Systems that only the ledger knows stay as they are."""
        if policy is not None and not policy.is_dir():
            raise InputMissing(f"{policy} is no folder.", "Name the folder that holds the changed files.")
        folder = Overlay(policy, self.folder, settings)
        wanted = load(folder)
        systems = {**self.systems, **systems_of(wanted, folder)}
        for name, path in mappings.items():
            if name not in systems:
                raise OperatorError(f"There is no system {name!r}.", f"Known: {', '.join(systems)}.")
            systems[name] = msgspec.structs.replace(systems[name], options={**systems[name].options, "mapping": mapping_text(path)})
        files = sorted(policy.glob("flows/**/*.py")) if policy is not None else []
        try:
            own = accounts_with(files) if files else None
        except Exception as bad:
            raise SettingsError(f"{policy}/flows: {type(bad).__name__}: {bad}.", "Correct the file of the clearing account.") from bad
        changed = configuration_of(wanted, systems.values(), self.connection, own)
        changed.driving = driving_by(driving_of(wanted, folder), targets_of(wanted))
        return changed

    # Time ----------------------------------------------------------------------------------------------------------

    def tick(self, *, everything: bool = False) -> int:
        """Look at everything whose deadline has passed."""
        return tick(self.connection, self.configuration, datetime.now(UTC), everything=everything)

    def follow(self) -> int:
        """Bring the work on exceptions and the event log in step with the ledger; how many changes of exceptions were followed."""
        process.follow(self.connection, self.configuration.accounts)
        return follow(self.connection, self.configuration, datetime.now(UTC))

    def mail_password(self) -> str:
        """The password at the mail server; empty when there is none. Raises SettingsError."""
        place = self.settings.work.mail.password
        return secret_at(place, "work.mail.password", self.folder, os.environ) if place else ""


def configuration_of(
    settings: Settings, systems: Iterable[System], connection: Connection, own_accounts: Mapping[str, ClearingAccount] | None = None
) -> Configuration:
    """The configuration that settings describe, for the ledger of a connection; reference data is not read yet."""
    project = settings.project
    closed = fetch(connection, "last_close")
    configuration = Configuration(
        systems,
        policy_of(settings),
        switches=frozenset(project.switches),
        marketplaces=frozenset(n for n, c in settings.channels.items() if c.kind == "marketplace"),
        clock=project.clock,
        waiting_hours=project.waiting_hours,
        quiet_hours={n: s.quiet_hours for n, s in settings.systems.items() if s.quiet_hours is not None},
        closed_until=closed[0][0] if closed else None,
        timezone=project.timezone,
        own_accounts=own_accounts,
    )
    configuration.system_ids = {name: id_ for id_, name, _ in fetch(connection, "systems")}
    return configuration


def driving_by(rules: policies.Driving, targets: Mapping[str, Target]) -> Driving | None:
    """What is decided by these rules; None when they let nobody be told anything."""

    def of_root(references: Collection[Ref], known: Known, diversions: Sequence[Diversion]) -> Rules:
        return rules.knowing(known, diversions, sorted({ref_parts(reference)[0] for reference in references}))

    return Driving(rules, targets, of_root, rules) if any(one.acts or one.stand_in for one in rules.systems) else None


def _refuse_forgetful(terms: Terms) -> None:
    """A target that is believed to know a key again must be sent one, or a lost answer makes a second document (rule 26)."""
    for one in terms.driving.systems:
        system, sending = terms.systems[one.name], terms.settings.systems[one.name].sending
        knows = getattr(sender_of(system), "knows_key", None)
        for act in sorted(one.acts | one.stand_in) if sending.remembers_hours else ():
            if knows is None or not knows(system, act):
                raise SettingsError(
                    f"{FILE}: `systems.{one.name}.sending.remembers_hours`: {act.value} goes to {one.name} without a key that it knows again.",
                    "Leave it out, so that attempts in doubt are looked up; or have the mapping send an idempotency key.",
                )


def mapping_text(path: Path) -> str:
    """The text of a mapping file. Raises InputMissing."""
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as bad:
        raise InputMissing(f"The mapping {path} cannot be read: {bad}.", "Save it as UTF-8.") from bad


def open_project(path: str | Path = ".") -> Tieout:
    """Open the project in a folder. Raises SettingsError or StoreError, each with its next step."""
    folder = Path(path).resolve()
    settings = load(folder)
    where = os.environ.get(DATABASE_VARIABLE) or settings.project.database
    database = Database(where, settings.project.schema, folder / ".tieout")
    try:
        database.open()
        return Tieout(folder, settings, database)
    except BaseException:
        database.close()
        raise


@contextmanager
def opened(path: str | Path = ".") -> Iterator[Tieout]:
    """`open_project` for a `with` block."""
    project = open_project(path)
    try:
        yield project
    finally:
        project.close()


def find_project(start: Path) -> Path:
    """The nearest folder upwards that has a `tieout.toml`. Raises SettingsError when there is none."""
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / FILE).is_file():
            return folder
    raise SettingsError(f"There is no {FILE} in {start.resolve()} or above it.", "Run `tieout init DIR`, or name the project by --project DIR.")


def counts_as_dict(counts: Counts) -> dict[str, int]:
    """Counts by name."""
    return {name: getattr(counts, name) for name in counts.__struct_fields__}


def _user() -> str:
    """Who runs this process, as the operating system knows it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"
