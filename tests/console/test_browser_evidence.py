"""Evidence in a real Chromium: the bytes are the stored ones, a field lights up everywhere, drawings can be read, paper has it all."""

import hashlib
import re
import zlib
from collections.abc import Callable, Iterator

import pytest
from browsing import Seat, violations
from console_day import ORDER, Console, day
from playwright.sync_api import Page, expect

PAGES = (
    "/", "/?wall=1", "/transactions", "/transactions?q=nothing-like-it", f"/transactions/{ORDER}", "/transactions/NOBODY-7", "/connectors", "/connectors/erp",
    "/lifecycles/order_to_cash", "/lifecycles/settlement", "/operations", "/operations/OP-9",
)  # fmt: skip


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with day(tmp_path_factory.mktemp("evidence") / "day") as served:
        yield served


@pytest.fixture
def seated(console: Console, sit: Callable[..., Seat]) -> Callable[..., Seat]:
    """Somebody who signed in on the morning after the day."""

    def take(login: str = "ana", **context: object) -> Seat:
        seat = sit(console.base, console.project.database, "", **context)
        seat.context.add_cookies([{"name": "tieout", "value": console.tokens[login], "domain": "127.0.0.1", "path": "/"}])
        return seat

    return take


def event_of(console: Console, kind: str) -> tuple[int, bytes]:
    ((fact, raw),) = console.sql(
        "select f.id, m.raw from fact f join message m on m.id = f.message join posting p on p.root = %s and p.entries::json->>0 = f.identity"
        " where f.kind = %s order by f.id desc limit 1", ORDER, kind,
    )  # fmt: skip
    return fact, bytes(raw)


def test_pages_keep_the_policy_and_anybody_can_use_them(seated: Callable[..., Seat]) -> None:
    seat, wrong = seated(), {}
    for path in PAGES:
        page = seat.go(path)
        page.locator("main").wait_for()
        wrong |= {path: found} if (found := violations(page)) else {}
    assert wrong == {}
    assert [w for w in seat.wrong if "404" not in w] == []


def test_the_audit_too(seated: Callable[..., Seat]) -> None:
    seat = seated("ada")
    assert violations(seat.go("/audit")) == [] and seat.wrong == []


def lit(page: Page) -> dict[str, list[str]]:
    """What is lit in each of the three panels."""
    return page.evaluate(
        "() => Object.fromEntries([...document.querySelectorAll('.three > div')].map((panel, n) => "
        "[['raw', 'canonical', 'posted'][n], [...panel.querySelectorAll('.lit')].map((one) => one.innerText.trim().replace(/\\s+/g, ' '))]))"
    )  # type: ignore[no-any-return]


def test_a_field_lights_up_in_all_three_panels(console: Console, seated: Callable[..., Seat]) -> None:
    fact, raw = event_of(console, "OrderPlaced")
    seat = seated()
    page = seat.go(f"/transactions/{ORDER}?event={fact}#lineage")
    text = page.locator("[data-raw]").evaluate("(pre) => pre.textContent")
    assert hashlib.sha256(text.encode()).digest() == hashlib.sha256(raw).digest()
    page.get_by_role("link", name="quantity").hover()
    assert lit(page) == {"raw": ["6"], "canonical": ["quantity 6"], "posted": ["72 EA"]}
    page.get_by_role("link", name="item", exact=True).focus()
    assert lit(page) == {"raw": ["MUG-RED"], "canonical": ["item MUG-RED"], "posted": ["MUG-RED"]}
    page.get_by_role("link", name="value").click()
    assert lit(page)["raw"] == [] and lit(page)["posted"] == ["648.00 USD"], "the value stands in no byte"
    assert "field=l1-value" in page.url
    assert seat.wrong == []


def test_without_script_the_link_of_a_field_does_it(console: Console, seated: Callable[..., Seat]) -> None:
    fact, _ = event_of(console, "OrderPlaced")
    page = seated(java_script_enabled=False).go(f"/transactions/{ORDER}?event={fact}")
    page.get_by_role("link", name="quantity").click()
    assert page.locator(".lit").count() == 3


