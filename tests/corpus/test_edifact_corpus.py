"""Every EDIFACT file of the outside world is read, or refused with a reason that its sender understands; nothing raises."""

import io
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus_folder import CORPUS
from tieout.connectors import Refused, System, edifact
from tieout.core.facts import Fact, Refusal, Statement
from tieout.core.values import Role

FOLDER = CORPUS / "02-edi-edifact"
PARTNER = System("edi", "edifact", Role.PARTNER, timezone="Europe/Berlin", currency="EUR", options={"accept_test": True})

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not FOLDER.is_dir(), reason=f"{FOLDER} is not there; set TIEOUT_CORPUS to the corpus folder"),
]


def files() -> list[Path]:
    return sorted(path for path in FOLDER.rglob("*") if path.is_file())


def statements(path: Path, system: System = PARTNER) -> Iterator[Statement]:
    for piece in edifact.split(io.BytesIO(path.read_bytes()), path.name, system):
        if isinstance(piece, Refused):
            yield piece.refusal
        else:
            yield from edifact.translate(piece, system)


def facts(name: str, **options: object) -> list[Fact]:
    system = System("edi", "edifact", Role.PARTNER, timezone="Europe/Berlin", currency="EUR", options={"accept_test": True, **options})
    return [each for each in statements(FOLDER / name, system) if isinstance(each, Fact) and each.kind != "GroupReceived"]


def rules(name: str) -> list[str]:
    return [each.rule for each in statements(FOLDER / name) if isinstance(each, Refusal)]


def test_every_file_is_read_or_refused_with_reason_rule_and_next_step() -> None:
    kinds: Counter[str] = Counter()
    silent = []
    for path in files():
        found = list(statements(path))
        silent += [path.name] if not found and path.read_bytes().strip() else []
        for each in found:
            if isinstance(each, Refusal):
                assert re.fullmatch(r"edifact/[a-z0-9-]+", each.rule)
                assert each.reason.endswith((".", ")")) and each.next_step and each.source.place
            kinds[each.rule if isinstance(each, Refusal) else each.kind] += 1
    print(f"edifact: {len(files())} files, {sum(kinds.values())} statements: {dict(sorted(kinds.items()))}")
    assert silent == []
    assert kinds["OrderPlaced"] >= 3 and kinds["VendorInvoiced"] >= 2 and kinds["GroupReceived"] >= 29


def test_orders_of_a_retailer() -> None:
    (order,) = facts("pydifact/order.edi")
    assert (order.kind, order.number, order.customer, order.total) == ("OrderPlaced", "12345678:801715918011", "8711576000012", None)
    assert [(line.item, line.quantity) for line in order.lines] == [("5020436373085", 8), ("5020436373108", 8)]


def test_an_order_for_books() -> None:
    (order,) = facts("smooks/edifact-cartridge/src/test/resources/data/ORDERS_D.03B_Interchange.txt")
    assert [(line.item, line.quantity) for line in order.lines] == [
        ("0764569104", 25), ("0764569090", 25), ("1861004656", 16), ("0596006756", 10),
    ]  # fmt: skip


def test_an_invoice_that_writes_more_than_it_declares_is_refused_until_its_repertoire_is_named() -> None:
    assert rules("staedi-edifact/EDIFACT/invoic_d97b.edi") == ["edifact/character-set"]
    (invoice,) = facts("staedi-edifact/EDIFACT/invoic_d97b.edi", characters={"005435656": "UNOY"}, item_qualifiers=["IN"])
    assert (invoice.kind, invoice.number, invoice.currency, str(invoice.total)) == ("VendorInvoiced", "342459", "USD", "2137.58")
    assert invoice.data == {"foots": "yes"}
    assert [(line.line, line.charge, str(line.value)) for line in invoice.lines] == [
        ("1", "", "1202.58"), ("2", "", "410"), ("SALC1", "fee", "525"),
    ]  # fmt: skip


def test_an_invoice_with_decimal_commas_and_its_tax_apart_foots() -> None:
    name = "staedi-edifact/EDIFACT/invoic_d93a_una.edi"
    assert rules(name) == ["edifact/character-set"]
    (invoice,) = facts(name, characters={"FHPEDAL": "UNOY"})
    assert (str(invoice.total), invoice.data) == ("901.78", {"foots": "yes"})
    assert [str(line.value) for line in invoice.lines] == ["750", "19.9", "7.5", "124.38"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("edi-net/edifact.ORDRSP.edi", ["edifact/unz-reference"]),
        ("smooks/edifact-cartridge/src/test/resources/data/BAD_ORDERS_D.03B_Interchange.txt", ["edifact/unt-count"]),
        ("staedi-edifact/EDIFACT/invoic_d97b_bad.edi", ["edifact/element"]),
        ("pydifact/wikipedia_en.edi", ["edifact/syntax"]),
        ("edifact-rs/fixtures/d96a_orders_conforming.edi", ["edifact/una-alone"]),
        ("edi-net/edifact.D95B.Issue137.EDI", ["edifact/no-envelope"]),
    ],
)
def test_broken_files_are_refused_for_what_is_wrong_with_them(name: str, expected: list[str]) -> None:
    assert rules(name) == expected
