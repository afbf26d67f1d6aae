"""A customer by X12 and the project that serves it: orders come in as interchanges, what is owed leaves as files, the customer answers."""

import io
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ground_rules import Role
from tieout.app import driving_by
from tieout.connectors import Document, System
from tieout.core.attempt import Target
from tieout.core.lane import Limits
from tieout.core.rate import Rate
from tieout.formats.x12 import Envelope, GroupDraft, Row, SetDraft, write
from tieout.policy import CompanyPolicy
from tieout.policy.driving import Driving
from tieout.policy.project import DrivenTable, PolicyTables, driving
from tieout.runtime.apply import apply
from tieout.runtime.configuration import connector
from tieout.runtime.consider import consider
from tieout.runtime.dispatch import Dispatcher
from tieout.runtime.looks import tick
from tieout.runtime.statements import Arrival
from world import NOW, World, at, say

TAKES = ["855", "856", "810"]
MADE = datetime(2026, 3, 2, 9, tzinfo=UTC)
TOLD = ("acknowledge_order", "announce_shipment", "send_invoice", "acknowledge_group")
STORED = ("release_shipment", "acknowledge_group")
FAST = Limits(rate=Rate(10_000, 1, 10_000))


def systems(partners: dict[str, dict[str, Any]], vendors: dict[str, dict[str, Any]] | None = None) -> dict[str, System]:
    """Customers and vendors by X12, our ERP, our warehouse."""
    found = [
        System("edi", "x12", Role.PARTNER, options={"identifiers": ["ZZ:US"], "partners": partners}),
        System("erp", "canonical", Role.ERP),
        System("wms", "wms_json", Role.WMS),
    ]
    if vendors is not None:
        found.append(System("supply", "x12", Role.VENDOR, options={"identifiers": ["ZZ:US"], "partners": vendors}))
    return {system.name: system for system in found}


def rules(known: Iterable[System]) -> Driving:
    """The rules as a project's settings make them: the partners' systems are told their documents, nobody else anything."""
    tables = {s.name: DrivenTable(s.role, STORED if s.role is Role.WMS else TOLD) for s in known if s.connector == "x12"}
    return driving(PolicyTables(systems=tables), CompanyPolicy({}))


