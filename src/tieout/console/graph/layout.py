"""Where boxes and arrows of a graph stand: Graphviz in this process, one graph at a time, each remembered.

Boxes are made as large as their words, edge labels get a box of their own, so nothing lies on anything. The main way is
kept straight: its edges weigh most. Graphviz (EPL-2.0) comes inside the wheel of pygraphviz (BSD-3-Clause); nothing of
either is part of what we publish.
"""

import threading
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
import pygraphviz

INCH = 72.0
_alone = threading.Lock()
"""Graphviz keeps its state in globals: two layouts at a time would mix."""


class Box(msgspec.Struct, frozen=True):
    """A box to place: its name in the graph and its size."""

    name: str
    width: float
    height: float


class Arrow(msgspec.Struct, frozen=True):
    """An arrow to place, with room for a label; `is_main` keeps it straight, `bends` leaves it out of the ranking."""

    tail: str
    head: str
    label_width: float = 0.0
    label_height: float = 0.0
    is_main: bool = False
    bends: bool = False


class Spot(NamedTuple):
    """A box that has its place, by its middle."""

    x: float
    y: float
    width: float
    height: float

    def meets(self, other: "Spot") -> bool:
        """True when two boxes share more than an edge."""
        return abs(self.x - other.x) * 2 < self.width + other.width - 0.1 and abs(self.y - other.y) * 2 < self.height + other.height - 0.1


class Way(NamedTuple):
    """An arrow that has its place: the points of its Bézier curve, and where its label stands."""

    points: tuple[tuple[float, float], ...]
    label: Spot | None


class Layout(NamedTuple):
    """A graph that has its place; boxes by name, ways in the order of the arrows."""

    width: float
    height: float
    boxes: dict[str, Spot]
    ways: tuple[Way, ...]


@lru_cache(maxsize=256)
def layout(boxes: tuple[Box, ...], arrows: tuple[Arrow, ...], *, down: bool = False) -> Layout:
    """The places of some boxes and the arrows between them, from left to right, or from top to bottom.

    Raises ValueError when an arrow leads to a box that is not there.
    """
    names = {box.name: f"n{n}" for n, box in enumerate(boxes)}
    for arrow in arrows:
        if arrow.tail not in names or arrow.head not in names:
            raise ValueError(f"the arrow {arrow.tail} to {arrow.head} leads to no box")
    with _alone:
        graph = pygraphviz.AGraph(directed=True, strict=False)
        graph.graph_attr.update(rankdir="TB" if down else "LR", nodesep="0.28", ranksep="0.16", splines="spline")
        graph.node_attr.update(shape="box", fixedsize="true", label="")
        graph.edge_attr.update(arrowhead="none")
        for box in boxes:
            graph.add_node(names[box.name], width=f"{box.width / INCH:.4f}", height=f"{box.height / INCH:.4f}")
        for n, arrow in enumerate(arrows):
            graph.add_edge(names[arrow.tail], names[arrow.head], key=f"e{n}", comment=str(n), **_attributes(arrow))
        told = graph.draw(format="json0", prog="dot")
        graph.close()
    return _read(msgspec.json.decode(told), boxes, arrows)


def _attributes(arrow: Arrow) -> dict[str, str]:
    found = {"weight": "20" if arrow.is_main else "1", "constraint": "false" if arrow.bends else "true"}
    if arrow.label_width:
        size = f'WIDTH="{round(arrow.label_width)}" HEIGHT="{round(arrow.label_height)}"'
        found["label"] = (
            f'<<TABLE BORDER="0" CELLBORDER="0" CELLPADDING="0" CELLSPACING="0" FIXEDSIZE="TRUE" {size}><TR><TD></TD></TR></TABLE>>'
        )
    return found


def _read(told: Any, boxes: tuple[Box, ...], arrows: tuple[Arrow, ...]) -> Layout:
    """Graphviz counts from the bottom left; a drawing counts from the top left."""
    _, _, _, top = (float(n) for n in told["bb"].split(","))

    def point(text: str) -> tuple[float, float]:
        x, y = text.split(",")
        return float(x), top - float(y)

    placed = {}
    for one in told.get("objects", []):
        box = boxes[int(one["name"][1:])]
        placed[box.name] = Spot(*point(one["pos"]), box.width, box.height)
    ways: dict[int, Way] = {}
    for one in told.get("edges", []):
        n = int(one["comment"])
        label = Spot(*point(one["lp"]), arrows[n].label_width, arrows[n].label_height) if "lp" in one else None
        ways[n] = Way(tuple(point(pair) for pair in one["pos"].split(" ")), label)
    return _framed(placed, [ways[n] for n in range(len(arrows))])


def _framed(placed: dict[str, Spot], ways: list[Way]) -> Layout:
    """All of it from (0, 0) on: labels of arrows that bend may stand outside of the frame that Graphviz states."""
    spots = [*placed.values(), *(way.label for way in ways if way.label)]
    points = [pair for way in ways for pair in way.points]
    left = min([s.x - s.width / 2 for s in spots] + [x for x, _ in points], default=0.0)
    top = min([s.y - s.height / 2 for s in spots] + [y for _, y in points], default=0.0)
    right = max([s.x + s.width / 2 for s in spots] + [x for x, _ in points], default=0.0)
    bottom = max([s.y + s.height / 2 for s in spots] + [y for _, y in points], default=0.0)

    def moved(spot: Spot) -> Spot:
        return spot._replace(x=round(spot.x - left, 1), y=round(spot.y - top, 1))

    return Layout(
        round(right - left, 1), round(bottom - top, 1), {name: moved(spot) for name, spot in placed.items()},
        tuple(Way(tuple((round(x - left, 1), round(y - top, 1)) for x, y in w.points), moved(w.label) if w.label else None) for w in ways),
    )  # fmt: skip
