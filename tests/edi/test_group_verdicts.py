"""Functional acknowledgments: every received group is answered with what was found in it, by numbers without gaps, the same bytes for ever."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from edi_partner import Desk, sets_of, systems

from tieout.connectors import Numbers
from tieout.connectors.x12 import send
from tieout.core.command import Act, Command, Rejected
from tieout.core.values import Side, ref
from tieout.runtime.drop import drop
from tieout.runtime.numbers import numbered
from world import NOW, World

HEAD = "ISA*00*          *00*          *ZZ*BIGBOX         *ZZ*US             *260302*0900*U*00401*{control:09d}*0*P*>~"
GROUP = "GS*PO*BIGBOX*US*20260302*0900*{group}*X*004010~"
GOOD = "ST*850*{n:04d}~BEG*00*SA*PO-{n}**20260302~PO1*1*10*EA*2**VN*MUG~CTT*1~SE*5*{n:04d}~"


@pytest.fixture
def desk(world_of: Callable[..., World], tmp_path: Path) -> Desk:
    return Desk(world_of(systems=systems({"BIGBOX": {}})), tmp_path / "out")


def interchange(*sets: str, group: int = 7, control: int = 301, said: int | None = None, tail: int | None = None) -> bytes:
    """A group as a partner's own program wrote it, right or wrong."""
    text = HEAD.format(control=control) + GROUP.format(group=group) + "".join(sets)
    text += f"GE*{len(sets) if said is None else said}*{group if tail is None else tail}~IEA*1*{control:09d}~"
    return text.encode()


def one(n: int, *rows: str) -> str:
    """A set of these segments, counted."""
    return "~".join([f"ST*850*{n:04d}", *rows, f"SE*{len(rows) + 2}*{n:04d}"]) + "~"


