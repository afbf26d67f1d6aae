"""The page says what the ledger says, and nothing that was said to the ledger can become part of the page's code."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from report_day import HOSTILE, ledger_of

from tieout.errors import OperatorError
from tieout.report import html, page_cases
from tieout.report.markup import Markup, amount, h
from tieout.report.state import Ledger
from world import World


class Page(HTMLParser):
    """Elements, the attributes they have, and the exact figures by row."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.rows: dict[str, list[str]] = {}
        self.row = ""
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in found.items()]
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "tr":
            self.row = found.get("data-account", found.get("data-case", found.get("data-class", "")))
        if tag == "data" and self.row:
            self.rows.setdefault(self.row, []).append(found["value"])


@pytest.fixture
def text(told: Ledger, tmp_path: Path) -> str:
    path = html.write(told, tmp_path / "out", title="Day & <Night>")
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["index.html"] == [path.name]
    return path.read_text("utf-8")


def test_each_row_of_accounts_has_the_figures_of_the_ledger(told: Ledger, text: str) -> None:
    rows = Page(text).rows
    assert len(told.accounts) > 20
    for side in told.accounts:
        counts = [side.subjects, side.overdue, side.pending, side.unknowable] if side.observed else [side.subjects]
        assert rows[f"{side.code}-{side.side}"] == [*map(str, counts), *side.quantity.values(), *side.value.values()]


def test_each_open_case_stands_on_the_page_with_its_amounts(told: Ledger, text: str) -> None:
    rows = Page(text).rows
    assert told.cases
    for case in told.cases:
        assert rows.get(case.case, []) == [n.removeprefix("-") for n in (*case.quantity.values(), *case.value.values())]


def test_headline_and_identity(told: Ledger, text: str) -> None:
    counts, seq = told.counts
    for name, value in (
        ("received", counts.received),
        ("posted", counts.posted),
        ("quarantined", counts.quarantined),
        ("waiting", counts.waiting),
    ):
        assert re.search(rf'<data value="{value}">[^<]*</data><small>{name}</small>', text), name
    assert text.count("</rect><rect ") == 2
    hash_, subjects, _ = told.figures()
    assert hash_ in text
    assert f'<dt>Commit</dt><dd><data value="{seq}">' in text
    assert re.search(rf'<dd><data value="{subjects}">[^<]*</data></dd><dt>subjects</dt>', text)
    assert re.search(rf'<dd><data value="{len(told.cases)}">[^<]*</data></dd><dt>open exceptions</dt>', text)
    for currency, value in html.value_by_currency(told.cases).items():
        assert re.search(rf'<data value="{re.escape(value)}" class="amount">[^<]*</data> <span class="unit">{currency}</span>', text)


def test_what_was_said_cannot_become_code(text: str) -> None:
    assert "alert(1)" in text.lower()
    assert HOSTILE.lower() not in text.lower()
    page = Page(text)
    assert "script" not in page.tags
    assert "nonsense" not in page.tags
    assert "&lt;Night&gt;" in text
    assert not [a for a in page.attributes if a[1].startswith("on") or a[1] == "style"]


def test_nothing_is_loaded_from_elsewhere(text: str) -> None:
    page = Page(text)
    assert not {"script", "link", "img", "iframe", "object", "embed", "base", "form"} & set(page.tags)
    assert not re.search(r"https?://|url\(|@import", text)
    assert all(v.startswith("#") for _, n, v in page.attributes if n in ("href", "src", "xlink:href"))
    policy = next(v for t, n, v in page.attributes if t == "meta" and n == "content" and "default-src" in v)
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert len(page.ids) == len(set(page.ids))
    assert {v[1:] for t, n, v in page.attributes if t == "a" and n == "href"} <= set(page.ids)


def test_drill_down_names_file_line_and_byte(text: str) -> None:
    assert "T-accounts of " in text
    assert "test.jsonl · line 1, byte 0" in text
    assert "Residual, " in text


def test_more_cases_than_the_page_holds(told: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_cases, "ROWS_MAX", 2)
    monkeypatch.setattr(page_cases, "DRILL_MAX", 1)
    shown = page_cases.cases(told)
    assert shown.count("<details>") <= 1
    left = len(told.cases) - shown.count("data-case=")
    assert f"{left:,} more are not shown here" in shown


def test_an_empty_ledger_says_so(world: World, tmp_path: Path) -> None:
    text = html.write(ledger_of(world), tmp_path, title="Empty").read_text("utf-8")
    for said in ("Nothing has been said yet", "Nothing is open: every expectation", "Nothing is quarantined", "Nothing waits"):
        assert said in text


def test_as_of_shows_the_past(told_world: World, tmp_path: Path) -> None:
    past = ledger_of(told_world, datetime(2020, 1, 1, tzinfo=UTC))
    text = html.write(past, tmp_path, title="Past").read_text("utf-8")
    assert "As known at" in text
    assert "data-case=" not in text
    assert "Nothing is quarantined" in text
    assert "Nothing waits" in text


def test_a_folder_that_cannot_be_is_one_sentence(told: Ledger, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OperatorError, match="cannot be written"):
        html.write(told, tmp_path / "file", title="x")


def test_markup_escapes_all_but_markup() -> None:
    assert h("p", "<&", Markup("<b>"), cls='"') == '<p class="&quot;">&lt;&amp;<b></p>'
    assert ">1,234.50</data>" in amount("1234.5", "USD", money=True)
    assert ">1,234</data>" in amount("1234", "JPY", money=True)
    assert ">0.12345</data>" in amount("0.12345", "USD", money=True)
