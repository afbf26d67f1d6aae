"""Drills in which Tieout tells the systems what to do: what is found, how soon, and that nothing else is."""

from pathlib import Path

from drilling import driven, thick, told

from servers import Server
from tieout.simulate.mix import Share
from tieout.simulate.world import World


def test_what_goes_wrong_is_visible_seconds_after_it_could_be_known(server: Server, tmp_path: Path) -> None:
    mix = [Share("command_refused", 0.3, {}), *(share for share in thick(10) if share.kind in ("lost", "negative_stock", "price_differs"))]
    grade = driven(server, tmp_path, World("soon", 1, 20, mix, is_driven=True))
    assert grade.is_clean, told(grade)
    assert grade.kinds["command_refused"].found > 2
    assert max(kind.written()["p95_visible_s"] or 0 for kind in grade.kinds.values()) <= 5


def test_a_feed_that_falls_silent_in_a_small_world_is_shown_until_it_has_caught_up(server: Server, tmp_path: Path) -> None:
    grade = driven(server, tmp_path, World("3", 2, 2, [Share("feed_silent", 1.0, {"system": "carrier", "days": 3})], is_driven=True))
    assert grade.is_clean, told(grade)
    assert grade.kinds["feed_silent"].cleared == 1
