"""The warehouse told what to ship: one release per command, posted with its key, and read back by it."""

from collections.abc import Generator, Iterable
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from tieout.connectors import Conversation, Secrets, System
from tieout.connectors.json_replies import Ended, answer, body, check_status, is_page, read_back, shown
from tieout.connectors.wms_json.event import EventLine, Order
from tieout.core.command import Absent, Accepted, Act, Call, Command, Failed, Outcome, Rejected, Reply
from tieout.core.facts import Line
from tieout.core.values import NUMBER_MAX, ZERO, Ref, exact, normalise, plain, ref, ref_parts, tidy

TOKEN = "token"  # noqa: S105 (the name of a secret, not one)
THERE_ALREADY = 409
NOT_THERE = 404
DONE = (200, 201, 202)
SALES_ORDER = "sales_order"


class Release(msgspec.Struct, frozen=True):
    """A release as the warehouse keeps it; `delivery` is its own number for it, by which its events name it. `carrier` is named only
    where it is to be another than usual."""

    release_id: str
    order: Order
    lines: tuple[EventLine, ...]
    warehouse: str = ""
    carrier: str = ""
    delivery: str = ""


_releases = msgspec.json.Decoder(Release)


def send(command: Command, system: System, secrets: Secrets) -> Conversation:
    """Post the release and read it back. An answer 409 says that it is there already."""
    try:
        url, headers = _address(system), _headers(secrets)
        wanted = _release(command)
        reply = yield Call("POST", f"{url}/releases", headers | {"idempotency-key": quote(command.key, safe="")}, body(wanted), writes=True)
        check_status(reply, wrote=True)
        if reply.status not in DONE and reply.status != THERE_ALREADY:
            raise Ended(_refused(reply))
        found = yield from read_back(_read(command, url, headers))
        if found is None:
            said = f"HTTP {reply.status}: {shown(reply)}"
            raise Ended(Rejected(said) if reply.status == THERE_ALREADY else Accepted(differs=("the release is not there when read back",)))
        return _accepted(command, system, found)
    except Ended as ended:
        return ended.outcome
    except (ValueError, ArithmeticError) as bad:
        return _unreadable(bad)


def probe(command: Command, system: System, secrets: Secrets) -> Generator[Call, Reply, Outcome | Absent]:
    """Look for the release by the command's key."""
    try:
        _release(command)
        found = yield from _read(command, _address(system), _headers(secrets))
        return Absent() if found is None else _accepted(command, system, found)
    except Ended as ended:
        return ended.outcome
    except (ValueError, ArithmeticError) as bad:
        return _unreadable(bad)


def knows_key(system: System, act: Act) -> bool:
    """Whether the target itself recognises a second attempt by its key: a release bears one."""
    return act is Act.RELEASE_SHIPMENT


def greet(system: System, secrets: Secrets) -> Conversation:
    """Ask something harmless, with the credentials of commands: for a release that cannot be."""
    try:
        reply = yield Call("GET", f"{_address(system)}/releases?release_id=", _headers(secrets))
        check_status(reply, wrote=False)
    except Ended as ended:
        return ended.outcome
    return Accepted()


def _read(command: Command, url: str, headers: dict[str, str]) -> Generator[Call, Reply, Release | None]:
    reply = yield Call("GET", f"{url}/releases?{urlencode({'release_id': command.key})}", headers)
    check_status(reply, wrote=False)
    if reply.status == NOT_THERE and not is_page(reply):
        return None
    if reply.status != DONE[0]:
        raise Ended(_refused(reply))
    return answer(reply, _releases, wrote=False)


