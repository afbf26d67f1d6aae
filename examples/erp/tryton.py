"""A real Tryton as a counterparty: installed once, its database built once, a private copy started on a free port for each use.

Tryton is GPL software in a process of its own; Tieout speaks HTTP with it and imports nothing of it. Usable without pytest:

    with Tryton.start(folder) as tryton:
        print(tryton.url)
"""

import contextlib
import fcntl
import hashlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from datetime import date
from pathlib import Path

HERE = Path(__file__).parent
PINS, SEED = HERE / "pins.txt", HERE / "seed.py"
MODULES = ("sale", "sale_price_list", "sale_amendment", "account_invoice_stock")
DATABASE = "northgate"
LOGIN, PASSWORD = "tieout", "Tieout-Pass-1"
CLERK, CLERK_PASSWORD = "clerk", "Clerk-Pass-1"
ADMIN_PASSWORD = "Admin-Pass-1"
START_SECONDS = 60
UTC = {**os.environ, "TZ": "UTC"}
"""Tryton dates its documents by the server's day."""


class NotHere(Exception):
    """Tryton cannot be had on this machine; the text says why."""


def cache() -> Path:
    """Where environment and template are kept: `$TIEOUT_CACHE`, else the user's cache folder."""
    home = os.environ.get("TIEOUT_CACHE") or os.environ.get("XDG_CACHE_HOME")
    return Path(home) / "tieout" if home else Path.home() / ".cache" / "tieout"


class Tryton:
    """One running server with a database of its own; `stop`, `kill` and `restart` act on its process alone."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder.resolve()
        self.port = port
        self.process: subprocess.Popen[bytes] | None = None

    @classmethod
    def start(cls, folder: Path, *, queued: bool = False) -> "Tryton":
        """A server on a fresh copy of the template in `folder`; `queued`: with a queue that no worker empties. Raises NotHere."""
        template = build()
        folder = folder.resolve()
        (folder / "database").mkdir(parents=True, exist_ok=True)
        for stale in (folder / "database").glob(f"{DATABASE}.sqlite*"):
            stale.unlink()
        shutil.copyfile(template, folder / "database" / f"{DATABASE}.sqlite")
        made = cls(folder, free_port())
        _configure(folder, made.port, queued=queued)
        made.restart()
        return made

    @property
    def url(self) -> str:
        """The address of the database, as the connector's option `url` wants it."""
        return f"http://127.0.0.1:{self.port}/{DATABASE}/"

    def __enter__(self) -> "Tryton":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def restart(self) -> None:
        """Start the process again on the same port and database."""
        self.stop()
        command = [environment() / "bin" / "trytond", "-c", self.folder / "trytond.cfg", "-d", DATABASE]
        with (self.folder / "trytond.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, env=UTC, start_new_session=True)
        self._wait()

    def stop(self) -> None:
        """End the process and wait for it."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the process as a power cut would."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(how)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def _wait(self) -> None:
        """Until it answers; a server that ended says why in its log."""
        assert self.process is not None
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"trytond ended: {(self.folder / 'trytond.log').read_text()[-2000:]}")
            asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            try:
                asked.request(
                    "POST", "/rpc/", b'{"id": 1, "method": "common.server.version", "params": []}', {"Content-Type": "application/json"}
                )
                if asked.getresponse().status == 200:
                    return
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
            finally:
                asked.close()
        raise RuntimeError(f"trytond did not answer within {START_SECONDS} s")


def free_port() -> int:
    """A loopback port that nobody uses at this moment."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def environment() -> Path:
    """The environment that the pins make."""
    return cache() / f"tryton-{_hash(PINS.read_bytes(), sys.version.encode())}"


def install() -> Path:
    """Make the environment, once. Raises NotHere when a package cannot be had."""
    home = environment()
    if (home / "installed").exists():
        return home
    with _alone(home):
        if (home / "installed").exists():
            return home
        try:
            venv.create(home, with_pip=True, clear=True)
            subprocess.run(
                [home / "bin" / "python", "-m", "pip", "install", "-q", "--no-deps", "-r", PINS], check=True, capture_output=True, timeout=600
            )
        except (OSError, subprocess.SubprocessError) as failed:
            said = getattr(failed, "stderr", b"") or b""
            raise NotHere(f"Tryton could not be installed: {said.decode(errors='replace').strip()[-300:] or failed}") from failed
        (home / "installed").touch()
    return home


def build() -> Path:
    """The template database of these pins, modules and seed, made once a day, since its opening stock is of that day. Raises NotHere."""
    home = install()
    name = f"template_{_hash(PINS.read_bytes(), ' '.join(MODULES).encode(), SEED.read_bytes(), date.today().isoformat().encode())}"
    template = home / f"{name}.sqlite"
    if template.exists():
        return template
    with _alone(template):
        if not template.exists():
            for old in home.glob("template_*.sqlite"):
                old.unlink()
            _fill(home, name, template)
    return template


def _fill(home: Path, name: str, template: Path) -> None:
    work = home / f"building-{os.getpid()}"
    (work / "database").mkdir(parents=True)
    try:
        config = _configure(work, 0)
        (work / "password").write_text(ADMIN_PASSWORD)
        (work / "database" / f"{name}.sqlite").touch()
        setup = [
            home / "bin" / "trytond-admin",
            "-c",
            config,
            "-d",
            name,
            "-u",
            "ir",
            *MODULES,
            "--activate-dependencies",
            "--email",
            "admin@example.com",
        ]
        for command in (setup, [home / "bin" / "python", SEED, config, name]):
            ran = subprocess.run(
                command, cwd=work, env={**os.environ, "TRYTONPASSFILE": str(work / "password")}, capture_output=True, timeout=600
            )
            if ran.returncode:
                raise RuntimeError(f"Tryton's database could not be made: {ran.stderr.decode(errors='replace')[-3000:]}")
        (work / "database" / f"{name}.sqlite").rename(template)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _configure(folder: Path, port: int, *, queued: bool = False) -> Path:
    config = folder / "trytond.cfg"
    config.write_text(
        f"[database]\nuri = sqlite://\npath = {folder / 'database'}\n[web]\nlisten = 127.0.0.1:{port}\n[session]\ntimeout = 36000\n[queue]\nworker = {queued}\n"
    )
    return config


@contextlib.contextmanager
def _alone(thing: Path) -> Iterator[None]:
    """One process at a time makes a thing."""
    thing.parent.mkdir(parents=True, exist_ok=True)
    with (thing.parent / f"{thing.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _hash(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]
