"""Marketplaces' settlement reports: a flat file with a total and a line for each amount, which three labels explain."""

from collections.abc import Iterator, Sequence

from tieout.simulate.clock import DAY, local, utc
from tieout.simulate.paper import Cents, Paper, money
from tieout.simulate.partners import File
from tieout.simulate.settling import ADVERTISED, COMMISSION, REFUND_COMMISSION, commission, principal, refund_fee
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
    rows: list[dict[str, str]] = [head, *_sales(more["sales"], more.get("commission", COMMISSION)), *_refunds(more["refunds"])]
    labels = {line.charge: line.value for line in more["fees"]}
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


def _sales(papers: Sequence[Paper], label: str) -> Iterator[dict[str, str]]:
    """Principal, tax that is charged and kept, and commission; of a sale that is left out the commission alone."""
    for sold in papers:
        known = {"order-id": sold.more.get("order_id", sold.number), "transaction-type": "Order", "sku": sold.more["sku"]}
        if sold.kind != "left_out" or "order_id" in sold.more:
            yield _row(known, "ItemPrice", "Principal", principal(sold))
            if not sold.more.get("kept"):
                yield _row(known, "ItemPrice", "Tax", sold.more["tax"])
            yield _row(known, "ItemWithheldTax", "MarketplaceFacilitatorTax-Principal", -sold.more["tax"])
        yield _row({**known, "order-id": sold.number}, "ItemFees", label, -commission(sold))


def _refunds(papers: Sequence[Paper]) -> Iterator[dict[str, str]]:
    """The same the other way, and what the marketplace keeps of the commission it gives back."""
    for paid in papers:
        known = {"order-id": paid.more["order_id"], "transaction-type": "Refund", "sku": paid.more["sku"]}
        yield _row(known, "ItemPrice", "Principal" if paid.more["sku"] else "Goodwill", principal(paid))
        yield _row(known, "ItemPrice", "Tax", -paid.more["tax"])
        yield _row(known, "ItemWithheldTax", "MarketplaceFacilitatorTax-Principal", paid.more["tax"])
        yield _row(known, "ItemFees", COMMISSION, commission(paid))
        yield _row(known, "ItemFees", REFUND_COMMISSION, -refund_fee(commission(paid)))


def _row(known: dict[str, str], type_: str, description: str, cents: Cents) -> dict[str, str]:
    return {**known, "amount-type": type_, "amount-description": description, "amount": money(cents)}
