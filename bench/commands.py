"""Commands through the outbox to a local HTTP target, against a bare loop of the same client, and `pgqueuer` beside it.

`measure` gives commands a second, their ratio to the bare loop, and the time from a message received to its command at the target.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from statistics import median, quantiles
from typing import Any

from bench import pgqueuer_rival
from tieout.connectors import System, canonical
from tieout.connectors.rest import send as rest
from tieout.core.account import Within, hours
from tieout.core.attempt import Target
from tieout.core.command import Act, Command
from tieout.core.facts import Line
from tieout.core.ground import Ruling
from tieout.core.lane import Limits
from tieout.core.rate import Rate
from tieout.core.values import Ref, Role, Side
from tieout.flows import accounts
from tieout.flows.stops import STOPS
from tieout.policy import CompanyPolicy
from tieout.policy.calendar import Calendar
from tieout.runtime.apply import apply
from tieout.runtime.configuration import Configuration, Driving
from tieout.runtime.dispatch import Dispatcher
from tieout.runtime.statements import Arrival
from tieout.runtime.transport import Transport
from tieout.store.database import Database, fetch

COMMANDS = 5_000
MESSAGES = 2_000
PER_SECOND = 200
DRAIN_PER_SECOND = 500
FAST = Rate(100_000, 1, 100_000)
MAPPING = """
[rest]
base = "https://erp.example"
[act.book_order]
url = "/orders"
idempotency = { header = "Idempotency-Key" }
documents = [{ type = "sales_order", path = "number" }]
body = '{"order": "{group.number}"}'
"""


class AtOnce:
    """Every order is booked at once, by nobody's leave."""

    stops = STOPS
    anonymous = ()

    def __init__(self) -> None:
        self.accounts = accounts()

    def system(self, role: Role, act: Act, notes: Any) -> str:
        return "erp" if role is Role.ERP else ""

    def after(self, account: Any, side: Side, notes: Any) -> Within:
        return hours(0)

    def due(self, within: Within, occurred: datetime, day: bool, notes: Any) -> datetime:
        return occurred

    def checkpoint(self, command: Command, found: Any) -> Ruling | None:
        return None


class Listener:
    """The target process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen([sys.executable, "-m", "bench.http_target"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.base = f"http://127.0.0.1:{int(self._process.stdout.readline())}"

    def times(self) -> dict[str, float]:
        """When each body came, since it was asked last."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return dict(json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()


@contextmanager
def target() -> Iterator[Listener]:
    """A target until the block ends."""
    made = Listener()
    try:
        yield made
    finally:
        made.close()


def driven(database: Database, base: str) -> Configuration:
    """A shop that takes orders and an ERP that is told to book them."""
    shop = System("shop", "canonical", Role.CHANNEL, states=("OrderPlaced",))
    erp = System("erp", "rest", Role.ERP, states=("OrderBooked",), options={"mapping": MAPPING, "base": base})
    made = Configuration([shop, erp], CompanyPolicy({"default": Calendar()}))
    made.driving = Driving(AtOnce(), {"erp": Target(timedelta(minutes=1), remembers=timedelta(hours=1))})
    with database.session() as connection:
        for name in ("shop", "erp"):
            ((made.system_ids[name],),) = fetch(connection, "set_system", name, "{}")
    return made


def arrivals(known: Configuration, first: int, many: int) -> list[Arrival]:
    """Some orders of one line each."""
    now = datetime.now(UTC)
    raw = b"".join(
        b'{"kind":"OrderPlaced","system":"shop","type":"order","number":"%d","happened":"2026-03-02T08:00:00Z","currency":"USD",'
        b'"lines":[{"line":"1","subject":"shop/order/%d","item":"A","quantity":5,"value":50}]}\n' % (n, n)
        for n in range(first, first + many)
    )
    return [Arrival(document, known.systems["shop"], now) for document in canonical.split(BytesIO(raw), "bench", known.systems["shop"])]


def bare(base: str, many: int = COMMANDS) -> float:
    """Calls a second of the same client in a plain loop, with the request written and the answer read by the same connector."""
    erp = System("erp", "rest", Role.ERP, states=("OrderBooked",), options={"mapping": MAPPING, "base": base})
    group = [Ref(f"shop/order/bare{n}") for n in range(many)]
    commands = [Command(Act.BOOK_ORDER, "erp", "TBK", Side.DEBIT, g, 1, (Line("A", g, "A", quantity=Decimal(5)),)) for g in group]
    with Transport() as transport:
        transport.perform(rest.send(commands[0], erp, {}))
        began = time.perf_counter()
        for command in commands:
            transport.perform(rest.send(command, erp, {}))
        return many / (time.perf_counter() - began)


