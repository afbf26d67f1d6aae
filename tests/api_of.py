"""The interface of a world with work in it, served on a real socket of this process."""

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import uvicorn
from starlette.routing import Mount

from tieout.api.probe import Probe
from tieout.api.routes import Watched, interface
from tieout.api.v1.app import PATH, application
from tieout.api.v1.project import Project
from tieout.people import accounts, keys
from tieout.people.accounts import Account
from tieout.store.database import Database
from tieout.telemetry.metrics import Metrics
from world import NOW


class Answer:
    """What came back."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Api:
    """The served interface, and people who use it."""

    def __init__(self, port: int, database: Database, project: Project) -> None:
        self.port, self.database, self.project = port, database, project

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{PATH}"

    def call(self, method: str, path: str, body: object = None, *, key: str = "", raw: bytes | None = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if key:
            sent["authorization"] = f"Bearer {key}"
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        if data is not None:
            sent.setdefault("content-type", "application/json")
        try:
            connection.request(method, PATH + path, data, sent)
            found = connection.getresponse()
            return Answer(found.status, {name.lower(): value for name, value in found.getheaders()}, found.read())
        finally:
            connection.close()

    def person(self, login: str, *roles: str, **scopes: list[str]) -> Account:
        """Add somebody."""
        now = NOW
        with self.database.session() as session:
            made = accounts.add(session, login, login.title(), now, by=None)
            accounts.set_roles(session, made, roles, (), now, by=None)
            accounts.set_scopes(session, made, scopes, now, by=None)
            return accounts.account(session, login)

    def key(self, login: str, *roles: str, **scopes: list[str]) -> str:
        """A key of somebody new."""
        with self.database.session() as session:
            now = NOW
            return keys.add(session, self.person(login, *roles, **scopes).person, "a test", now + timedelta(days=1), now)


@contextlib.contextmanager
def served(database: Database, project: Project) -> Iterator[Api]:
    """The interface on a socket, for as long as the block lasts; mounted where the product mounts it."""
    listening = socket.create_server(("127.0.0.1", 0))
    probe = Probe(database.connect)
    app = interface(Watched(dict, probe, Metrics()), None, [Mount(PATH, application(project))])
    config = uvicorn.Config(app, log_level="error", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        end = time.monotonic() + 30
        while not server.started:
            assert thread.is_alive() and time.monotonic() < end, "the server does not start"
            thread.join(0.01)
        yield Api(listening.getsockname()[1], database, project)
    finally:
        server.should_exit = True
        thread.join(10)
        project.pool.close()
        probe.close()
        listening.close()
