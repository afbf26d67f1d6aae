"""The day of examples/day behind a console: imported once, followed, with people who may look."""

import re
import secrets
import shutil
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import HTTPResponse
from pathlib import Path
from typing import Any, NamedTuple

from console_people import invite, token
from console_server import serving

from tieout.app import Tieout, opened
from tieout.cases.follow import follow
from tieout.console.desk import Desk
from tieout.people import accounts
from tieout.people.sessions import PLAIN_COOKIE
from tieout.process import follow as process
from tieout.runtime.intake import import_places
from tieout.settings import limits_of, targets_of
from tieout.store.pool import Pool

DAY = Path(__file__).parents[2] / "examples" / "day"
NOW = datetime(2025, 6, 18, 9, 30, tzinfo=UTC)
"""The morning after."""
ORDER = "edi/order/GREENMART:GM7702"
"""Ordered in cases, booked in pieces: 72 against 6."""


class Seen(NamedTuple):
    """An answer of the console."""

    status: int
    url: str
    headers: Any
    raw: bytes

    @property
    def text(self) -> str:
        return self.raw.decode()


class Console:
    """The served day: `get` and `post` as somebody, `sql` as the oracle."""

    def __init__(self, project: Tieout, base: str, desk: Desk) -> None:
        self.project, self.base, self.desk = project, base, desk
        self.tokens = {login: token(project.database, login, NOW) for login in ("ana", "bo", "chen", "vera", "ada", "shopkeeper")}

    def sql(self, text: str, *arguments: Any) -> list[tuple[Any, ...]]:
        return self.project.connection.execute(text.encode(), arguments or None).fetchall()

    def get(self, path: str, who: str = "ana", **headers: str) -> Seen:
        return self._ask(urllib.request.Request(self.base + path, headers={**headers, "Cookie": f"{PLAIN_COOKIE}={self.tokens[who]}"}))

    def post(self, path: str, who: str = "ana", **fields: str) -> Seen:
        """Send a form as its page would."""
        found = re.search(r'name="csrf" value="([^"]+)"', self.get("/help/keys", who).text)
        assert found is not None
        body = urllib.parse.urlencode({"csrf": found[1], **fields}).encode()
        return self._ask(urllib.request.Request(self.base + path, body, {"Cookie": f"{PLAIN_COOKIE}={self.tokens[who]}"}, method="POST"))

    def _ask(self, request: urllib.request.Request) -> Seen:
        try:
            answer: HTTPResponse = urllib.request.urlopen(request, timeout=60)
        except urllib.error.HTTPError as refused:
            answer = refused  # type: ignore[assignment]
        with answer:
            return Seen(answer.status, urllib.parse.unquote(answer.url.removeprefix(self.base)), answer.headers, answer.read())


@contextmanager
def day(folder: Path) -> Iterator[Console]:
    """The day, served."""
    shutil.copytree(DAY, folder, ignore=shutil.ignore_patterns(".tieout"))
    settings = folder / "tieout.toml"
    settings.write_text(settings.read_text().replace('schema = "day"', f'schema = "day_{secrets.token_hex(5)}"'))
    with opened(folder) as project:
        for name in project.systems:
            import_places(project.connection, project.configuration, project.systems[name], [str(folder / name)])
        project.tick()
        follow(project.connection, project.configuration, NOW)
        process.follow(project.connection, project.configuration.accounts)
        invite(project.database, NOW)
        with project.database.session() as connection:
            ada = accounts.add(connection, "ada", "Ada Min", NOW, by=None)
            accounts.set_roles(connection, ada, ["admin"], [], NOW, by=None)
            keeper = accounts.add(connection, "shopkeeper", "Sia Shop", NOW, by=None)
            accounts.set_roles(connection, keeper, ["analyst"], [], NOW, by=None)
            accounts.set_scopes(connection, keeper, {"channel": ["shopify"]}, NOW, by=None)
        desk = Desk(
            Pool(project.database.connect), "Cupline", "test", "America/Chicago", clock=lambda: NOW, configuration=project.fresh_configuration(),
            limits=limits_of(project.settings), targets=targets_of(project.settings), vault=project.vault(),
        )  # fmt: skip
        with serving(desk) as base:
            yield Console(project, base, desk)