def test_differences_alone_by_a_key(console: Console, seated: Callable[..., Seat]) -> None:
    page = seated().go("/transactions/shop/order/1012")
    rows = page.locator(".says tbody tr")
    every = rows.count()
    page.keyboard.press("d")
    expect(page).to_have_url(re.compile("only=differences"))
    expect(rows).to_have_count(1)
    assert every > 1
    expect(rows.locator("[data-mark=differs]")).to_contain_text("75")


def test_words_of_a_graph_stand_in_their_boxes_and_are_large_enough(seated: Callable[..., Seat]) -> None:
    for flow in ("order_to_cash", "purchase_to_pay", "settlement"):
        page = seated().go(f"/lifecycles/{flow}")
        found = page.evaluate("""() => {
          const box = (e) => { const r = e.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; };
          const cards = [...document.querySelectorAll('svg.graph .card')].map((c) => (
            { rect: box(c.querySelector('rect')), texts: [...c.querySelectorAll('text')].map(box) }));
          const labels = [...document.querySelectorAll('svg.graph .arrow text')].map(box);
          const sizes = [...document.querySelectorAll('svg.graph text')].map((t) => parseFloat(getComputedStyle(t).fontSize));
          return { cards, labels, least: Math.min(...sizes) };
        }""")
        assert found["least"] >= 11
        for card in found["cards"]:
            left, top, right, bottom = card["rect"]
            assert all(left <= t[0] and t[2] <= right and top <= t[1] + 2 and t[3] - 2 <= bottom for t in card["texts"])
        rects = [card["rect"] for card in found["cards"]]
        for n, a in enumerate(rects):
            assert not [b for b in rects[n + 1 :] if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]]
            assert not [b for b in found["labels"] if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]]


def test_a_box_of_a_graph_leads_to_its_row(seated: Callable[..., Seat]) -> None:
    page = seated().go("/lifecycles/order_to_cash")
    page.locator('svg.graph a[href="#SNI"]').focus()
    page.keyboard.press("Enter")
    assert page.url.endswith("#SNI")
    expect(page.locator("#SNI")).to_be_in_viewport()


@pytest.mark.parametrize("path", ["/", "/transactions", f"/transactions/{ORDER}", "/connectors/erp", "/lifecycles/edi", "/operations"])
def test_a_narrow_window_scrolls_one_way(seated: Callable[..., Seat], path: str) -> None:
    seat = seated()
    seat.page.set_viewport_size({"width": 320, "height": 640})
    page = seat.go(path)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 320


def test_a_pause_by_keyboard_alone(console: Console, seated: Callable[..., Seat]) -> None:
    console.project.connection.execute(
        "insert into lane (system, circuit) values ('wms', '{\"since\": \"2025-06-18T00:00:00Z\"}') on conflict do nothing"
    )
    page = seated("chen").go("/connectors/wms")
    page.get_by_label("Reason").focus()
    page.keyboard.type("stock count")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Resume now")).to_be_visible()
    assert console.sql("select paused_by, paused_why from lane where system = 'wms'") == [("chen", "stock count")]
    page.get_by_role("button", name="Resume now").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()


def test_paper_has_every_event_and_says_what_it_shows(console: Console, seated: Callable[..., Seat]) -> None:
    page = seated().go(f"/transactions/{ORDER}")
    rows = page.locator(".events tbody tr")
    count = rows.count()
    page.emulate_media(media="print")  # the paper itself is compressed; what is on it is what this shows
    assert [rows.nth(n).is_visible() for n in range(count)] == [True] * count
    assert page.locator(".events").evaluate("(box) => box.scrollHeight <= box.clientHeight + 1"), "nothing of it is cut off"
    printed = page.locator(".printed")
    expect(printed).to_contain_text(f"/transactions/{ORDER}")
    expect(printed).to_contain_text("Ana Novak")
    expect(printed).to_contain_text("as of 2025-06-1")
    assert not page.locator("#rail").is_visible() and not page.get_by_role("button", name="Copy link").is_visible()
    paper = page.pdf()
    assert paper.startswith(b"%PDF") and len(re.findall(rb"/Type\s*/Page\b", paper)) >= 1
    assert any(
        b" l\n" in zlib.decompressobj().decompress(part.lstrip(b"\r\n")) for part in paper.split(b"stream")[1::2] if b"\x78" in part[:4]
    ), "drawn, not a picture"
