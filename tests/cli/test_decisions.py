"""`tieout decide`: what a checkpoint holds of people's own decisions waits for others, and is done only when exactly that still stands."""

import json
from pathlib import Path
from typing import Any

import pytest
from test_commands import ERP, Project

SETTINGS = """
[project]
name = "acme"

[systems.shop]
connector = "canonical"
role = "channel"
states = ["OrderPlaced"]

[systems.erp]
connector = "canonical"
role = "erp"
states = ["OrderBooked", "Invoiced"]

[systems.bank]
connector = "canonical"
role = "bank"
states = ["CashReceived"]

[policy]
checkpoints = "c.toml"

[people.ann]
roles = ["controller"]
[people.bob]
roles = ["controller"]
[people.cid]
roles = ["controller"]
limit = "100.00 USD"
[people.dan]
roles = ["desk"]
"""
CHECKPOINTS = """
version = "2026-11"
role = "controller"

[[checkpoint]]
act = "write_off"
amount = "> 50.00 USD"
result = "hold"
approvers = 2

[[checkpoint]]
act = "manual_correction"
result = "hold"
"""
SHOP = "shop/order/1001"
BIG, SMALL = f"TBK+ {SHOP}#SKU-2", f"TBK+ {SHOP}#SKU-3"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An order of which the ERP has booked the first line only."""
    (tmp_path / "tieout.toml").write_text(SETTINGS)
    (tmp_path / "c.toml").write_text(CHECKPOINTS)
    made = Project(tmp_path)
    goods = [("1", "SKU-1", 10, 45), ("2", "SKU-2", 1, 120), ("3", "SKU-3", 2, 20)]
    lines = [{"line": n, "subject": SHOP, "item": item, "quantity": many, "value": value} for n, item, many, value in goods]
    placed = {
        "kind": "OrderPlaced", "system": "shop", "type": "order", "number": "1001", "happened": "2026-03-02T09:00:00Z", "currency": "USD",
        "customer": "C1", "lines": lines,
    }  # fmt: skip
    say(made, "shop", placed)
    say(made, "erp", ERP)
    return made


def say(project: Project, system: str, fact: dict[str, Any]) -> None:
    feed = project.folder / f"{system}.jsonl"
    feed.write_text(json.dumps(fact) + "\n")
    project.json("import", str(feed), "--system", system)


def open_cases(project: Project) -> set[str]:
    return {case["case"] for case in project.json("cases")}  # type: ignore[attr-defined]


def refused(project: Project, *arguments: str) -> str:
    done = project.run(*arguments)
    assert done.returncode == 2, done.stdout
    return " ".join(done.stderr.split())


def done(project: Project, *arguments: str) -> str:
    found = project.run(*arguments)
    assert found.returncode == 0, found.stderr
    return " ".join(found.stdout.split())


def facts(project: Project, out: Path) -> str:
    done(project, "export", "facts", "--out", str(out))
    return out.read_text()


def requests(project: Project, state: str = "waiting") -> list[dict[str, Any]]:
    return project.json("work", "requests", "--state", state)  # type: ignore[return-value]


def approval(project: Project) -> tuple[str, ...]:
    (one,) = requests(project)
    return ("work", "approve", str(one["id"]), "--hash", one["hash"][:12], "--as")


def test_a_write_off_over_the_tolerance_takes_two_others_and_a_small_one_none(project: Project, tmp_path: Path) -> None:
    assert done(project, "decide", "write-off", SMALL, "--as", "dan", "--why", "breakage") == f"Wrote off {SMALL}."
    said = done(project, "decide", "write-off", BIG, "--as", "ann", "--why", "customer keeps it")
    assert "checkpoints 2026-11 row 1 decided because write-off 120.00 USD > 50.00 USD and act is write_off." in said
    assert "It waits for 2 with the role controller until " in said
    assert open_cases(project) == {BIG}
    assert "waits for approval" in refused(project, "decide", "write-off", BIG, "--as", "ann", "--why", "again")
    approve = approval(project)
    assert "Ann proposed it: another person has to approve" in refused(project, *approve, "ann")
    assert "Dan has not the role controller" in refused(project, *approve, "dan")
    assert "Cid may approve up to 100.00 USD, this is 120.00 USD" in refused(project, *approve, "cid")
    assert "nobody called 'zoe'" in refused(project, *approve, "zoe")
    assert "the payload has another hash" in refused(project, *approve[:-2], "0" * 12, "--as", "bob")
    assert "1 more must approve" in done(project, *approve, "bob")
    assert open_cases(project) == {BIG}
    (tmp_path / "tieout.toml").write_text(SETTINGS.replace('limit = "100.00 USD"', ""))
    assert done(project, *approve, "cid").endswith("approved and posted.")
    assert open_cases(project) == set()
    kept = facts(project, tmp_path / "facts.csv")
    assert "WrittenOff" in kept
    (found,) = requests(project, "approved")
    assert ([one["who"] for one in found["given"]], found["proposer"]) == (["bob", "cid"], "ann")
    assert "is approved" in refused(project, *approve, "bob")


def test_what_is_written_off_must_be_what_still_stands(project: Project) -> None:
    done(project, "decide", "write-off", BIG, "--as", "ann", "--why", "x")
    placed = json.loads((project.folder / "shop.jsonl").read_text())
    placed["lines"][1] |= {"quantity": 2, "value": 240}
    say(project, "shop", {**placed, "revision": "n000000000002"})
    assert "1 more" in done(project, *approval(project), "bob")
    (project.folder / "tieout.toml").write_text(SETTINGS.replace('limit = "100.00 USD"', ""))
    assert "changed since it was asked for: 1 then, 2 now; review again" in done(project, *approval(project), "cid")
    (found,) = requests(project, "void")
    assert found["ref"].startswith("EX-")
    assert BIG in open_cases(project)


def test_a_proposal_is_rejected_by_who_might_approve_it_and_taken_back_by_who_made_it(project: Project) -> None:
    done(project, "decide", "write-off", BIG, "--as", "dan", "--why", "x")
    (one,) = requests(project)
    reject = ("work", "reject", str(one["id"]), "--as")
    assert "zoe" in refused(project, *reject, "zoe", "--why", "no")
    assert done(project, *reject, "dan", "--why", "my mistake").endswith("withdrawn.")
    done(project, "decide", "write-off", BIG, "--as", "dan", "--why", "x")
    (one,) = requests(project)
    assert done(project, "work", "reject", str(one["id"]), "--as", "bob", "--why", "ask the shop").endswith("rejected.")
    assert [one["note"] for one in (*requests(project, "withdrawn"), *requests(project, "denied"))] == ["my mistake", "ask the shop"]
    assert BIG in open_cases(project)


def test_a_manual_correction_waits_and_then_is_a_statement_like_any_other(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "booked.json"
    file.write_text(json.dumps({**ERP, "number": "BY-HAND", "links": [], "lines": [
        {"line": "1", "subject": SHOP, "item": "SKU-2", "quantity": 1, "value": 120},
    ]}))  # fmt: skip
    said = done(project, "decide", "correct", str(file), "--as", "dan", "--why", "the feed lost it")
    assert "correct correct sales_order/BY-HAND. checkpoints 2026-11 row 2 decided because act is manual_correction." in said
    assert "waits already" in refused(project, "decide", "correct", str(file), "--as", "ann", "--why", "again")
    assert BIG in open_cases(project)
    assert "approved and posted" in done(project, *approval(project), "ann")
    assert BIG not in open_cases(project)
    explained = json.dumps(project.json("explain", "1001"))
    assert "corrections/sales_order//BY-HAND" in explained


def test_links_made_by_hand_wait_where_a_checkpoint_holds_corrections(project: Project) -> None:
    said = done(project, "decide", "link", SHOP, "erp/sales_order/SO-9", "--as", "dan", "--why", "the same")
    assert "checkpoints 2026-11 row 2 decided because act is manual_correction." in said
    assert "Linked" not in facts(project, project.folder / "before.csv")
    assert "approved and posted" in done(project, *approval(project), "bob")
    assert "Linked" in facts(project, project.folder / "after.csv")
    said = done(project, "decide", "link", SHOP, "erp/sales_order/SO-9", "--as", "dan", "--why", "wrong", "--withdraw")
    assert said.startswith("Request ")


def test_matches_made_by_hand_wait_where_a_checkpoint_holds_corrections(project: Project) -> None:
    invoice = "erp/invoice/INV-1"
    stated = {"happened": "2026-03-04T09:00:00Z", "currency": "USD"}
    say(project, "erp", {"kind": "Invoiced", "system": "erp", "type": "invoice", "number": "INV-1", **stated,
                         "lines": [{"line": "1", "subject": SHOP, "item": "SKU-1", "quantity": 10, "value": 450}]})  # fmt: skip
    say(project, "bank", {"kind": "CashReceived", "system": "bank", "type": "bank_entry", "number": "B1", **stated,
                          "lines": [{"line": "1", "subject": "bank/bank_entry/B1", "value": 450}]})  # fmt: skip
    matched = ("decide", "match", "bank/bank_entry//B1", f"{invoice}=450", "--as", "dan", "--why", "by its amount")
    assert "checkpoints 2026-11 row 2 decided because act is manual_correction." in done(project, *matched)
    assert "waits already" in refused(project, *matched)
    assert "Matched" not in facts(project, project.folder / "before.csv")
    assert "Dan has not the role controller" in refused(project, *approval(project), "dan")
    assert "approved and posted" in done(project, *approval(project), "bob")
    assert "Matched" in facts(project, project.folder / "after.csv")


def test_once_the_database_has_people_they_decide_at_every_door(project: Project) -> None:
    for login, role in (("ana", "analyst"), ("bob", "approver"), ("gus", "approver")):
        done(project, "people", "add", login, "--name", login, "-r", role)
    assert "nobody with the login 'dan'" in refused(project, "decide", "write-off", BIG, "--as", "dan", "--why", "x")
    assert "It waits for 2 with the role controller" in done(project, "decide", "write-off", BIG, "--as", "ana", "--why", "x")
    assert "ana may not approve" in refused(project, *approval(project), "ana")
    assert "Gus has not the role controller" in refused(project, *approval(project), "gus")
    assert "1 more must approve" in done(project, *approval(project), "bob")
    assert "20 USD is over the limit of ana" in done(project, "decide", "write-off", SMALL, "--as", "ana", "--why", "no limit was set")


def test_what_is_no_statement_is_refused_with_its_place(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "fix.json"
    for text, says in (
        ("nothing", "is no JSON"),
        ("[1]", "is not one JSON object"),
        ('{"kind": "Guessed", "type": "x", "number": "1", "happened": "2026-03-05T10:00:00Z"}', "There is no fact type 'Guessed'"),
        ('{"kind": "Shipped", "number": "1"}', "missing required field"),
    ):
        file.write_text(text)
        said = refused(project, "decide", "correct", str(file), "--as", "ann", "--why", "x")
        assert says in said
        assert "Traceback" not in said
    assert "cannot be read" in refused(project, "decide", "correct", str(tmp_path / "none.json"), "--as", "ann", "--why", "x")


def test_a_correction_moves_no_clock_and_nobody_waits_for_it(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "shipped.json"
    file.write_text(json.dumps({
        "kind": "Shipped", "type": "shipment", "number": "P1", "happened": "2026-09-01T10:00:00Z", "currency": "USD",
        "lines": [{"line": "1", "subject": SHOP, "item": "SKU-1", "quantity": 1}],
    }))  # fmt: skip
    done(project, "decide", "correct", str(file), "--as", "dan", "--why", "x")
    done(project, *approval(project), "ann")
    assert open_cases(project) == {BIG, SMALL}, "nobody has to explain why the feeds have not said more since March"
