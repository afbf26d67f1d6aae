"""The process map tells the truth and can be read: its numbers are those of the event log, its boxes are apart, and keys go through it."""

import random
import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from browsing import Seat, violations
from console_people import invite, token
from console_server import serving
from many_cases import many_cases
from playwright.sync_api import Page, expect

from analysts import invoiced, ordered, shipped
from servers import Server
from tieout.console.desk import Desk
from tieout.console.graph import process as graph
from tieout.policy import CompanyPolicy
from tieout.process.follow import follow
from tieout.process.mined import Mined, Path, Span, Step, Variant
from tieout.runtime.configuration import Configuration
from tieout.store.database import Database
from tieout.store.pool import Pool
from world import World, line, say

ORACLE = """
with version as (
  select distinct on (identity, revision) identity, revision, kind, happened, body,
    split_part(identity, '/', 4) as number
  from fact where kind in ('OrderPlaced', 'Shipped', 'Invoiced', 'CashApplied') order by identity, revision, ordinal
), said as (
  select kind || case when row_number() over (partition by identity order by revision) > 1 then '.changed' else '' end as step, happened,
    case kind when 'CashApplied' then substr(body->'lines'->0->>'subject', 14) else split_part(body->'lines'->0->>'subject', '/', 3) end as subject
  from version
), way as (
  select subject, array_agg(step order by happened) as steps, min(happened) as began from said group by subject
), pair as (
  select w.subject, s.step as first, lead(s.step, 1, 'end') over (partition by w.subject order by s.n) as next
  from way w cross join lateral unnest(array['start'] || w.steps) with ordinality s(step, n)
)
select first, next, count(distinct subject) from pair group by 1, 2
"""
"""Straight from the statements: every version of every document, the case by the order (or the order's invoice) that its first line names."""
MODEL = "/process/o2c"
SIZES = """all => all.map(t => {
  const svg = t.ownerSVGElement;
  return parseFloat(getComputedStyle(t).fontSize) * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
})"""
FITS = """() => {
  const box = document.querySelector('[data-map]');
  return box.scrollHeight <= box.clientHeight + 1 && box.scrollWidth <= box.clientWidth + 1;
}"""
BOXES = """() => [...document.querySelectorAll('[data-map] .card > rect, [data-map] .tag > rect')].map((one) => {
  const box = one.getBoundingClientRect();
  return [one.parentNode.querySelector('title')?.textContent || '', box.left, box.top, box.right, box.bottom];
})"""


def stories(seed: int, many: int) -> list[dict[str, Any]]:
    """Orders that go different ways: changed, shipped or not, invoiced before they are shipped, paid or not."""
    dice, facts = random.Random(seed), []
    for n in map(str, range(many)):
        number = f"{seed}{n}"
        at = dice.randrange(1, 200)
        known = {"channel": dice.choice(["web", "edi"]), "warehouse": dice.choice(["W1", "W2"])}
        facts.append({**ordered(number, revision=1, **known), "happened": _at(at)})
        if dice.random() < 0.2:
            facts.append({**ordered(number, 2, "20.00", revision=2, **known), "happened": _at(at + 1)})
        late = dice.random() < 0.15
        if dice.random() < 0.85:
            facts.append({**shipped(number), "happened": _at(at + (50 if late else 10) + dice.randrange(9))})
        if dice.random() < 0.8:
            facts.append({**invoiced(number), "happened": _at(at + 25 + dice.randrange(9))})
            if dice.random() < 0.6:
                facts.append(say("CashApplied", "erp", f"C{number}", at + 90, [line(1, f"erp/invoice/I{number}", value="10.00")]))
    dice.shuffle(facts)
    return facts


