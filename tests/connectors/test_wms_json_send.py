"""Releases told to a warehouse over a real socket: posted once, read back, and every wrong answer named."""

import itertools
import json
import random
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import jsonschema
import msgspec
import pytest

from systems.drive_shop import drive, exchange
from systems.warehouse import TOKEN, Served
from tieout.connectors import System, wms_json
from tieout.connectors.wms_json import send
from tieout.core.command import Absent, Accepted, Act, Command, Failed, Outcome, Rejected
from tieout.core.facts import Line
from tieout.core.values import Role, Side, ref

SO = ref("erp", "sales_order", "SO-7")
ORDER = ref("shop", "order", "1001")
CONTRACT = Path(str(wms_json.__file__)).parent / "contracts/release.json"
RELEASE = Command(
    Act.RELEASE_SHIPMENT, "wms", "TSH", Side.DEBIT, SO, 3,
    (Line("1", SO, "MUG", "1", Decimal(4)), Line("2", SO, "TEA", "2", Decimal("0.25"), "KG")),
    warehouse="EAST", references=(SO, ORDER), data={"ship_to": "Zoë"},
)  # fmt: skip


class Desk:
    """The warehouse, and a connector that talks to it."""

    def __init__(self, served: Served) -> None:
        self.warehouse = served.warehouse
        self.system = System("wms", "wms_json", Role.WMS, options={"url": served.url})
        self.secrets = {"token": TOKEN}

    def send(self, asked: Command = RELEASE) -> Outcome:
        return drive(send.send(asked, self.system, self.secrets))

    def probe(self, asked: Command = RELEASE) -> Outcome | Absent:
        return drive(send.probe(asked, self.system, self.secrets))


@pytest.fixture
def desk() -> Iterator[Desk]:
    with Served() as served:
        yield Desk(served)


DONE = Accepted((ref("wms", "delivery", "D-1"),), {"1": Decimal(4), "2": Decimal("0.25")})


def test_a_release_is_posted_with_its_key_as_the_contract_says_and_read_back(desk: Desk) -> None:
    assert desk.send() == DONE
    (kept,) = desk.warehouse.releases.values()
    jsonschema.Draft202012Validator(json.loads(CONTRACT.read_text())).validate(kept)
    assert kept == {
        "release_id": RELEASE.key, "order": {"system": "erp", "type": "sales_order", "number": "SO-7"}, "warehouse": "EAST",
        "lines": [
            {"line": "1", "order_line": "1", "item": "MUG", "quantity": "4", "unit": "EA"},
            {"line": "2", "order_line": "2", "item": "TEA", "quantity": "0.25", "unit": "KG"},
        ],
        "references": [str(SO), str(ORDER)], "data": {"ship_to": "Zoë"}, "delivery": "D-1",
    }  # fmt: skip


def test_the_carrier_that_a_fallback_names_is_told_and_read_back(desk: Desk) -> None:
    by = msgspec.structs.replace(RELEASE, data=RELEASE.data | {"carrier": "FDXG"})
    assert desk.send(by) == DONE
    kept = desk.warehouse.releases[RELEASE.key]
    jsonschema.Draft202012Validator(json.loads(CONTRACT.read_text())).validate(kept)
    assert kept["carrier"] == "FDXG"
    kept["carrier"] = "UPSN"
    found = desk.probe(by)
    assert isinstance(found, Accepted)
    assert found.differs == ("carrier: FDXG meant, UPSN found",)


def test_the_key_travels_in_a_header_that_any_server_reads(desk: Desk) -> None:
    conversation = send.send(RELEASE, desk.system, desk.secrets)
    call = next(conversation)
    conversation.close()
    assert call.writes and call.headers["idempotency-key"] == "TSH%2B%20erp%2Fsales_order%2FSO-7%203"


def test_the_same_release_again_is_there_already(desk: Desk) -> None:
    assert desk.send() == desk.send() == DONE
    assert (desk.warehouse.posts, len(desk.warehouse.releases)) == (2, 1)


def test_a_lost_answer_is_a_doubt_that_a_probe_settles(desk: Desk) -> None:
    assert desk.probe() == Absent()
    desk.warehouse.faults.append("drop")
    assert isinstance(lost := desk.send(), Failed) and lost.in_doubt
    assert desk.probe() == desk.send() == DONE
    assert len(desk.warehouse.releases) == 1


