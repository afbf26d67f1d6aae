"""Generated input: three-line order-to-cash, five facts an order, as the export files of a shop, an ERP and a warehouse.

The five facts of an order are `GAP` orders apart in the stream, so that every balance is met again long after its batch
is gone. Each part of a stream is one tranche of `BATCH` facts: one JSON-lines file per system, as hourly exports are.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

GAP = 3000
BATCH = 5000
FACTS_AN_ORDER = 5
SECONDS_AN_ORDER = 2
TAIL = 60_000
"""More than the last facts of a stream, in which no new orders come."""
WRONG_PERCENT = 3
BEGIN = datetime(2026, 3, 2, 6, tzinfo=UTC)
SPEAKERS = ("shop", "erp", "wms")


def write(folder: Path, facts: int, prefix: str) -> list[dict[str, Path]]:
    """Write the files of a stream of `facts` facts; per tranche the file of each system. `prefix` keeps orders disjoint."""
    folder.mkdir(parents=True, exist_ok=True)
    tranches: list[dict[str, Path]] = []
    lines: dict[str, list[str]] = {name: [] for name in SPEAKERS}
    for count, (speaker, text) in enumerate(stream(facts // FACTS_AN_ORDER, prefix), 1):
        lines[speaker].append(text)
        if count % BATCH == 0:
            tranches.append(_flush(folder, len(tranches), lines))
    if any(lines.values()):
        tranches.append(_flush(folder, len(tranches), lines))
    return tranches


def _flush(folder: Path, number: int, lines: dict[str, list[str]]) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for name, texts in lines.items():
        if texts:
            files[name] = folder / f"{number:05d}-{name}.jsonl"
            files[name].write_text("".join(texts), "utf-8")
            texts.clear()
    return files


def stream(orders: int, prefix: str) -> Iterator[tuple[str, str]]:
    """(system, line) of every fact, in the order in which they arrive."""
    stages = (placed, booked, allocated, shipped, invoiced)
    for tick in range(orders + GAP * (len(stages) - 1)):
        happened = f"{BEGIN + timedelta(seconds=tick * SECONDS_AN_ORDER):%Y-%m-%dT%H:%M:%SZ}"
        for n, stage in enumerate(stages):
            order = tick - GAP * n
            if 0 <= order < orders:
                yield stage(order, f"{prefix}{order:07d}", happened)


def placed(order: int, number: str, happened: str) -> tuple[str, str]:
    """The customer's order in the shop."""
    lines = _lines(order, f"shop/order/{number}", priced=True)
    return "shop", _fact("OrderPlaced", "shop", "order", number, happened, lines, ',"currency":"USD"')


def booked(order: int, number: str, happened: str) -> tuple[str, str]:
    """The ERP's sales order, linked to the shop's; some are booked at another price."""
    lines = _lines(order, f"erp/sales_order/SO-{number}", priced=True, price_off=wrong(order) == "price")
    links = f',"currency":"USD","links":[["erp/sales_order/SO-{number}","shop/order/{number}"]]'
    return "erp", _fact("OrderBooked", "erp", "sales_order", f"SO-{number}", happened, lines, links)


def allocated(order: int, number: str, happened: str) -> tuple[str, str]:
    """The warehouse's reservation."""
    lines = _lines(order, f"erp/sales_order/SO-{number}", priced=False)
    return "wms", _fact("Allocated", "wms", "allocation", f"AL-{number}", happened, lines, ',"warehouse":"W1"')


def shipped(order: int, number: str, happened: str) -> tuple[str, str]:
    """The warehouse's shipment; some are short."""
    lines = _lines(order, f"erp/sales_order/SO-{number}", priced=False, short=wrong(order) == "short")
    return "wms", _fact("Shipped", "wms", "shipment", f"SH-{number}", happened, lines, ',"warehouse":"W1"')


def invoiced(order: int, number: str, happened: str) -> tuple[str, str]:
    """The ERP's invoice, of what was shipped at the booked price."""
    fault = wrong(order)
    lines = _lines(order, f"erp/sales_order/SO-{number}", priced=True, price_off=fault == "price", short=fault == "short")
    return "erp", _fact("Invoiced", "erp", "invoice", f"IN-{number}", happened, lines, ',"currency":"USD"')


def wrong(order: int) -> str:
    """What is wrong with an order: mostly nothing, else `price` or `short`."""
    if order * 37 % 100 >= WRONG_PERCENT:
        return ""
    return "price" if order // 100 % 2 else "short"


def _lines(order: int, subject: str, *, priced: bool, price_off: bool = False, short: bool = False) -> str:
    made = []
    for line in (1, 2, 3):
        quantity = 2 + (order * 7 + line * 11) % 40
        cents = 105 + (order * 31 + line * 1013) % 9895
        if line == 2:
            quantity -= short
            cents -= 5 * price_off
        value = f',"value":{_amount(quantity * cents)}' if priced else ""
        item = f"SKU-{(order * 13 + line * 997) % 20000:05d}"
        made.append(f'{{"line":"{line}","subject":"{subject}","item":"{item}","quantity":{quantity}{value}}}')
    return ",".join(made)


def _amount(cents: int) -> str:
    """Without trailing zeros, as most systems export numbers."""
    return f"{cents // 100}.{cents % 100:02d}".rstrip("0").rstrip(".")


def _fact(kind: str, system: str, type_: str, number: str, happened: str, lines: str, rest: str) -> str:
    head = f'{{"kind":"{kind}","system":"{system}","type":"{type_}","number":"{number}","happened":"{happened}"'
    return f'{head}{rest},"customer":"C-{number[-4:]}","lines":[{lines}]}}\n'
