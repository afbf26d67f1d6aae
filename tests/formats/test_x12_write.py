"""Written X12: what our reader and pyx12 find in it, and what is refused before a byte leaves."""

import io
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieout.formats.x12 import (
    CONTROL_MAX,
    Delimiters,
    Envelope,
    Fault,
    GroupDraft,
    Interchange,
    SetDraft,
    Unwritable,
    cut,
    parse,
    read_set,
    write,
)
from tieout.formats.x12.elements import SEGMENTS, elements
from tieout.formats.x12.write import MARKS, NO_ELEMENT_MARK, OWN

MADE = datetime(2025, 6, 10, 8, 5)
PLAIN = Envelope("ZZ", "CUPLINE", "ZZ", "BIGBOX", 5002)
BODY = (("BAK", "00", "AD", "4500884", "20250610"), ("PO1", "1", "40", "EA", "25.00", "PE", "VN", "KETTLE"), ("CTT", "1"))


def letter(rows: tuple[tuple[str, ...], ...] = BODY, envelope: Envelope = PLAIN, code: str = "855") -> bytes:
    return write(envelope, [GroupDraft("PR", 17, (SetDraft(code, 1, rows),))], MADE)


def refused(rows: tuple[tuple[str, ...], ...] = BODY, envelope: Envelope = PLAIN) -> Fault:
    with pytest.raises(Unwritable) as caught:
        letter(rows, envelope)
    return caught.value.fault


def test_an_interchange_is_written_as_the_standard_has_it() -> None:
    assert letter().decode() == (
        "ISA*00*          *00*          *ZZ*CUPLINE        *ZZ*BIGBOX         *250610*0805*U*00401*000005002*0*P*>~"
        "GS*PR*CUPLINE*BIGBOX*20250610*0805*17*X*004010~"
        "ST*855*0001~BAK*00*AD*4500884*20250610~PO1*1*40*EA*25.00*PE*VN*KETTLE~CTT*1~SE*5*0001~GE*1*17~IEA*1*000005002~"
    )


def test_from_version_00402_on_isa11_is_the_repetition_separator() -> None:
    later = Envelope("ZZ", "CUPLINE", "ZZ", "BIGBOX", 1, version="005010")
    found = parse(letter(envelope=later))
    assert isinstance(found, Interchange)
    assert (found.header.version, found.header.delimiters.repetition) == ("00501", b"^")
    assert refused((("REF", "VN", "A^B"),), later).rule == "x12/write-delimiter-in-data"
    assert b"A^B" in letter((("REF", "VN", "A^B"),))


@pytest.mark.parametrize(
    ("row", "rule", "place", "reason"),
    [
        (("N1", "ST", "A*B"), "delimiter-in-data", "segment 2 (N1), element 2", "N102 holds '*', which separates"),
        (("N1", "ST", "A~B"), "delimiter-in-data", "segment 2 (N1), element 2", "N102 holds '~'"),
        (("N1", "ST", "Zürich"), "character-set", "segment 2 (N1), element 2", "N102 holds 'ü', which X12 has no character for"),
        (("N1", "ST", "A\nB"), "character-set", "segment 2 (N1), element 2", "N102 holds '\\n'"),
        (("N4", "Chicago", "ILL"), "element", "segment 2 (N4), element 2", "N402 is 'ILL': 3 characters, 2 are allowed"),
        (("BAK", "00", "AD", "1" * 23, "20250610"), "element", "segment 2 (BAK), element 3", "23 characters, 1 to 22"),
        (("BAK", "00", "AD", "1", "20250231"), "element", "segment 2 (BAK), element 4", "BAK04 cannot be written: '20250231' is not a day"),
        (("BAK", "00", "AD", "", "20250610"), "element", "segment 2 (BAK), element 3", "BAK03 is missing"),
        (("BAK", "00", "AD"), "element", "segment 2 (BAK), element 3", "BAK03 is missing"),
        (("PO1", "1", "4O", "EA"), "element", "segment 2 (PO1), element 2", "PO102 is '4O', not a decimal number"),
        (("TDS", "12.50"), "element", "segment 2 (TDS), element 1", "TDS01 is '12.50', not a whole number"),
        (("CTT", "1", "2", "3"), "element", "segment 2 (CTT), element 3", "CTT has 3 elements, 2 are known"),
        (("ZZZ", "x" * 81), "element", "segment 2 (ZZZ), element 1", "ZZZ01 has 81 characters, 80 are allowed"),
        (("SE", "1", "1"), "segment-name", "segment 2 (SE)", "SE belongs to the envelope"),
        (("po1", "1"), "segment", "segment 2 (po1)", "is no segment name"),
        (("CTT", " "), "segment", "segment 2 (CTT)", "has no elements"),
    ],
)
def test_what_a_partner_could_not_read_is_refused_by_element(row: tuple[str, ...], rule: str, place: str, reason: str) -> None:
    fault = refused((row,))
    assert (fault.rule, fault.place) == (f"x12/write-{rule}", f"set 855, {place}")
    assert reason in fault.reason and fault.reason.endswith(".")
    assert fault.next_step == "Correct this value where it comes from; nothing was sent."


