"""What the settlement connector is: the fact types it can state and the options it takes."""

from tieout.connectors import Manifest, Option

ORDER_PATTERN = "[0-9]{3}-[0-9]{7}-[0-9]{7}"

MANIFEST = Manifest(
    name="settlement",
    title="Marketplace settlement reports (flat file)",
    states=("SettlementReported", "SaleSettled", "FeeCharged", "ReserveMoved", "PayoutSent", "Refunded"),
    contracts={"settlement/options": "contracts/options.json"},
    options=(
        Option("order_system", "text", "", "The system whose orders the order ids name; empty: this one."),
        Option(
            "order_pattern", "text", ORDER_PATTERN, "What an order id looks like; any other id is no order's, however the column is called."
        ),
        Option(
            "labels",
            "table of text",
            "{}",
            "What a label triple `transaction-type/amount-type/amount-description` (`*` for any) is: `sale`, `reserve`, or `fee` and, "
            "after a colon, the name the fee is posted by, as in `fee:storage`. It goes before what is known already.",
        ),
        Option("encoding", "text", "utf-8", "How the report is written, if it has no byte order mark."),
    ),
)
