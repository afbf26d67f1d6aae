"""Bars: one row per thing, its name before the bar and its number after it; each row may be a link to what it counts."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from tieout.console.svg.chart import Chart, drawing, group, words
from tieout.console.svg.scale import Linear, width_of
from tieout.core.values import plain
from tieout.report.markup import Markup, grouped, h

WIDTH, ROW, BAR, FONT = 640.0, 26.0, 14.0, 12.0
NAME_MAX = 250.0


class Bar(msgspec.Struct, frozen=True):
    """One row: name, value, the address of the items it counts, and a part of it that is late."""

    name: str
    value: Decimal
    href: str = ""
    late: Decimal = Decimal(0)


def bars(name: str, title: str, what: str, rows: Sequence[Bar], late: str = "", width: float = WIDTH) -> Chart:
    """Bars from zero, in the order given; `what` is what the numbers are, `late` what the dark part of a bar is."""
    left = min(max((width_of(bar.name, FONT) for bar in rows), default=0.0) + 10, NAME_MAX)
    texts = [_number(bar, late) for bar in rows]
    right = max((width_of(text, FONT) for text in texts), default=0.0) + 10
    along = Linear(Decimal(0), max([bar.value for bar in rows] + [Decimal(1)]), left, width - right)
    drawn = [_row(n, bar, text, left, along) for n, (bar, text) in enumerate(zip(rows, texts, strict=True))]
    told = words(*(f"{bar.name}: {text}." for bar, text in zip(rows, texts, strict=True)))
    svg = drawing(name, title, told, width, ROW * max(len(rows), 1), drawn, "bars")
    heads = ("", what, late) if late else ("", what)
    table = tuple((bar.name, plain(bar.value), plain(bar.late)) if late else (bar.name, plain(bar.value)) for bar in rows)
    return Chart(name, title, told, svg, heads, table)


def _number(bar: Bar, late: str) -> str:
    return grouped(plain(bar.value), None) + (f", {grouped(plain(bar.late), None)} {late}" if late and bar.late else "")


def _row(n: int, bar: Bar, text: str, left: float, along: Linear) -> Markup:
    top, middle = n * ROW + (ROW - BAR) / 2, n * ROW + ROW / 2 + 4
    shown = group(
        h("title", f"{bar.name}: {text}"),
        h("text", _fitting(bar.name, left - 10), x=left - 8, y=middle, text_anchor="end"),
        h("rect", x=left, y=top, width=max(along.at(bar.value) - left, 1), height=BAR, cls="bar"),
        h("rect", x=left, y=top, width=max(along.at(bar.late) - left, 1), height=BAR, cls="late") if bar.late else None,
        h("text", text, x=max(along.at(bar.value), left + 1) + 6, y=middle, cls="number"),
        cls="row",
    )
    return h("a", shown, href=bar.href) if bar.href else shown


def _fitting(text: str, width: float) -> str:
    """The text, or as much of its beginning as fits; the whole is in the title and the table."""
    while width_of(text, FONT) > width and len(text) > 2:
        text = text[:-2].rstrip() + "…"
    return text
