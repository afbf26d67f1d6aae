"""An independent auditor: from the facts as plain dictionaries it predicts balances and exceptions, slowly and without the engine.

It imports nothing from tieout. Covered: TBK, TSH, SNI, TBL, TCO and PRC; no kits, no units, no conflicts, no tolerances; all
feeds complete to one moment, no calendar (business days close at 17:00 UTC, Monday to Friday).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

Fact = Mapping[str, Any]
ORDER = ("shop", "erp", "wms", "carrier", "bank", "vendor", "market")
ROOTS = {"order", "sales_order", "purchase_order", "invoice", "vendor_invoice", "return"}
GOODS, LINES, WHOLE, AMOUNT, AGAINST = range(5)
ACCOUNTS: dict[str, dict[str, tuple[str, int]]] = {
    "TBK": {"OrderPlaced": ("+", LINES), "BookingCancelled": ("+", LINES), "OrderBooked": ("-", LINES), "OrderCancelled": ("-", LINES)},
    "TSH": {"OrderBooked": ("+", GOODS), "Shipped": ("-", GOODS), "BookingCancelled": ("-", GOODS)},
    "SNI": {"Shipped": ("+", GOODS), "InvoiceVoided": ("+", GOODS), "Invoiced": ("-", GOODS)},
    "TBL": {"OrderBooked": ("+", LINES), "InvoiceVoided": ("+", LINES), "Invoiced": ("-", LINES), "BookingCancelled": ("-", LINES)},
    "TCO": {"Invoiced": ("+", WHOLE), "CashApplied": ("-", AMOUNT), "InvoiceVoided": ("-", AGAINST)},
    "PRC": {"PurchaseOrdered": ("+", GOODS), "GoodsReceived": ("-", GOODS), "PurchaseCancelled": ("-", GOODS)},
}  # fmt: skip
DAY = timedelta(days=1)
WITHIN = {
    "TBK+": timedelta(hours=2), "TBK-": timedelta(hours=2), "TSH-": timedelta(hours=4), "SNI+": DAY, "SNI-": DAY, "TBL+": DAY,
    "TBL-": DAY, "TCO+": 30 * DAY, "TCO-": 2 * DAY, "PRC+": 14 * DAY, "PRC-": 2 * DAY,
}  # fmt: skip
Entry = tuple[str, Decimal | None, Decimal | None, str, datetime, datetime | None, str]
"""side, quantity, value, currency, occurred, own due, identity"""


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def winners(facts: Sequence[Fact]) -> list[Fact]:
    """The greatest revision of each document, unless it is void."""
    best: dict[tuple[str, str, str], Fact] = {}
    for fact in facts:
        name = fact["system"], fact["type"], fact["number"]
        if name not in best or fact.get("revision", "") > best[name].get("revision", ""):
            best[name] = fact
    return [fact for fact in best.values() if not fact.get("void")]


def rank(reference: str) -> tuple[bool, int, str]:
    system, type_, _ = reference.split("/", 2)
    return type_ not in ROOTS, ORDER.index(system), reference


def roots(facts: Sequence[Fact]) -> dict[str, str]:
    """Reference -> the least member of its connected component."""
    near: dict[str, set[str]] = defaultdict(set)
    for fact in facts:
        for a, b in fact.get("links", ()):
            near[a].add(b)
            near[b].add(a)
    found: dict[str, str] = {}
    for start in near:
        if start in found:
            continue
        seen, todo = {start}, [start]
        while todo:
            for other in near[todo.pop()] - seen:
                seen.add(other)
                todo.append(other)
        found.update(dict.fromkeys(seen, min(seen, key=rank)))
    return found


def entries(facts: Sequence[Fact]) -> dict[tuple[str, str, str], list[Entry]]:
    """(account, root, key) -> its entries."""
    standing = winners(facts)
    names = roots(standing)
    found: dict[tuple[str, str, str], list[Entry]] = defaultdict(list)
    for fact in standing:
        occurred = moment(fact["happened"])
        identity = f"{fact['system']}/{fact['type']}//{fact['number']}"
        due = moment(fact["due"]) if "due" in fact else None
        for code, moves in ACCOUNTS.items():
            if fact["kind"] not in moves:
                continue
            side, take = moves[fact["kind"]]
            rows: list[tuple[str, str, Decimal | None, Decimal | None, datetime | None]] = []
            if take in (WHOLE, AGAINST):
                values = [line["value"] for line in fact["lines"] if "value" in line]
                total = fact.get("total", sum(values) if values else None)
                subject = f"{fact['system']}/{fact['type']}/{fact['number']}" if take == WHOLE else fact.get("data", {}).get("against")
                if total is not None and subject:
                    rows.append((subject, "", None, total, due))
            else:
                for line in fact["lines"]:
                    value, quantity = line.get("value"), line.get("quantity")
                    own = moment(line["due"]) if "due" in line else due
                    if take == AMOUNT:
                        if value is not None:
                            rows.append((line["subject"], "", None, value, own))
                    elif "charge" in line:
                        if take == LINES and value is not None:
                            rows.append((line["subject"], line["charge"], None, value, own))
                    elif quantity is not None or value is not None:
                        rows.append((line["subject"], line["item"], quantity, value, own))
            for subject, key, quantity, value, own in rows:
                root = names.get(subject, subject)
                if root.split("/")[1] in ROOTS:
                    currency = fact["currency"] if value is not None else ""
                    found[code, root, key].append((side, quantity, value, currency, occurred, own, identity))
    return found


def net(facts: Sequence[Fact]) -> dict[str, Decimal]:
    """`root account key measure` -> debits less credits, where not zero."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for (code, root, key), rows in entries(facts).items():
        for side, quantity, value, currency, *_ in rows:
            sign = 1 if side == "+" else -1
            if quantity is not None and code != "TCO":
                sums[f"{root} {code} {key} EA"] += sign * quantity
            if value is not None and code in ("TBK", "TBL", "TCO"):
                sums[f"{root} {code} {key} ${currency}"] += sign * value
    return {name: amount for name, amount in sums.items() if amount}


