"""A spark: how one figure went, no larger than a word; its numbers are in the table it stands in."""

from collections.abc import Sequence
from decimal import Decimal

from tieout.console.svg.chart import points
from tieout.console.svg.scale import Linear
from tieout.report.markup import Markup, h

WIDTH, HEIGHT, PAD = 84.0, 22.0, 2.5


def spark(values: Sequence[Decimal], told: str) -> Markup:
    """The values as a line from zero, the last one marked; nothing for fewer than two. `told` says it in words."""
    if len(values) < 2:
        return Markup("")
    across = Linear(Decimal(0), Decimal(len(values) - 1), PAD, WIDTH - PAD)
    up = Linear(min(*values, Decimal(0)), max(*values, Decimal(1)), HEIGHT - PAD, PAD)
    places = [(across.at(Decimal(n)), up.at(value)) for n, value in enumerate(values)]
    return h(
        "svg", h("polyline", points=points(places), cls="series s1"),
        h("circle", cx=f"{places[-1][0]:g}", cy=f"{places[-1][1]:g}", r=2, cls="last"),
        cls="spark", role="img", aria_label=told, width=round(WIDTH), height=round(HEIGHT), viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}",
    )  # fmt: skip
