"""The people who work in Tryton itself: customer service authorises returns, and now and then somebody does what nobody agreed on."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from examples.erp.rpc import Rpc


class Clerk:
    """A user of Tryton who never heard of Tieout."""

    def __init__(self, rpc: Rpc) -> None:
        self.rpc = rpc

    def sale_of(self, order: str) -> int:
        """The sale that is booked for an order, by the order's number."""
        ((sale),) = self.rpc.find("sale.sale", [["reference", "=", order], ["state", "!=", "cancelled"], ["origin", "=", None]])
        return int(sale["id"])

    def reprice(self, order: str, item: str, price: Decimal) -> None:
        """Take a confirmed sale back to draft, change one price, confirm it again."""
        sale = self.sale_of(order)
        (line,) = self.rpc.find("sale.line", [["sale", "=", sale], ["product.code", "=", item]])
        self.rpc.call("sale.sale", "draft", [sale])
        self.rpc.call("sale.line", "write", [line["id"]], {"unit_price": price})
        self._confirm(sale)

    def delete(self, order: str) -> None:
        """Take a confirmed sale back to draft and delete it."""
        sale = self.sale_of(order)
        for button in ("draft", "cancel", "delete"):
            self.rpc.call("sale.sale", button, [sale])

    def phantom(self, item: str, quantity: int, price: Decimal) -> int:
        """Book a sale that nobody ordered; its id."""
        (sale,) = self.rpc.call("sale.sale", "create", [{**self._to("CUST-1"), "lines": [["create", [self._line(item, quantity, price)]]]}])
        self._confirm(sale)
        return int(sale)

    def withdraw(self, sale: int) -> None:
        """Cancel a sale again."""
        self.rpc.call("sale.sale", "draft", [sale])
        self.rpc.call("sale.sale", "cancel", [sale])

    def invoice_by_hand(self, item: str, quantity: int, price: Decimal) -> int:
        """Write and post an invoice that no sale stands behind; its id."""
        party = self._party("CUST-1")
        proposed = self.rpc.call("account.invoice", "on_change", {"type": "out", "party": party["id"], "company": 1}, ["party"])
        (journal,) = self.rpc.find("account.journal", [["type", "=", "revenue"]])
        revenue = self.rpc.find("account.account", [["type.revenue", "=", True], ["closed", "!=", True]])[0]
        (tax,) = self.rpc.find("account.tax", [])
        line = {**self._line(item, quantity, price), "account": revenue["id"], "taxes": [["add", [tax["id"]]]]}
        head = {"type": "out", "journal": journal["id"], "party": party["id"], "invoice_address": party["addresses"][0],
                "account": proposed["account"], "payment_term": party["customer_payment_term"], "lines": [["create", [line]]]}  # fmt: skip
        (invoice,) = self.rpc.call("account.invoice", "create", [head])
        self.rpc.call("account.invoice", "post", [invoice])
        return int(invoice)

    def credit(self, invoice: int) -> None:
        """Cancel an invoice by a credit note."""
        form = {"with_refund": True, "with_refund_allowed": True, "invoice_date": None}
        self.rpc.wizard("account.invoice.credit", "account.invoice", invoice, "credit", **form)

    def authorise_return(self, order: str, items: Mapping[str, int]) -> None:
        """Key the return that a customer has announced, at the prices of the order."""
        (origin,) = self.rpc.find("sale.sale", [["id", "=", self.sale_of(order)]], "party", "invoice_address", "shipment_address")
        sold = self.rpc.find(
            "sale.line", [["sale", "=", origin["id"]], ["product.code", "in", list(items)]], "product.code", "unit_price", "taxes"
        )
        lines = []
        for line in sold:
            item = line["product."]["code"]
            lines.append({**self._line(item, -items[item], line["unit_price"]), "taxes": [["add", line["taxes"]]]})
        head = {name: origin[name] for name in ("party", "invoice_address", "shipment_address")}
        values = {**head, "reference": order, "origin": f"sale.sale,{origin['id']}", "lines": [["create", lines]]}
        (back,) = self.rpc.call("sale.sale", "create", [values])
        self._confirm(back)

    def _confirm(self, sale: int) -> None:
        self.rpc.call("sale.sale", "quote", [sale])
        self.rpc.call("sale.sale", "confirm", [sale])

    def _party(self, code: str) -> dict[str, Any]:
        (party,) = self.rpc.find("party.party", [["code", "=", code]], "addresses", "customer_payment_term")
        return party

    def _to(self, code: str) -> dict[str, Any]:
        party = self._party(code)
        address = party["addresses"][0]
        return {"party": party["id"], "invoice_address": address, "shipment_address": address}

    def _line(self, item: str, quantity: int, price: Decimal) -> dict[str, Any]:
        (product,) = self.rpc.find("product.product", [["code", "=", item]], "default_uom")
        return {"product": product["id"], "quantity": quantity, "unit": product["default_uom"], "unit_price": price}
