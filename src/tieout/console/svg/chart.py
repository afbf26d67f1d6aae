"""A chart: a drawing with its title and, beside it, the same figures as a table and as CSV."""

from collections.abc import Iterable, Sequence

import msgspec

from tieout.report.markup import Child, Markup, h, join

SERIES_MAX = 6
"""More lines than this in one drawing are told apart by nobody."""


class Chart(msgspec.Struct, frozen=True):
    """A drawing (`svg`) of some rows; `heads` and `rows` are the same figures as text, `told` says in one sentence what it shows."""

    name: str
    title: str
    told: str
    svg: Markup
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def drawing(name: str, title: str, told: str, width: float, height: float, children: Child, kind: str = "") -> Markup:
    """An SVG of this size that says what it shows. With links in it, it is a group: an image would hide them."""
    inner = join(children)
    return h(
        "svg", h("title", title, id=f"{name}-title"), h("desc", told, id=f"{name}-desc"), inner,
        cls=f"chart {kind}".strip(), role="group" if "<a " in inner else "img", aria_labelledby=f"{name}-title {name}-desc",
        width=round(width), height=round(height), viewBox=f"0 0 {round(width)} {round(height)}",
    )  # fmt: skip


def figure(chart: Chart, csv: str, *, heading: str = "h2") -> Markup:
    """The chart for a page: the drawing, then its table, folded, and the address of its CSV."""
    return h(
        "figure",
        h("figcaption", h(heading, chart.title), h("a", "CSV", href=csv, cls="quiet", data_plain=True, aria_label=f"CSV: {chart.title}")),
        h("div", chart.svg, cls="drawing"),
        h("details", h("summary", "Table"), table(chart)),
        cls="chart", id=chart.name,
    )  # fmt: skip


def table(chart: Chart) -> Markup:
    """The figures of a chart as a table; the first column names the row."""
    body = [h("tr", h("th", first, scope="row"), [h("td", cell, cls="num") for cell in rest]) for first, *rest in chart.rows]
    heads = [h("th", text, scope="col", cls="num" if n else None) for n, text in enumerate(chart.heads)]
    return h(
        "div", h("table", h("caption", chart.title, cls="unseen"), h("thead", h("tr", heads)), h("tbody", body)),
        cls="scroll", tabindex=0, role="region", aria_label=f"{chart.title}, as a table",
    )  # fmt: skip


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places as near as can be to the wanted ones, in their order, none nearer to the next than `gap`, all between `low` and `high`."""
    order = sorted(range(len(wanted)), key=lambda n: wanted[n])
    placed = [0.0] * len(wanted)
    before = low - gap
    for n in order:
        before = placed[n] = max(wanted[n], before + gap)
    after = high + gap
    for n in reversed(order):
        after = placed[n] = min(placed[n], after - gap)
    return [round(place, 1) for place in placed]


def points(pairs: Iterable[tuple[float, float]]) -> str:
    """Points as SVG writes them."""
    return " ".join(f"{x:g},{y:g}" for x, y in pairs)


def words(*parts: str) -> str:
    """Sentences in a row, the empty ones left out."""
    return " ".join(part for part in parts if part)


def group(*children: Child, cls: str) -> Markup:
    """Shapes that belong together."""
    return h("g", join(children), cls=cls)
