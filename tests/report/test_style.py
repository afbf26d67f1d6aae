"""The colours of the page can be read, in the light and in the dark."""

import re
from importlib.resources import files

import pytest

STYLE = files("tieout.report").joinpath("style.css").read_text("utf-8")
TEXTS = ("ink", "soft", "overdue", "pending-ink", "clear", "link")
SURFACES = ("paper", "card", "wash")
READABLE = 4.5
"""The least contrast of text by WCAG 2, level AA."""
VISIBLE = 1.12
"""The least contrast of a box to what it stands on, so that it is seen as one."""


def palette(mode: str) -> dict[str, str]:
    light, dark = re.findall(r":root \{(.*?)\}", STYLE, re.S)[:2]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", light if mode == "light" else dark))


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_every_text_can_be_read_on_every_surface(mode: str) -> None:
    colours = palette(mode)
    pairs = [(text, surface) for text in TEXTS for surface in SURFACES]
    pairs += [("ink", f"{state}-wash") for state in ("overdue", "pending", "clear")]
    assert {
        pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2) for pair in pairs if contrast(*map(colours.get, pair)) < READABLE
    } == {}


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_boxes_are_seen_on_what_they_stand_on(mode: str) -> None:
    colours = palette(mode)
    assert all(contrast(colours[box], colours["card"]) > VISIBLE for box in ("wash", "line"))


def test_the_bar_has_the_colours_of_its_legend() -> None:
    for part in ("tied_out", "in_time", "exceptions"):
        (bar,) = re.findall(rf"\.bar \.{part} \{{ fill: (var\(--\w+\));(.*?)\}}", STYLE)
        (dot,) = re.findall(rf"\.dot\.{part}[^{{]*\{{ background: (var\(--\w+\))", STYLE)
        assert bar == (dot, " ")