def through_the_outbox(database: Database, known: Configuration, many: int = COMMANDS, concurrency: int = 2) -> float:
    """Commands a second from the outbox to accepted; two conversations at a time keep a target busy that answers in a fraction of a millisecond."""
    with database.session(writer=True) as connection:
        for first in range(0, many, 1000):
            apply(connection, known, arrivals(known, first, 1000), datetime.now(UTC))
        limits = Limits(concurrency=concurrency, rate=FAST)
        running = Dispatcher(lambda: database.session(writer=True), known, lambda name: {}, limits={"erp": limits})
        began = time.perf_counter()
        done = 0
        while done < many:
            running.wait(running.step(datetime.now(UTC)))
            if not running.held:
                ((done,),) = connection.execute("select count(*) from command where state = 'accepted'").fetchall()
        seconds = time.perf_counter() - began
        running.close()
    return many / seconds


def from_message_to_target(database: Database, known: Configuration, listener: Listener, messages: int = MESSAGES) -> list[float]:
    """Milliseconds from a message received to its command at the target, at a steady rate, one process for all of it."""
    received: dict[str, float] = {}
    listener.times()
    with database.session(writer=True) as connection:
        limits = Limits(concurrency=4, rate=FAST)
        running = Dispatcher(lambda: database.session(writer=True), known, lambda name: {}, limits={"erp": limits})
        began, given = time.time(), 0
        while given < messages or running.held:
            due = min(int((time.time() - began) * PER_SECOND), messages)
            if due > given:
                received |= {f'{{"order":"{n}"}}': began + n / PER_SECOND for n in range(given, due)}
                apply(connection, known, arrivals(known, given, due - given), datetime.now(UTC))
                given = due
                running.wake()
            running.step(datetime.now(UTC))
            running.wait(1 / PER_SECOND)
        running.close()
    times = listener.times()
    return [1000 * (times[body] - at) for body, at in received.items()]


def drain(database: Database, known: Configuration, backlog: int, per_second: int) -> dict[str, Any]:
    """A backlog to a system that was down, at a configured rate: how much of the rate is used, and how much memory grows."""
    import psutil

    with database.session(writer=True) as connection:
        for first in range(0, backlog, 1000):
            apply(connection, known, arrivals(known, first, 1000), datetime.now(UTC))
        limits = Limits(concurrency=4, rate=Rate(per_second, 1, per_second))
        running = Dispatcher(lambda: database.session(writer=True), known, lambda name: {}, limits={"erp": limits})
        process, resident = psutil.Process(), list[int]()
        began, looked, left = time.perf_counter(), 0.0, 1
        while left or running.held:
            running.wait(running.step(datetime.now(UTC)))
            if time.perf_counter() > looked:
                ((left,),) = connection.execute("select count(*) from command where next_move <> 'nothing'").fetchall()
                resident.append(process.memory_info().rss)
                looked = time.perf_counter() + 1
        seconds = time.perf_counter() - began
        running.close()
    early = max(resident[: max(len(resident) // 10, 3)])
    return {
        "drain_backlog": backlog, "drain_rate": per_second, "drain_per_s": round(backlog / seconds),
        "drain_rss_growth_mb": round((max(resident) - early) / 1e6, 1),
    }  # fmt: skip


def measure(fresh: Callable[[], AbstractContextManager[Database]], runs: int = 3, backlog: int = 0) -> dict[str, Any]:
    """All of it; bare loop and outbox take turns, so that both meet the same machine."""
    bares, rates = [], []
    with target() as listener:
        for _ in range(runs):
            bares.append(bare(listener.base))
            with fresh() as database:
                rates.append(through_the_outbox(database, driven(database, listener.base)))
            print(f"commands: {rates[-1]:,.0f} a second, bare loop {bares[-1]:,.0f}", file=sys.stderr)
        with fresh() as database:
            waits = from_message_to_target(database, driven(database, listener.base), listener)
            rival = pgqueuer_rival.measure(database.conninfo, listener.base)
        drained = {}
        if backlog:
            with fresh() as database:
                drained = drain(database, driven(database, listener.base), backlog, DRAIN_PER_SECOND)
    return {
        "commands_per_s": round(median(rates)), "bare_calls_per_s": round(median(bares)),
        "commands_ratio": round(median(rate / one for rate, one in zip(rates, bares, strict=True)), 3),
        "e2e_p50_ms": round(median(waits), 1), "e2e_p99_ms": round(quantiles(waits, n=100)[98], 1), **rival, **drained,
    }  # fmt: skip