def test_what_the_warehouse_has_other_than_meant_is_said_field_by_field(desk: Desk) -> None:
    desk.send()
    kept = desk.warehouse.releases[RELEASE.key]
    kept["lines"] = [kept["lines"][0] | {"quantity": 3}, {"item": "LID", "quantity": "1"}]
    kept |= {"warehouse": "WEST", "order": {"system": "erp", "type": "sales_order", "number": "SO-8"}}
    found = desk.probe()
    assert isinstance(found, Accepted)
    assert found.final == {"1": Decimal(3)}
    assert found.differs == (
        "line 1 MUG EA: 4 meant, 3 found", "line 2 TEA KG: 0.25 meant, 0 found", "line ? LID EA: 0 meant, 1 found",
        "order: erp/sales_order/SO-7 meant, erp/sales_order/SO-8 found", "warehouse: EAST meant, WEST found",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "name", "doubt"),
    [("busy", "rate-limit", False), ("broken", "status", True), ("page", "status", False), ("denied", "credentials", False)],
)
def test_every_answer_that_is_none_has_a_name(desk: Desk, fault: str, name: str, doubt: bool) -> None:
    desk.warehouse.faults.append(fault)
    said = desk.send()
    assert isinstance(said, Failed) and (said.fault, said.in_doubt) == (name, doubt)
    assert desk.warehouse.releases == {}


@pytest.mark.parametrize(
    ("fault", "name"), [("busy", "rate-limit"), ("broken", "status"), ("cut", "not-json"), ("huge", "not-json"), ("page", "status")]
)
def test_what_goes_wrong_while_reading_back_leaves_a_doubt_since_it_was_taken(desk: Desk, fault: str, name: str) -> None:
    desk.warehouse.faults += ["", fault]
    said = desk.send()
    assert isinstance(said, Failed) and (said.fault, said.in_doubt) == (name, True)
    assert desk.probe() == DONE


def test_a_refusal_of_the_warehouse_is_its_own_words(desk: Desk) -> None:
    desk.warehouse.faults.append("unknown-item")
    assert desk.send() == Rejected('HTTP 422: {"error":"item MUG is not stocked here"}')


def test_a_conflict_about_something_else_is_no_release(desk: Desk) -> None:
    desk.warehouse.faults.append("conflict")
    assert desk.send() == Rejected('HTTP 409: {"error":"the order is closed"}')
    assert desk.probe() == Absent()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"lines": ()}, "The command has no lines of goods."),
        ({"lines": (Line("1", SO, "", "1", Decimal(4)),)}, "Line 1 lacks an item or a quantity above zero."),
        ({"lines": (Line("1", SO, "MUG", "1"),)}, "Line 1 lacks an item or a quantity above zero."),
        ({"act": Act.POST_INVOICE}, "The warehouse is not told to post_invoice: it can release_shipment."),
    ],
)
def test_what_cannot_be_released_is_said_before_anything_is_asked(desk: Desk, changed: dict[str, object], said: str) -> None:
    asked = msgspec.structs.replace(RELEASE, **changed)
    assert desk.send(asked) == desk.probe(asked) == Rejected(said)
    assert desk.warehouse.posts == 0


def test_settings_that_lack_something_are_named(desk: Desk) -> None:
    nowhere = msgspec.structs.replace(desk.system, options={})
    assert drive(send.send(RELEASE, nowhere, {})) == Rejected("The address of wms is not known: set the option `url`.")
    desk.secrets = {}
    assert isinstance(said := desk.send(), Failed) and said.fault == "credentials"
    assert wms_json.MANIFEST.acts == (Act.RELEASE_SHIPMENT,)


def damaged(raw: bytes, rng: random.Random) -> bytes:
    """Cut off, overwritten in one place, or some of its texts replaced."""
    at = rng.randrange(len(raw) + 1)
    odd = rng.choice((b"", b'"', b"null", b"[]", b"-1", b"1e999", b"9" * 80, b'""', b"\xff", b"{}", b"\\u0000"))
    texts = re.sub(rb'"[^"]*"', lambda found: odd if rng.random() < 0.1 else found[0], raw)
    return rng.choice((raw[:at], raw[:at] + odd + raw[at + rng.randrange(30) :], texts))


def test_damaged_answers_never_raise_and_what_was_taken_is_never_taken_for_failed(desk: Desk) -> None:
    rng = random.Random(7)
    for number in range(10, 260):
        now = msgspec.structs.replace(RELEASE, number=number)
        conversation = send.send(now, desk.system, desk.secrets)
        try:
            call = next(conversation)
            for n in itertools.count():
                reply = exchange(call, 5)
                call = conversation.send(msgspec.structs.replace(reply, body=damaged(reply.body, rng)) if n == 1 else reply)
        except StopIteration as done:
            outcome = done.value
        assert isinstance(outcome, Accepted) or (isinstance(outcome, Failed) and outcome.in_doubt), outcome
    assert len(desk.warehouse.releases) == 250
