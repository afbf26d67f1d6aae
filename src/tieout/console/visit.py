"""One request of a person: who asks, which part of a page is wanted, what the database says in one snapshot, and the answer."""

import hashlib
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tieout.console import keymap, shell
from tieout.console.banners import Health, health
from tieout.console.desk import Desk
from tieout.console.form import Form, Upload
from tieout.console.render import environment, moments, zone_name
from tieout.people import sessions
from tieout.people.person import Person, Right
from tieout.store.database import fetch
from tieout.store.session import Session

FRAGMENT = "X-Fragment"
"""Asked for by our script: `main`, or a part that the page names (`rows`, `pane`, `row/7`). The answer carries it too."""

ZONE = "X-Zone"
"""Told by our script when somebody has switched all times: `UTC`, or `local` again."""


class Visit:
    """One request with all a page needs. `fetch` runs named SQL, `show` answers with a template.

    `why_not` is what was said to whoever was refused.
    """

    def __init__(self, request: Request, desk: Desk, session: Session, person: Person | None, token: str, form: Form) -> None:
        self.request = request
        self.desk = desk
        self.connection = session
        self.person_or_none = person
        self.token = token
        self.now: datetime = desk.clock()
        self.preferences = shell.preferences_of(person.preferences if person is not None else {})
        if zone := request.headers.get(ZONE):
            self.preferences = msgspec.structs.replace(self.preferences, utc=zone == "UTC")
        self.fragment = request.headers.get(FRAGMENT, "")
        self.why_not = ""
        self._form = form
        self._health: Health | None = None
        self.spent = {"db": 0.0, "render": 0.0}

    @property
    def person(self) -> Person:
        """Who asks; on pages that are open to all, `person_or_none`."""
        assert self.person_or_none is not None
        return self.person_or_none

    @property
    def csrf(self) -> str:
        """What our forms carry."""
        return sessions.csrf_of(self.token) if self.token else ""

    # What was asked ------------------------------------------------------------------------------------------------

    @property
    def path(self) -> str:
        """The path of the page."""
        return self.request.url.path

    @property
    def query(self) -> list[tuple[str, str]]:
        """The query as written, in order, blank values kept."""
        return parse_qsl(self.request.url.query, keep_blank_values=True)

    @property
    def back(self) -> str:
        """The page that a form was sent from, if it is one of ours."""
        stated = urlsplit(self.request.headers.get("referer", ""))
        mine = stated.netloc == self.request.headers.get("host", "")
        return (stated.path + (f"?{stated.query}" if stated.query else "")) if mine and stated.path else "/"

    def argument(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    def field(self, name: str) -> str:
        """A field of the form, empty when it was not sent."""
        return self._form.fields.get(name, [""])[0]

    def fields(self, name: str) -> list[str]:
        """All values of a field of the form."""
        return list(self._form.fields.get(name, []))

    @property
    def upload(self) -> Upload | None:
        """The file that the form sent."""
        return self._form.upload

    @property
    def zone(self) -> str:
        """The person's time zone."""
        return (self.person_or_none.zone if self.person_or_none is not None else "") or self.desk.zone

    @property
    def shown_zone(self) -> str:
        """The zone in which times are shown at this moment."""
        return "UTC" if self.preferences.utc else self.zone

    @property
    def health(self) -> Health:
        """What is wrong at this moment; nobody who is not signed in is told."""
        if self.person_or_none is None:
            return Health()
        if self._health is None:
            self._health = health(self.connection, self.desk, self.now)
        return self._health

    # Reading -------------------------------------------------------------------------------------------------------

    def fetch(self, name: str, *arguments: Any) -> list[tuple[Any, ...]]:
        """All rows of a named statement."""
        rows: list[tuple[Any, ...]] = self.timed("db", fetch, self.connection, name, *arguments)
        return rows

    def timed(self, what: str, work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Do something and add its time to what `Server-Timing` tells."""
        began = time.perf_counter()
        try:
            return work(*arguments, **named)
        finally:
            self.spent[what] = self.spent.get(what, 0.0) + time.perf_counter() - began

    # Answering -----------------------------------------------------------------------------------------------------

    def show(self, template: str, status: int = 200, *, block: str = "", **values: Any) -> Response:
        """A page; only its block `main` (or the one named) when our script asked for a part."""
        is_part = template.startswith("fragments/") and bool(self.fragment)
        block = block or ("main" if self.fragment == "main" else "")
        text = self.timed("render", environment().get_template(template).render, {**self._common(), "part": block, **values})
        etag = f'W/"{hashlib.sha256(text.encode()).hexdigest()[:24]}"'
        headers = {"Vary": "X-Fragment, X-Zone, Cookie", "ETag": etag} | ({FRAGMENT: self.fragment} if block or is_part else {})
        if status == 200 and self.request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        return Response(text, status, media_type="text/html", headers=headers)

    def _common(self) -> dict[str, Any]:
        choice = keymap.Choice(self.preferences.single_keys, self.preferences.keys)
        return {
            "title": "", "visit": self, "person": self.person_or_none, "Right": Right, "desk": self.desk, "now": self.now,
            "preferences": self.preferences, "csrf": self.csrf, "keys": keymap.attribute(choice), "own_keys": keymap.own_attributes(choice),
            "help": keymap.by_scope(choice),
            "moment": moments(self.zone, self.now, utc=self.preferences.utc), "zone": zone_name(self.shown_zone, self.now),
            "health": self.health, "local_zone": zone_name(self.zone, self.now),
            "places": shell.groups(self.request.app.state.paths), "tabs": shell.tabs(self.person_or_none),
        }  # fmt: skip

    def go(self, url: str, *, said: str = "") -> Response:
        """See another page next; `said` is told there."""
        return self.done(said, url, next_=url)

    def done(self, said: str, url: str, *, changed: Sequence[int] = (), undo: str = "", advances: bool = False, next_: str = "") -> Response:
        """Something was done. Our script is told what changed and how to take it back; without it the page `url` is next and tells it."""
        if not self.fragment:
            response = RedirectResponse(next_ or url, 303)
            response.set_cookie("said", quote(said), max_age=30, httponly=False, samesite="strict", secure=self.desk.is_secure)
            return response
        headers = {"X-Said": quote(said), FRAGMENT: self.fragment}
        headers |= {"X-Changed": ",".join(map(str, changed[:200]))} if changed else {}
        headers |= {name: value for name, value in (("X-Undo", undo), ("X-Next", next_), ("X-Advance", "1" if advances else "")) if value}
        return Response(status_code=204, headers=headers)


class Refusal(Exception):
    """What a person asked for is not done; `status` is 403, 404, 409, 422 …, `title` says what, `detail` why and what next."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.detail = detail
