"""The how-to for an own ERP, typed along: a project of `tieout init`, the pieces of the page, its commands, and an order that the ERP confirms."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

from at_work import Process, Project, until

sys.path.insert(0, str(Path(__file__).parents[1] / "systems"))
from small_erp import CLIENT, small_erp
from test_rest_how_to import PAGE, mapping_text, pieces

BOOK = "TBK+ shop/order/1001 1"


def typed(project: Project, base: str) -> None:
    """Everything that the page puts into the project, with the address of an ERP that exists."""
    plain, driving = (piece.partition("\n")[2] for piece in pieces() if piece.startswith("# tieout.toml"))
    settings = (project.folder / "tieout.toml").read_text().replace('clock = "feeds"', 'clock = "wall"')
    told, sending = driving.split("\n\n")
    plain = plain.replace("https://erp-test.example.com", base).replace("poll_seconds = 60", f"poll_seconds = 1\n{told}")
    project.write(f"{settings}\n{plain}\n{sending}")
    (project.folder / "mappings" / "erp.toml").write_text(mapping_text())


def test_whoever_types_the_page_has_an_order_booked_and_proven(project: Project, start: Callable[..., Process]) -> None:
    project.folder = project.folder / "books"
    made = project.tieout("init", str(project.folder))
    assert made.returncode == 0, made.stderr
    lines = [line.partition("  #")[0].split() for block in re.findall(r"^```sh\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)
             for line in block.splitlines() if line.startswith("tieout ")]  # fmt: skip
    assert [" ".join(words[1:3]) for words in lines] == [
        "check", "systems test", "import exports", "dispatch --dry-run", "dispatch --once", "commands list", "serve", "commands show", "systems list",
    ]  # fmt: skip
    with small_erp() as erp:
        erp.state["secret"] = CLIENT[1]
        typed(project, erp.base)
        wrong = project.tieout("systems", "test", "erp")
        assert (wrong.returncode, "ERP_SECRET is not set" in wrong.stderr) == (2, True), wrong.stderr
        project.environment["ERP_SECRET"] = CLIENT[1]
        for words in lines[:6]:
            arguments = [str(project.folder / word) if word == "exports" else word for word in words[1:]]
            done = project.tieout(*arguments)
            assert done.returncode == 0, (words, done.stderr)
            if "--dry-run" in words:
                assert erp.state["orders"] == []
                assert f"{BOOK}: POST {erp.base}/api/orders" in done.stdout
                assert CLIENT[1] not in done.stdout
        (one,) = json.loads(project.tieout("commands", "list", "--json").stdout)
        assert (one["key"], one["state"]) == (BOOK, "accepted")
        ((name, quantity),) = {(line["sku"], line["qty"]) for line in erp.state["orders"][0]["lines"] if line["sku"] == "SKU-1"}
        assert (name, quantity, erp.state["orders"][0]["customer"]) == ("SKU-1", 10, "C-7")
        served = start()
        until(lambda: json.loads(project.tieout("commands", "show", BOOK, "--json").stdout)["state"] == "confirmed")
        assert served.end() == 0
        assert len(erp.state["orders"]) == 1
