"""Lines over time: each named at its end, told apart by dashes as well as hues, the zero line always in the drawing."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from tieout.console.svg.chart import SERIES_MAX, Chart, drawing, group, points, spread, words
from tieout.console.svg.scale import Linear, Time, moments, short, ticks, width_of
from tieout.core.values import plain
from tieout.report.markup import Child, Markup, h

WIDTH, HEIGHT = 640.0, 220.0
TOP, BOTTOM, LEFT, RIGHT = 24.0, 26.0, 46.0, 92.0
FONT = 11.0
NEVER = datetime(2000, 1, 1, tzinfo=UTC)


class Series(msgspec.Struct, frozen=True):
    """One line: what it is called and its value at each moment of the chart; None where nothing is known."""

    name: str
    values: tuple[Decimal | None, ...]


class Mark(msgspec.Struct, frozen=True):
    """Something that happened and may explain a line: a release, a policy, an outage."""

    at: datetime
    words: str


def line(
    name: str, title: str, times: Sequence[datetime], series: Sequence[Series], zone: ZoneInfo, marks: Sequence[Mark] = ()
) -> Chart:  # fmt: skip
    """Some series over the same times, which rise. Raises ValueError for more series than a person tells apart, or none."""
    if not 0 < len(series) <= SERIES_MAX:
        raise ValueError(f"a chart shows 1 to {SERIES_MAX} series, not {len(series)}")
    known = [value for one in series for value in one.values if value is not None]
    marked = ticks(min([*known, Decimal(0)]), max([*known, Decimal(1)]))
    up = Linear(marked[0], marked[-1], HEIGHT - BOTTOM, TOP)
    across = Time(times[0] if times else NEVER, times[-1] if times else NEVER, LEFT, WIDTH - RIGHT)
    told = words(*(f"{one.name}: {_course(one)}." for one in series), *(f"{mark.at:%Y-%m-%d} {mark.words}." for mark in marks))
    svg = drawing(name, title, told, WIDTH, HEIGHT, [
        _grid(up, marked), _times(across, zone) if times else None, _marks(across, marks),
        [_line(n, one, times, across, up) for n, one in enumerate(series, 1)], _names(series, times, across, up),
    ], "line")  # fmt: skip
    rows = tuple(
        (f"{at.astimezone(zone):%Y-%m-%d %H:%M %Z}", *("-" if one.values[n] is None else plain(one.values[n] or Decimal(0)) for one in series))
        for n, at in enumerate(times)
    )
    return Chart(name, title, told, svg, ("Time", *(one.name for one in series)), rows)


def _course(one: Series) -> str:
    known = [value for value in one.values if value is not None]
    return f"from {plain(known[0])} to {plain(known[-1])}, at most {plain(max(known))}" if known else "nothing known"


def _grid(up: Linear, marked: Sequence[Decimal]) -> Markup:
    return group(
        [[h("line", x1=LEFT, x2=WIDTH - RIGHT, y1=up.at(v), y2=up.at(v), cls="zero" if not v else None),
          h("text", short(v), x=LEFT - 6, y=up.at(v) + 3.5, text_anchor="end")] for v in marked],
        cls="axis",
    )  # fmt: skip


def _times(across: Time, zone: ZoneInfo) -> Markup:
    shown, before = [], -1e9
    for at, text in moments(across.first, across.last, zone):
        x, half = across.at(at), width_of(text, FONT) / 2
        if x - half > before:
            shown.append(h("text", text, x=x, y=HEIGHT - BOTTOM + 16, text_anchor="middle"))
            before = x + half + 6
    return group(shown, cls="axis")


def _marks(across: Time, marks: Sequence[Mark]) -> Child:
    shown, before = [], -1e9
    for mark in sorted(marks, key=lambda m: m.at):
        x, wide = across.at(mark.at), width_of(mark.words, FONT)
        free = x - 4 > before and x + wide < WIDTH - RIGHT
        before = x + wide if free else before
        shown.append(
            h(
                "g",
                h("title", f"{mark.at:%Y-%m-%d %H:%M} {mark.words}"),
                h("line", x1=x, x2=x, y1=TOP - 4, y2=HEIGHT - BOTTOM),
                h("text", mark.words, x=x + 3, y=TOP - 8) if free else None,
                cls="mark",
            )
        )
    return shown


def _line(n: int, one: Series, times: Sequence[datetime], across: Time, up: Linear) -> list[Markup]:
    """The line, broken where nothing is known."""
    runs: list[list[tuple[float, float]]] = [[]]
    for at, value in zip(times, one.values, strict=True):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((across.at(at), up.at(value)))
    return [
        h("polyline", points=points(run if len(run) > 1 else [*run, (run[0][0] + 1, run[0][1])]), cls=f"series s{n}") for run in runs if run
    ]


def _names(series: Sequence[Series], times: Sequence[datetime], across: Time, up: Linear) -> list[Markup]:
    ends = []
    for n, one in enumerate(series, 1):
        known = [(at, value) for at, value in zip(times, one.values, strict=True) if value is not None]
        if known:
            ends.append((n, one.name, known[-1][1]))
    wanted = spread([up.at(value) for _, _, value in ends], FONT + 3, TOP, HEIGHT - BOTTOM)
    return [
        h("text", f"{name} {short(value)}", x=WIDTH - RIGHT + 6, y=y + 3.5, cls=f"name n{n}")
        for (n, name, value), y in zip(ends, wanted, strict=True)
    ]