def two_business_days(occurred: datetime) -> datetime:
    day, left = occurred.replace(hour=17, minute=0, second=0, microsecond=0), 2
    while day.isoweekday() > 5:
        day += DAY
    while left:
        day += DAY
        left -= day.isoweekday() <= 5
    return day


def deadline(code: str, side: str, occurred: datetime, own: datetime | None) -> datetime:
    if own is not None and side == "+" and code in ("TSH", "TCO", "PRC"):
        return own
    return two_business_days(occurred) if code + side == "TSH+" else occurred + WITHIN[code + side]


def by_due(row: Entry) -> tuple[float, float, str]:
    return (row[5].timestamp() if row[5] else float("inf")), row[4].timestamp(), row[6]


def oldest(rows: list[Entry], covered: Decimal, column: int) -> Entry:
    """The first entry that the whole other side does not cover."""
    for row in rows:
        covered -= row[column] or 0  # type: ignore[operator]
        if covered < 0:
            return row
    return rows[-1]


def misprice(debits: list[Entry], credits_: list[Entry], currency: str) -> Decimal:
    """By how much the credited value misses every way to take its quantity from the debit layers."""
    prices = [(Fraction(r[2]) / Fraction(r[1]), r[1]) for r in debits if r[1] and r[2] is not None and r[3] == currency]
    priced = [r for r in credits_ if r[1] is not None and r[2] is not None and r[3] == currency]
    if not prices or not priced:
        return Decimal(0)
    units = sorted(price for price, count in prices for _ in range(int(count)))
    count = int(sum(r[1] or 0 for r in priced))
    low = sum((units + [units[0]] * count)[:count], Fraction(0)) if count <= len(units) else sum(units) + (count - len(units)) * units[0]
    high = sum(units[::-1][:count], Fraction(0)) + max(0, count - len(units)) * units[-1]
    stated = Fraction(sum(r[2] or 0 for r in priced))
    slack = Fraction(len(priced), 200)
    if low - slack <= stated <= high + slack:
        return Decimal(0)
    gap = low - stated if stated < low else high - stated
    return Decimal(gap.numerator) / Decimal(gap.denominator)


def exceptions(facts: Sequence[Fact], complete: datetime) -> dict[str, tuple[Decimal, Decimal]]:
    """`ACCOUNT± root#key` -> (open quantity, price difference or open value) of what is overdue at `complete`."""
    found: dict[str, tuple[Decimal, Decimal]] = {}
    for (code, root, key), rows in entries(facts).items():
        rows.sort(key=by_due)
        subject = f"{root}#{key}" if key else root
        column = 2 if code == "TCO" or key in ("freight", "tax") else 1
        debits = [r for r in rows if r[0] == "+" and r[column] is not None]
        credits_ = [r for r in rows if r[0] == "-" and r[column] is not None]
        left = sum((r[column] for r in debits), Decimal(0)) - sum((r[column] for r in credits_), Decimal(0))  # type: ignore[misc]
        price = Decimal(0)
        if column == 1 and code in ("TBK", "TBL"):
            price = misprice(debits, credits_, "USD")
        if code == "TBL":
            if column == 1:
                left = Decimal(0)
            elif not (debits and credits_):
                continue
        if not left and not price:
            continue
        shown = left or price
        side = "+" if shown > 0 else "-"
        if left:
            mine, others = (debits, credits_) if side == "+" else (credits_, debits)
            row = oldest(mine, sum((r[column] for r in others), Decimal(0)), column)  # type: ignore[misc]
            due = deadline(code, side, row[4], row[5])
        else:
            due = deadline(code, side, max(min(r[4] for r in debits), min(r[4] for r in credits_)), None)
        if due <= complete:
            found[f"{code}{side} {subject}"] = (left, price) if column == 1 else (Decimal(0), left)
    return {name: open_ for name, open_ in found.items() if not (name[:3] in ("TSH", "TBL") and _is_the_bookings(found, name))}


def _is_the_bookings(found: dict[str, tuple[Decimal, Decimal]], name: str) -> bool:
    """True when the booking that is wrong made this difference: what it states too much it leaves too much to ship and to bill."""
    turned = "TBK" + ("-" if name[3] == "+" else "+") + name[4:]
    quantity, price = found[name]
    return found.get(turned) == (-quantity, -price) and found[name] != (0, 0)
