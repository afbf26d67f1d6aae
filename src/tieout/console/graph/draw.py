"""A placed graph as SVG: boxes with words, each a link in reading order; arrows with a head and a label. Colours are classes."""

from collections.abc import Sequence

import msgspec

from tieout.console.graph.layout import Arrow, Box, Layout, Spot, Way, layout
from tieout.console.svg.chart import drawing, group
from tieout.console.svg.scale import width_of
from tieout.report.markup import Child, Markup, h

FONT, SMALL, LINE, PAD = 13.0, 11.0, 15.0, 10.0
EDGE = 8.0
"""Room around the drawing, so that no line is cut."""


class Card(msgspec.Struct, frozen=True):
    """A box of a graph: its first line stands out; `kind` is its class, `href` where it leads, `told` what it says aloud."""

    name: str
    lines: tuple[str, ...]
    kind: str = ""
    href: str = ""
    told: str = ""


class Link(msgspec.Struct, frozen=True):
    """An arrow of a graph with the words on it; `pad` keeps them so far from a thick line."""

    tail: str
    head: str
    lines: tuple[str, ...] = ()
    is_main: bool = False
    bends: bool = False
    kind: str = ""
    pad: float = 0.0


def place(cards: Sequence[Card], links: Sequence[Link], *, down: bool = False) -> Layout:
    """Where these stand."""
    boxes = tuple(Box(card.name, *_size(card.lines, FONT, 2 * PAD)) for card in cards)
    arrows = tuple(Arrow(link.tail, link.head, *_label_size(link), link.is_main, link.bends) for link in links)
    return layout(boxes, arrows, down=down)


def draw(name: str, title: str, told: str, cards: Sequence[Card], links: Sequence[Link], *, down: bool = False) -> Markup:
    """The graph as SVG; cards are read in the order given."""
    placed = place(cards, links, down=down)
    arrows = [_arrow(link, way) for link, way in zip(links, placed.ways, strict=True)]
    boxes = [_card(card, placed.boxes[card.name]) for card in cards]
    inner = h("g", arrows, boxes, transform=f"translate({EDGE:g} {EDGE:g})")
    return drawing(name, title, told, placed.width + 2 * EDGE, placed.height + 2 * EDGE, inner, "graph")


def _size(lines: Sequence[str], first: float, pad: float) -> tuple[float, float]:
    wide = max((width_of(text, first if n == 0 else SMALL) for n, text in enumerate(lines)), default=0.0)
    return round(wide + pad), round(LINE * len(lines) + pad * 0.7)


def _label_size(link: Link) -> tuple[float, float]:
    wide, high = _size(link.lines, SMALL, 8)
    return (wide + 2 * link.pad, high) if link.lines else (0.0, 0.0)


def _card(card: Card, spot: Spot) -> Markup:
    left, top = spot.x - spot.width / 2, spot.y - spot.height / 2
    shown = group(
        h("title", card.told) if card.told else None,
        h("rect", x=round(left, 1), y=round(top, 1), width=spot.width, height=spot.height, rx=5),
        lettering(card.lines, spot, top + PAD * 0.35), cls=f"card {card.kind}".strip(),
    )  # fmt: skip
    return h("a", shown, href=card.href) if card.href else shown


def lettering(lines: Sequence[str], spot: Spot, top: float, first: str | None = "first") -> Child:
    """Lines of text in the middle of a spot, the first one standing out."""
    return [
        h("text", text, x=spot.x, y=round(top + LINE * n + LINE * 0.76, 1), text_anchor="middle", cls=None if n else first)
        for n, text in enumerate(lines)
    ]


def _arrow(link: Link, way: Way) -> Markup:
    points = way.points
    curve = f"M{points[0][0]:g} {points[0][1]:g}C" + " ".join(f"{x:g} {y:g}" for x, y in points[1:])
    label = way.label
    return group(
        h("path", d=curve, cls="line"), h("path", d=tip(points), cls="head"),
        lettering(link.lines, label, label.y - label.height / 2 + 2.8, None) if label else None,
        cls=" ".join(filter(None, ("arrow", "main" if link.is_main else "", link.kind))),
    )  # fmt: skip


def tip(points: Sequence[tuple[float, float]], size: float = 7.0) -> str:
    """The tip: a triangle at the end of the curve, along its last direction."""
    (x, y), (fx, fy) = points[-1], points[-2]
    away = max(((x - fx) ** 2 + (y - fy) ** 2) ** 0.5, 0.01)
    dx, dy = (x - fx) / away, (y - fy) / away
    bx, by, half = x - size * dx, y - size * dy, size * 3.2 / 7
    return f"M{x:.1f} {y:.1f}L{bx - half * dy:.1f} {by + half * dx:.1f}L{bx + half * dy:.1f} {by - half * dx:.1f}z"