def _at(hours: int) -> str:
    return say("Shipped", "wms", "1", hours)["happened"]  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def mapped(server: Server) -> Iterator[tuple[World, str]]:
    """Two hundred and forty orders behind a console."""
    world = World(server.make())
    world.apply(stories(7, 240))
    follow(world.connection, world.configuration.accounts)
    invite(world.database, datetime.now(UTC))
    with serving(Desk(Pool(world.database.connect), "Nordwind", "test", configuration=world.configuration)) as base:
        yield world, base
    world.close()
    server.drop(world.database)


@pytest.fixture
def seat(mapped: tuple[World, str], sit: Callable[..., Seat]) -> Seat:
    return sit(mapped[1], mapped[0].database)


def drawn(page: Page) -> dict[tuple[str, str], int]:
    """The cases of each path, as the map says them."""
    found = page.eval_on_selector_all("[data-map] a[data-path]", "all => all.map(a => [a.dataset.path, a.querySelector('title').textContent])")
    return {tuple(named.split("~")): _number(told.partition(": ")[2]) for named, told in found}  # type: ignore[misc]


def tabled(page: Page) -> dict[tuple[str, str], int]:
    found = page.eval_on_selector_all("#paths-table tbody tr", "all => all.map(r => [r.dataset.path, r.cells[1].textContent])")
    return {tuple(named.split("~")): _number(text) for named, text in found}  # type: ignore[misc]


def _number(text: str) -> int:
    found = re.match(r"[\d,]+", text.strip())
    assert found is not None, text
    return int(found[0].replace(",", ""))


def test_its_numbers_are_those_of_the_event_log(mapped: tuple[World, str], seat: Seat) -> None:
    wanted = {(first, then): many for first, then, many in mapped[0].connection.execute(ORACLE.encode()).fetchall()}
    page = seat.go(f"{MODEL}?paths=99")
    assert len(wanted) > 12
    assert drawn(page) == wanted
    assert tabled(page) == wanted
    steps = page.eval_on_selector_all("[data-map] a[data-step]", "all => all.map(a => [a.dataset.step, a.querySelector('title').textContent])")
    entered: dict[str, int] = {}
    for step, told in steps:
        entered[step] = _number(told.partition(": ")[2])
    assert entered["OrderPlaced"] == 240
    assert entered["Shipped"] == sum(many for (first, then), many in wanted.items() if then == "Shipped")
    assert page.locator("[data-cases-total]").get_attribute("data-cases-total") == "240"


@pytest.mark.parametrize("query", ["?paths=99&channel=edi", "?warehouse=W1&with=Shipped", "?began=2026-03-04..2026-03-08"])
def test_filters_leave_map_table_and_list_the_same(seat: Seat, query: str) -> None:
    page = seat.go(MODEL + query)
    assert page.locator("[data-map] a[data-path]").count() > 3
    table = tabled(page)
    assert all(table[pair] == many for pair, many in drawn(page).items())
    href = page.locator("#paths-table tbody tr").first.locator("td a").first.get_attribute("href")
    many = page.locator("#paths-table tbody tr").first.locator("td a").first.text_content()
    seat.go(str(href))
    assert seat.page.locator("#cases").get_attribute("data-many") == str(many)


def test_clicking_a_path_opens_a_list_with_its_count(seat: Seat) -> None:
    page = seat.go(MODEL)
    named = "Shipped~Invoiced"
    many = drawn(page)[("Shipped", "Invoiced")]
    page.locator(f'[data-map] a[data-path="{named}"] .tag text').first.click()
    expect(page.locator("#panel-title")).to_have_text("Shipped → Invoiced")
    assert f"at={named}" in page.url
    page.locator("#panel [data-cases]").click()
    expect(page.locator("h1")).to_have_text(f"{many} cases")
    assert page.locator("#cases").get_attribute("data-many") == str(many)
    assert page.locator("#cases tbody tr").count() == min(many, 100)
    rows = page.eval_on_selector_all("#cases tbody tr .waytext", "all => all.map(one => one.textContent)")
    assert all("Shipped" in text and "Invoiced" in text for text in rows)
    page.go_back()
    expect(page.locator("#panel-title")).to_be_visible()


