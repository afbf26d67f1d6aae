"""The command line as a new user meets it: a fresh project, a first import, the answers, and every kind of mistake."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from settlement_rows import line as settled
from settlement_rows import report, total
from tieout.app import opened
from tieout.cli.project import rebuild

ORDERS = (
    "order,line,placed,customer,sku,quantity,price\n"
    "1001,1,2026-03-02T09:15:00,C-7,SKU-1,10,4.50\n1001,2,2026-03-02T09:15:00,C-7,SKU-2,1,120.00\n"
)
ERP = {
    "kind": "OrderBooked", "system": "erp", "type": "sales_order", "number": "SO-1", "happened": "2026-03-05T10:00:00Z", "currency": "USD",
    "links": [["erp/sales_order/SO-1", "shop/order/1001"]],
    "lines": [{"line": "1", "subject": "erp/sales_order/SO-1", "item": "SKU-1", "quantity": 10, "value": 45}],
}  # fmt: skip


class Project:
    """A project folder and the program."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
        """Run a command in the project."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TIEOUT")}
        return subprocess.run(
            [sys.executable, "-m", "tieout", "-p", str(self.folder), *arguments], input=stdin.decode(), capture_output=True, text=True,
            env=environment, check=False,
        )  # fmt: skip

    def json(self, *arguments: str) -> object:
        """The JSON answer of a command that must succeed."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("cli") / "acme"
    made = subprocess.run([sys.executable, "-m", "tieout", "init", str(folder)], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    with (folder / "tieout.toml").open("a") as settings:
        settings.write('\n[systems.erp]\nconnector = "canonical"\nrole = "erp"\nstates = ["OrderBooked"]\n')
    yield Project(folder)


def test_the_project_that_init_makes_imports_its_own_example(project: Project) -> None:
    first = project.json("import", str(project.folder / "exports"), "--system", "shop")
    assert isinstance(first, dict)
    assert (first["received"], first["posted"], first["duplicate"], first["quarantined"]) == (2, 2, 0, 0)
    second = project.json("import", str(project.folder / "exports"), "--system", "shop")
    assert isinstance(second, dict)
    assert (second["received"], second["posted"], second["duplicate"]) == (2, 0, 2)


def test_the_answers_have_the_keys_that_scripts_rely_on(project: Project) -> None:
    project.json("import", str(project.folder / "exports"), "--system", "shop")
    feed = project.folder / "erp.jsonl"
    feed.write_text(json.dumps(ERP) + "\n{broken\n")
    imported = project.json("import", str(feed), "--system", "erp")
    assert isinstance(imported, dict)
    assert imported["quarantined"] in (0, 1)
    status = project.json("status")
    assert isinstance(status, dict)
    assert status["received"] == status["posted"] + status["waiting"] + status["quarantined"] + status["duplicate"]
    assert {"facts", "subjects", "open_cases", "ledger_hash", "counts"} <= status.keys()
    report = project.json("report")
    assert isinstance(report, dict)
    booked = next(a for a in report["accounts"] if a["account"] == "to_book" and a["side"] == "debit")
    assert booked == {
        "code": "TBK", "account": "to_book", "flow": "order_to_cash", "side": "debit",
        "meaning": "ordered, not booked in the ERP, or booked cheaper", "subjects": 1, "quantity": {"EA": "1"}, "value": {"USD": "120"},
        "overdue": 1, "pending": 0, "unknowable": 0, "oldest": "2026-03-02T09:15:00Z", "owed_by": "erp", "team": "order desk", "observed": True,
    }  # fmt: skip
    cases = project.json("cases")
    assert isinstance(cases, list)
    missing = next(c for c in cases if c["code"] == "TBK")
    assert missing["case"] == "TBK+ shop/order/1001#SKU-2"
    assert (missing["subject"], missing["quantity"], missing["value"]) == ("shop/order/1001#SKU-2", {"EA": "1"}, {"USD": "120"})
    assert {"account", "side", "since", "due", "owed_by", "team", "state", "cause_hint"} <= missing.keys()


def test_explain_shows_every_line_down_to_file_line_and_byte(project: Project) -> None:
    project.json("import", str(project.folder / "exports"), "--system", "shop")
    found = project.json("explain", "1001")
    assert isinstance(found, dict)
    source = next(a for a in found["accounts"] if a["code"] == "TBK" and a["key"] == "SKU-2")["debits"][0]["source"]
    assert source["origin"].endswith("exports/orders.csv")
    assert source["place"].startswith("line 3, byte ")


def test_a_dry_run_stores_nothing(project: Project, tmp_path: Path) -> None:
    project.json("import", str(project.folder / "exports"), "--system", "shop")
    before = project.json("status")
    other = tmp_path / "more.csv"
    other.write_text(ORDERS.replace("1001", "2002"))
    shown = project.json("import", str(other), "--system", "shop", "--dry-run")
    assert isinstance(shown, dict)
    assert shown["facts"] == {"OrderPlaced": 2}
    assert project.json("status") == before


def test_standard_input_is_imported_like_a_file(project: Project) -> None:
    done = project.run("import", "-", "--system", "shop", "--json", stdin=ORDERS.replace("1001", "3003").encode())
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["posted"] == 2


def test_rebuild_gives_the_same_ledger_and_the_audit_proves(project: Project) -> None:
    project.json("import", str(project.folder / "exports"), "--system", "shop")
    rebuilt = project.json("rebuild")
    assert isinstance(rebuilt, dict)
    assert rebuilt["equal"] is True
    audit = project.json("audit", "verify")
    assert isinstance(audit, dict)
    assert audit["findings"] == []


def test_a_write_off_closes_the_case_and_withdrawing_it_opens_it_again(project: Project) -> None:
    project.json("import", str(project.folder / "exports"), "--system", "shop")
    feed = project.folder / "erp.jsonl"
    feed.write_text(json.dumps(ERP) + "\n")
    project.json("import", str(feed), "--system", "erp")
    name = "TBK+ shop/order/1001#SKU-2"
    assert name in [c["case"] for c in project.json("cases")]  # type: ignore[union-attr]
    assert project.run("decide", "write-off", name, "--who", "ann", "--why", "sample").returncode == 0
    assert name not in [c["case"] for c in project.json("cases")]  # type: ignore[union-attr]
    assert project.run("decide", "write-off", name, "--who", "ann", "--why", "a mistake", "--withdraw").returncode == 0
    assert name in [c["case"] for c in project.json("cases")]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["import", "nothere.csv", "--system", "shop"], 2, "names no file"),
        (["import", "{folder}/tieout.toml", "--system", "nobody"], 2, "no system 'nobody'"),
        (["import", "{folder}/exports"], 2, "--system NAME"),
        (["import", "{folder}/exports", "--mapping", "{folder}/tieout.toml"], 2, "tieout.toml"),
        (["explain", "nonsense"], 2, "Nothing is known"),
        (["report", "--as-of", "yesterday"], 2, "is no time"),
        (["close", "soon"], 2, "is no date"),
        (["export", "dreams", "--out", "x.csv"], 2, "nothing called 'dreams'"),
        (["decide", "write-off", "TBK+ no/such/case", "--who", "a", "--why", "b"], 2, "no open case"),
        (["inspect", "nothere.edi"], 2, "names no file"),
    ],
)
def test_a_mistake_is_one_sentence_with_the_next_step(project: Project, arguments: list[str], code: int, says: str) -> None:
    done = project.run(*[a.replace("{folder}", str(project.folder)) for a in arguments])
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_an_unreachable_database_is_named(project: Project) -> None:
    environment = dict(os.environ, TIEOUT_DATABASE="postgresql://nobody@127.0.0.1:1/none")
    done = subprocess.run(
        [sys.executable, "-m", "tieout", "-p", str(project.folder), "status"], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 3
    assert "cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_misspelt_setting_is_named_with_what_was_meant(tmp_path: Path) -> None:
    (tmp_path / "tieout.toml").write_text('[project]\nnmae = "x"\n')
    done = Project(tmp_path).run("status")
    assert done.returncode == 2
    assert "unknown key `nmae` in `project` (did you mean `name`?)" in done.stderr


def test_inspect_needs_no_project(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(ORDERS)
    done = subprocess.run(
        [sys.executable, "-m", "tieout", "inspect", str(path), "--json"], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["kind"] == "delimited text"


@pytest.mark.parametrize(
    ("raw", "kind", "facts"),
    [
        (
            "UNB+UNOC:3+A:14+B:14+240105:0930+1'UNH+1+ORDERS:D:96A:UN'BGM+220+P1+9'DTM+137:20240105:102'LIN+1++X:SA'QTY+21:1'UNT+6+1'UNZ+1+1'",
            "EDI partners (UN/EDIFACT)",
            {"GroupReceived": 1, "OrderPlaced": 1},
        ),
        (
            report(total("9", "1"), settled("9", "Order/ItemPrice/Principal", "1", day="2026-03-02")).decode(),
            "Marketplace settlement reports (flat file)",
            None,
        ),
    ],
)
def test_inspect_knows_edifact_and_settlement_reports(tmp_path: Path, raw: str, kind: str, facts: dict[str, int] | None) -> None:
    path = tmp_path / "document.txt"
    path.write_text(raw)
    done = subprocess.run(
        [sys.executable, "-m", "tieout", "inspect", str(path), "--json"], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    answer = json.loads(done.stdout)
    assert (answer["kind"], answer["valid"]) == (kind, True)
    assert facts is None or answer["facts"] == facts


def test_a_file_that_holds_nothing_is_said_and_not_dropped(project: Project) -> None:
    empty = project.folder / "empty.jsonl"
    empty.write_bytes(b"")
    answer = project.json("import", str(empty), "--system", "erp")
    assert isinstance(answer, dict)
    assert (answer["received"], answer["quarantined"]) == (1, 1)
    found = project.json("quarantine")
    assert isinstance(found, dict)
    assert "file/nothing" in [each["rule"] for each in found["quarantined"]]


def test_rebuild_tells_how_many_messages_it_has_applied_of_how_many(project: Project) -> None:
    project.json("import", str(project.folder / "exports"), "--system", "shop")
    told: list[tuple[int, int]] = []
    with opened(project.folder) as found:
        answer = rebuild(found, replace=False, progress=lambda done, total: told.append((done, total)))
    assert answer["equal"] is True
    assert told[-1] == (answer["messages"], answer["messages"])


def test_long_work_says_so_on_a_terminal_and_keeps_standard_output_clean(project: Project) -> None:
    project.json("import", str(project.folder / "exports"), "--system", "shop")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TIEOUT")} | {"FORCE_COLOR": "1", "TERM": "xterm"}
    words = [sys.executable, "-m", "tieout", "-p", str(project.folder), "status", "--json"]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, check=True)
    assert "its hash is worked out once" in done.stderr
    assert json.loads(done.stdout)["received"] >= 2
