"""A project at work: which roles run in this process, from an open project to the signal that ends them."""

import ipaddress
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from types import FrameType

import psycopg
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from tieout.api import single_sign_on
from tieout.api.body import Room
from tieout.api.keys import Gate, keys
from tieout.api.probe import Probe
from tieout.api.routes import Intake, Watched, interface
from tieout.api.server import Web
from tieout.api.single_sign_on import Door
from tieout.api.v1.app import PATH, application
from tieout.api.v1.ask import sweep
from tieout.api.v1.project import Project
from tieout.app import Tieout
from tieout.cases.role import working
from tieout.console.app import application as console
from tieout.console.desk import Desk
from tieout.errors import OperatorError, StoreError
from tieout.people import audit, sessions
from tieout.runtime.consider import consider
from tieout.runtime.credentials import Access
from tieout.runtime.dispatch import Dispatcher
from tieout.runtime.gather import Queue, applying
from tieout.runtime.polling import poller, polling
from tieout.runtime.roles import GRACE, Crew, Loop, Place, Step, my_turn, ticking
from tieout.serving import APPLY, CONSOLE, DISPATCH, PEOPLE, POLL, RECEIVE, TICK, WORK
from tieout.serving.renewal import LOOK_SECONDS, Renewal
from tieout.settings import folders_of, limits_of, targets_of
from tieout.store.pool import Pool
from tieout.telemetry.logs import LOG, fields, reason_of
from tieout.telemetry.metrics import Metrics
from tieout.telemetry.traces import traces_of

ALONE: dict[str, Callable[[Place, threading.Event], AbstractContextManager[Step]]] = {TICK: ticking}
"""Roles that need nothing but their place: one loop each."""
SEAL_SECONDS = 60.0
PATIENCE = 30.0
"""Seconds for which a dispatcher that goes on by other settings waits for what is under way."""


def run(project: Tieout, roles: Sequence[str], host: str, port: int | None) -> list[str]:
    """Work until a signal says to end; names the roles that did not end in time. Without a port nobody listens."""
    _refuse(project, roles, host)
    traces = traces_of(os.environ)
    place = Place(lambda: project.database.connect(writer=True), project.fresh_configuration, project.secrets_of, Metrics(), traces)
    probe = Probe(project.database.connect)
    web = Web(host, port) if port is not None else None
    crew = crew_of(project, place, probe, roles, web)
    over = Ending()
    before = {number: signal.signal(number, over.signalled) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        crew.start()
        LOG.info("at work", extra=fields(roles=list(crew.faults), url=f"http://{host}:{web.port}" if web is not None else ""))
        _renew_until(over, project, crew)
        LOG.info("ending")
        late = crew.end()
        LOG.info("ended", extra=fields(late=late))
        return late
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        probe.close()
        traces.close()


def _renew_until(over: "Ending", project: Tieout, crew: Crew) -> None:
    """Look at the project's files until it is over. While the database is away they are left alone."""
    renewal = Renewal(project, crew.renew, dict(os.environ))
    while not over.wait(LOOK_SECONDS):
        try:
            renewal.look(datetime.now(UTC))
        except (psycopg.Error, StoreError) as away:
            LOG.warning("changed files wait", extra=fields(fault=reason_of(away)))
            project.connect_again()


class Front:
    """The application that answers. Another may take its place between two requests; who is being answered is answered by the old one."""

    def __init__(self, build: Callable[[], ASGIApp]) -> None:
        self._build = build
        self._application = build()

    def renew(self) -> None:
        """Build it anew."""
        self._application = self._build()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await self._application(scope, receive, send)


@contextmanager
def dispatching(place: Place, project: Tieout, end: threading.Event) -> Iterator[Step]:
    """The role that sends: what is owed is decided about, what is decided is sent, what came of it is written down."""
    limits, folders = limits_of(project.settings), folders_of(project.settings, project.folder)
    with place.working() as (connection, configuration):
        running = Dispatcher(
            lambda: closing(place.open_session()), configuration, place.secrets, limits=limits, folders=folders, traces=place.traces
        )

        def step(now: datetime) -> float:
            wait = 0.0 if consider(connection, configuration, now) else running.step(now)
            running.wait(wait)
            return 0.0

        try:
            yield step
        finally:
            running.close(GRACE if end.is_set() else PATIENCE)


@contextmanager
def asking(place: Place, project: Tieout, name: str, end: threading.Event) -> Iterator[Step]:
    """The role `poll` for one system, at the interval that the settings say."""
    with polling(place, name, _polled(project)[name], end) as step:
        yield step


@contextmanager
def caring(place: Place, end: threading.Event) -> Iterator[Step]:
    """The part of the role `people` that nobody asks for: what people did is sealed, what is over is forgotten; one process at a time."""
    with closing(place.open_session()) as connection:

        def step(now: datetime) -> float:
            with my_turn(connection, PEOPLE) as mine:
                if mine:
                    audit.seal(connection, now)
                    sessions.sweep(connection, now)
                    sweep(connection, now)
            return SEAL_SECONDS

        yield step


@contextmanager
def listening(web: Web, application: Callable[[], ASGIApp], pools: Sequence[Pool], end: threading.Event) -> Iterator[Step]:
    """The role that answers over HTTP, with the sessions that its answers take."""
    try:
        with web.serving(application, end) as step:
            yield step
    finally:
        for pool in pools:
            pool.close()


def access_of(project: Tieout) -> Access:
    """How the systems of a project are reached."""
    stated = {name: table.secrets for name, table in project.settings.systems.items()}
    return Access(project.secrets_of, stated, project.folder, folders_of(project.settings, project.folder))


def console_of(project: Tieout, pool: Pool) -> BaseRoute:
    """The console: every path that is nobody else's."""
    settings = project.settings
    desk = Desk(
        pool, settings.project.name or project.folder.name, settings.project.environment, settings.project.timezone,
        is_secure=settings.sign_in.address.startswith("https:"), configuration=project.fresh_configuration(), limits=limits_of(settings),
        targets=targets_of(settings), sign_in=settings.sign_in, access=access_of(project), vault=project.vault(),
    )  # fmt: skip
    return Mount("", console(desk))


def for_people(project: Tieout, pool: Pool) -> list[BaseRoute]:
    """What people reach: the interface of their programs, and the way in by single sign-on."""
    settings = project.settings
    seen = Project(
        pool, project.fresh_configuration, project.systems, targets_of(settings), limits_of(settings), people=project.driving.people,
        address=settings.sign_in.address, proxies=settings.sign_in.proxies, access=access_of(project),
    )  # fmt: skip
    door = Door(pool, settings.sign_in, project.sign_in_secret, lambda: datetime.now(UTC))
    return [Mount(PATH, application(seen)), *single_sign_on.routes(door)]


class Ending(threading.Event):
    """Set by the first signal, which ends gracefully. A later one ends at once; some senders signal twice in a moment."""

    _began = 0.0

    def signalled(self, number: int, frame: FrameType | None) -> None:
        """The handler."""
        if not self.is_set():
            self._began = time.monotonic()
            self.set()
        elif time.monotonic() - self._began > 1.0:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)


