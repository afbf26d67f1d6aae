"""The example mappings on the files they were written for; every figure is plain arithmetic over the facts."""

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from corpus_folder import CORPUS
from tieout.connectors import Refused, delimited
from tieout.core.facts import Fact

ROOT = Path(__file__).parents[2]
FOLDER = CORPUS / "09-transactional"

pytestmark = pytest.mark.corpus


def read(example, *names):
    """All facts of the files, by file name; nothing may be refused."""
    system = delimited.system_of((ROOT / "examples" / example / "mapping.toml").read_text(encoding="utf-8"))
    found, rows = {}, 0
    for name in names:
        path = FOLDER / name
        if not path.exists():
            pytest.skip(f"{path} is not there; set TIEOUT_CORPUS to the corpus folder")
        facts = []
        with path.open("rb") as stream:
            for piece in delimited.split(stream, name, system):
                assert not isinstance(piece, Refused), piece
                facts += delimited.translate(piece, system)
        assert [each for each in facts if not isinstance(each, Fact)] == []
        rows += len({each.source for each in facts})
        found[path.name] = facts
    print(f"{example}: {len(names)} files, {rows} rows, {sum(map(len, found.values()))} facts read")
    return found


def kinds(facts):
    return dict(Counter(fact.kind for fact in facts))


def line(fact):
    (only,) = fact.lines
    return only


def test_adventureworks_short_and_rejected_lines_come_out_to_the_cent():
    folder = "adventureworks/oltp-install-script"
    found = read("adventureworks", f"{folder}/PurchaseOrderHeader.csv", f"{folder}/PurchaseOrderDetail.csv")
    headers, details = found["PurchaseOrderHeader.csv"], found["PurchaseOrderDetail.csv"]
    assert kinds(headers) == {"PurchaseOrdered": 4012}
    assert all(fact.scope == "header" and not fact.lines for fact in headers)
    assert kinds(details)["PurchaseOrdered"] == 8845
    assert len({fact.identity for fact in headers + details}) == len(headers + details)

    by_kind = {
        kind: {(fact.number, fact.scope): line(fact) for fact in details if fact.kind == kind}
        for kind in ("PurchaseOrdered", "GoodsReceived", "GoodsRejected")
    }
    short, value = [], Decimal(0)
    for key, ordered in by_kind["PurchaseOrdered"].items():
        received = by_kind["GoodsReceived"].get(key)
        missing = ordered.quantity - (received.quantity if received else 0)
        if missing > 0:
            short.append((key, missing))
            value += missing * ordered.value / ordered.quantity
    assert (len(short), sum(missing for _, missing in short)) == (380, Decimal("21338.00"))
    assert value == Decimal("551448.994")

    rejected = by_kind["GoodsRejected"].values()
    assert len(rejected) == 563
    assert sum(each.quantity for each in rejected) == Decimal(72700)
    assert sum(each.value for each in rejected) == Decimal("2028853.113")
    assert all(each.value is None for each in by_kind["GoodsReceived"].values())

    status = {fact.number: fact.data["status"] for fact in headers}
    assert sum(status[order] == "4" for (order, _), _ in short) == 355


def test_northwind_orders_lines_and_shipments():
    found = read("northwind", "northwind-csv/data/orders.csv", "northwind-csv/data/order-details.csv")
    assert kinds(found["orders.csv"]) == {"OrderPlaced": 830, "Shipped": 809}
    details = found["order-details.csv"]
    assert kinds(details) == {"OrderPlaced": 2155}
    first = line(details[0])
    assert (first.subject, first.item, first.quantity, first.value) == ("northwind/order/10248", "11", 12, 168)
    facts = found["orders.csv"] + details
    assert len({fact.identity for fact in facts}) == len(facts)
    print("northwind value", sum(line(fact).value for fact in details))


def test_contoso_orders_and_rows():
    folder = "contoso-10k/Contoso 10K"
    found = read("contoso", f"{folder}/Data_Orders_1.parquet", f"{folder}/Data_OrderRows_1.parquet")
    orders, rows = found["Data_Orders_1.parquet"], found["Data_OrderRows_1.parquet"]
    assert kinds(orders) == {"OrderPlaced": 5819, "Delivered": 5819}
    assert {fact.currency for fact in orders} == {"EUR", "USD", "GBP", "AUD", "CAD"}
    assert kinds(rows) == {"OrderPlaced": 13915}
    assert all(line(fact).value is None for fact in rows)
    facts = orders + rows
    assert len({fact.identity for fact in facts}) == len(facts)
