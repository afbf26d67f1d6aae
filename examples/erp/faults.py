"""What must not hurt: Tryton killed in the middle of its work, and a line that loses answers and holds requests back."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from examples.erp.audit import Order, orders
from examples.erp.company import Company
from examples.erp.proxy import BadLine
from examples.erp.rpc import Rpc
from examples.erp.warehouse import Warehouse

Say = Callable[[str], None]


def order(number: int, item: str, quantity: int, price: int) -> dict[str, Any]:
    """One order of the web shop: one item, ten percent tax."""
    at, goods = datetime.now(UTC).isoformat(), quantity * price
    total, tax = f"{goods * 1.1:.2f}", f"{goods / 10:.2f}"
    line = {"id": number * 10 + 1, "sku": item, "quantity": quantity, "price": f"{price}.00", "discount_allocations": [], "tax_lines": []}
    body = {"id": 5550000 + number, "name": f"#{number}", "order_number": number, "currency": "USD", "created_at": at, "updated_at": at,
            "financial_status": "pending", "taxes_included": False, "total_price": total, "total_tax": tax, "customer": {"id": 88000},
            "line_items": [line], "shipping_lines": [], "fulfillments": [], "refunds": []}  # fmt: skip
    return {"topic": "orders/create", "webhook_id": f"{at}-{number}", "payload": body}


def place(company: Company, first: int, count: int) -> list[str]:
    """Orders of the shop with running numbers; their names in the ledger."""
    made = [order(first + n, f"SKU-{n % 20 + 1:04d}", n % 3 + 1, 11 + n % 20) for n in range(count)]
    company.take_in("shop", f"orders-from-{first}.jsonl", "".join(json.dumps(one) + "\n" for one in made))
    return [f"shop/order/{first + n}" for n in range(count)]


def ship(company: Company, names: list[str]) -> None:
    """The warehouse ships what was released of some orders."""
    warehouse: Warehouse = company.warehouse
    for name in names:
        company.events(f"shipped-{name.rpartition('/')[2]}", warehouse.ship(name, warehouse.released(name)))


@dataclass
class Story:
    """What came of it: how many orders, which of them are not in Tryton exactly once and whole, and figures to tell."""

    orders: int
    wrong: dict[str, Order]
    told: dict[str, Any]


def killed_in_the_middle(company: Company, rpc: Callable[[], Rpc], say: Say, count: int = 10) -> Story:
    """Tryton dies while it books and invoices, orders and shipments pile up, it comes back: all drains, once."""
    early = place(company, 2001, count)
    company.settle()
    ship(company, early)
    late = place(company, 2101, count)
    done = company.states()["confirmed"] + company.states()["accepted"]
    company.send(over=lambda: company.states()["accepted"] + company.states()["confirmed"] >= done + count // 2 and company.is_sending())
    company.tryton.kill()
    say(f"   Tryton is killed: {_shown(company)}")
    later = place(company, 2201, count)
    until = time.monotonic() + 4
    company.send(over=lambda: time.monotonic() > until)
    piled = company.states()
    say(f"   orders pile up:   {_shown(company)}")
    company.tryton.restart()
    began = time.monotonic()
    company.settle()
    drained = time.monotonic() - began
    ship(company, late + later)
    company.settle()
    say(f"   Tryton is back:   {_shown(company)}, drained in {drained:.0f} s")
    told = {"piled_up": piled["queued"] + piled["unknown"], "drained_seconds": round(drained, 1), "out_of_order": out_of_order(company)}
    return Story(3 * count, not_once(rpc(), early + late + later), told)


def on_a_bad_line(company: Company, line: BadLine, rpc: Callable[[], Rpc], say: Say) -> Story:
    """About every other request that changes something loses its answer, or comes after we have stopped waiting: nothing is done twice."""
    began = time.monotonic()
    count = max(20, line.faults // 4)
    names = place(company, 3001, count)
    company.settle()
    say(f"   booked:   {dict(line.spoiled)}, {_shown(company)}")
    ship(company, names)
    company.settle()
    say(f"   invoiced: {dict(line.spoiled)}, {_shown(company)}")
    told = {**line.spoiled, "by_method": dict(sorted(line.by_method.items())), "seconds": round(time.monotonic() - began, 1)}
    return Story(count, not_once(rpc(), names), told)


def not_once(rpc: Rpc, names: list[str]) -> dict[str, Order]:
    """The orders that are not booked once, shipped once and invoiced once."""
    found = orders(rpc, [name.rpartition("/")[2] for name in names])
    return {name: one for name, one in found.items() if not one.is_through}


def out_of_order(company: Company) -> list[str]:
    """Subjects one of whose commands was begun before an earlier one had ended."""
    found = company.connection.execute(
        "select c.subject, c.key, min(e.at) filter (where e.event = 'sent'), max(e.at) filter (where e.event in ('accepted', 'rejected')) "
        "from command c join command_event e using (key) where c.system = 'erp' group by 1, 2 order by 1, 3"
    ).fetchall()
    pairs = pairwise(found)
    return sorted({a[0] for a, b in pairs if a[0] == b[0] and a[3] is not None and b[2] is not None and b[2] < a[3]})


def _shown(company: Company) -> str:
    return ", ".join(f"{count} {state}" for state, count in sorted(company.states().items()))
