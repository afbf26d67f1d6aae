"""What tests of the connector `tryton` share: the system as settings describe it, commands, a clerk at the ERP, a ledger beside it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from examples.erp.tryton import CLERK, CLERK_PASSWORD, LOGIN, PASSWORD, Tryton

from systems.driver import Transport, converse, transport
from tieout.connectors import Document, System
from tieout.connectors.tryton.options import options_of
from tieout.connectors.tryton.poll import poll
from tieout.connectors.tryton.rpc import Session, Talk, change, login, read
from tieout.connectors.tryton.sales import wizard
from tieout.connectors.tryton.send import probe, send
from tieout.core.command import Absent, Accepted, Act, Command, Outcome, Polled
from tieout.core.facts import Line
from tieout.core.values import Ref, Role, Side
from tieout.runtime.apply import apply
from tieout.runtime.statements import Arrival
from world import World

SECRETS = {"login": LOGIN, "password": PASSWORD}
D = Decimal
LATER = timedelta(days=90)


def system_of(tryton: Tryton, **options: Any) -> System:
    """The ERP of the tests: its references name orders and returns of the shop, its goods movements are the warehouse's to state."""
    stated = {"url": tryton.url, "orders": {"": "shop/order"}, "returns": {"": "shop/return"}, "party": "SHOP", "warehouses": {"WH": "W1"}}
    return System("erp", "tryton", Role.ERP, ignore=("Shipped", "ReturnReceived"), options={**stated, **options})


def goods(number: int, item: str, quantity: Any, value: Any = None, subject: str = "shop/order/1") -> Line:
    """One line of goods, in pieces."""
    return Line(str(number), Ref(subject), item=item, quantity=D(str(quantity)), value=None if value is None else D(str(value)))


def charge(label: str, value: Any, subject: str = "shop/order/1") -> Line:
    """One line that is no goods."""
    return Line(label, Ref(subject), value=D(str(value)), charge=label)


def command(act: Act, group: str, lines: Iterable[Line] = (), account: str = "TBK", number: int = 1, **more: Any) -> Command:
    """One command to the ERP."""
    return Command(act, "erp", account, Side.DEBIT, Ref(group), number, tuple(lines), currency="USD", **more)


