"""What the EDIFACT connector is: the fact types it can state and the options it takes."""

from tieout.connectors import Manifest, Option
from tieout.connectors.edi_reading import ERP

ITEM_QUALIFIERS = ("SA", "BP", "IN", "SRV", "EN", "UP")
"""Item number types (7143): the supplier's and the buyer's article numbers, GTIN, EAN, UPC; the first that is there counts."""

MANIFEST = Manifest(
    name="edifact",
    title="EDI partners (UN/EDIFACT)",
    states=(
        "OrderPlaced",
        "OrderBooked",
        "OrderAcknowledged",
        "Shipped",
        "ShipmentAnnounced",
        "DropShipped",
        "Invoiced",
        "InvoiceSent",
        "CreditIssued",
        "CashReceived",
        "RemittanceAdvised",
        "PurchaseOrdered",
        "PurchaseAcknowledged",
        "GoodsAnnounced",
        "VendorInvoiced",
        "VendorCredited",
        "VendorPaid",
        "GroupSent",
        "GroupAcknowledged",
        "GroupReceived",
        "GroupAnswered",
    ),
    contracts={"edifact/options": "contracts/options.json"},
    options=(
        Option(
            "identifiers",
            "list of text",
            "[]",
            "Our own interchange identifiers, `qualifier:id` (`id` alone where UNB has no qualifier). A document from one of them was "
            "sent by us, one that names none of them is refused. Empty: every document counts as received.",
        ),
        Option("erp_system", "text", ERP, "The system whose sales orders, purchase orders and invoices we name."),
        Option("item_qualifiers", "list of text", " ".join(ITEM_QUALIFIERS), "Which item number type names the item, the first that is there."),
        Option("units", "table of text", "{}", "Units (UN/ECE Recommendation 20) to ours, beyond PCE, C62, H87 and NAR, which are EA."),
        Option(
            "characters",
            "table of text",
            "{}",
            "Senders (UNB identifier) who write in another repertoire than they declare, to the one they write in, such as UNOC.",
        ),
        Option(
            "order_changes",
            "text",
            "whole",
            "How an ORDCHG that changes lines (function 4) is read. `whole`: it is refused, only one that cancels (1) or replaces (5) the "
            "order is read. `by line`: every line of an ORDERS is a fact of its own, which an ORDCHG restates.",
        ),
        Option(
            "partners",
            "table of tables",
            "{}",
            "What we know of partners, by UNB identifier: `takes` (the documents a customer asks to be sent: ORDRSP, DESADV, INVOIC; a sent "
            "one then is our word to him, not our booking, shipment or invoice itself), `takes_from` (the day from which he does), "
            "`drop_ships` (does this vendor ship to our customers?).",
        ),
        Option(
            "remittances",
            "text",
            "payment",
            "What a customer's REMADV is. `payment`: the payment itself, for who has no statement of that account. `advice`: the bank states the "
            "money, on the payment reference; the REMADV says which invoices it is for (see the option `remittances` of the bank).",
        ),
        Option("accept_test", "true or false", "false", "Read interchanges with the test indicator as if they were real."),
        Option(
            "without_contrl",
            "list of text",
            "[]",
            "Partners (UNB identifier, `*` for all) with whom no CONTRL is exchanged: their interchanges are counted, none is awaited.",
        ),
    ),
)