def _release(command: Command) -> dict[str, Any]:
    if command.act is not Act.RELEASE_SHIPMENT:
        raise Ended(Rejected(f"The warehouse is not told to {command.act}: it can {Act.RELEASE_SHIPMENT}."))
    lines = [_line(line, n) for n, line in enumerate(_goods(command), 1)]
    if not lines:
        raise Ended(Rejected("The command has no lines of goods."))
    system, type_, number = ref_parts(_order(command))
    release: dict[str, Any] = {
        "release_id": command.key,
        "order": {"system": system, "type": type_, "number": number},
        "warehouse": command.warehouse,
        "lines": lines,
        "references": sorted({str(reference) for reference in command.references}),
        "data": command.data,
    }
    return release | ({"carrier": _carrier(command)} if _carrier(command) else {})


def _carrier(command: Command) -> str:
    return command.data.get("carrier", "").strip()


def _goods(command: Command) -> list[Line]:
    return [line for line in command.lines if not line.charge]


def _line(line: Line, position: int) -> dict[str, str]:
    if not line.item or line.quantity is None or line.quantity <= 0:
        raise Ended(Rejected(f"Line {line.line} lacks an item or a quantity above zero."))
    return {
        "line": str(position),
        "order_line": line.order_line,
        "item": line.item,
        "quantity": plain(line.quantity),
        "unit": line.unit,
    }


def _order(command: Command) -> Ref:
    """Our sales order, where the command names just one; else whatever it speaks for."""
    orders = {reference for reference in (command.group, *command.references) if ref_parts(reference)[1] == SALES_ORDER}
    return orders.pop() if len(orders) == 1 else command.group


def _accepted(command: Command, system: System, found: Release) -> Accepted:
    """What the warehouse has, and where that is other than we meant."""
    meant, there = _sums(_goods(command)), _sums(found.lines)
    differs = [
        f"{name}: {plain(meant.get(name, ZERO))} meant, {plain(there.get(name, ZERO))} found"
        for name in sorted(meant.keys() | there.keys())
        if meant.get(name) != there.get(name)
    ]
    order = f"{found.order.system}/{found.order.type}/{normalise(found.order.number)}"
    differs += [f"order: {_order(command)} meant, {order} found"] if order != _order(command) else []
    if normalise(found.warehouse) != normalise(command.warehouse):
        differs.append(f"warehouse: {command.warehouse or 'none'} meant, {found.warehouse or 'none'} found")
    if _carrier(command) and normalise(found.carrier) != normalise(_carrier(command)):
        differs.append(f"carrier: {_carrier(command)} meant, {found.carrier or 'none'} found")
    delivery = normalise(found.delivery)
    documents = (ref(system.name, "delivery", delivery),) if 0 < len(delivery) <= NUMBER_MAX else ()
    final = {line.order_line: exact(line.quantity) for line in found.lines if line.order_line}
    return Accepted(documents, final, tuple(differs))


def _sums(lines: Iterable[Line | EventLine]) -> dict[str, Decimal]:
    """Quantity per order line, item and unit."""
    found: dict[str, Decimal] = {}
    for line in lines:
        name = f"line {line.order_line or '?'} {normalise(line.item)} {normalise(line.unit) or 'EA'}"
        found[name] = tidy(found.get(name, ZERO) + exact(line.quantity or ZERO))
    return found


def _unreadable(bad: Exception) -> Failed:
    """The release is there, but a number in it cannot be read."""
    return Failed("not-json", f"The warehouse answers with a value that cannot be read: {bad}.", in_doubt=True)


def _refused(reply: Reply) -> Rejected | Failed:
    if is_page(reply) or reply.status in (404, 405):
        return Failed("status", f"HTTP {reply.status}: {shown(reply)}; check `url` in the settings.")
    return Rejected(f"HTTP {reply.status}: {shown(reply)}")


def _address(system: System) -> str:
    url = str(system.options.get("url") or "").rstrip("/")
    if not url.startswith(("https://", "http://")):
        raise Ended(Rejected(f"The address of {system.name} is not known: set the option `url`."))
    return url


def _headers(secrets: Secrets) -> dict[str, str]:
    token = secrets.get(TOKEN)
    return {"content-type": "application/json", "accept": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
