"""A project at work: as a process of its own, driven over real sockets and ended by real signals; or in this process, where its limits can be narrowed."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from servers import Server
from tieout.api.probe import Probe
from tieout.api.server import Web
from tieout.app import open_project
from tieout.runtime.roles import Place
from tieout.serving.work import crew_of
from tieout.telemetry.metrics import Metrics
from tieout.telemetry.traces import Traces

SOURCE = Path(__file__).parents[2] / "src"
DEADLINE = 30.0
SHOP_SECRETS = ("the-shop-secret", "whsec_dGhlLXN0YW5kYXJkLXNlY3JldC1ub3c=", "whsec_dGhlLXN0YW5kYXJkLXNlY3JldC1vbGQ=")
SETTINGS = """
[project]
name = "at work"
clock = "wall"

[systems.wms]
connector = "wms_json"
role = "wms"

[systems.edi]
connector = "x12"
role = "channel"

[systems.shop]
connector = "shopify"
role = "channel"
webhook = "shopify"
secrets = { webhook = "env:SHOP_SECRET" }

[systems.market]
connector = "wms_json"
role = "wms"
webhook = "standard"
secrets = { webhook = "file:secrets/now", webhook_old = "file:secrets/old" }
"""


def shipped(number: str | int, **more: Any) -> bytes:
    """A warehouse's event."""
    event = {
        "event": "shipped", "event_id": f"E{number}", "shipment": f"S{number}", "occurred_at": "2026-03-02T10:00:00Z", "warehouse": "W1",
        "order": {"system": "erp", "type": "sales_order", "number": str(number)},
        "lines": [{"line": "1", "item": "BOLT-8", "quantity": 5, "unit": "EA"}], **more,
    }  # fmt: skip
    return json.dumps(event).encode()


class Answer:
    """What came back."""

    def __init__(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status, self.body = status, body
        self.headers = {name.lower(): value for name, value in headers}
        self.cookies = [value for name, value in headers if name.lower() == "set-cookie"]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def until(what: Callable[[], Any], seconds: float = DEADLINE) -> Any:
    """Ask again until it is so."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
    raise AssertionError("it never came")


class Caller:
    """Somebody who calls a server on a port."""

    port: int
    key: str = ""

    def call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return Answer(answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()

    def post(self, system: str, body: bytes, **headers: str) -> Answer:
        return self.call("POST", f"/v1/messages/{system}", body, **{"authorization": f"Bearer {self.key}", **headers})

    def get(self, path: str) -> Answer:
        return self.call("GET", path)

    def metric(self, line: str) -> float:
        """The value of a line of the metrics; 0 if it is not there."""
        found = [each for each in self.get("/metrics").body.decode().splitlines() if each.startswith(line + " ")]
        return float(found[0].split(" ")[1]) if found else 0.0

    def raw(self) -> socket.socket:
        """A bare connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE)


class Project:
    """A project's folder, in a schema of its own."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.folder = folder
        self.server = server
        self.database = server.make()
        self.environment = {
            **os.environ, "TIEOUT_DATABASE": self.database.conninfo, "SHOP_SECRET": SHOP_SECRETS[0], "PYTHONPATH": str(SOURCE),
        }  # fmt: skip
        self.write(SETTINGS)
        (folder / "secrets").mkdir()
        (folder / "secrets" / "now").write_text(SHOP_SECRETS[1] + "\n")
        (folder / "secrets" / "old").write_text(SHOP_SECRETS[2])

    def write(self, settings: str) -> None:
        text = settings.replace("[project]\n", f'[project]\nschema = "{self.database.schema}"\n')
        (self.folder / "tieout.toml").write_text(text)

    def tieout(self, *words: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        command = [sys.executable, "-m", "tieout", "-p", str(self.folder), *words]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=seconds)

    def key(self, *systems: str) -> str:
        done = self.tieout("keys", "add", "a test", *(word for system in systems for word in ("-s", system)))
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def ask(self, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
        """Rows of a query on the project's schema."""
        with psycopg.connect(self.database.conninfo, autocommit=True) as connection:
            connection.execute(sql.SQL("set search_path to {}").format(sql.Identifier(self.database.schema)))
            return connection.execute(query.encode(), arguments or None).fetchall()

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold back everybody who writes a message."""
        with psycopg.connect(self.database.conninfo) as connection:
            connection.execute(sql.SQL("lock table {}.message in access exclusive mode").format(sql.Identifier(self.database.schema)))
            yield
            connection.rollback()

    @property
    def messages(self) -> list[tuple[str, str]]:
        """System and key of every message."""
        found = self.ask("select s.name, m.key from message m join system s on s.id = m.system order by m.id")
        return [(name, bytes(key).decode("latin-1")) for name, key in found]


class Process(Caller):
    """`tieout serve` or `worker` as a process."""

    def __init__(self, project: Project, *words: str, key: str = "") -> None:
        self.key = key
        command = [sys.executable, "-m", "tieout", "-p", str(project.folder), *words]
        self.process = subprocess.Popen(command, env=project.environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lines: list[str] = []
        self.begun = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        assert self.begun.wait(DEADLINE), self.lines
        found = [json.loads(line) for line in self.lines if '"at work"' in line]
        assert found, self.lines
        self.port = int(found[0]["url"].rpartition(":")[2] or 0)
        if self.port:
            until(lambda: self.get("/healthz").status == 200)

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
            if '"at work"' in line:
                self.begun.set()
        self.begun.set()

    @property
    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]

    def end(self, number: int = signal.SIGTERM) -> int:
        """Signal it and wait for its end."""
        self.process.send_signal(number)
        code = self.process.wait(DEADLINE)
        self._reader.join(DEADLINE)
        return code


class Within(Caller):
    """The same roles in this process."""

    def __init__(self, project: Project, roles: tuple[str, ...], traces: Traces) -> None:
        self.project = open_project(project.folder)
        self.sessions: list[Any] = []
        self.metrics = Metrics()
        self.place = Place(self._open, self.project.fresh_configuration, self.project.secrets_of, self.metrics, traces)
        self.probe = Probe(self.project.database.connect)
        web = Web("127.0.0.1", 0)
        self.port = web.port
        self.crew = crew_of(self.project, self.place, self.probe, roles, web)
        self.crew.start()
        until(lambda: not any(self.crew.faults.values()))

    def _open(self) -> Any:
        self.sessions.append(self.project.database.connect(writer=True))
        return self.sessions[-1]

    def close(self) -> None:
        assert self.crew.end() == []
        self.probe.close()
        self.project.close()