class Erp:
    """One Tryton, driven by Tieout's connector and by a clerk."""

    def __init__(self, tryton: Tryton, **options: Any) -> None:
        self.tryton = tryton
        self.system = system_of(tryton, **options)
        self.cursor = ""

    def send(self, wanted: Command, through: Transport = transport) -> Outcome:
        """Send a command."""
        return converse(send(wanted, self.system, SECRETS), through)

    def probe(self, wanted: Command) -> Outcome | Absent:
        """Look for an earlier attempt."""
        return converse(probe(wanted, self.system, SECRETS))

    def done(self, wanted: Command) -> Accepted:
        """Send a command that has to succeed."""
        outcome = self.send(wanted)
        assert isinstance(outcome, Accepted), outcome
        return outcome

    def poll(self, through: Transport = transport) -> list[Document]:
        """One whole round of polls."""
        found: list[Document] = []
        self.complete_to = None
        while True:
            polled = converse(poll(self.system, SECRETS, self.cursor, found), through)
            assert isinstance(polled, Polled), polled
            self.cursor, self.complete_to = polled.cursor, polled.complete_to
            if not polled.more:
                return found

    def named(self, outcome: Accepted) -> tuple[Ref, ...]:
        """The names by which later commands know the sale that was booked."""
        ids = [int(name.rpartition("/")[2]) for name in outcome.documents]
        return tuple(Ref(f"erp/sales_order/{sale['number']}") for sale in self.records("sale.sale", [["id", "in", ids]], "number"))

    def clerk(self, model: str, method: str, *params: Any) -> Any:
        """What a person does at the ERP, behind Tieout's back."""
        return converse(self._clerk(model, method, *params))

    def _clerk(self, model: str, method: str, *params: Any) -> Talk[Any]:
        session = yield from self._session({"login": CLERK, "password": CLERK_PASSWORD})
        return (yield from change(session, f"model.{model}.{method}", *params, session.context))

    def _session(self, secrets: dict[str, str]) -> Talk[Session]:
        session = Session(options_of(self.system), "")
        yield from login(session, self.system, secrets)
        return session

    def records(self, model: str, domain: list[Any], *fields: str) -> list[dict[str, Any]]:
        """An independent question to the ERP."""
        return converse(self._records(model, domain, *fields))

    def _records(self, model: str, domain: list[Any], *fields: str) -> Talk[list[dict[str, Any]]]:
        session = yield from self._session(SECRETS)
        return (yield from read(session, model, "search_read", domain, 0, None, [["id", "ASC"]], list(fields)))

    def by_hand(self, item: str, quantity: int, reference: str | None = None, *, unit: str = "u", price: str = "13") -> int:
        """The clerk quotes a sale of one product to a customer; its id."""
        (measure,) = self.records("product.uom", [["symbol", "=", unit]])
        (party,) = self.records("party.party", [["code", "=", "CUST-1"]], "addresses")
        (product,) = self.records("product.product", [["code", "=", item]])
        line = {"product": product["id"], "quantity": quantity, "unit": measure["id"], "taxes": [["add", [1]]]}
        line["unit_price"] = {"__class__": "Decimal", "decimal": price}
        address = party["addresses"][0]
        head = {"party": party["id"], "invoice_address": address, "shipment_address": address, "reference": reference}
        head["invoice_method"] = "fulfillment"
        (sale,) = self.clerk("sale.sale", "create", [{**head, "lines": [["create", [line]]]}])
        self.clerk("sale.sale", "quote", [sale])
        return int(sale)

    def credit(self, invoice: int) -> None:
        """The clerk cancels an invoice by a credit note."""
        converse(self._credit(invoice))

    def _credit(self, invoice: int) -> Talk[None]:
        session = yield from self._session({"login": CLERK, "password": CLERK_PASSWORD})
        prefix, context = wizard(session, "account.invoice.credit", ("account.invoice", invoice))
        opened, state, _ = yield from change(session, f"{prefix}.create", context)
        yield from change(session, f"{prefix}.execute", opened, {}, state, context)
        start = {"with_refund": True, "with_refund_allowed": True, "invoice_date": None}
        yield from change(session, f"{prefix}.execute", opened, {"start": start}, "credit", context)

    def amend(self, sale: int, **values: Any) -> None:
        """The clerk changes the first line of a sale in process."""
        (line,) = self.records("sale.line", [["sale", "=", sale], ["product.type", "=", "goods"]], "product", "quantity", "unit", "unit_price")[
            :1
        ]
        price = values.pop("unit_price", line["unit_price"])
        new = {"action": "line", "line": line["id"], "product": line["product"], "unit": line["unit"], "quantity": line["quantity"]}
        new |= {"unit_price": {"__class__": "Decimal", "decimal": str(price)}, **values}
        (made,) = self.clerk("sale.amendment", "create", [{"sale": sale, "lines": [["create", [new]]]}])
        self.clerk("sale.amendment", "validate_amendment", [made])


class Ledger:
    """A ledger that reads the ERP through the connector, and shop, warehouse and bank through the neutral feed."""

    def __init__(self, erp: Erp, world: World) -> None:
        self.erp = erp
        self.world = world
        self.today = datetime.now(UTC)

    def say(self, kind: str, system: str, number: str, lines: list[dict[str, Any]], **more: Any) -> None:
        """Another system says something, today."""
        fact = {
            "kind": kind,
            "system": system,
            "type": kind.lower(),
            "number": number,
            "happened": self.today.isoformat(),
            "lines": lines,
            **more,
        }
        if any("value" in line for line in lines):
            fact.setdefault("currency", "USD")
        self.world.apply([fact], now=self.today)

    def poll(self) -> list[Document]:
        """Poll the ERP and apply what it says."""
        found = self.erp.poll()
        self.world.sent += sum(len(list(self._statements(document))) for document in found)
        apply(
            self.world.connection, self.world.configuration, [Arrival(document, self.erp.system, self.today) for document in found], self.today
        )
        self.world.check_counts()
        return found

    def _statements(self, document: Document) -> Any:
        from tieout.connectors.tryton import translate

        return translate(document, self.erp.system)

    def cases(self) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
        """The open cases once every feed has reported and every deadline has passed."""
        end = self.today + LATER
        apply(self.world.connection, self.world.configuration, [], end, declared=dict.fromkeys(self.world.systems, end))
        return self.world.tick(end)