class Desk:
    """A ledger that serves customers by X12, and everything that comes and goes."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.folder = world, folder
        folder.mkdir(exist_ok=True)
        known = world.systems
        targets = {name: Target(timedelta(seconds=1), timedelta(hours=1), timedelta(milliseconds=20)) for name in known}
        world.configuration.driving = driving_by(rules(known.values()), targets)
        self.control = 300

    # Coming ----------------------------------------------------------------------------------------------------------

    def receive(self, raw: bytes, system: str = "edi", times: int = 1) -> None:
        """An interchange from a partner."""
        for _ in range(times):
            self._take(raw, system)

    def event(self, number: str, order: str, *lines: tuple[str, str], hours: float = 24, **more: Any) -> None:
        """A shipment of the warehouse: item and quantity, in parcels if they are named."""
        event = {
            "event": "shipped", "event_id": f"E-{number}", "shipment": number, "occurred_at": at(hours).isoformat(), "warehouse": "EAST",
            "order": {"system": "erp", "type": "sales_order", "number": order},
            "lines": [{"item": item, "quantity": quantity} for item, quantity in lines], **more,
        }  # fmt: skip
        self._take(json.dumps(event).encode(), "wms")

    def say(self, kind: str, number: str, hours: float, lines: Sequence[dict[str, Any]], **more: Any) -> None:
        """The ERP says something, in the neutral format."""
        apply(self.world.connection, self.world.configuration, self.world.arrivals([say(kind, "erp", number, hours, lines, **more)]), NOW)

    def complete(self, hours: float) -> dict[str, Any]:
        """Declare all feeds complete to an hour, and look; the open cases."""
        apply(self.world.connection, self.world.configuration, [], NOW, declared={name: at(hours) for name in self.world.systems})
        tick(self.world.connection, self.world.configuration, NOW)
        return self.world.cases()

    def _take(self, raw: bytes, system: str) -> None:
        of = self.world.configuration.systems[system]
        for document in connector(of.connector).split(io.BytesIO(raw), f"{system}.in", of):
            assert isinstance(document, Document), document
            apply(self.world.connection, self.world.configuration, [Arrival(document, of, NOW)], NOW)

    def interchange(self, functional: str, *sets: tuple[str, list[Row]], partner: str = "BIGBOX", group: int | None = None) -> bytes:
        """What a partner writes, with the next control number."""
        self.control += 1
        drafts = tuple(SetDraft(code, number, tuple(rows)) for number, (code, rows) in enumerate(sets, 1))
        envelope = Envelope("ZZ", partner, "ZZ", "US", self.control)
        return write(envelope, [GroupDraft(functional, group or self.control, drafts)], MADE)

    def order(self, number: str, *lines: tuple[str, str, str], partner: str = "BIGBOX") -> bytes:
        """An 850: item, quantity and unit price by line."""
        rows: list[Row] = [("BEG", "00", "SA", number, "", "20260302"), ("N1", "BY", partner), ("N1", "ST", "STORE 12", "92", "0012")]
        rows += [("N3", "1 MAIN ST"), ("N4", "CHICAGO", "IL", "60601", "US")]
        rows += [("PO1", str(n), quantity, "EA", price, "", "VN", item) for n, (item, quantity, price) in enumerate(lines, 1)]
        return self.interchange("PO", ("850", [*rows, ("CTT", str(len(lines)))]), partner=partner)

    def accepts(self, raw: bytes, status: str = "A") -> bytes:
        """The 997 by which the partner answers one of our groups."""
        head = next(text for text in raw.decode().split("~") if text.startswith("GS*")).split("*")
        rows: list[Row] = [("AK1", head[1], head[6]), ("AK9", status, "1", "1", "1" if status in "AE" else "0")]
        return self.interchange("FA", ("997", rows), partner=head[3])

    # Going -----------------------------------------------------------------------------------------------------------

    def dispatch(self) -> dict[str, bytes]:
        """Let everything leave that may; the files by name that are new."""
        before = set(self.folder.iterdir())
        running = Dispatcher(
            lambda: self.world.database.session(writer=True), self.world.configuration, lambda name: {},
            limits=dict.fromkeys(self.world.systems, FAST), folders=dict.fromkeys(self.world.systems, self.folder),
        )  # fmt: skip
        try:
            self._play(running, lambda: not {"queued", "sending", "unknown"} & set(self.states().values()))
        finally:
            assert running.close()
        return {path.name: path.read_bytes() for path in sorted(set(self.folder.iterdir()) - before)}

    def _play(self, running: Dispatcher, over: Callable[[], bool]) -> None:
        until = datetime.now(UTC) + timedelta(seconds=30)
        while running.held or not over():
            wait = running.step(datetime.now(UTC))
            consider(self.world.connection, self.world.configuration, datetime.now(UTC))
            assert datetime.now(UTC) < until, self.states()
            running.wait(wait)

    # Asking ----------------------------------------------------------------------------------------------------------

    def states(self, *accounts: str) -> dict[str, str]:
        """Key -> state of the commands, of some accounts or of all."""
        found = self.world.connection.execute("select key, account, state from command order by key").fetchall()
        return {key: state for key, account, state in found if not accounts or account in accounts}

    def reasons(self) -> dict[str, str]:
        """Key -> why a command was refused."""
        return dict(self.world.connection.execute("select key, attempt::json->>'reason' from command where state = 'refused'").fetchall())

    def open(self, *accounts: str) -> dict[str, dict[str, Any]]:
        """The net of some accounts."""
        return {account: self.world.of(account) for account in accounts}


def sets_of(files: dict[str, bytes]) -> dict[str, list[str]]:
    """Code of the set -> its segments between ST and SE, of files with one set each; several of one code are `810`, `810 2`."""
    found: dict[str, list[str]] = {}
    for raw in files.values():
        texts = raw.decode().split("~")
        code = next(text for text in texts if text.startswith("ST*")).split("*")[1]
        n = 1
        while (name := code if n == 1 else f"{code} {n}") in found:
            n += 1
        found[name] = texts[3:-4]
    return found
