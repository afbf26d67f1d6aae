"""What the X12 connector is: the fact types it can state, the acts it can write, and the options it takes."""

from tieout.connectors import Manifest, Option
from tieout.connectors.edi_reading import ERP
from tieout.core.command import Act

ITEM_QUALIFIERS = ("VP", "VN", "BP", "SK", "UP")
"""Product qualifiers (element 235): seller's and buyer's part numbers, SKU, UPC; the first that is there counts."""

MANIFEST = Manifest(
    name="x12",
    title="EDI partners (ANSI X12)",
    states=(
        "OrderPlaced",
        "OrderBooked",
        "Shipped",
        "Delivered",
        "ParcelScanned",
        "ReturnAuthorised",
        "FreightRated",
        "FreightInvoiced",
        "Invoiced",
        "CreditIssued",
        "CashReceived",
        "RemittanceAdvised",
        "PurchaseOrdered",
        "PurchaseAcknowledged",
        "GoodsAnnounced",
        "DropShipped",
        "OrderAcknowledged",
        "ShipmentAnnounced",
        "InvoiceSent",
        "GoodsReceived",
        "VendorInvoiced",
        "VendorCredited",
        "VendorPaid",
        "StockMoved",
        "StockCounted",
        "Linked",
        "GroupSent",
        "GroupAcknowledged",
        "GroupReceived",
        "GroupAnswered",
    ),
    contracts={"x12/options": "contracts/options.json"},
    options=(
        Option(
            "identifiers",
            "list of text",
            "[]",
            "Our own interchange identifiers, `qualifier:id`. A document from one of them was sent by us, one that "
            "names none of them is refused. Empty: every document counts as received. The first one sends.",
        ),
        Option("erp_system", "text", ERP, "The system whose sales orders, purchase orders and invoices we name."),
        Option(
            "item_qualifiers",
            "list of text",
            " ".join(ITEM_QUALIFIERS),
            "Which product qualifier names the item, the first that is there.",
        ),
        Option(
            "order_changes",
            "text",
            "whole",
            "How an 860 with BCH01 = 04 is read. `whole`: it is refused, only one that cancels (01) or replaces (05) the order is read. "
            "`by line`: every line of an 850 is a fact of its own, which an 860 restates.",
        ),
        Option(
            "changed_quantity",
            "text",
            "",
            "What POC03 is beside POC02 = QD or QI. `new`: the quantity ordered from now on. Empty: not known, such a change is refused.",
        ),
        Option(
            "remittances",
            "text",
            "payment",
            "What a customer's 820 is. `payment`: the payment itself, for who has no statement of that account. `advice`: the bank states the "
            "money, on the payment reference; the 820 says which invoices it is for (see the option `remittances` of the bank).",
        ),
        Option("accept_test", "true or false", "false", "Read interchanges that are marked as a test (ISA15 is T) as if they were real."),
        Option(
            "customers",
            "table of text",
            "{}",
            "For 940: N104 (or N102) of the customer, to the customer's interchange identifier as in `edi` orders.",
        ),
        Option(
            "partners",
            "table of tables",
            "{}",
            "Whom we send to, by interchange identifier: `qualifier` (ZZ), `id` (the name of the table), `sender` (our identifier for "
            "this partner), `version` (004010), `usage` (P, T or I), `ack_requested` (is a TA1 wanted?), `group_sender` and "
            "`group_receiver` (GS02, GS03), `delimiters` (`*>~^`: element, component, segment end, repetition), `item_qualifier` (VN, "
            "BP in 850), `first_control_number` (1); what they ask to be sent: `takes` ([]: of 855, 856, 810), for orders from the day "
            "`takes_from`; `drop_ships` (false): what this vendor announces goes to our customers.",
        ),
    ),
    acts=(
        Act.BOOK_ORDER,
        Act.ACKNOWLEDGE_ORDER,
        Act.RELEASE_SHIPMENT,
        Act.ANNOUNCE_SHIPMENT,
        Act.SEND_INVOICE,
        Act.ACKNOWLEDGE_GROUP,
    ),
)