def test_nothing_lies_on_anything_and_the_smallest_word_can_be_read(seat: Seat) -> None:
    for query in ("", "?paths=99", "?show=cases", "?began=2026-03-05..&against=previous"):
        page = seat.go(MODEL + query)
        boxes = page.evaluate(BOXES)
        assert len(boxes) > 10
        for n, (one, left, top, right, bottom) in enumerate(boxes):
            for other, left2, top2, right2, bottom2 in boxes[n + 1 :]:
                apart = right <= left2 + 0.6 or right2 <= left + 0.6 or bottom <= top2 + 0.6 or bottom2 <= top + 0.6
                assert apart, f"{one} lies on {other}"
        assert min(page.eval_on_selector_all("[data-map] text", SIZES)) >= 11


def test_words_stay_inside_their_boxes(seat: Seat) -> None:
    page = seat.go(f"{MODEL}?paths=99")
    over = page.eval_on_selector_all(
        "[data-map] .card text, [data-map] .tag text",
        """all => all.filter(t => { const a = t.getBoundingClientRect(), b = t.parentNode.querySelector('rect').getBoundingClientRect();
        return a.left < b.left - 1 || a.right > b.right + 1; }).map(t => t.textContent)""",
    )
    assert over == []


def test_tab_follows_the_spine(seat: Seat) -> None:
    page = seat.go(MODEL)
    page.locator("[data-map]").focus()
    seen: list[str] = []
    for _ in range(60):
        page.keyboard.press("Tab")
        at = page.evaluate("() => document.activeElement.dataset.step || (document.activeElement.dataset.path ? '>' : '')")
        if not at:
            break
        if at != ">":
            seen.append(at)
    assert seen[:4] == ["OrderPlaced", "Shipped", "Invoiced", "CashApplied"]
    assert seen[4:] == ["OrderPlaced.changed"]


def test_enter_opens_the_panel_and_escape_closes_it(seat: Seat) -> None:
    page = seat.go(MODEL)
    page.locator('[data-map] a[data-step="Shipped"]').focus()
    page.keyboard.press("Enter")
    expect(page.locator("#panel-title")).to_have_text("Shipped")
    assert page.evaluate("() => document.activeElement.dataset.step") == "Shipped", "the focus stays where it was"
    page.keyboard.press("Escape")
    expect(page.locator("#panel-title")).to_have_count(0)


def test_arrows_and_plus_minus_nought_move_the_view(seat: Seat) -> None:
    seat.page.set_viewport_size({"width": 1000, "height": 700})
    page = seat.go(MODEL)
    page.locator("[data-map]").focus()
    wide = "() => document.querySelector('[data-map] svg').getBoundingClientRect().width"
    first = page.evaluate(wide)
    page.keyboard.press("+")
    page.keyboard.press("+")
    assert page.evaluate(wide) > first * 1.5
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('[data-map]').scrollTop > 0 && document.querySelector('[data-map]').scrollLeft > 0")
    before = page.evaluate("() => document.querySelector('[data-map]').scrollTop")
    page.keyboard.press("ArrowUp")
    page.wait_for_function(f"() => document.querySelector('[data-map]').scrollTop < {before}")
    page.keyboard.press("-")
    page.keyboard.press("-")
    assert abs(page.evaluate(wide) - first) < 3
    page.keyboard.press("0")
    page.wait_for_function(FITS)
    page.keyboard.press("t")
    expect(page.locator("#paths-table")).to_be_visible()
    assert page.evaluate("() => document.activeElement.matches('#table summary')")


