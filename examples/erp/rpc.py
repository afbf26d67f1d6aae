"""Tryton's JSON-RPC in a few lines, with nothing of Tieout in them: for the people who work in Tryton, and for the independent audit."""

import base64
import json
import urllib.request
from datetime import date
from decimal import Decimal
from typing import Any

SECONDS = 120


class Refused(Exception):
    """Tryton says no."""


class Rpc:
    """A user of one database."""

    def __init__(self, url: str, login: str, password: str) -> None:
        self._url = url.rstrip("/") + "/rpc/"
        self._headers = {"content-type": "application/json"}
        user, key, *_ = self._ask("common.db.login", login, {"password": password})
        self._headers["authorization"] = "Session " + base64.b64encode(f"{login}:{user}:{key}".encode()).decode()
        self._context = self._ask("model.res.user.get_preferences", True, {})

    def call(self, model: str, method: str, *params: Any) -> Any:
        """One method of one model."""
        return self._ask(f"model.{model}.{method}", *params, self._context)

    def find(self, model: str, domain: list[Any], *fields: str) -> list[dict[str, Any]]:
        """All records that match, by id."""
        found: list[dict[str, Any]] = self.call(model, "search_read", domain, 0, None, [["id", "ASC"]], list(fields))
        return found

    def wizard(self, name: str, model: str, record: int, button: str, **form: Any) -> None:
        """Open a wizard on a record, fill its first form and press a button."""
        context = {**self._context, "active_model": model, "active_id": record, "active_ids": [record]}
        opened, state, _ = self._ask(f"wizard.{name}.create", context)
        self._ask(f"wizard.{name}.execute", opened, {}, state, context)
        self._ask(f"wizard.{name}.execute", opened, {"start": form}, button, context)

    def _ask(self, method: str, *params: Any) -> Any:
        body = json.dumps({"id": 1, "method": method, "params": list(params)}, default=_written).encode()
        request = urllib.request.Request(self._url, body, self._headers)
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            said = json.loads(answer.read(), parse_float=Decimal, object_hook=_read)
        if said.get("error"):
            raise Refused(f"{method}: {said['error']}")
        return said["result"]


def _read(value: dict[str, Any]) -> Any:
    if value.get("__class__") == "Decimal":
        return Decimal(value["decimal"])
    if value.get("__class__") == "date":
        return date(value["year"], value["month"], value["day"])
    return value


def _written(value: Any) -> Any:
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    raise TypeError(f"{value!r} is not written to Tryton")
