"""A running Tieout as a drill meets it: messages go to it over HTTP, by key or signed as webhooks; exceptions and balances are read by its API."""

import base64
import hashlib
import hmac
import http.client
import json
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from tieout.errors import OperatorError
from tieout.settings import Settings, load, secrets_of
from tieout.simulate.clock import iso
from tieout.simulate.grade import Difference, Shown
from tieout.simulate.observed import Balances, differing
from tieout.simulate.paper import plain_text
from tieout.simulate.rules import ACCOUNTS, Measure
from tieout.simulate.scenario import Step

KEY, PERSON_KEY = "TIEOUT_DRILL_KEY", "TIEOUT_DRILL_PERSON_KEY"
"""Environment variables: a key for messages of all systems (`tieout keys add`), and a person's key for the API."""
API = "/api/v1"
PAGE = 100
TRIES, AT_ONCE = 6, 8
SECONDS = 60.0
PATIENCE = 20.0
"""Seconds within which an exception has to show after what it follows from was acknowledged."""
AGAIN = 0.3
SENDING, QUIET = 5.0, 2
"""Seconds for which what it sends is waited for before the world goes on, and how many looks in a row have to find nothing left."""
TECHNICAL = {"WAI", "FED", "CNF"}
Known = dict[str, Shown]


@dataclass(slots=True)
class Target:
    """Where it listens, the keys for it, and the settings it runs by: from these come the webhooks that are to be signed."""

    url: str
    key: str
    person_key: str
    settings: Settings
    folder: Path

    @classmethod
    def of(cls, url: str, folder: Path) -> "Target":
        """With the keys that stand in the environment. Raises OperatorError."""
        keys = {name: os.environ.get(name, "") for name in (KEY, PERSON_KEY)}
        for name, what in ((KEY, "a key for all systems, from `tieout keys add`"), (PERSON_KEY, "a person's key for the API")):
            if not keys[name]:
                raise OperatorError(f"The environment variable {name} is not set.", f"Set it to {what}, made at {url}.")
        return cls(url.rstrip("/"), keys[KEY], keys[PERSON_KEY], load(folder), folder)

    def secret(self, system: str) -> str:
        """What webhooks of a system are signed with; empty where they are not."""
        if not self.settings.systems[system].webhook:
            return ""
        return secrets_of(self.settings, system, self.folder, os.environ)["webhook"]


