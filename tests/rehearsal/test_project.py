"""Rehearsing in a real project: another tieout.toml, a folder laid over it, a mended mapping, another account; text, JSON and page."""

import json
import re
from pathlib import Path

import pytest

from acme import MAPPING, SETTINGS, make, run_in
from tieout.app import opened
from tieout.errors import OperatorError, SettingsError

OWN_ACCOUNT = Path(__file__).parents[2].joinpath("src/tieout/flows/order_to_cash/to_book.py").read_text().replace('"order desk"', '"pricing"')


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("rehearse") / "acme")


def overlay(folder: Path, name: str, **files: str) -> Path:
    """A folder of changed files; `__` stands for a slash, `_toml` for its ending."""
    made = folder.parent / name
    for file, text in files.items():
        path = made / re.sub(r"_(toml|py)$", r".\1", file.replace("__", "/"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return made


def test_a_mended_mapping_is_rehearsed_on_all_that_the_system_ever_sent(folder: Path) -> None:
    mended = overlay(folder, "mended", orders_toml=MAPPING.replace("quantity * price", "quantity * net")) / "orders.toml"
    done = run_in(folder, "rehearse", "--mapping", f"shop={mended}", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["messages"], found["exceptions"]["after"]["count"]) == (3, 0)
    assert found["exceptions"]["vanish"]["classes"] == {"TBK+": {"count": 1, "value": {"USD": "10"}}}
    told = run_in(folder, "rehearse", "--mapping", f"shop={mended}", "--html", str(folder / "out" / "rehearsal.html"))
    assert "vanish TBK+ shop/order/1#A" in told.stdout
    assert "credit 10 EA, 90 USD: OrderBooked erp/sales_order//S1" in told.stdout
    page = (folder / "out" / "rehearsal.html").read_text()
    assert "TBK+ shop/order/1#A" in page
    assert "Nothing was sent" in page


def test_the_same_mapping_in_a_folder_laid_over_the_project(folder: Path) -> None:
    above = overlay(folder, "above", mappings__orders_toml=MAPPING.replace("quantity * price", "quantity * net"))
    with opened(folder) as project:
        before = project.status()
        found = project.rehearse(policy=above)
        assert found.exceptions.vanish.count == 1
        assert project.rehearse().is_same
        assert project.status() == before


def test_another_settings_file(folder: Path) -> None:
    new = overlay(folder, "new", tieout_toml=SETTINGS + '[[tolerances]]\naccount = "to_book"\nvalue = "15"\n')
    done = run_in(folder, "rehearse", "--settings", str(new / "tieout.toml"), "--flow", "order_to_cash")
    assert done.returncode == 0, done.stderr
    assert re.search(r"Exceptions: 1 \(10 USD\) as it is, 0 after the change", done.stdout)
    assert "why: after the change it is within tolerance: 10 USD, tolerated, price" in done.stdout
    assert re.search(r"Within tolerance: 0 as it is, 1 \(10 USD\) after the change", done.stdout)


def test_a_changed_clearing_account(folder: Path) -> None:
    own = overlay(folder, "own", flows__order_to_cash__to_book_py=OWN_ACCOUNT)
    with opened(folder) as project:
        found = project.rehearse(policy=own)
        assert found.exceptions.change.count == 1
        assert "erp / pricing" in found.exceptions.change.examples[0].after


@pytest.mark.parametrize(("arguments", "said"), [
    (("--mapping", "shop"), "'shop' names no mapping."),
    (("--mapping", "nobody=x.toml"), "There is no system 'nobody'. Known: shop, erp."),
    (("--mapping", "shop=gone.toml"), "The mapping gone.toml cannot be read"),
    (("--policy", "gone"), "gone is no folder."),
    (("--settings", "gone.toml"), "There is no gone.toml"),
    (("--since", "yesterday"), "'yesterday' is no time."),
    (("--flow", "orders"), "There is no flow 'orders'. There are: edi, freight, inventory"),
])  # fmt: skip
def test_what_is_wrong_is_said_in_one_sentence(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    done = run_in(folder, "rehearse", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_with_a_broken_file_names_it(folder: Path) -> None:
    with opened(folder) as project:
        with pytest.raises(SettingsError, match=r"broken/flows: SyntaxError"):
            project.rehearse(policy=overlay(folder, "broken", flows__x_py="def"))
        with pytest.raises(OperatorError, match=r"wrong/tieout\.toml: unknown key `tolerance`"):
            project.rehearse(policy=overlay(folder, "wrong", tieout_toml=SETTINGS + "[[tolerance]]\n"))
