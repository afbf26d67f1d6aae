"""What customers and the bank send after the goods: payments on a bank statement (camt.053), refunds in the web shop."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"


def statement(number: int, day: datetime, opening: Decimal, payments: Mapping[tuple[str, ...], Decimal], shares: Mapping[str, Decimal]) -> str:
    """One bank statement: `payments` are (invoices paid) -> amount, `shares` what of it is for each invoice."""
    booked = day.strftime("%Y-%m-%d")
    entries = "".join(_entry(number, n, booked, invoices, amount, shares) for n, (invoices, amount) in enumerate(payments.items(), 1))
    closing = opening + sum(payments.values(), Decimal(0))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{NAMESPACE}"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>NG-{number}</MsgId><CreDtTm>{day:%Y-%m-%dT%H:%M:%S}Z</CreDtTm></GrpHdr>"
        f"<Stmt><Id>NG-{booked}-{number}</Id><CreDtTm>{day:%Y-%m-%dT%H:%M:%S}Z</CreDtTm>"
        "<Acct><Id><IBAN>US00NORTHGATE0001</IBAN></Id><Ccy>USD</Ccy></Acct>"
        f"{_balance('OPBD', opening, booked)}{_balance('CLBD', closing, booked)}{entries}</Stmt></BkToCstmrStmt></Document>\n"
    )


def _balance(code: str, amount: Decimal, day: str) -> str:
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="USD">{amount:.2f}</Amt><CdtDbtInd>CRDT</CdtDbtInd>'
        f"<Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def _entry(statement: int, n: int, day: str, invoices: tuple[str, ...], amount: Decimal, shares: Mapping[str, Decimal]) -> str:
    paid = "".join(
        f"<Strd><RfrdDocInf><Tp><CdOrPrtry><Cd>CINV</Cd></CdOrPrtry></Tp><Nb>{invoice}</Nb></RfrdDocInf>"
        f'<RfrdDocAmt><RmtdAmt Ccy="USD">{shares[invoice]:.2f}</RmtdAmt></RfrdDocAmt></Strd>'
        for invoice in invoices
    )
    return (
        f'<Ntry><Amt Ccy="USD">{amount:.2f}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{day}</Dt></BookgDt>'
        f"<AcctSvcrRef>BNK-{statement}-{n}</AcctSvcrRef><NtryDtls><TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>"
        f'<Amt Ccy="USD">{amount:.2f}</Amt><RmtInf>{paid}</RmtInf></TxDtls></NtryDtls></Ntry>'
    )


def refund(order: int, item: str, quantity: int, price: Decimal, tax: Decimal, at: datetime) -> dict[str, Any]:
    """The shop's webhook about money that went back for some pieces of an order."""
    goods, when = price * quantity, at.isoformat()

    def money(amount: Decimal) -> dict[str, Any]:
        return {"shop_money": {"amount": f"{amount:.2f}", "currency_code": "USD"}}

    line = {
        "id": order, "line_item_id": order * 10 + 1, "quantity": quantity, "restock_type": "return", "subtotal": f"{goods:.2f}",
        "subtotal_set": money(goods), "total_tax": f"{tax:.2f}", "total_tax_set": money(tax),
        "line_item": {"id": order * 10 + 1, "sku": item, "quantity": quantity, "price": f"{price:.2f}", "price_set": money(price)},
    }  # fmt: skip
    paid = {"id": order, "amount": f"{goods + tax:.2f}", "kind": "refund", "status": "success", "currency": "USD", "created_at": when}
    body = {"id": 440000 + order, "order_id": 5550000 + order, "created_at": when, "processed_at": when, "refund_line_items": [line],
            "order_adjustments": [], "transactions": [paid]}  # fmt: skip
    return {"topic": "refunds/create", "webhook_id": f"refund-{order}-{when}", "payload": body}
