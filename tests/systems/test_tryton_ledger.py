"""A real Tryton and a ledger side by side: commands make documents, polls find them, and everything ties out, or says what does not."""

from collections.abc import Callable
from typing import Any

import pytest

from systems.erp import D, Ledger, charge, command, goods
from tieout.core.command import Accepted, Act, Rejected
from tieout.core.values import Ref
from world import line

pytestmark = pytest.mark.tryton

ORDER, RETURN = "shop/order/1001", "shop/return/R-7"
PRODUCTS = [f"SKU-{n:04d}" for n in range(1, 21)]


def placed(ledger: Ledger, number: str = "1001", quantity: int = 5, value: Any = 55) -> list[Any]:
    """The shop's order for bearings; its lines as a command has them."""
    subject = f"shop/order/{number}"
    tax = D(value) / 10
    ledger.say(
        "OrderPlaced",
        "shop",
        number,
        [line(1, subject, "SKU-0001", quantity, value), line("tax", subject, value=tax, charge="tax")],
        type="order",
    )
    return [goods(1, "SKU-0001", quantity, value, subject), charge("tax", tax, subject)]


def booked(ledger: Ledger, number: str = "1001", **more: Any) -> Accepted:
    """That order, booked and polled."""
    wanted = command(Act.BOOK_ORDER, f"shop/order/{number}", placed(ledger, number, **more))
    outcome = ledger.erp.done(wanted)
    ledger.poll()
    return outcome


def warehouse_opens(ledger: Ledger) -> None:
    for item in PRODUCTS:
        ledger.say("StockMoved", "wms", f"open-{item}", [line(1, f"*/stock/{item}@W1", item, 1000)])


def warehouse_ships(ledger: Ledger, number: str, sale: str, items: dict[str, int]) -> None:
    ledger.say("Allocated", "wms", f"A{number}", [line(n, sale, item, q) for n, (item, q) in enumerate(items.items())])
    ledger.say("Shipped", "wms", f"P{number}", [line(n, sale, item, q) for n, (item, q) in enumerate(items.items())])
    for item, q in items.items():
        ledger.say("StockMoved", "wms", f"M{number}-{item}", [line(1, f"*/stock/{item}@W1", item, -q)])


def test_order_to_cash_and_return_to_credit_tie_out(ledger: Ledger) -> None:
    erp = ledger.erp
    warehouse_opens(ledger)
    lines = [
        goods(1, "SKU-0001", 5, 55, ORDER),
        goods(2, "SKU-0002", 2, 24, ORDER),
        charge("freight", "7.50", ORDER),
        charge("tax", "7.90", ORDER),
    ]
    said = [line(1, ORDER, "SKU-0001", 5, 55), line(2, ORDER, "SKU-0002", 2, 24)]
    said += [line("f", ORDER, value=D("7.50"), charge="freight"), line("t", ORDER, value=D("7.90"), charge="tax")]
    ledger.say("OrderPlaced", "shop", "1001", said, type="order")

    sale = erp.done(command(Act.BOOK_ORDER, ORDER, lines))
    assert sale.differs == ()
    assert sale.final == {"1": D(5), "2": D(2)}
    ledger.poll()
    assert ledger.world.of("TBK") == {}
    names = {"references": erp.named(sale)}

    for n, items in enumerate(({"SKU-0001": 3}, {"SKU-0001": 2, "SKU-0002": 2}), 1):
        warehouse_ships(ledger, str(n), names["references"][0], items)
        moved = [goods(m, item, q, subject=ORDER) for m, (item, q) in enumerate(items.items())]
        assert erp.done(command(Act.POST_SHIPMENT, ORDER, moved, "TSH", n, **names)).differs == ()
        billed = [goods(m, item, q, q * {"SKU-0001": 11, "SKU-0002": 12}[item], ORDER) for m, (item, q) in enumerate(items.items())]
        invoice = erp.done(command(Act.POST_INVOICE, ORDER, billed, "SNI", n, **names))
        assert invoice.differs == ()
        ledger.poll()
        for document in invoice.documents:
            (record,) = erp.records("account.invoice", [["number", "=", document.rpartition("/")[2]]], "total_amount")
            paid = record["total_amount"]
            ledger.say("CashReceived", "bank", f"B{document[-1]}", [line(1, document, value=paid)])
            assert erp.done(command(Act.APPLY_CASH, document, account="CSH", total=paid)).differs == ()
    ledger.poll()
    assert ledger.world.net() == {}

    back = [goods(1, "SKU-0002", 1, 12, RETURN)]
    assert erp.done(command(Act.AUTHORISE_RETURN, RETURN, back, "RRC", **names)).differs == ()
    ledger.poll()
    ledger.say("ReturnReceived", "wms", "RR1", [line(1, RETURN, "SKU-0002", 1)])
    ledger.say("Restocked", "wms", "RS1", [line(1, RETURN, "SKU-0002", 1)])
    ledger.say("StockMoved", "wms", "RM1", [line(1, "*/stock/SKU-0002@W1", "SKU-0002", 1)])
    credit = erp.done(command(Act.ISSUE_CREDIT, RETURN, back, "RCR", **names))
    assert credit.differs == ()
    ledger.poll()
    ledger.say("Refunded", "shop", "F1", [line(1, RETURN, value=D("13.20"))])

    assert ledger.world.net() == {}
    assert ledger.cases() == {}
    assert ledger.world.quarantine() == []
    assert ledger.world.waiting() == set()


