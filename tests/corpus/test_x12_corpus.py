"""Every X12 file of the outside world is read, or refused with a reason that its sender understands; nothing raises."""

import io
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus_folder import CORPUS
from tieout.connectors import Refused, System, x12
from tieout.core.facts import Fact, Refusal, Statement
from tieout.core.values import Role
from tieout.formats.x12 import describe

FOLDER = CORPUS / "01-edi-x12"
PARTNER = System("edi", "x12", Role.PARTNER, timezone="America/Chicago", options={"accept_test": True})

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not FOLDER.is_dir(), reason=f"{FOLDER} is not there; set TIEOUT_CORPUS to the corpus folder"),
]


def files() -> list[Path]:
    return sorted(path for path in FOLDER.rglob("*") if path.is_file())


def statements(path: Path) -> Iterator[Statement]:
    for piece in x12.split(io.BytesIO(path.read_bytes()), path.name, PARTNER):
        if isinstance(piece, Refused):
            yield piece.refusal
        else:
            yield from x12.translate(piece, PARTNER)


def facts(name: str) -> list[Fact]:
    return [each for each in statements(FOLDER / name) if isinstance(each, Fact) and each.kind != "GroupReceived"]


def test_every_file_is_read_or_refused_with_reason_rule_and_next_step() -> None:
    kinds: Counter[str] = Counter()
    silent = []
    for path in files():
        found = list(statements(path))
        silent += [] if found else [path.name]
        for each in found:
            if isinstance(each, Refusal):
                assert re.fullmatch(r"x12/[a-z0-9-]+", each.rule)
                assert each.reason.endswith((".", ")")) and each.next_step and each.source.place
            kinds[each.rule if isinstance(each, Refusal) else each.kind] += 1
    print(f"x12: {len(files())} files, {sum(kinds.values())} statements: {dict(sorted(kinds.items()))}")
    assert silent == []
    assert kinds["OrderPlaced"] >= 15 and kinds["VendorInvoiced"] >= 11 and kinds["GoodsAnnounced"] >= 2


def test_json_and_xml_siblings_are_told_from_x12() -> None:
    for path in files():
        if path.suffix in (".json", ".xml"):
            told = describe(path.read_bytes())
            assert told.interchanges == (), path
            assert {each.fault.rule for each in told.unreadable} == {"x12/not-x12"}, path


def test_every_file_is_described() -> None:
    sound = 0
    for path in files():
        raw = path.read_bytes()
        told = describe(raw)
        assert told.interchanges or told.unreadable, path
        assert all(each.byte + each.length <= len(raw) for each in told.unreadable)
        sound += told.valid
    print(f"x12: {sound} of {len(files())} files are sound")
    assert sound >= 78


def test_a_purchase_order_of_six_lines() -> None:
    (order,) = facts("node-x12/850.edi")
    assert (order.kind, order.number, order.customer) == ("OrderPlaced", "4405197800:08292233294", "XYZ RETAIL")
    assert [(line.item, str(line.quantity), str(line.value)) for line in order.lines] == [
        ("AB3542", "120", "1110"), ("RD5322", "220", "3033.8"), ("XY5266", "126", "1384.74"),
        ("VX2332", "76", "330.6"), ("RV0524", "72", "540"), ("DX1875", "696", "6646.8"),
    ]  # fmt: skip


def test_an_order_means_the_same_with_lines_as_terminators() -> None:
    one, two = (facts(f"node-x12/{name}")[0] for name in ("850.edi", "850_2.edi"))
    assert (one.identity, one.revision, one.lines) == (two.identity, two.revision, two.lines)


def test_a_ship_notice_of_two_items() -> None:
    (notice,) = facts("node-x12/856.edi")
    assert (notice.kind, notice.number, notice.parcels) == ("GoodsAnnounced", "829716", ("5787970539",))
    assert [(line.subject, line.item, str(line.quantity)) for line in notice.lines] == [
        ("erp/purchase_order/99999817", "87787D", "24"),
        ("erp/purchase_order/99999817", "99887D", "6"),
    ]


def test_invoices_that_foot_and_invoices_that_do_not() -> None:
    one, two = facts("staedi/simple810.edi")
    assert (str(one.total), one.data) == ("2554.38", {"foots": "yes"})
    assert (str(two.total), two.data) == ("2554.38", {"foots": "no", "difference": "703.38"})
    repeated = facts("edi-net/x12.810a.edi")[0]
    assert (str(repeated.total), repeated.data) == ("365.96", {"foots": "yes", "repeated": "summary SAC"})


def test_a_remittance_foots_with_its_invoices() -> None:
    (paid,) = facts("edi-net/x12.820.issue140.edi")
    assert (paid.kind, str(paid.total), len(paid.lines), paid.data["foots"]) == ("CashReceived", "21298.97", 7, "yes")