LINE, END = "PO1*1*10*EA*2**VN*MUG", "CTT*1"
FIRST = one(1, "BEG*00*SA*PO-1**20260302", LINE, END)
CASES: dict[str, tuple[bytes, list[str]]] = {
    "accepted": (interchange(FIRST), ["AK2*850*0001", "AK5*A", "AK9*A*1*1*1"]),
    "accepted with an element noted": (
        interchange(one(1, "BEG*00*SA*PO-1**20260302", LINE, "N1*ST*STORE*9*X", END)),
        ["AK2*850*0001", "AK3*N1*4**8", "AK4*4**4*X", "AK5*E", "AK9*E*1*1*1"],
    ),
    "a date that is none": (
        interchange(FIRST, one(2, "BEG*00*SA*PO-2**20261399", LINE, END)),
        ["AK2*850*0001", "AK5*A", "AK2*850*0002", "AK3*BEG*2**8", "AK4*5**8*20261399", "AK5*R*5", "AK9*P*2*2*1"],
    ),
    "a quantity with a letter": (
        interchange(one(1, "BEG*00*SA*PO-1**20260302", "PO1*1*1O*EA*2**VN*MUG", END)),
        ["AK2*850*0001", "AK3*PO1*3**8", "AK4*2**6*1O", "AK5*R*5", "AK9*R*1*1*0"],
    ),
    "an element that must be there": (
        interchange(one(1, "BEG*00*SA***20260302", LINE, END)),
        ["AK2*850*0001", "AK3*BEG*2**8", "AK4*3**1", "AK5*R*5", "AK9*R*1*1*0"],
    ),
    "a segment that must be there": (interchange(one(1, LINE, END)), ["AK2*850*0001", "AK3*BEG*4**3", "AK5*R*5", "AK9*R*1*1*0"]),
    "a set nobody reads": (
        interchange(FIRST, "ST*888*0002~XX*1~SE*3*0002~"),
        ["AK2*850*0001", "AK5*A", "AK2*888*0002", "AK5*R*1", "AK9*P*2*2*1"],
    ),
    "a segment count that is wrong": (
        interchange(FIRST.replace("SE*5", "SE*9")), ["AK2*850*0001", "AK5*R*4", "AK9*R*1*1*0"],
    ),
    "a set that was counted and never came": (interchange(FIRST, said=2), ["AK2*850*0001", "AK5*A", "AK9*E*2*1*1*5"]),
    "head and tail of different groups": (interchange(FIRST, tail=8), ["AK2*850*0001", "AK5*A", "AK9*R*1*1*0*4"]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_was_found_in_a_group_is_what_its_sender_is_told(desk: Desk, name: str) -> None:
    raw, expected = CASES[name]
    desk.receive(raw)
    (sent,) = desk.dispatch().values()
    assert sets_of({"": sent})["997"] == ["AK1*PO*7", *expected], desk.reasons()
    assert desk.states("EAN") == {"EAN+ edi/group/BIGBOX:7 1": "confirmed"}
    assert desk.open("EAN", "EAK") == {"EAN": {}, "EAK": {}}
    assert read_by_another(sent) == ["ISA", "GS", "ST", "AK1", *(row[:3] for row in expected), "SE", "GE", "IEA"]


def read_by_another(raw: bytes) -> list[str]:
    """The segments that pyx12 finds, which must find no fault."""
    reader = pytest.importorskip("pyx12.x12file").X12Reader(io.StringIO(raw.decode()))
    names = [segment.get_seg_id() for segment in reader]
    reader.cleanup()
    assert reader.pop_errors() == []
    return names


def test_a_partner_who_begins_his_group_numbers_anew_is_answered_for_each(desk: Desk) -> None:
    desk.receive(interchange(FIRST, group=1, control=301))
    assert list(sets_of(desk.dispatch())) == ["997"]
    broken = one(1, "BEG*00*SA*PO-2**20261399", LINE, END)
    desk.receive(interchange(one(1, "BEG*00*SA*PO-3**20260302", LINE, END), group=1, control=302))
    desk.receive(interchange(broken, group=1, control=303))
    assert desk.open("EAN") == {"EAN": {"edi/group/BIGBOX:1  DOC": 2}}
    told = [rows[-1] for rows in sets_of({**desk.dispatch(), **desk.dispatch()}).values()]
    assert told == ["AK9*A*1*1*1", "AK9*R*1*1*0"]
    assert desk.open("EAN") == {"EAN": {}}
    assert set(desk.states("EAN").values()) == {"confirmed"} and len(desk.states("EAN")) == 3


def test_the_same_interchange_again_is_answered_once(desk: Desk) -> None:
    desk.receive(interchange(FIRST), times=3)
    assert len(desk.dispatch()) == 1
    assert desk.dispatch() == {}


def test_an_acknowledgment_is_never_acknowledged(desk: Desk) -> None:
    desk.receive(interchange("ST*997*0001~AK1*PR*1~AK9*A*1*1*1~SE*4*0001~").replace(b"GS*PO", b"GS*FA"))
    assert desk.dispatch() == {}


def test_numbers_have_no_gap_and_a_number_means_the_same_bytes_for_ever(desk: Desk, tmp_path: Path) -> None:
    for control in range(301, 309):
        desk.receive(interchange(FIRST.replace("PO-1", f"PO-{control}"), group=control, control=control))
    sent = desk.dispatch()
    controls = sorted(raw.decode().split("*")[13] for raw in sent.values())
    assert controls == [f"{n:09d}" for n in range(1, 9)]
    (again,) = numbered(desk.world.connection, "ZZ:US", "ZZ:BIGBOX", 5)
    assert again.raw == sent[again.file]
    (tmp_path / "again").mkdir()
    drop(tmp_path / "again", again.file, again.raw)
    assert (tmp_path / "again" / again.file).read_bytes() == sent[again.file]


@pytest.mark.parametrize("said", ["BEG 2", "BEG 2 8, 5:8:2*2", "x 2 8"])
def test_errors_that_are_none_are_not_written(desk: Desk, said: str) -> None:
    data = {"functional": "PO", "status": "R", "sets": "850/0001 R 5", "accepted": "0", "errors 850/0001": said}
    asked = Command(Act.ACKNOWLEDGE_GROUP, "edi", "EAN", Side.DEBIT, ref("edi", "group", "BIGBOX:7"), 1, data=data)
    answer = send.document(asked, desk.world.systems["edi"], Numbers(1, 1, 1, NOW))
    assert isinstance(answer, Rejected) and "The data `errors 850/0001` holds" in answer.reason
