"""The process map as a drawing: which steps and paths are shown, where they stand, and how they look. Everything in it is a link."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import pairwise
from math import sqrt
from typing import NamedTuple

import msgspec

from tieout.console.graph.draw import EDGE, Card, Link, lettering, place, tip
from tieout.console.graph.layout import Layout, Spot, Way
from tieout.console.render import clock
from tieout.console.svg.chart import drawing, group
from tieout.process.mined import FEW, Mined, Path
from tieout.process.model import END, START, words
from tieout.process.question import Pair
from tieout.report.markup import Markup, h

STEPS, PATHS = 20, 30
"""So many steps and paths are shown at first."""
THIN, THICK = 1.2, 9.0
MINI, MINI_TALL = 120.0, 240.0
SHOWS = ("both", "cases", "median", "most")
Address = Callable[[Pair], str]
"""Where a path leads; a step when the first of the pair is empty."""


class Shown(NamedTuple):
    """What of a map is drawn: its steps in the order in which they are read, the spine first, and its paths."""

    spine: tuple[str, ...]
    steps: tuple[str, ...]
    paths: tuple[Pair, ...]


class Picture(msgspec.Struct, frozen=True):
    """The drawing, a small one of the same places, and what is in it, in reading order."""

    svg: Markup
    mini: Markup
    steps: tuple[str, ...]
    paths: tuple[Pair, ...]


class Faces:
    """The figures that are written on a map: of one question, or of two that are compared. `show` is one of `SHOWS`."""

    def __init__(self, one: Mined, other: Mined | None = None, show: str = "both") -> None:
        self.one, self.other, self.show = one, other, show
        self._both = (one,) if other is None else (one, other)
        self._paths = [{path.pair: path for path in found.paths} for found in self._both]
        self._steps = [{step.name: step.cases for step in found.steps} for found in self._both]

    def step(self, name: str) -> tuple[str, ...]:
        """The lines of a step; how many cases end is said where they do."""
        if name == END:
            return (words(name),)
        return words(name), " | ".join(_cases(many) for many in self.of_step(name))

    def of_step(self, name: str) -> tuple[int, ...]:
        """In how many cases of each question a step is."""
        if name in (START, END):
            return tuple(found.cases for found in self._both)
        return tuple(found.get(name, 0) for found in self._steps)

    def of_path(self, pair: Pair) -> tuple[int, ...]:
        """In how many cases of each question a path is."""
        return tuple(found[pair].cases if pair in found else 0 for found in self._paths)

    def path(self, pair: Pair) -> tuple[str, ...]:
        """The lines of a path."""
        said = [" · ".join(_lines(found[pair], self.show)) if pair in found else "0" for found in self._paths]
        if self.other is None:
            return _lines(self._paths[0][pair], self.show) if pair in self._paths[0] else ()
        return tuple(f"{letter} {text}" for letter, text in zip("AB", said, strict=True))

    def told(self, pair: Pair) -> str:
        """A path as a sentence."""
        said = [sentence(found[pair]) if pair in found else "no case" for found in self._paths]
        name = words(pair[1]) if not pair[0] else f"{words(pair[0])} to {words(pair[1])}"
        return f"{name}: {said[0] if len(said) == 1 else f'A {said[0]}; B {said[1]}'}"

    def is_slow(self, pair: Pair) -> bool:
        """True when it is slower than its deadline in any of them."""
        return any(found[pair].is_slow for found in self._paths if pair in found)


def _cases(many: int) -> str:
    return f"{many:,} case{'' if many == 1 else 's'}"


def _lines(path: Path, show: str) -> tuple[str, ...]:
    timed = path.span.most if show == "most" else path.span.half
    time = "" if timed is None or show == "cases" else spoken(timed) + (" slow" if path.is_slow else "") + (" few" if path.is_few else "")
    many = f"{path.cases:,}" if show in ("both", "cases") or not time else ""
    return tuple(filter(None, (many, time)))


def spoken(time: timedelta) -> str:
    """A time on a map: what is less than a minute is said so."""
    return "< 1 m" if timedelta() < time < timedelta(minutes=1) else "at once" if not time else clock(time)


def sentence(path: Path) -> str:
    """Cases and times of a path in words, with the deadline and whether there are too few to tell."""
    parts = [_cases(path.cases)]
    if path.span.half is not None and path.span.most is not None:
        parts.append(f"median {spoken(path.span.half)}{', of fewer than ' + str(FEW) if path.is_few else ''}")
        parts.append(f"9 of 10 within {spoken(path.span.most)}")
    if path.rule is not None:
        parts.append(f"{'slow: ' if path.is_slow else ''}deadline {path.rule.within}, account {path.rule.code}")
    return ", ".join(parts)


# What is shown -----------------------------------------------------------------------------------------------------------


def shown(found: Sequence[Mined], steps_max: int, paths_max: int) -> Shown:
    """The most frequent steps and paths, the spine before all; no step without a way to it and a way on."""
    many: dict[str, int] = {}
    ways: dict[Pair, int] = {}
    for one in found:
        for step in one.steps:
            many[step.name] = max(many.get(step.name, 0), step.cases)
        for path in one.paths:
            ways[path.pair] = max(ways.get(path.pair, 0), path.cases)
    order = sorted(many, key=lambda name: (-many[name], name))
    spine = max((one.spine for one in found), key=len, default=()) if not found else found[0].spine or found[-1].spine
    kept = [*[name for name in spine if name in many][:steps_max], *[name for name in order if name not in spine]][:steps_max]
    spine = tuple(name for name in spine if name in kept)
    inside = {START, END, *kept}
    fitting = sorted((pair for pair in ways if pair[0] in inside and pair[1] in inside), key=lambda pair: (-ways[pair], pair))
    wanted = dict.fromkeys(pair for pair in pairwise((START, *spine, END)) if pair in ways)
    for name in kept:
        wanted |= dict.fromkeys([pair for pair in fitting if pair[1] == name][:1])
        wanted |= dict.fromkeys([pair for pair in fitting if pair[0] == name][:1])
    for pair in fitting:
        if len(wanted) >= paths_max:
            break
        wanted[pair] = None
    return Shown(spine, tuple(kept), tuple(wanted))


# Drawing -----------------------------------------------------------------------------------------------------------------


def draw(title: str, told: str, chosen: Shown, faces: Faces, address: Address, picked: Pair | None = None) -> Picture:
    """The map: lines below, then each step with the paths that lead out of it, the spine first.

    Where cases end beside the spine's last step, a small end of their own stands behind the step, so that no line runs across the map.
    """
    cards = {name: Card(name, faces.step(name), told=": ".join(faces.step(name))) for name in (START, *chosen.steps, END)}
    last = chosen.spine[-1] if chosen.spine else ""
    stubs = {pair: Card(_stub(pair), _ending(faces, pair)) for pair in chosen.paths if pair[1] == END and pair[0] != last}
    main = set(pairwise((START, *chosen.spine, END)))
    most = max([max(faces.of_path(pair)) for pair in chosen.paths] + [1])
    links = {
        pair: Link(
            pair[0], stubs[pair].name if pair in stubs else pair[1], () if pair in stubs else faces.path(pair), pair in main,
            _turns_back(pair, chosen.spine), pad=_wide(faces.of_path(pair), most) / 2,
        ) for pair in chosen.paths
    }  # fmt: skip
    placed = place([*cards.values(), *stubs.values()], list(links.values()), down=True)
    ways = dict(zip(links, placed.ways, strict=True))
    order = _reading(chosen, placed)
    lines = [_line(pair, ways[pair], faces, most, picked, is_main=pair in main) for pair in chosen.paths]
    leaving = {
        name: sorted((pair for pair in chosen.paths if pair[0] == name), key=lambda pair: (pair not in main, -max(faces.of_path(pair))))
        for name in order
    }
    marks = []
    for name in order:
        marks.append(_box(cards[name], placed.boxes[name], address, picked))
        for pair in leaving[name]:
            spot = placed.boxes[stubs[pair].name] if pair in stubs else None
            lettered = msgspec.structs.replace(links[pair], lines=stubs[pair].lines) if pair in stubs else links[pair]
            marks.append(_mark(pair, lettered, ways[pair], faces, address, picked, spot))
    inner = h("g", h("g", lines, aria_hidden="true"), marks, transform=f"translate({EDGE:g} {EDGE:g})")
    svg = drawing("map", title, told, placed.width + 2 * EDGE, placed.height + 2 * EDGE, inner, "graph process")
    paths = tuple(pair for name in order for pair in leaving[name])
    return Picture(svg, _mini(placed), tuple(name for name in order if name not in (START, END)), paths)


def _stub(pair: Pair) -> str:
    return f"{pair[0]} {pair[1]}"


def _ending(faces: Faces, pair: Pair) -> tuple[str, ...]:
    many = faces.of_path(pair)
    return (" | ".join(f"{number:,}" for number in many) + (" ends here" if many == (1,) else " end here"),)


def _turns_back(pair: Pair, spine: Sequence[str]) -> bool:
    """True for what goes back along the spine: it has no say in where steps stand."""
    places = {name: n for n, name in enumerate((START, *spine, END))}
    return pair[0] in places and pair[1] in places and places[pair[1]] <= places[pair[0]]


def _reading(chosen: Shown, placed: Layout) -> list[str]:
    aside = sorted((name for name in chosen.steps if name not in chosen.spine), key=lambda name: (placed.boxes[name].y, placed.boxes[name].x))
    return [START, *chosen.spine, *aside, END]


def _kinds(*names: str) -> str:
    return " ".join(filter(None, names))


def _wide(many: Sequence[int], most: int) -> float:
    """The width of a line: its surface would lie, so it is the square root of its cases."""
    return round(THIN + (THICK - THIN) * sqrt(max(many) / most), 1)


def _line(pair: Pair, way: Way, faces: Faces, most: int, picked: Pair | None, *, is_main: bool) -> Markup:
    points = way.points
    curve = f"M{points[0][0]:g} {points[0][1]:g}C" + " ".join(f"{x:g} {y:g}" for x, y in points[1:])
    many = faces.of_path(pair)
    only = "" if len(many) == 1 or all(many) else "only-a" if many[0] else "only-b"
    wide = _wide(many, most)
    return group(
        h("path", d=curve, cls="line", stroke_width=wide), h("path", d=tip(points, 5 + wide), cls="head"),
        cls=_kinds("way", "main" if is_main else "", "slow" if faces.is_slow(pair) else "", only, "picked" if pair == picked else ""),
    )  # fmt: skip


def _mark(pair: Pair, link: Link, way: Way, faces: Faces, address: Address, picked: Pair | None, stub: Spot | None) -> Markup:
    """What of a path can be pointed at: its line, and its words, which stand beside the line or, in an end, behind it."""
    points = way.points
    spot = stub or way.label or Spot(*points[len(points) // 2], 0, 0)
    curve = f"M{points[0][0]:g} {points[0][1]:g}C" + " ".join(f"{x:g} {y:g}" for x, y in points[1:])
    round_ = round(spot.height / 2) if stub else 3
    shown_ = group(
        h("title", faces.told(pair)), h("path", d=curve, cls="hit"), h("rect", **_sides(spot), rx=round_),
        lettering(link.lines, spot, spot.y - spot.height / 2 + (3.5 if stub else 2.8), None),
        cls=_kinds("tag", "stub" if stub else "", "slow" if faces.is_slow(pair) else ""),
    )  # fmt: skip
    named = "~".join(pair)
    return h("a", shown_, href=address(pair), data_path=named, aria_current="true" if pair == picked else None, id=f"path-{named}")


def _box(card: Card, spot: Spot, address: Address, picked: Pair | None) -> Markup:
    is_end = card.name in (START, END)
    inner = group(
        h("title", card.told), h("rect", **_sides(spot), rx=round(spot.height / 2) if is_end else 5),
        lettering(card.lines, spot, spot.y - spot.height / 2 + 3.5), cls=_kinds("card", "end" if is_end else "step"),
    )  # fmt: skip
    if is_end:
        return inner
    pair = ("", card.name)
    return h("a", inner, href=address(pair), data_step=card.name, aria_current="true" if pair == picked else None, id=f"step-{card.name}")


def _sides(spot: Spot) -> dict[str, float]:
    return {"x": round(spot.x - spot.width / 2, 1), "y": round(spot.y - spot.height / 2, 1), "width": spot.width, "height": spot.height}


def _mini(placed: Layout) -> Markup:
    """The same places, small, with a frame for what is in view."""
    wide, tall = placed.width + 2 * EDGE, placed.height + 2 * EDGE
    share = min(MINI / wide, MINI_TALL / tall)
    wide, tall = round(wide * share), round(tall * share)
    boxes = [h("rect", **_sides(spot)) for spot in placed.boxes.values()]
    frame = h("rect", cls="view", x=0, y=0, width=wide, height=tall, data_view=True)
    return h(
        "svg", h("g", boxes, transform=f"scale({share:.4f}) translate({EDGE:g} {EDGE:g})"), frame,
        cls="mini", width=wide, height=tall, viewBox=f"0 0 {wide} {tall}", aria_hidden="true", data_mini=True,
    )  # fmt: skip
