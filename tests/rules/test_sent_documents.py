"""What we write to a partner, taken in like any other message, clears what it was owed for: nothing is believed because it was sent."""

import io
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

from tieout.connectors import Document, System, x12
from tieout.connectors.x12 import send
from tieout.connectors.x12.verdicts import verdicts
from tieout.core.command import Act, Command
from tieout.core.facts import Line
from tieout.core.values import Role, Side, ref
from tieout.runtime.apply import apply
from tieout.runtime.numbers import Outgoing, written
from tieout.runtime.statements import Arrival
from world import NOW, World

EDI = System("edi", "x12", Role.PARTNER, options={"identifiers": ["ZZ:US"], "partners": {"BIGBOX": {}}})
ORDER = ref("edi", "order", "BIGBOX:PO-1")
SO = ref("erp", "sales_order", "SO-1")
RECEIVED = (
    b"ISA*00*          *00*          *ZZ*BIGBOX         *ZZ*US             *260302*0900*U*00401*000000301*0*P*>~"
    b"GS*PO*BIGBOX*US*20260302*0900*301*X*004010~ST*850*0001~BEG*00*SA*PO-1**20260302~PO1*1*10*EA*2**VN*MUG~CTT*1~SE*5*0001~GE*1*301~IEA*1*000000301~"
)


class Desk:
    """A ledger and the documents that come and go."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.made = datetime(2026, 3, 2, 10, tzinfo=UTC)

    def take(self, raw: bytes) -> None:
        (document,) = x12.split(io.BytesIO(raw), "test.edi", EDI)
        assert isinstance(document, Document)
        apply(self.world.connection, self.world.configuration, [Arrival(document, EDI, NOW)], NOW)

    def send(self, act: Act, quantity: int = 10, **data: str) -> None:
        """Write a document for a command and take it in."""
        line = Line("1", ORDER, "MUG", "1", Decimal(quantity), "EA", Decimal(2) * quantity)
        group, lines = (ref("edi", "group", "BIGBOX:301"), ()) if act is Act.ACKNOWLEDGE_GROUP else (ORDER, (line,))
        asked = Command(act, "edi", str(act), Side.DEBIT, group, 1, lines, currency="USD", references=(ORDER, SO), data=data)
        document = written(self.world.connection, send, asked, EDI, self.made)
        assert isinstance(document, Outgoing), document
        self.take(document.raw)

    def open(self, *accounts: str) -> dict[str, list[Decimal]]:
        return {account: sorted(self.world.of(account).values()) for account in accounts}


def test_an_order_is_acknowledged_answered_shipped_and_invoiced_by_documents_of_ours(world_of: Callable[..., World]) -> None:
    desk = Desk(world_of(systems={"edi": EDI}))
    desk.take(RECEIVED)
    assert desk.open("EAN", "TBK") == {"EAN": [1], "TBK": [10, 20]}

    desk.send(Act.ACKNOWLEDGE_GROUP, **verdicts(RECEIVED, "301"))
    assert desk.open("EAN", "EAK") == {"EAN": [], "EAK": []}

    desk.send(Act.ACKNOWLEDGE_ORDER, order_date="2026-03-02")
    assert desk.open("TBK", "TSH", "EAK") == {"TBK": [], "TSH": [10], "EAK": [1]}

    desk.send(Act.ANNOUNCE_SHIPMENT, 6, shipment="SH-1", shipped="2026-03-03T10:00:00Z")
    assert desk.open("TSH", "SNI") == {"TSH": [4], "SNI": [6]}

    desk.send(Act.SEND_INVOICE, 6, invoice="INV-1", invoice_date="2026-03-03")
    assert desk.open("SNI", "TCO", "EAK") == {"SNI": [], "TCO": [12], "EAK": [1, 1, 1]}
    assert desk.world.quarantine() == [] and desk.world.waiting() == set()
