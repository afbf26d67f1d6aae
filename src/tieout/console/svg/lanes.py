"""Lanes: what happened in which system, from left to right; what is expected and has not come is drawn hollow at its deadline."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from tieout.console.svg.chart import Chart, drawing, group, words
from tieout.console.svg.scale import Time, moments, width_of
from tieout.report.markup import Child, Markup, h

WIDTH, LANE, TOP, FONT, RADIUS, RIGHT = 1120.0, 38.0, 26.0, 11.0, 6.0, 150.0
NEVER = datetime(2000, 1, 1, tzinfo=UTC)
TITLES_MAX = 8
KINDS = ("fact", "command", "case", "expected", "missed", "superseded", "reversed")


class Event(msgspec.Struct, frozen=True):
    """A mark on a lane: when, of which kind (one of KINDS), in a few words, and the address of its detail."""

    lane: str
    at: datetime
    kind: str
    words: str
    href: str = ""


def lanes(name: str, title: str, order: Sequence[str], events: Sequence[Event], zone: ZoneInfo, now: datetime | None = None) -> Chart:
    """Events by lane. Marks that would lie on each other are one mark with their number; labels that find no room are in the table.

    What is expected long after all that has happened would press everything else together: it stands at the right, beyond a gap.
    """
    left = max((width_of(lane, FONT + 1) for lane in order), default=0.0) + 22
    first, last = _span(events)
    across = Time(first, last, left + RADIUS, WIDTH - RIGHT)
    later = [event for event in events if event.at > last]
    drawn: list[Child] = [_axis(across, zone, len(order)), _now(across, now, len(order)) if now else None]
    for n, lane in enumerate(order):
        mine = sorted((e for e in events if e.lane == lane), key=lambda e: e.at)
        drawn.append(_lane(n, lane, [e for e in mine if e.at <= last], across, left))
        drawn.append(_later(n, [e for e in mine if e.at > last], zone))
    drawn.append(_gap(len(order)) if later else None)
    told = words(*(f"{lane}: {sum(e.lane == lane for e in events)} events." for lane in order))
    rows = tuple((f"{e.at.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}", e.lane, e.kind, e.words) for e in sorted(events, key=lambda e: e.at))
    svg = drawing(name, title, told, WIDTH, TOP + LANE * len(order) + 4, drawn, "lanes")
    return Chart(name, title, told, svg, ("Time", "System", "Kind", "What"), rows)


def _span(events: Sequence[Event]) -> tuple[datetime, datetime]:
    """From the first to the last, leaving out what is expected much later than all that has happened."""
    times = [e.at for e in events if e.kind not in ("expected", "missed")] or [e.at for e in events]
    if not times:
        return NEVER, NEVER
    first, last = min(e.at for e in events), max(times)
    reach = last + max((last - first) / 2, timedelta(minutes=1))
    return first, max(*(e.at for e in events if e.at <= reach), first + timedelta(minutes=1))


def _axis(across: Time, zone: ZoneInfo, count: int) -> Markup:
    shown: list[Child] = []
    before = -1e9
    for at, text in moments(across.first, across.last, zone, most=10) if across.last > across.first else ():
        x, half = across.at(at), width_of(text, FONT) / 2
        shown.append(h("line", x1=x, x2=x, y1=TOP - 4, y2=TOP + LANE * count))
        if x - half > before and x + half < WIDTH - RIGHT + 16:
            shown.append(h("text", text, x=x, y=TOP - 10, text_anchor="middle"))
            before = x + half + 8
    return group(shown, cls="axis")


def _now(across: Time, now: datetime, count: int) -> Child:
    if not across.first < now < across.last:
        return None
    x = across.at(now)
    return group(h("title", "now"), h("line", x1=x, x2=x, y1=TOP - 4, y2=TOP + LANE * count), cls="now")


def _lane(n: int, lane: str, events: Sequence[Event], across: Time, left: float) -> Markup:
    middle = TOP + LANE * n + LANE / 2
    together: list[list[Event]] = []
    for event in events:
        if together and across.at(event.at) - across.at(together[-1][0].at) < 2.5 * RADIUS:
            together[-1].append(event)
        else:
            together.append([event])
    marks = [_mark(one, across.at(one[0].at), middle) for one in together]
    return group(
        h("text", lane, x=left - 14, y=middle + 4, text_anchor="end", cls="name"),
        h("line", x1=left, x2=WIDTH - RIGHT + 8, y1=middle, y2=middle, cls="track"),
        _labels(together, across, middle, left), marks, cls="lane",
    )  # fmt: skip


def _later(n: int, events: Sequence[Event], zone: ZoneInfo) -> Child:
    """What is expected beyond the gap: one mark, with the first of its dates."""
    if not events:
        return None
    middle, x = TOP + LANE * n + LANE / 2, WIDTH - RIGHT + 44
    date = events[0].at.astimezone(zone)
    words = f"due {date:%-d %b}" + (f" +{len(events) - 1}" if len(events) > 1 else "")
    return [_mark(events, x, middle), h("text", words, x=x + 14, y=middle + 4, cls="label")]


def _gap(count: int) -> Markup:
    x = WIDTH - RIGHT + 20
    return group(
        h("line", x1=x, x2=x, y1=TOP - 4, y2=TOP + LANE * count), h("text", "later", x=x + 24, y=TOP - 10, text_anchor="middle"), cls="gap"
    )


def _mark(events: Sequence[Event], x: float, middle: float) -> Markup:
    kind = min((e.kind for e in events), key=lambda k: -_weight(k))
    shape = group(
        h("title", "; ".join(f"{e.at:%H:%M} {e.words}" for e in events[:TITLES_MAX]) + (" …" if len(events) > TITLES_MAX else "")), _shape(kind, x, middle),
        h("text", str(len(events)), x=x, y=middle + 3.5, text_anchor="middle", cls="many") if len(events) > 1 and kind != "case" else None,
        cls=f"event {kind}",
    )  # fmt: skip
    href = next((e.href for e in events if e.kind == kind), "")
    return h("a", shape, href=href) if href else shape


def _weight(kind: str) -> int:
    return ("superseded", "reversed", "expected", "fact", "command", "case", "missed").index(kind)


def _shape(kind: str, x: float, y: float) -> Markup:
    """Kinds differ in shape, not by colour alone."""
    r = RADIUS + 1
    if kind == "command":
        return h("path", d=f"M{x - r:g} {y - r:g}h{2 * r - 3:g}l3 {r:g}l-3 {r:g}h-{2 * r - 3:g}z")
    if kind == "case":
        return h("path", d=f"M{x:g} {y - r - 1:g}l{r + 1:g} {2 * r:g}h-{2 * r + 2:g}z")
    if kind in ("superseded", "reversed"):
        return h("rect", x=x - r + 1, y=y - r + 1, width=2 * r - 2, height=2 * r - 2)
    return h("circle", cx=x, cy=y, r=RADIUS)


def _labels(together: Sequence[Sequence[Event]], across: Time, middle: float, left: float) -> list[Markup]:
    """Words above the marks, as far as they find room before the next label; the marks say all in their titles."""
    shown: list[Markup] = []
    before = -1e9
    for one in together:
        text = one[0].words if len(one) == 1 else f"{one[0].words} +{len(one) - 1}"
        wide = width_of(text, FONT)
        x = max(min(across.at(one[0].at), WIDTH - RIGHT + 10 - wide / 2), left + wide / 2 - 4)
        if x - wide / 2 > before:
            shown.append(h("text", text, x=round(x, 1), y=middle - 10, text_anchor="middle", cls="label"))
            before = x + wide / 2 + 8
    return shown