class Http:
    """One connection that is kept."""

    def __init__(self, url: str) -> None:
        where = urlsplit(url)
        kind = http.client.HTTPSConnection if where.scheme == "https" else http.client.HTTPConnection
        self._url, self._path = url, where.path.rstrip("/")
        self._connection = kind(where.hostname or "", where.port, timeout=SECONDS)

    def ask(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Any:
        """The JSON of an answer of success; asked again while it says that it is busy. Raises OperatorError."""
        said = ""
        for attempt in range(TRIES):
            try:
                self._connection.request(method, self._path + path, body, dict(headers))
                answer = self._connection.getresponse()
                raw = answer.read()
            except (OSError, http.client.HTTPException) as bad:
                self._connection.close()
                said = f"{type(bad).__name__}: {bad}"
            else:
                if 200 <= answer.status < 300:
                    return json.loads(raw)
                said = f"{answer.status} {raw[:300].decode('utf-8', 'replace')}"
                if answer.status not in (429, 503):
                    break
            time.sleep(min(2**attempt * AGAIN, 5.0))
        raise OperatorError(f"{method} {self._url}{path.partition('?')[0]}: {said}", "See whether it serves, and whether the keys may do this.")


@dataclass(slots=True)
class Remote:
    """A player that works on a running Tieout. Days on which nothing comes and nothing is expected it passes over, up to the `end`."""

    target: Target
    root: Path
    end: int
    is_driving: bool = False
    """Whether it tells systems things, which has to be waited for."""
    _reported: dict[str, Step] = field(default_factory=dict)
    _has_news: bool = True
    _is_busy: bool = False
    _last: Known = field(default_factory=dict)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(AT_ONCE))
    _local: threading.local = field(default_factory=threading.local)

    @property
    def _http(self) -> Http:
        """The connection of this thread."""
        if not hasattr(self._local, "http"):
            self._local.http = Http(self.target.url)
        found: Http = self._local.http
        return found

    def is_empty(self) -> bool:
        """Whether its ledger holds nothing yet."""
        return not self._page("/transactions?limit=1")["items"] and not self._page("/cases?limit=1")["items"]

    # Sending -------------------------------------------------------------------------------------------------------------

    def play(self, steps: Sequence[Step], at: int) -> bool:
        """Send the files of each delivery, and how far its system has reported."""
        self._has_news = self._has_news or at >= self.end
        was_told = False
        for step in steps:
            files = sorted((self.root / step.folder).iterdir()) if step.folder else []
            was_told = was_told or bool(files)
            secret = self.target.secret(step.system)
            for file in files:
                name = "/".join(file.parts[-3:])
                if secret and name not in step.damaged:
                    self._signed(step.system, name, file.read_bytes(), secret)
                else:
                    self._send(step.system, file.read_bytes(), {"name": name}, name)
            if step.complete:
                self._reported[step.system] = step
        self._has_news = self._has_news or was_told
        if self.is_driving and (was_told or self._is_busy):
            self._is_busy = self._await_sending()
        return self._is_busy

    def _await_sending(self) -> bool:
        """Until nothing is left to be sent, or for so long; whether something is left."""
        until, quiet = time.monotonic() + SENDING, 0
        while quiet < QUIET and time.monotonic() < until:
            time.sleep(AGAIN)
            waiting = sum(lane["backlog"] + lane["in_doubt"] for lane in self._page("/systems")["items"])
            quiet = 0 if waiting else quiet + 1
        return quiet < QUIET

    def _complete(self, step: Step) -> None:
        self._send(step.system, b"", {"complete_to": iso(step.at)}, "")

    def _send(self, system: str, body: bytes, parameters: Mapping[str, str], key: str) -> None:
        headers = {"Authorization": f"Bearer {self.target.key}", **({"Idempotency-Key": key} if key else {})}
        self._http.ask("POST", f"/v1/messages/{quote(system)}?{urlencode(parameters)}", body, headers)

    def _signed(self, system: str, name: str, raw: bytes, secret: str) -> None:
        scheme = self.target.settings.systems[system].webhook
        for headers, body in _shopify(raw, secret) if scheme == "shopify" else _standard(raw, secret, name):
            self._http.ask("POST", f"/v1/webhooks/{quote(system)}", body, headers)

    # Reading -------------------------------------------------------------------------------------------------------------

    def cases(self, damaged: Mapping[str, str], wanted: Mapping[str, Shown]) -> Known:
        """The open exceptions by its API, as soon as they are as wanted, or when it had time enough."""
        if wanted == self._last and not (self._has_news and (self._reported or not self.is_driving)):
            return self._last
        list(self._pool.map(self._complete, self._reported.values()))
        self._reported.clear()
        until = time.monotonic() + PATIENCE
        while (shown := self._cases(damaged)) != wanted and time.monotonic() < until:
            time.sleep(AGAIN)
        self._last, self._has_news = shown, False
        return shown

    def double_claims(self) -> list[Difference]:
        """Its API does not say it."""
        return []

    def unbalanced(self, right: Balances) -> list[Difference]:
        """By its balances, all of them."""
        found = ((b["subject"], b["account"], b["key"], b["unit"], b["net"]) for b in self._all("/balances"))
        return differing(found, right)

    def ledger_hash(self) -> str:
        """Its API does not say it."""
        return ""

    def _cases(self, damaged: Mapping[str, str]) -> Known:
        found: Known = {}
        names = [(place.split("/")[0], name) for place, name in damaged.items()]
        for case in sorted(self._all("/cases"), key=lambda one: (one["since"], len(one["ref"]), one["ref"])):
            code, root, key = case["class"], case["subject"], case["key"]
            if code == "QUA":
                found[_next(names, case["system"])] = Shown(case["system"], {}, {})
            elif code in TECHNICAL:
                found[f"{code} {root or case['system']}"] = Shown(case["system"], {}, {})
            elif code[-1:] in ("+", "-"):
                found[f"{code} {root}#{key}" if key else f"{code} {root}"] = self._shown(case)
        return found

    def _shown(self, case: Mapping[str, Any]) -> Shown:
        """With the quantity that its balance has, which the list of exceptions does not name; nor does it name the owner, who goes by the class."""
        account, sign = ACCOUNTS.get(case["account"]), "-" if case["class"].endswith("-") else ""
        quantity: dict[str, str] = {}
        if account is None or account.measure in (Measure.QUANTITY, Measure.BOTH):
            where = urlencode({"subject": case["subject"], "account": case["account"]})
            balances = [b for b in self._all(f"/balances?{where}") if b["key"] == case["key"]]
            quantity = {b["unit"]: plain_text(b["net"]) for b in balances if b["unit"] not in (case["currency"], f"${case['currency']}", "USD")}
        worth = case["worth"]
        is_worth = worth is not None and float(worth) != 0
        side = account.under if account is not None and sign else account.over if account is not None else None
        return Shown(side.owner if side is not None else "", quantity, {case["currency"]: f"{sign}{plain_text(worth)}"} if is_worth else {})

    def _all(self, path: str) -> Iterator[dict[str, Any]]:
        cursor: str | None = ""
        while cursor is not None:
            join = "&" if "?" in path else "?"
            page = self._page(f"{path}{join}limit={PAGE}" + (f"&cursor={quote(cursor)}" if cursor else ""))
            yield from page["items"]
            cursor = page["next"]

    def _page(self, path: str) -> Any:
        return self._http.ask("GET", API + path, None, {"Authorization": f"Bearer {self.target.person_key}"})


def _next(names: list[tuple[str, str]], system: str) -> str:
    """The list of exceptions names no files: of those of a system that could not be read, the first that was not named yet."""
    found = next((each for each in names if each[0] == system), None)
    if found is None:
        return f"QUA {system}, and nothing was damaged"
    names.remove(found)
    return found[1]


def _shopify(raw: bytes, secret: str) -> Iterator[tuple[dict[str, str], bytes]]:
    """The webhooks in a file, each by itself, as the shop sends and signs them."""
    for line in raw.splitlines():
        envelope = json.loads(line)
        body = json.dumps(envelope["payload"]).encode()
        signature = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
        yield {
            "X-Shopify-Topic": envelope["topic"], "X-Shopify-Webhook-Id": envelope["webhook_id"], "X-Shopify-Hmac-Sha256": signature,
        }, body  # fmt: skip


def _standard(raw: bytes, secret: str, name: str) -> Iterator[tuple[dict[str, str], bytes]]:
    """A file as one webhook by the standard scheme."""
    stamp = str(int(time.time()))
    key = base64.b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()
    signature = base64.b64encode(hmac.new(key, f"{name}.{stamp}.".encode() + raw, hashlib.sha256).digest()).decode()
    yield {"webhook-id": name, "webhook-timestamp": stamp, "webhook-signature": f"v1,{signature}"}, raw
