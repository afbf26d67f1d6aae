"""A company with a backlog: one-line orders of which a quarter go wrong, through the real path, so that exceptions stand open by the thousand.

400,000 orders are two million facts and more than a hundred thousand open exceptions, opened and routed day by day over two weeks. The same
call gives the same ledger. The benchmark of people working reads it, and so do the console's tests at size.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from io import BytesIO

from tieout.cases.follow import follow
from tieout.connectors import Document, canonical
from tieout.policy.work import Work, WorkTable, work_of
from tieout.runtime.apply import apply
from tieout.runtime.batch import Connection
from tieout.runtime.configuration import Configuration
from tieout.runtime.looks import tick
from tieout.runtime.statements import Arrival

ORDERS_AT_ONCE = 1_000
STAGES = 5
GAP = 3
"""Batches between two facts of an order: its balances are met again when their batch is long gone."""
TICK_BATCHES = 20
DAYS = 14
QUIET = timedelta(days=4)
"""From the last order to now: the deadlines of nearly all have passed."""
ROUTING = """version = "bench"

[[route]]
channel = "amazon"
team = "finance"
person = "ana"
priority = 2
hours = 30

[[route]]
channel = "phone"
warehouse = "WEST"
person = "bo"
hours = 700

[[route]]
class = "TBK+"
team = "pricing"
business_days = 9

[[route]]
class = "SNI+"
team = "billing"
priority = 1
hours = 400
"""
FIRST = 200_000
CHANNELS = ("shopify", "edi-850", "amazon", "phone")
WAREHOUSES = ("EAST", "WEST")


def work() -> Work:
    """Whose the exceptions are: some of a person, some of a team, some of nobody; some overdue, some not due for weeks."""
    return work_of(WorkTable(routing="routing.toml"), {"routing.toml": ROUTING}, "UTC")


def build(connection: Connection, known: Configuration, orders: int, now: datetime) -> int:
    """Fill a database with what so many orders say, as it came day by day, and follow it; the number of facts."""
    count = 0
    for number, (at, said) in enumerate(statements(orders, now), 1):
        arrivals = [
            Arrival(document, known.systems[system], at)
            for system, raw in said.items()
            for document in canonical.split(BytesIO(raw), system, known.systems[system])
            if isinstance(document, Document)
        ]
        counts = apply(connection, known, arrivals, at)
        assert counts.posted == counts.received, counts
        count += counts.posted
        if number % TICK_BATCHES == 0:
            tick(connection, known, at)
            follow(connection, known, at)
    tick(connection, known, now)
    follow(connection, known, now)
    return count


def statements(orders: int, now: datetime) -> Iterator[tuple[datetime, Mapping[str, bytes]]]:
    """When a batch comes, and what each system says in it. The facts of an order are batches apart; at the end each system still lives."""
    began, apart = now - QUIET - timedelta(days=DAYS), timedelta(days=DAYS) / orders
    groups = -(-orders // ORDERS_AT_ONCE)
    for turn in range(groups + STAGES * GAP):
        made: dict[str, list[bytes]] = {}
        for stage in range(STAGES):
            group = turn - GAP * stage
            if 0 <= group < groups:
                for order in range(group * ORDERS_AT_ONCE, min((group + 1) * ORDERS_AT_ONCE, orders)):
                    said = line(order, stage, began + order * apart)
                    if said is not None:
                        made.setdefault(said[0], []).append(said[1])
        if made:
            at = min(now, began + (turn + 1) * ORDERS_AT_ONCE * apart + timedelta(hours=STAGES))
            yield at, {system: b"".join(texts) for system, texts in made.items()}
    for stage in range(STAGES):
        system, text = line(-1, stage, now - timedelta(hours=STAGES)) or ("", b"")
        yield now, {system: text}


def fault(order: int) -> str:
    """What goes wrong with an order: mostly nothing. The last of all (-1) is in order."""
    n = order * 37 % 100
    return ("not invoiced", "short", "price")[n % 3] if n < 26 else ""


def line(order: int, stage: int, placed: datetime) -> tuple[str, bytes] | None:
    """(system, statement) of one stage of an order: placed, booked, allocated, shipped, invoiced; None when it never comes."""
    wrong = fault(order)
    if wrong == "not invoiced" and stage == STAGES - 1:
        return None
    quantity, cents = 2 + order * 7 % 40, 105 + order * 31 % 9895
    shipped = quantity - 1 if wrong == "short" else quantity
    booked = cents - 5 if wrong == "price" else cents
    number, erp = f"{FIRST + order}", f"SO-{FIRST + order}"
    where = f'"channel":"{CHANNELS[order % 4]}","warehouse":"{WAREHOUSES[order // 4 % 2]}"'
    system, kind, type_, called, subject, many, value, more = (
        ("shop", "OrderPlaced", "order", number, f"shop/order/{number}", quantity, quantity * cents, f'"currency":"EUR",{where}'),
        ("erp", "OrderBooked", "sales_order", erp, f"erp/sales_order/{erp}", quantity, quantity * booked,
         f'"currency":"EUR","links":[["erp/sales_order/{erp}","shop/order/{number}"]]'),
        ("wms", "Allocated", "allocation", f"AL-{number}", f"erp/sales_order/{erp}", quantity, 0, where),
        ("wms", "Shipped", "shipment", f"SH-{number}", f"erp/sales_order/{erp}", shipped, 0, where),
        ("erp", "Invoiced", "invoice", f"IN-{number}", f"erp/sales_order/{erp}", shipped, shipped * booked, '"currency":"EUR"'),
    )[stage]  # fmt: skip
    money = f',"value":{value // 100}.{value % 100:02d}' if value else ""
    happened = f"{placed + timedelta(hours=stage):%Y-%m-%dT%H:%M:%SZ}"
    lines = f'[{{"line":"1","subject":"{subject}","item":"SKU-{order * 13 % 900:03d}","quantity":{many}{money}}}]'
    text = (
        f'{{"kind":"{kind}","system":"{system}","type":"{type_}","number":"{called}","happened":"{happened}",'
        f'"customer":"C-{order % 400:03d}",{more},"lines":{lines}}}\n'
    )
    return system, text.encode()
