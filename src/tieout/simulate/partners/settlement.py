"""Marketplaces' settlement reports: a flat file with a total and a line for each amount, which three labels explain."""

from collections.abc import Iterator, Sequence

from tieout.simulate.clock import DAY, local, utc
from tieout.simulate.paper import Paper, money
from tieout.simulate.partners import File
from tieout.simulate.settling import ADVERTISED, COMMISSION, commission
from tieout.simulate.story import SETTLEMENT_DAYS
from tieout.simulate.wire import stamp

SYSTEMS = ("mira_pay", "bazaar_pay")
COLUMNS = (
    "settlement-id", "settlement-start-date", "settlement-end-date", "deposit-date", "total-amount", "currency", "transaction-type", "order-id",
    "merchant-order-id", "adjustment-id", "shipment-id", "marketplace-name", "amount-type", "amount-description", "amount", "fulfillment-id",
    "posted-date", "posted-date-time", "order-item-code", "merchant-order-item-id", "merchant-adjustment-item-id", "sku", "quantity-purchased",
    "promotion-id",
)  # fmt: skip


def write(papers: Sequence[Paper], at: int) -> Iterator[File]:
    """A file for each report; what else the marketplace says stands inside one."""
    for paper in papers:
        if paper.kind == "settlement":
            paper.origin = f"settlement-{paper.number}-{stamp(at)}.txt"
            yield File(paper.origin, _report(paper))


def _report(paper: Paper) -> bytes:
    end, more = paper.happened, paper.more
    head = {
        "settlement-start-date": f"{utc(end - SETTLEMENT_DAYS * DAY):%Y-%m-%d %H:%M:%S} UTC", "settlement-end-date": f"{utc(end):%Y-%m-%d %H:%M:%S} UTC",
        "deposit-date": f"{utc(end + 1800):%Y-%m-%d %H:%M:%S} UTC", "total-amount": money(paper.lines[0].value or 0), "currency": "USD",
    }  # fmt: skip
    rows: list[dict[str, str]] = [head]
    labels = {line.charge: line.value for line in more["fees"]}
    for sold in more["sales"]:
        if sold.kind == "left_out" and "order_id" not in sold.more:
            continue
        known = {"order-id": sold.more.get("order_id", sold.number), "transaction-type": "Order", "sku": sold.more["sku"]}
        rows.append({**known, "amount-type": "ItemPrice", "amount-description": "Principal", "amount": money(sold.lines[0].value or 0)})
    for sold in more["sales"]:
        known = {"order-id": sold.number, "transaction-type": "Order", "sku": sold.more["sku"]}
        label = more.get("commission", COMMISSION)
        rows.append({**known, "amount-type": "ItemFees", "amount-description": label, "amount": money(-commission(sold))})
    if ADVERTISED in labels:
        advertised = {"transaction-type": "ServiceFee", "amount-type": ADVERTISED, "amount-description": "TransactionTotalAmount"}
        rows.append({**advertised, "amount": money(-(labels[ADVERTISED] or 0))})
    for name, cents in (("Previous Reserve Amount Balance", more["released"]), ("Current Reserve Amount", -more["held"])):
        if cents:
            rows.append(
                {
                    "transaction-type": "other-transaction",
                    "amount-type": "other-transaction",
                    "amount-description": name,
                    "amount": money(cents),
                }
            )
    day = local(end).strftime("%Y-%m-%d")
    lines = ["\t".join(COLUMNS)]
    for n, row in enumerate(rows):
        stated = {**row, "settlement-id": paper.number, **({"posted-date": day} if n else {})}
        lines.append("\t".join(stated.get(column, "") for column in COLUMNS))
    return ("\n".join(lines) + "\n").encode()
