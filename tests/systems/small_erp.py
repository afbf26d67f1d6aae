"""A small ERP with a JSON interface: the counterparty of the how-to. It keeps orders and invoices, checks credit, pages, and misbehaves on request.

`faults` is a list of what happens to the next writes, taken from the front: `lost answer` (done, but the connection ends),
`lost request` (not done), `locked`, or None for a good one.
"""

import contextlib
import json
import socket
import threading
from base64 import b64decode
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from hostile import Behaviour, Hostile, serving

CLIENT = ("tieout", "s3cret-of-the-client")
PAGE = 2


class SmallErp(Behaviour):
    """`/oauth/token`, `/api/orders`, `/api/orders/{number}`, `/api/invoices`."""

    def do(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        with self.server.state["lock"]:
            self.route(urlsplit(self.path).path.strip("/").split("/"), parse_qs(urlsplit(self.path).query), body)

    do_GET = do_POST = do  # noqa: N815  the names http.server looks for

    def route(self, parts: list[str], query: dict[str, list[str]], body: bytes) -> None:
        state = self.server.state
        if parts == ["oauth", "token"] and "secret" in state and not self.is_known(body):
            self.json({"error": "invalid_client"}, 401)
        elif parts == ["oauth", "token"]:
            state["tokens"] += 1
            self.json({"access_token": f"t{state['tokens']}", "expires_in": 600})
        elif self.headers.get("authorization") != f"Bearer t{state['tokens']}":
            self.json({"error": {"code": "TOKEN", "message": "token expired"}}, 401)
        elif parts[0] != "api":
            self.json({"error": {"code": "NOT_FOUND"}}, 404)
        elif self.command == "POST":
            self.write(parts[1], json.loads(body, parse_float=Decimal))
        elif len(parts) == 3:
            found = [one for one in state[parts[1]] if one["number"] == parts[2]]
            self.json({"data": found[0]} if found else {"error": {"code": "NOT_FOUND"}}, 200 if found else 404)
        else:
            self.list(parts[1], query)

    def is_known(self, body: bytes) -> bool:
        """Whether a client shows the secret, in the form or in the header."""
        head = self.headers.get("authorization", "").removeprefix("Basic ")
        shown = [*parse_qs(body.decode()).get("client_secret", []), unquote(b64decode(head).decode().partition(":")[2])]
        return self.server.state["secret"] in shown

    def write(self, what: str, wanted: dict[str, Any]) -> None:
        self.server.state["traces"].append(self.headers.get("traceparent"))
        fault = self.server.state["faults"].pop(0) if self.server.state["faults"] else None
        if fault == "lost request":
            return self.hang_up()
        if fault == "locked":
            return self.json({"error": {"code": "LOCKED", "message": "customer is being edited"}}, 409, Retry_After="3")
        known = self.server.state["keys"].get(self.headers.get("idempotency-key", ""))
        if known is None:
            known = self.book(what, wanted)
        return self.hang_up() if fault == "lost answer" else self.json(*known)

    def book(self, what: str, wanted: dict[str, Any]) -> tuple[Any, int]:
        state = self.server.state
        total = sum((Decimal(str(line["price"])) * Decimal(str(line["qty"])) for line in wanted["lines"]), Decimal(0))
        if wanted["customer"] == "BROKE":
            return {"error": {"code": "CREDIT", "message": "Customer BROKE is over the credit limit"}}, 200
        if not wanted["lines"]:
            return {"error": {"code": "INVALID", "message": "lines: may not be empty"}}, 422
        made = {"number": f"{what[0].upper()}{len(state[what]) + 1:04}", **wanted, "total": str(total), "state": "open"}
        made["created_at"] = made["updated_at"] = f"2026-03-02T08:{len(state[what]):02}:00Z"
        state[what].append(json.loads(json.dumps(made, default=str)))
        if key := self.headers.get("idempotency-key"):
            state["keys"][key] = ({"data": {"number": made["number"]}}, 201)
        return {"data": {"number": made["number"]}}, 201

    def list(self, what: str, query: dict[str, list[str]]) -> None:
        found = self.server.state[what]
        if "external_ref" in query:
            found = [one for one in found if one["external_ref"] == query["external_ref"][0]]
        found = [one for one in found if one["updated_at"] >= query.get("since", [""])[0]]
        page = int(query.get("page", ["1"])[0])
        more = page * PAGE < len(found)
        since = query.get("since", [""])[0]
        self.json(
            {
                "data": found[(page - 1) * PAGE : page * PAGE],
                "links": {"next": f"/api/{what}?since={since}&page={page + 1}" if more else None},
            }
        )

    def hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def small_erp() -> Iterator[Hostile]:
    """A small ERP on loopback, until the block ends."""
    with serving(SmallErp) as server:
        server.state |= {"lock": threading.Lock(), "tokens": 0, "orders": [], "invoices": [], "keys": {}, "faults": [], "traces": []}
        yield server
