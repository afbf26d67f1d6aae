"""AdventureWorks purchasing through the whole path: the ledger agrees with plain arithmetic on the files, however they arrive."""

import csv
import io
import random
import shutil
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from corpus_folder import CORPUS
from tieout.app import Tieout, opened
from tieout.connectors import delimited
from tieout.runtime.intake import import_places

ROOT = Path(__file__).parents[2]
FILES = CORPUS / "09-transactional" / "adventureworks" / "oltp-install-script"
MAPPING = (ROOT / "examples" / "adventureworks" / "mapping.toml").read_text()
NAMES = ("PurchaseOrderHeader.csv", "PurchaseOrderDetail.csv")

pytestmark = [pytest.mark.corpus, pytest.mark.skipif(not FILES.is_dir(), reason="the AdventureWorks files are not here")]


def project(folder: Path) -> Path:
    folder.mkdir()
    (folder / "tieout.toml").write_text('[project]\nname = "aw"\n')
    return folder


def read(project_: Tieout, places: list[str]) -> None:
    system = project_.use(delimited.system_of(MAPPING))
    import_places(project_.connection, project_.configuration, system, places)


def rows(name: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO((FILES / name).read_text("utf-8-sig")), delimiter="\t"))


def test_the_ledger_agrees_with_plain_arithmetic_on_the_files(tmp_path: Path) -> None:
    details = rows(NAMES[1])
    print(f"read 2 files, {len(rows(NAMES[0]))} orders and {len(details)} lines")
    short = [(Decimal(r[3]) - Decimal(r[7]), Decimal(r[5])) for r in details if Decimal(r[3]) > Decimal(r[7])]
    rejected = [(Decimal(r[8]), Decimal(r[5])) for r in details if Decimal(r[8])]
    with opened(project(tmp_path / "aw")) as found:
        read(found, [str(FILES / name) for name in NAMES])
        accounts = {(a.account, a.side): a for a in found.ledger().accounts}
        status = found.status()
    receive = accounts["to_receive_goods", "debit"]
    assert (status["roots"], status["subjects"], status["quarantined"]) == (4012, 8845, 0)
    assert (receive.subjects, len(short)) == (380, 380)
    assert Decimal(receive.quantity["EA"]) == sum(q for q, _ in short) == Decimal("21338")
    assert Decimal(receive.value["USD"]) == sum(q * p for q, p in short) == Decimal("551448.994")
    back = accounts["to_return_to_vendor", "debit"]
    assert back.subjects == len(rejected) == 563
    assert Decimal(back.quantity["EA"]) == sum(q for q, _ in rejected) == Decimal("72700")
    assert Decimal(back.value["USD"]) == sum(q * p for q, p in rejected) == Decimal("2028853.113")
    assert status["open_cases"] == 380


def test_twice_shuffled_and_in_ten_parts_is_the_same_ledger(tmp_path: Path) -> None:
    parts = tmp_path / "parts"
    parts.mkdir()
    chance = random.Random(7)
    for name in NAMES:
        lines = (FILES / name).read_bytes().removeprefix(b"\xef\xbb\xbf").splitlines(keepends=True)
        chance.shuffle(lines)
        for n in range(10):
            (parts / f"part-{n}-of-{name}.txt").write_bytes(b"".join(lines[n::10]))
    shuffled = [str(p) for p in parts.iterdir()]
    chance.shuffle(shuffled)
    hashes = []
    for name, places in (("in-one", [str(FILES / n) for n in NAMES]), ("in-ten", shuffled)):
        with opened(project(tmp_path / name)) as found:
            read(found, places)
            hashes.append(found.status()["ledger_hash"])
            read(found, places)
            hashes.append(found.status()["ledger_hash"])
            assert found.ledger(datetime.now(UTC)).figures()[0] == hashes[-1]
        shutil.rmtree(tmp_path / name)
    assert len(set(hashes)) == 1