def test_g_p_leads_here_and_sliders_are_plain_parameters(seat: Seat) -> None:
    page = seat.go("/help/keys")
    page.keyboard.press("g")
    page.keyboard.press("p")
    expect(page.locator("h1")).to_have_text("Order to cash")
    expect(page.locator('.rail [data-place="/process"]')).to_have_attribute("aria-current", "page")
    page.locator("#steps").focus()
    page.keyboard.press("Home")
    expect(page).to_have_url(re.compile(r"[?&]steps=1\b"))
    expect(page.locator("[data-map] a[data-step]")).to_have_count(1)
    page.reload()
    expect(page.locator("[data-map] a[data-step]")).to_have_count(1)


def test_a_filter_of_the_panel_is_a_chip_in_the_url(seat: Seat) -> None:
    page = seat.go(f"{MODEL}?at=Shipped")
    many = _number(page.locator("#panel [data-cases]").text_content() or "")
    page.locator("#panel").get_by_role("link", name="With", exact=True).click()
    expect(page).to_have_url(re.compile(r"with=Shipped"))
    expect(page.locator(".chip")).to_contain_text("Shipped")
    expect(page.locator("[data-cases-total]")).to_have_attribute("data-cases-total", str(many))
    page.get_by_role("link", name="Remove the filter with Shipped").click()
    expect(page.locator("[data-cases-total]")).to_have_attribute("data-cases-total", "240")


def test_what_is_out_of_order_leads_to_its_cases(mapped: tuple[World, str], seat: Seat) -> None:
    wanted = (
        mapped[0]
        .connection.execute(
            b"""select count(*) from (select split_part(body->'lines'->0->>'subject', '/', 3) as o, min(happened) filter (where kind = 'Invoiced') as i,
        min(happened) filter (where kind = 'Shipped') as s from fact where kind in ('Shipped', 'Invoiced') group by 1) x
        where i is not null and (s is null or i < s)"""
        )
        .fetchone()
    )
    page = seat.go(MODEL)
    link = page.locator('[data-breach="Shipped~Invoiced"]')
    assert wanted is not None and _number(link.text_content() or "") == wanted[0] > 5
    link.click()
    expect(page.locator(".chip")).to_contain_text("Invoiced before Shipped")
    expect(page.locator("[data-cases-total]")).to_have_attribute("data-cases-total", str(wanted[0]))


def test_two_variants_are_laid_over_each_other(seat: Seat) -> None:
    page = seat.go(MODEL)
    page.locator("[data-variant]").nth(0).get_by_role("link", name="compare").click()
    expect(page.locator(".chip")).to_contain_text("A:")
    page.locator("[data-variant]").nth(1).get_by_role("link", name="set against A").click()
    expect(page).to_have_url(re.compile(r"a=\d+&b=\d+"))
    told = page.eval_on_selector_all("[data-map] a[data-path] title", "all => all.map(t => t.textContent)")
    assert told and all("A " in one and "; B " in one for one in told)


def test_too_small_a_sample_is_told_beside_its_median(seat: Seat) -> None:
    page = seat.go(f"{MODEL}?paths=99")
    for named, text in page.eval_on_selector_all("[data-map] a[data-path]", "all => all.map(a => [a.dataset.path, a.textContent])"):
        many = drawn(page)[tuple(named.split("~"))]  # type: ignore[index]
        if "median" in text:
            assert (" few" in text) == (many < 30), text


def test_csv_has_the_rows_of_the_table(mapped: tuple[World, str], seat: Seat) -> None:
    page = seat.go(f"{MODEL}?sort=cases")
    lines = seat.get(f"{MODEL}?csv=paths&sort=cases").read().decode().splitlines()
    assert lines[0].startswith("from,to,cases")
    found = [(tuple(text.split(",")[:2]), int(text.split(",")[2])) for text in lines[1:]]
    assert dict(found) == tabled(page)
    assert [many for _, many in found] == sorted(many for _, many in found)


def _round(names: list[str], dice: random.Random) -> list[tuple[str, str]]:
    """Ways round some steps, forth and back."""
    places = [dice.randrange(len(names)) for _ in range(30)]
    return [(names[n], names[min(max(n + dice.randint(-4, 6), 0), len(names) - 1)]) for n in places]