@pytest.mark.parametrize(
    ("changed", "element"),
    [
        ({"receiver": "SIXTEENCHARACTER"}, 8),
        ({"receiver": ""}, 8),
        ({"sender": "A*B"}, 6),
        ({"sender_qualifier": "Z"}, 5),
        ({"usage": "X"}, 15),
        ({"version": "4010"}, 12),
        ({"control": 0}, 13),
        ({"control": CONTROL_MAX + 1}, 13),
        ({"delimiters": Delimiters(b"*", b"*", b"~")}, 16),
        ({"delimiters": Delimiters(b".", b">", b"~")}, 16),
        ({"delimiters": Delimiters(b"\n", b">", b"~")}, 16),
        ({"delimiters": Delimiters(b"\\", b">", b"~")}, 16),
    ],
)
def test_a_header_that_is_not_fixed_width_is_never_written(changed: dict[str, object], element: int) -> None:
    told = {name: getattr(PLAIN, name) for name in PLAIN.__struct_fields__} | changed
    assert refused(envelope=Envelope(**told)).place == f"interchange, segment 1 (ISA), element {element}".replace(
        "segment 1 (ISA), element 13", "ISA, element 13"
    )


@pytest.mark.parametrize("count", [0, 10_001])
def test_a_group_has_a_bounded_number_of_sets(count: int) -> None:
    with pytest.raises(Unwritable, match="A group has 1 to 10,000 transaction sets"):
        write(PLAIN, [GroupDraft("PR", 1, (SetDraft("855", 1, BODY),) * count)], MADE)


def test_every_segment_of_the_dictionary_is_understood() -> None:
    for name, shape in SEGMENTS.items():
        found = elements(name)
        assert found is not None and len(found) == len(shape.split())
        assert all(1 <= each.least <= each.most for each in found)


texts = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)
names = st.from_regex(r"[A-Z][A-Z0-9]{1,2}", fullmatch=True).filter(lambda name: name not in OWN and name not in SEGMENTS)
bodies = st.lists(st.tuples(names, st.lists(texts, min_size=1, max_size=6)), min_size=1, max_size=6)
marks = st.permutations(sorted(MARKS)).map(lambda found: found[:4]).filter(lambda found: found[0] != NO_ELEMENT_MARK)
identifiers = st.from_regex(r"[A-Z0-9]([A-Z0-9 -]{0,13}[A-Z0-9])?", fullmatch=True)
controls = st.integers(1, CONTROL_MAX)


@given(
    st.lists(bodies, min_size=1, max_size=3),
    marks,
    st.booleans(),
    identifiers,
    identifiers,
    controls,
    controls,
    st.sampled_from(["004010", "005010"]),
)
def test_what_is_written_is_what_is_read(
    sets: list[list[tuple[str, list[str]]]], marks: list[str], by_line: bool, sender: str, receiver: str, control: int, group: int, version: str
) -> None:
    element, component, end, repetition = (mark.encode() for mark in marks)
    delimiters = Delimiters(element, component, b"\n" if by_line else end, repetition)
    envelope = Envelope("ZZ", sender, "01", receiver, control, version=version, delimiters=delimiters, group_sender="WE", group_receiver="YOU")
    rows = [[(name, *row) for name, row in body] for body in sets]
    drafts = tuple(SetDraft("855", number, tuple(body)) for number, body in enumerate(rows, 1))
    kept = [[tuple(text.rstrip(" ") for text in row) for row in body] for body in rows]
    forbidden = set(delimiters.element + component + delimiters.terminator + (repetition if version > "00402" else b""))
    clean = all(any(row[1:]) and not forbidden & set("".join(row).encode()) for body in kept for row in body)
    try:
        raw = write(envelope, [GroupDraft("PR", group, drafts)], MADE)
    except Unwritable:
        assert not clean
        return
    assert clean

    (piece,) = cut(io.BytesIO(raw), len(raw))
    assert (piece.raw, piece.fault) == (raw, None)
    found = parse(raw)
    assert isinstance(found, Interchange)
    assert found.faults == () and [each.faults for each in found.groups] == [()]
    assert (found.header.sender, found.header.receiver, int(found.header.control)) == (sender, receiver, control)
    assert found.header.delimiters == Delimiters(element, component, delimiters.terminator, repetition if version > "00402" else b"")
    (one,) = found.groups
    assert (one.code, one.sender, one.receiver, int(one.control), one.version) == ("PR", "WE", "YOU", group, version)
    assert [each.faults for each in one.sets] == [()] * len(sets)
    for transaction, body in zip(one.sets, kept, strict=True):
        segments = read_set(found, transaction)
        assert isinstance(segments, list)
        assert [trimmed(segment.elements) for segment in segments[1:-1]] == [trimmed(list(row)) for row in body]


def trimmed(row: list[str]) -> list[str]:
    while row and not row[-1]:
        row = row[:-1]
    return row


@pytest.mark.parametrize("delimiters", [Delimiters(b"*", b">", b"~", b"^"), Delimiters(b"|", b":", b"\n", b"^")])
@pytest.mark.parametrize("version", ["004010", "005010"])
def test_another_reader_finds_no_fault_in_it(delimiters: Delimiters, version: str) -> None:
    x12file = pytest.importorskip("pyx12.x12file")
    envelope = Envelope("ZZ", "CUPLINE", "ZZ", "BIGBOX", 7, version=version, delimiters=delimiters)
    tree = (("HL", "1", "", "S", "1"), ("HL", "2", "1", "O", "1"), ("HL", "3", "2", "I", "0"), ("CTT", "3"))
    sets = (SetDraft("855", 1, BODY), SetDraft("856", 2, (("BSN", "00", "SH-1", "20250610", "0805", "0004"), *tree)))
    raw = write(envelope, [GroupDraft("PR", 17, sets), GroupDraft("SH", 18, sets)], MADE)

    reader = x12file.X12Reader(io.StringIO(raw.decode()))
    found = [segment.format() for segment in reader]
    reader.cleanup()

    assert reader.pop_errors() == []
    assert len(found) == raw.count(delimiters.terminator)