def test_a_price_changed_behind_our_back_is_seen_and_closes_when_corrected(ledger: Ledger) -> None:
    sale = booked(ledger)
    assert ledger.world.of("TBK") == {}

    ledger.erp.amend(int(sale.documents[0].rpartition("/")[2]), unit_price="10.00")
    ledger.poll()
    assert ledger.world.of("TBK") == {f"{ORDER} SKU-0001 $USD": D(5), f"{ORDER} tax $USD": D("0.5")}
    assert any(name.startswith("TBK") for name in ledger.cases())

    ledger.erp.amend(int(sale.documents[0].rpartition("/")[2]), unit_price="11.00")
    ledger.poll()
    assert ledger.world.of("TBK") == {}
    assert not any(name.startswith("TBK") for name in ledger.cases())


def test_what_is_cancelled_by_command_stays_booked_and_is_cancelled_by_a_fact_of_its_own(ledger: Ledger) -> None:
    sale = booked(ledger)
    names = {"references": ledger.erp.named(sale)}
    ledger.say("OrderCancelled", "shop", "1001-1", [line(1, ORDER, "SKU-0001", 2, 22), line("tax", ORDER, value=D("2.2"), charge="tax")])
    for n in (1, 2):
        cancelled = ledger.erp.done(command(Act.CANCEL_BOOKING, ORDER, [goods(1, "SKU-0001", 1, 11, ORDER)], "TBC", n, **names))
        assert cancelled == Accepted((Ref(f"erp/amendment/{n}"),), {"1": D(1)})
    ledger.poll()

    assert ledger.world.of("TBK") == {}
    assert ledger.world.of("TSH") == {f"{ORDER} SKU-0001 EA": D(3)}
    (sold,) = ledger.erp.records("sale.line", [], "quantity")
    assert sold["quantity"] == 3


def test_what_a_clerk_sold_by_the_dozen_is_shipped_billed_cancelled_and_credited_by_the_piece(ledger: Ledger) -> None:
    erp = ledger.erp
    ledger.say("OrderPlaced", "shop", "1001", [line(1, ORDER, "SKU-0005", 36, 540), line("t", ORDER, value=D(54), charge="tax")], type="order")
    erp.clerk("sale.sale", "confirm", [erp.by_hand("SKU-0005", 3, "1001", unit="dz", price="180")])
    ledger.poll()
    assert ledger.world.of("TBK") == {}
    names = {"references": (Ref("erp/sales_order/1"),)}

    dozen = [goods(1, "SKU-0005", 12, 180, ORDER)]
    assert erp.done(command(Act.CANCEL_BOOKING, ORDER, dozen, "TBC", **names)).final == {"1": D(12)}
    assert erp.send(command(Act.CANCEL_BOOKING, ORDER, [goods(1, "SKU-0005", 25)], "TBC", 2, **names)) == Rejected(
        "Not open in Tryton any more: 1 of SKU-0005."
    )
    for act, account in ((Act.POST_SHIPMENT, "TSH"), (Act.POST_INVOICE, "SNI")):
        done = erp.done(command(act, ORDER, dozen, account, **names))
        assert (done.final, done.differs) == ({"1": D(12)}, ())
    credit = erp.done(command(Act.ISSUE_CREDIT, RETURN, [goods(1, "SKU-0005", 6, None, RETURN)], "RCR", **names))
    assert (credit.final, credit.differs) == ({"1": D(6)}, ())
    (note,) = erp.records("account.invoice", [["number", "=", credit.documents[0].rpartition("/")[2]]], "untaxed_amount")
    assert note["untaxed_amount"] == -90

    ledger.poll()
    assert ledger.world.of("TBK") == {f"{ORDER} SKU-0005 EA": D(12), f"{ORDER} SKU-0005 $USD": D(180), f"{ORDER} tax $USD": D(18)}
    assert ledger.world.of("TSH") == {f"{ORDER} SKU-0005 EA": D(24)}
    assert ledger.world.of("SNI") == {f"{ORDER} SKU-0005 EA": D(-12)}


def test_where_a_queue_lags_commands_wait_for_nothing(ledger_of: Callable[..., Ledger]) -> None:
    """Nobody empties the queue that makes shipments and invoices: each command has Tryton do its part first."""
    ledger = ledger_of(queued=True)
    sale = booked(ledger)
    names = {"references": ledger.erp.named(sale)}
    for n, q in ((1, 3), (2, 2)):
        ledger.erp.done(command(Act.POST_SHIPMENT, ORDER, [goods(1, "SKU-0001", q)], "TSH", n, **names))
    ledger.erp.done(command(Act.POST_INVOICE, ORDER, [goods(1, "SKU-0001", 5, 55)], "SNI", **names))
    back = [goods(1, "SKU-0001", 1, 11, RETURN)]
    ledger.erp.done(command(Act.ISSUE_CREDIT, RETURN, back, "RCR", **names))
    ledger.poll()
    assert ledger.world.of("TBL") == {}
    assert ledger.world.of("RRC") == {f"{RETURN} SKU-0001 EA": D(1)}, "the warehouse has not said that it is back"
    assert ledger.world.of("RCR") == {f"{RETURN} SKU-0001 EA": D(-1)}