def _refuse(project: Tieout, roles: Sequence[str], host: str) -> None:
    """What is wrong before anything runs is said before anything runs."""
    if project.needs_rebuild:
        raise OperatorError("The settings changed how accounts are kept.", "Run `tieout rebuild --replace`, then start again.")
    if RECEIVE in roles and not _is_loopback(host) and all(key.revoked for key in keys(project.connection)):
        raise OperatorError(
            f"{host} can be reached from outside, and no key says who may send.", "Make one: `tieout keys add NAME --system SYSTEM`."
        )
    for name in project.settings.systems:
        project.secrets_of(name)
    if PEOPLE in roles:
        project.sign_in_secret()
        project.vault().check()
    if POLL in roles:
        for name in _polled(project):
            poller(project.systems[name])
        if not _polled(project) and len(roles) == 1:
            raise OperatorError("No system is to be polled.", "Set `poll_seconds` of a system in tieout.toml.")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _polled(project: Tieout) -> dict[str, float]:
    return {name: float(table.poll_seconds) for name, table in project.settings.systems.items() if table.poll_seconds is not None}


def crew_of(project: Tieout, place: Place, probe: Probe, roles: Sequence[str], web: Web | None) -> Crew:
    """The loops of some roles. `apply` ends last: what `receive` took in still waits for it."""
    queue, metrics = Queue(), place.metrics
    first: list[Loop] = []
    last = [Loop(APPLY, partial(applying, place, queue), metrics)] if APPLY in roles else []
    crew = Crew(first, last)
    if web is not None:
        watched = Watched(lambda: crew.faults, probe, metrics)
        gate, room = Gate(probe.keys), Room()
        pools = [Pool(project.database.connect), Pool(project.database.connect)]

        def build() -> ASGIApp:
            webhooks = {name: table.webhook for name, table in project.settings.systems.items() if table.webhook}
            intake = Intake(project.systems, webhooks, project.secrets_of, queue, gate, room, place.traces)
            reached = for_people(project, pools[0]) if PEOPLE in roles else []
            if CONSOLE in roles:
                reached.append(console_of(project, pools[1]))
            return interface(watched, intake if RECEIVE in roles else None, reached)

        front = Front(build)
        opening = partial(listening, web, lambda: front, pools)
        first.append(Loop(RECEIVE if RECEIVE in roles else "watch", opening, metrics, renewal=front.renew))
    if PEOPLE in roles:
        first.append(Loop(PEOPLE, partial(caring, place), metrics))
    if WORK in roles:
        first.append(Loop(WORK, partial(working, place, project.mail_password), metrics))
    first += [Loop(name, partial(ALONE[name], place), metrics) for name in roles if name in ALONE]
    if DISPATCH in roles and project.configuration.driving is not None:
        first.append(Loop(DISPATCH, partial(dispatching, place, project), metrics))
    if POLL in roles:
        first += [Loop(f"{POLL} {name}", partial(asking, place, project, name), metrics) for name in _polled(project)]
    return crew
