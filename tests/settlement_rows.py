"""Writes settlement reports for tests, row by row."""

COLUMNS = (
    "settlement-id", "settlement-start-date", "settlement-end-date", "deposit-date", "total-amount", "currency", "transaction-type",
    "order-id", "merchant-order-id", "adjustment-id", "shipment-id", "marketplace-name", "amount-type", "amount-description", "amount",
    "fulfillment-id", "posted-date", "posted-date-time", "order-item-code", "merchant-order-item-id", "merchant-adjustment-item-id",
    "sku", "quantity-purchased", "promotion-id",
)  # fmt: skip


def total(settlement: str, amount: str, currency: str = "USD", days: tuple[str, str] = ("2026-03-02", "2026-03-04")) -> str:
    """The first row of a settlement."""
    start, end = days
    return _row(
        settlement_id=settlement, settlement_start_date=start, settlement_end_date=f"{end} 23:59:59 UTC",
        deposit_date=f"{end} 23:59:59 UTC", total_amount=amount, currency=currency,
    )  # fmt: skip


def line(settlement: str, triple: str, amount: str, order: str = "", day: str = "2026-03-03", **more: str) -> str:
    """A row below it; `triple` is `Order/ItemPrice/Principal`."""
    transaction, type_, description = triple.split("/", 2)
    return _row(
        settlement_id=settlement, transaction_type=transaction, order_id=order, amount_type=type_, amount_description=description,
        amount=amount, posted_date=day, **more,
    )  # fmt: skip


def report(*rows: str) -> bytes:
    """The file."""
    return ("\n".join(["\t".join(COLUMNS), *rows]) + "\n").encode()


def _row(**cells: str) -> str:
    return "\t".join(cells.get(name.replace("-", "_"), "") for name in COLUMNS)