def test_sixty_steps_are_drawn_in_less_than_a_tenth_of_a_second() -> None:
    dice, spent = random.Random(3), []
    for turn in range(4):
        names = [f"Step{turn}x{n}" for n in range(60)]
        pairs = list(dict.fromkeys([*zip(["start", *names], [*names, "end"], strict=False), *_round(names, dice)]))
        found = Mined(
            1000, {}, 0, Span(), tuple(Step(name, 900 - n) for n, name in enumerate(names)),
            tuple(Path(*pair, 900 - n) for n, pair in enumerate(pairs) if pair[0] != pair[1]), (Variant(1, tuple(names), 400),), (),
        )  # fmt: skip
        began = time.process_time()
        made = graph.draw("Sixty", "", graph.shown([found], 60, 120), graph.Faces(found), lambda pair: "/")
        spent.append(time.process_time() - began)
        assert len(made.steps) == 60
    assert sorted(spent)[1] < 0.1


def test_axe_finds_nothing(mapped: tuple[World, str], sit: Callable[..., Seat]) -> None:
    seat = sit(mapped[1], mapped[0].database)
    wrong = {}
    for query in ("", "?at=Shipped", "?at=Shipped~Invoiced&sort=cases", "?with=Nothing", "?colour=red", "?a=1&b=2", "/cases?at=Shipped"):
        page = seat.go(MODEL + query)
        page.locator("main").wait_for()
        wrong |= {query: found} if (found := violations(page)) else {}
        seat.page.set_viewport_size({"width": 320, "height": 640})
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 320, query
        seat.page.set_viewport_size({"width": 1440, "height": 860})
    assert wrong == {}
    assert seat.wrong == []


def test_an_empty_log_says_what_will_be_here(database: Database, sit: Callable[..., Seat]) -> None:
    invite(database, datetime.now(UTC))
    with serving(Desk(Pool(database.connect), "Nordwind")) as base:
        seat = sit(base, database)
        page = seat.go(MODEL)
        expect(page.locator(".empty")).to_contain_text("No case yet")
        assert violations(page) == []


def test_it_is_whole_without_script_and_on_paper(mapped: tuple[World, str], sit: Callable[..., Seat]) -> None:
    seat = sit(mapped[1], mapped[0].database, java_script_enabled=False)
    page = seat.go(MODEL)
    page.locator('[data-map] a[data-step="Shipped"] text').first.click()
    expect(page.locator("#panel-title")).to_have_text("Shipped")
    assert len(page.pdf()) > 10_000


def test_two_million_statements_take_less_than_a_tenth_of_a_second(database: Database) -> None:
    now, configuration = datetime.now(UTC), Configuration((), CompanyPolicy({}))
    many_cases(database, configuration, 400_000, now)
    invite(database, now)
    cookie = {"Cookie": f"tieout={token(database, 'ana', now)}"}
    with serving(Desk(Pool(database.connect), "Nordwind", configuration=configuration)) as base:
        rounds = [_slowest_of_twenty(base, cookie)]
        while rounds[-1] >= 100 and len(rounds) < 3:
            rounds.append(_slowest_of_twenty(base, cookie))
    assert min(rounds) < 100, rounds


def _slowest_of_twenty(base: str, cookie: dict[str, str]) -> float:
    """The p95 of fifty loads, by the server's clock."""
    spent = []
    for n in range(53):
        path = MODEL if n % 2 else f"{MODEL}?at=Shipped~Invoiced"
        with urllib.request.urlopen(urllib.request.Request(base + path, headers=cookie), timeout=60) as answer:
            text = answer.read().decode()
            found = re.search(r"app;dur=([\d.]+)", answer.headers["Server-Timing"])
        assert found is not None and "400,000" in text
        spent.append(float(found[1]))
    return sorted(spent[3:])[47]
