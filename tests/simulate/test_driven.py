"""Drills in which Tieout tells the systems what to do: what is found, how soon, and that nothing else is."""

import re
from collections.abc import Sequence
from pathlib import Path

from drilling import driven, thick, told

from servers import Server
from tieout.app import opened
from tieout.simulate.drill import Drill, make_project
from tieout.simulate.driving import OUTBOX, drive_project, sending
from tieout.simulate.endpoints import Endpoints, serving
from tieout.simulate.loop import Loop, play
from tieout.simulate.mix import Share
from tieout.simulate.player import Within
from tieout.simulate.scenario import Step
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


EDI = (
    "customer_silent", "customer_rejects", "change_after_shipment", "customer_price_differs", "pieces_for_cases", "wrong_count", "truncated",
    "duplicated_new_control", "order_again_new_number", "short_shipment",
)  # fmt: skip


def by_edi(seed: str) -> World:
    """A world in which much goes wrong with EDI customers."""
    return World(seed, 2, 40, [share for share in thick(12) if share.kind in EDI], is_driven=True)


def test_customers_are_told_what_is_true_and_once(server: Server, tmp_path: Path) -> None:
    grade = driven(server, tmp_path, by_edi("told"))
    assert grade.is_clean, told(grade)
    assert min(grade.documents[code] for code in ("855", "856", "810", "997")) > 4, grade.documents
    assert grade.kinds["customer_silent"].found + grade.kinds["customer_rejects"].found > 0


MEDDLED = {
    "855": (rb"(PO1.1.)(\d+)", rb"\g<1>9\2"), "856": (rb"(SN1.1.)(\d+)", rb"\g<1>9\2"), "810": (rb"(TDS.)(\d+)", rb"\g<1>9\2"),
    "997": (rb"(AK9.)A", rb"\1R"),
}  # fmt: skip
"""By set what is written otherwise in the first document, and how: a quantity, a total, a verdict."""


class Meddling(Within):
    """A Tieout whose documents do not reach the partner as they were written: one of each set is changed, and one comes twice."""

    def play(self, steps: Sequence[Step], at: int) -> bool:
        is_busy = super().play(steps, at)
        for path in sorted(set((self.root / OUTBOX).iterdir()) - seen):
            raw = path.read_bytes()
            code = re.search(rb"[~\n]ST.(\d+)", raw)[1].decode()
            if code in left:
                path.write_bytes(re.sub(*left.pop(code), raw, count=1))
            elif code == "810" and not any("-again" in each.name for each in seen):
                path.with_name(f"{path.name}-again").write_bytes(raw)
            seen.update((self.root / OUTBOX).iterdir())
        return is_busy


seen: set[Path] = set()
left = dict(MEDDLED)


def test_a_document_that_says_what_is_not_so_or_comes_twice_is_told(server: Server, tmp_path: Path) -> None:
    database = server.make(migrated=False)
    world = by_edi("meddled")
    try:
        make_project(tmp_path, database.conninfo, database.schema)
        loop = Loop.of(world, tmp_path)
        with serving(Endpoints(loop.books)) as url:
            drive_project(tmp_path, url)
            with opened(tmp_path) as project, sending(project) as out:
                grade = play(Drill(world, tmp_path, 1800), loop, Meddling(project, tmp_path, out))
    finally:
        server.drop(database)
    assert not grade.is_clean
    wrong = sorted(map(str, grade.wrong_documents))
    assert [text[:3] for text in wrong] == ["810", "810", "810", "855", "856", "997"], wrong
    for said in ("total in cents", "is told 2 times", "is interchange", "has ordered in", "its goods is", "is answered R"):
        assert any(said in text for text in wrong), (said, wrong)
