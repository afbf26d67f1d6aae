"""Graphs: no two boxes or labels lie on each other, the main way is straight, sixty boxes are placed in less than a tenth of a second."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree

import pytest

from tieout.console.graph.draw import Card, Link, draw, place
from tieout.console.graph.layout import Arrow, Box, Layout, layout


def tangle(count: int, seed: int) -> tuple[list[Card], list[Link]]:
    """A main way of so many steps, with as many ways round some of them, forth and back, as half of that."""
    dice = random.Random(seed)
    cards = [Card(f"s{n}", (f"step {n} " + "x" * dice.randint(0, 18), "erp, 3 open")) for n in range(count)]
    links = [Link(f"s{n}", f"s{n + 1}", ("then",), is_main=True) for n in range(count - 1)]
    for _ in range(count // 2):
        tail = dice.randrange(count)
        links.append(Link(f"s{tail}", f"s{min(max(tail + dice.randint(-4, 6), 0), count - 1)}", ("by way of",)))
    return cards, links


def meetings(found: Layout) -> list[tuple[str, str]]:
    spots = [*found.boxes.items(), *((f"label {n}", way.label) for n, way in enumerate(found.ways) if way.label)]
    return [(a, b) for n, (a, one) in enumerate(spots) for b, two in spots[n + 1 :] if one.meets(two)]


@pytest.mark.parametrize("seed", range(6))
def test_nothing_lies_on_anything(seed: int) -> None:
    assert meetings(place(*tangle(24, seed))) == []
    assert meetings(place(*tangle(24, seed), down=True)) == []


def test_the_main_way_is_straight_and_runs_to_the_right() -> None:
    cards, links = tangle(9, 3)
    found = place(cards, [link for link in links if link.is_main] + [Link("s1", "s4", ("skips",)), Link("s5", "s2", ("back",))])
    way = [found.boxes[card.name] for card in cards]
    assert [spot.x for spot in way] == sorted(spot.x for spot in way)
    assert max(spot.y for spot in way) - min(spot.y for spot in way) < 25


def test_sixty_boxes_take_less_than_a_tenth_of_a_second() -> None:
    spent = []
    for seed in (11, 12, 13):
        cards, links = tangle(60, seed)
        began = time.process_time()
        draw("big", "Sixty", "", cards, links)
        spent.append(time.process_time() - began)
    assert sorted(spent)[1] < 0.1


def test_threads_that_draw_at_the_same_time_get_their_own_graphs() -> None:
    wanted = [tuple(Box(f"b{k}-{n}", 40 + k, 20) for n in range(6)) for k in range(24)]
    arrows = [tuple(Arrow(f"b{k}-{n}", f"b{k}-{n + 1}") for n in range(5)) for k in range(24)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(layout, wanted, arrows))
    for boxes, one in zip(wanted, found, strict=True):
        assert set(one.boxes) == {box.name for box in boxes}
        assert len(one.ways) == 5


def test_the_drawing_is_links_in_reading_order_with_words_inside_their_boxes() -> None:
    cards = [Card("a", ("Draft <1>",), "clear", "/lifecycles/x#a", "Draft: nothing open"), Card("b", ("Booked",), "overdue", "/b")]
    root = ElementTree.fromstring(draw("g", "A graph", "Draft, then booked", cards, [Link("a", "b", ("order booked",), is_main=True)]))
    assert [a.get("href") for a in root.iter("a")] == ["/lifecycles/x#a", "/b"]
    assert root.get("role") == "group", "an image would hide its links"
    for link in root.iter("a"):
        rect, text = next(link.iter("rect")), next(link.iter("text"))
        left, wide = float(rect.get("x", 0)), float(rect.get("width", 0))
        assert left < float(text.get("x", 0)) < left + wide
        assert float(rect.get("y", 0)) < float(text.get("y", 0)) < float(rect.get("y", 0)) + float(rect.get("height", 0))
    box = [float(n) for n in root.get("viewBox", "").split()]
    assert all(float(r.get("x", 0)) >= 0 and float(r.get("x", 0)) + float(r.get("width", 0)) <= box[2] for r in root.iter("rect"))


def test_an_arrow_to_nowhere_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="leads to no box"):
        layout((Box("a", 10, 10),), (Arrow("a", "b"),))
