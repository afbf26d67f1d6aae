"""The day as it is played: orders come, goods go, money comes, goods come back; and some things go wrong on purpose."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

from examples.erp.clerk import Clerk
from examples.erp.company import Company
from examples.erp.papers import refund, statement

LATE, TWICE, PARTLY = "shop/order/1005", "shop/order/1009", "shop/order/1001"
REPRICED, DELETED, REFUSED, UNANNOUNCED = "shop/order/1003", "shop/order/1006", "shop/order/1008", "shop/order/1012"
WRONG = {
    f"TBK- {REPRICED}": "a price was raised in Tryton after the order was booked",
    f"TBK+ {DELETED}": "a booked sale was deleted in Tryton",
    f"TBK+ {REFUSED}": "Tryton refuses the order: it has no such product",
    f"TSH- {TWICE}": "the warehouse shipped the order twice",
    f"RRC- {UNANNOUNCED}": "goods came back that nobody had announced",
}
"""What goes wrong on purpose, and the exception that it has to become; two more are named when they happen."""

STUCK = sorted(name.rpartition("/")[2] for name in (REPRICED, DELETED, REFUSED))
"""The orders that do not go through the same day: a price in dispute, a sale that is gone, one that Tryton does not take."""
LEFT_OPEN = {f"TSH- {TWICE}": WRONG[f"TSH- {TWICE}"]}
"""What nobody can put right the same evening: the goods are with the customer."""

Say = Callable[[str], None]


class Day:
    """One business day of Northgate."""

    def __init__(self, company: Company, clerk: Clerk, say: Say) -> None:
        self.company, self.clerk, self.say = company, clerk, say
        self.expected = dict(WRONG)
        self.phantom_sale = self.manual_invoice = 0
        self.seen_at_once: dict[str, bool] = {}
        self._statements = 0
        self._opening = Decimal(10_000)

    def play(self) -> None:
        """From the first order to the last return."""
        for step in (self.orders, self.people_meddle, self.first_shipments, self.later_shipments, self.cash, self.returns):
            self.say(str(step.__doc__).partition(".")[0])
            step()

    def orders(self) -> None:
        """Orders come in by X12 and from the web shop, and Tieout books them in Tryton."""
        company = self.company
        for system, name in (("edi", "BIGBOX-850.edi"), ("edi", "HOMEHUB-850.edi"), ("shop", "orders.jsonl")):
            company.take_in(system, name, company.template(system, name))
        company.take_in("edi", "BIGBOX-850-again.edi", company.template("edi", "BIGBOX-850.edi"))
        company.settle()

    def people_meddle(self) -> None:
        """In Tryton somebody changes a price, deletes a sale, books one that nobody ordered, writes an invoice by hand."""
        self.clerk.reprice(_number(REPRICED), "SKU-0004", Decimal("15"))
        self.clerk.delete(_number(DELETED))
        self.phantom_sale = self.clerk.phantom("SKU-0003", 4, Decimal(13))
        self.manual_invoice = self.clerk.invoice_by_hand("SKU-0003", 2, Decimal(13))
        (sale,) = self.clerk.rpc.find("sale.sale", [["id", "=", self.phantom_sale]], "number")
        (invoice,) = self.clerk.rpc.find("account.invoice", [["id", "=", self.manual_invoice]], "number")
        self.expected[f"TBK- erp/sales_order/{sale['number']}"] = "a sale was booked in Tryton that nobody ordered"
        self.expected[f"SNI- erp/invoice/{invoice['number']}"] = "an invoice was written by hand, without a sale"
        self.company.poll()
        seen = self.company.look()
        meddled = [name for name in self.expected if not name.startswith(("TSH", "RRC")) and REFUSED not in name]
        self.seen_at_once = {self.expected[name]: name in seen for name in meddled}
        self.say(f"   after one poll {sum(self.seen_at_once.values())} of {len(meddled)} are exceptions")
        self.company.settle()

    def first_shipments(self) -> None:
        """The warehouse ships what was released: one order in part, one not yet, one message twice."""
        company, warehouse = self.company, self.company.warehouse
        for order in self._released():
            items = warehouse.released(order)
            if order in (LATE, DELETED):
                continue
            events = warehouse.ship(order, {"SKU-0001": 3} if order == PARTLY else items)
            company.events(f"shipped-{_number(order)}", events)
            if order == "shop/order/1002":
                company.events("the-same-again", events)
        company.settle()

    def later_shipments(self) -> None:
        """The rest of the one order follows, the late one goes, and one goes a second time."""
        company, warehouse = self.company, self.company.warehouse
        company.events("rest", warehouse.ship(PARTLY, {"SKU-0001": 2, "SKU-0002": 2}))
        company.events("late", warehouse.ship(LATE, warehouse.released(LATE)))
        company.events("twice", warehouse.ship(TWICE, warehouse.released(TWICE)))
        company.settle()

    def cash(self) -> None:
        """Customers pay: BigBox all its invoices at once, everybody else one by one."""
        ours = [["type", "=", "out"], ["state", "=", "posted"], ["total_amount", ">", 0], ["id", "!=", self.manual_invoice]]
        shares: dict[str, Decimal] = {}
        payments: dict[tuple[str, ...], Decimal] = {}
        bigbox: list[str] = []
        for invoice in self.clerk.rpc.find("account.invoice", ours, "number", "total_amount", "party.code"):
            shares[invoice["number"]] = invoice["total_amount"]
            if invoice["party."]["code"] == "BIGBOX":
                bigbox.append(invoice["number"])
            else:
                payments[(invoice["number"],)] = invoice["total_amount"]
        if bigbox:
            payments[tuple(bigbox)] = sum((shares[number] for number in bigbox), Decimal(0))
        self._statements += 1
        text = statement(self._statements, self.company.today, self._opening, payments, shares)
        self._opening += sum(payments.values(), Decimal(0))
        self.company.take_in("bank", f"statement-{self._statements}.xml", text)
        self.company.settle()

    def returns(self) -> None:
        """Goods come back: two returns as announced, one that nobody knows of; a large credit waits for finance."""
        company, warehouse = self.company, self.company.warehouse
        for order, items in (("1004", {"SKU-0006": 1}), ("1010", {"SKU-0013": 2})):
            self.clerk.authorise_return(order, items)
            company.poll()
            company.events(f"back-{order}", warehouse.take_back(f"shop/order/{order}", items))
        company.events("unannounced", warehouse.take_back(UNANNOUNCED, {"SKU-0016": 1}))
        company.settle()
        self.held = company.commands("held")
        for key, why in self.held:
            if "1010" in key:
                self.say(f"   dana approves {key}: {why}")
                company.approve(key, "dana")
        company.settle()
        for number, item, quantity, price in ((1004, "SKU-0006", 1, 16), (1010, "SKU-0013", 2, 23)):
            paid = refund(number, item, quantity, Decimal(price), Decimal(price * quantity) / 10, datetime.now(UTC))
            company.take_in("shop", f"refund-{number}.jsonl", json.dumps(paid) + "\n")
        company.settle()

    def correct(self) -> None:
        """People put right what went wrong; nobody tells Tieout."""
        company, clerk = self.company, self.clerk
        clerk.reprice(_number(REPRICED), "SKU-0004", Decimal("14"))
        clerk.withdraw(self.phantom_sale)
        clerk.credit(self.manual_invoice)
        clerk.authorise_return(_number(UNANNOUNCED), {"SKU-0016": 1})
        company.take_in("shop", "corrected.jsonl", company.template("shop", "corrected.jsonl"))
        company.poll()
        for key, why in company.commands("held"):
            if DELETED in key:
                self.say(f"   dana approves {key}: {why}")
                company.approve(key, "dana")
        company.settle()

    def _released(self) -> list[str]:
        """The orders that the warehouse was told to ship, each by the name its channel gave it."""
        named = [name for release in self.company.warehouse.releases.values() for name in release["references"]]
        return sorted({name for name in named if name.startswith(("shop/order/", "edi/order/"))})


def _number(order: str) -> str:
    return order.split("/", 2)[2]
