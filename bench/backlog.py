"""A company with a backlog: one-line orders of which a quarter go wrong, through the real path, so that exceptions stand open by the thousand.

400,000 orders are two million facts and more than a hundred thousand open exceptions. The same call gives the same ledger. The benchmark
of people working reads it, and so do the console's tests at size.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from io import BytesIO

from tieout.cases.follow import follow
from tieout.connectors import Document, canonical
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
QUIET = timedelta(days=9)
"""From the last order to now: the deadlines of nearly all have passed."""
FIRST = 200_000
CHANNELS = ("shopify", "edi-850", "amazon", "phone")
WAREHOUSES = ("EAST", "WEST")


def build(connection: Connection, known: Configuration, orders: int, now: datetime) -> int:
    """Fill a database with what so many orders say, and follow it; the number of facts."""
    count = 0
    for number, said in enumerate(statements(orders, now), 1):
        arrivals = [
            Arrival(document, known.systems[system], now)
            for system, raw in said.items()
            for document in canonical.split(BytesIO(raw), system, known.systems[system])
            if isinstance(document, Document)
        ]
        counts = apply(connection, known, arrivals, now)
        assert counts.posted == counts.received, counts
        count += counts.posted
        if number % TICK_BATCHES == 0:
            tick(connection, known, now)
    tick(connection, known, now)
    follow(connection, known, now)
    return count


def statements(orders: int, now: datetime) -> Iterator[Mapping[str, bytes]]:
    """Per batch what each system says. The five facts of an order are batches apart; at the end each system says that it still lives."""
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
            yield {system: b"".join(texts) for system, texts in made.items()}
    for stage in range(STAGES):
        system, text = line(-1, stage, now - timedelta(hours=STAGES)) or ("", b"")
        yield {system: text}


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
    text = (
        f'{{"kind":"{kind}","system":"{system}","type":"{type_}","number":"{called}","happened":"{placed + timedelta(hours=stage):%Y-%m-%dT%H:%M:%SZ}",'
        f'"customer":"C-{order % 400:03d}",{more},"lines":[{{"line":"1","subject":"{subject}","item":"SKU-{order * 13 % 900:03d}","quantity":{many}{money}}}]}}\n'
    )
    return system, text.encode()
