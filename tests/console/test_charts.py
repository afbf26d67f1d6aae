"""Charts: the figures in the table are the figures drawn, labels do not lie on each other, nothing needs a colour or a script."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest

from tieout.console.svg.bars import Bar, bars
from tieout.console.svg.chart import figure, spread
from tieout.console.svg.lanes import Event, lanes
from tieout.console.svg.line import Mark, Series, line
from tieout.console.svg.scale import moments, short, ticks, width_of
from tieout.console.svg.spark import spark
from tieout.report.markup import Markup

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


def texts(svg: str, kind: str = "") -> list["ElementTree.Element"]:
    return [t for t in ElementTree.fromstring(svg).iter("text") if not kind or kind in (t.get("class") or "")]


def spans(found: list["ElementTree.Element"], size: float) -> list[tuple[float, float, float]]:
    """(left, right, baseline) of texts."""
    made = []
    for one in found:
        wide, x = width_of(one.text or "", size), float(one.get("x") or 0)
        left = x - {"end": wide, "middle": wide / 2}.get(one.get("text-anchor") or "", 0)
        made.append((left, left + wide, float(one.get("y") or 0)))
    return made


def collide(found: list[tuple[float, float, float]], size: float) -> bool:
    return any(
        a[0] < b[1] and b[0] < a[1] and abs(a[2] - b[2]) < size for n, a in enumerate(found) for b in found[n + 1 :]
    )  # fmt: skip


@pytest.mark.parametrize(("low", "high"), [("0", "7"), ("0", "1"), ("-13", "48"), ("0", "812004.10"), ("0.001", "0.002"), ("0", "0")])
def test_ticks_are_round_and_cover_everything(low: str, high: str) -> None:
    found = ticks(Decimal(low), Decimal(high))
    assert found[0] <= Decimal(low) and found[-1] >= Decimal(high) and 2 <= len(found) <= 8
    steps = {b - a for a, b in zip(found, found[1:], strict=False)}
    assert len(steps) == 1
    assert not (Decimal(low) < 0 < Decimal(high)) or Decimal(0) in found


def test_times_are_round_on_the_clock_of_the_zone() -> None:
    found = moments(START, START + timedelta(hours=30), BERLIN)
    assert 2 <= len(found) <= 8
    assert all(at.astimezone(BERLIN).minute == 0 for at, _ in found)
    assert "3 Mar" in [text for _, text in found]


def test_short_numbers_of_an_axis() -> None:
    assert [short(Decimal(n)) for n in ("0", "12", "1500", "812004.10", "1900000")] == ["0", "12", "1.5 k", "812 k", "1.9 M"]


def test_labels_that_want_one_place_stand_apart_in_order() -> None:
    placed = spread([100, 101, 99, 20], 14, 0, 200)
    assert placed[3] == 20
    rest = sorted(placed[:3])
    assert rest[1] - rest[0] >= 14 and rest[2] - rest[1] >= 14
    assert placed[2] < placed[0] < placed[1]
    assert spread([10, 10, 10], 14, 0, 30) == [2, 16, 30]


def test_a_line_chart_draws_and_lists_the_same_figures() -> None:
    days = [START + timedelta(days=n) for n in range(4)]
    opened = Series("opened", (Decimal(0), Decimal(5), None, Decimal(20)))
    closed = Series("resolved", tuple(map(Decimal, (0, 4, 8, 19))))
    chart = line("trend", "Opened and resolved", days, [opened, closed], BERLIN, [Mark(days[1], "release 1.2"), Mark(days[1], "policy 7")])
    assert chart.heads == ("Time", "opened", "resolved")
    assert chart.rows[2] == ("2026-03-04 07:00 CET", "-", "8")
    lines = [p for p in ElementTree.fromstring(chart.svg).iter("polyline") if p.get("class") == "series s1"]
    assert len(lines) == 2, "a line is broken where nothing is known"
    names = texts(chart.svg, "name")
    assert [t.text for t in names] == ["opened 20", "resolved 19"]
    assert not collide(spans(texts(chart.svg), 10), 10)
    assert float(next(iter(ElementTree.fromstring(chart.svg).iter("polyline"))).get("points", "").split(" ")[0].split(",")[1]) == 194


def test_nobody_tells_seven_lines_apart() -> None:
    with pytest.raises(ValueError, match="1 to 6"):
        line("x", "x", [START], [Series(str(n), (Decimal(1),)) for n in range(7)], BERLIN)


def test_bars_are_as_long_as_their_numbers_and_lead_to_their_items() -> None:
    rows = [Bar("shipped, not invoiced", Decimal(144), "/exceptions?class=SNI%2B", Decimal(36)), Bar("<price>", Decimal(72))]
    chart = bars("age", "Open", "items", rows, "overdue")
    root = ElementTree.fromstring(chart.svg)
    wide = [float(r.get("width") or 0) for r in root.iter("rect") if r.get("class") == "bar"]
    assert wide[0] == pytest.approx(2 * wide[1], abs=0.2)
    late = next(float(r.get("width") or 0) for r in root.iter("rect") if r.get("class") == "late")
    assert late == pytest.approx(wide[0] / 4, abs=0.2)
    assert [a.get("href") for a in root.iter("a")] == ["/exceptions?class=SNI%2B"]
    assert "&lt;price&gt;" in chart.svg
    assert chart.rows == (("shipped, not invoiced", "144", "36"), ("<price>", "72", "0"))


def test_a_spark_rises_to_its_last_value() -> None:
    drawn = spark([Decimal(n) for n in (1, 3, 2, 8)], "8 now")
    places = [tuple(map(float, p.split(","))) for p in re.findall(r'points="([^"]+)"', drawn)[0].split(" ")]
    assert places[-1][1] == min(y for _, y in places)
    assert 'aria-label="8 now"' in drawn
    assert spark([Decimal(1)], "") == ""


def test_lanes_join_marks_that_meet_and_their_labels_never_do() -> None:
    events = [Event("erp", START + timedelta(minutes=n), "fact", f"booked {n}", f"#e{n}") for n in range(5)]
    events.append(Event("wms", START + timedelta(hours=20), "case", "exception opened"))
    events.append(Event("wms", START + timedelta(days=40), "expected", "delivery due"))
    chart = lanes("when", "Timeline", ["erp", "wms"], events, BERLIN, START + timedelta(hours=10))
    assert len(chart.rows) == 7, "the table has every event"
    assert [t.text for t in texts(chart.svg, "many")] == ["5"]
    root = ElementTree.fromstring(chart.svg)
    assert [g.get("class") for g in root.iter("g") if (g.get("class") or "").startswith("event")] == [
        "event fact", "event case", "event expected",
    ]  # fmt: skip
    assert "due 11 Apr" in [t.text for t in texts(chart.svg, "label")], "what is far away stands beyond a gap"
    assert not collide(spans([t for t in texts(chart.svg) if "many" not in (t.get("class") or "")], 10), 10)


def test_a_figure_has_its_table_and_its_csv_and_nothing_that_the_policy_of_the_page_forbids() -> None:
    chart = bars("age", "Open", "items", [Bar("a", Decimal(1))])
    page = figure(chart, "/?csv=age")
    assert isinstance(page, Markup) and page.__html__() == page
    assert 'href="/?csv=age"' in page and "<table" in page and "<summary>Table</summary>" in page
    assert not re.search(r"style=|<script|<style| on\w+=", page)