def test_a_phantom_order_is_seen_and_closes_when_taken_back(ledger: Ledger) -> None:
    erp = ledger.erp
    sale = erp.by_hand("SKU-0003", 4)
    ledger.poll()
    assert ledger.world.of("TBK") == {}

    erp.clerk("sale.sale", "confirm", [sale])
    ledger.poll()
    assert ledger.world.of("TBK") == {
        "erp/sales_order/1 SKU-0003 EA": D(-4),
        "erp/sales_order/1 SKU-0003 $USD": D(-52),
        "erp/sales_order/1 tax $USD": D("-5.2"),
    }

    erp.amend(sale, quantity=0)
    ledger.poll()
    assert ledger.world.of("TBK") == {}


def test_an_invoice_written_by_hand_is_seen_and_closes_when_credited(ledger: Ledger) -> None:
    erp = ledger.erp
    ledger.poll()
    (party,) = erp.records("party.party", [["code", "=", "CUST-1"]], "addresses")
    (product,) = erp.records("product.product", [["code", "=", "SKU-0003"]], "default_uom")
    revenue = erp.records("account.account", [["type.revenue", "=", True], ["closed", "!=", True]], "code")[0]["id"]
    values = {"product": product["id"], "quantity": 4, "unit": product["default_uom"], "account": revenue, "taxes": [["add", [1]]]}
    values["unit_price"] = {"__class__": "Decimal", "decimal": "13"}
    receivable = erp.clerk("account.invoice", "on_change", {"type": "out", "party": party["id"], "company": 1}, ["party"])["account"]
    (journal,) = erp.records("account.journal", [["type", "=", "revenue"]])
    head = {
        "type": "out",
        "journal": journal["id"],
        "party": party["id"],
        "invoice_address": party["addresses"][0],
        "account": receivable,
        "lines": [["create", [values]]],
    }
    (invoice,) = erp.clerk("account.invoice", "create", [head])
    ledger.poll()
    assert ledger.world.of("SNI") == {}, "a draft says nothing"

    erp.clerk("account.invoice", "post", [invoice])
    ledger.poll()
    (number,) = (one["number"] for one in erp.records("account.invoice", [["id", "=", invoice]], "number"))
    assert ledger.world.of("SNI") == {f"erp/invoice/{number} SKU-0003 EA": D(-4)}
    assert ledger.world.of("TCO") == {f"erp/invoice/{number}  $USD": D("57.2")}

    erp.credit(invoice)
    ledger.poll()
    assert ledger.world.of("SNI") == {}
    assert ledger.world.of("TCO") == {}


@pytest.mark.parametrize("overlap", [300, 0])
def test_a_booked_sale_that_was_deleted_is_proved_gone_by_a_complete_list(ledger_of: Callable[..., Ledger], overlap: int) -> None:
    """Confirmed and not yet in process: as long as Tryton's queue lags, people may take a sale back and delete it."""
    ledger = ledger_of(queued=True, overlap=overlap)
    erp = ledger.erp
    kept, gone = booked(ledger, "1001"), booked(ledger, "1002")
    assert ledger.world.of("TBK") == {}
    assert not [one for one in ledger.poll() if one.contract == "tryton/list"]

    sale = int(gone.documents[0].rpartition("/")[2])
    erp.clerk("sale.sale", "draft", [sale])
    erp.clerk("sale.sale", "delete", [sale])
    found = ledger.poll()

    assert [one.contract for one in found].count("tryton/list") == 1
    assert {name.split(" ")[0] for name in ledger.world.of("TBK")} == {"shop/order/1002"}
    assert kept.documents[0] == "erp/sale/1"
    assert not [one for one in ledger.poll() if one.contract == "tryton/list"]

    booked(ledger, "1003")
    assert {name.split(" ")[0] for name in ledger.world.of("TBK")} == {"shop/order/1002"}, "the list says nothing of what came after it"


def test_moves_that_are_cancelled_for_good_are_no_longer_booked(ledger: Ledger) -> None:
    erp = ledger.erp
    booked(ledger)
    (shipment,) = erp.records("stock.shipment.out", [], "outgoing_moves")
    erp.clerk("stock.shipment.out", "cancel", [shipment["id"]])
    (sale_line,) = erp.records("sale.line", [], "moves")
    erp.clerk("sale.line", "write", [sale_line["id"]], {"moves_ignored": [["add", sale_line["moves"]]]})
    ledger.poll()
    assert ledger.world.of("TSH") == {}
    assert ledger.world.of("TBK") == {f"{ORDER} SKU-0001 EA": D(5), f"{ORDER} SKU-0001 $USD": D(55)}
