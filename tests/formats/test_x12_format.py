"""X12 syntax: delimiters, envelopes, numbers, hierarchy, cutting a stream; every fault is a value."""

import io
import tracemalloc
from datetime import date, time
from decimal import Decimal

import pytest

from tieout.formats.x12 import (
    Fault,
    Interchange,
    Weight,
    components,
    cut,
    describe,
    n_decimal,
    parse,
    r_decimal,
    read_date,
    read_levels,
    read_set,
    read_time,
    repetitions,
)

LIMIT = 1024 * 1024


def isa(control: int = 1, *, version: str = "00401", repetition: str = "U", component: str = ">") -> str:
    sender, receiver = f"{'BUYER':<15}", f"{'TIEOUT':<15}"
    head = f"ISA*00*          *00*          *ZZ*{sender}*ZZ*{receiver}*240105*0930"
    return f"{head}*{repetition}*{version}*{control:09d}*1*P*{component}"


ORDER = ["ST*850*0001", "BEG*00*SA*PO1**20240105", "PO1*1*2*EA*1.00", "SE*4*0001"]


def interchange(*sets: list[str], control: int = 1, end: str = "~", groups: int = 1) -> bytes:
    inner = [segment for each in sets for segment in each]
    segments = [isa(control), "GS*PO*BUYER*TIEOUT*20240105*0930*7*X*004010", *inner, f"GE*{len(sets)}*7"]
    segments.append(f"IEA*{groups}*{control:09d}")
    return "".join(segment + end for segment in segments).encode()


def read(raw: bytes) -> Interchange:
    found = parse(raw)
    assert isinstance(found, Interchange), found
    return found


def names(found: Interchange, at: int = 0) -> list[str]:
    segments = read_set(found, found.groups[0].sets[at])
    assert isinstance(segments, list), segments
    return [segment.name for segment in segments]


def rules(raw: bytes) -> list[tuple[str, str]]:
    found = read(raw)
    faults = [*found.faults, *(f for g in found.groups for f in (*g.faults, *(f for s in g.sets for f in s.faults)))]
    return [(fault.rule, fault.code) for fault in faults]


@pytest.mark.parametrize("end", ["~", "~\n", "~\r\n", "\n", "\r\n", "\r", "'", "\x1c", "…", "~\n\n  "])
def test_the_character_after_isa16_ends_segments_and_line_ends_around_it_do_not_matter(end: str) -> None:
    found = read(interchange(ORDER, end=end))
    assert names(found) == ["ST", "BEG", "PO1", "SE"]
    assert found.faults == () and found.groups[0].faults == ()


def test_delimiters_come_from_the_header_itself() -> None:
    raw = interchange(ORDER).replace(b"*", b"|").replace(b"~", b"!")
    found = read(raw)
    assert names(found) == ["ST", "BEG", "PO1", "SE"]
    assert found.header.delimiters.element == b"|"
    assert found.header.delimiters.terminator == b"!"
    assert components("A>B", found.header.delimiters) == ["A", "B"]


def test_isa11_repeats_elements_only_since_00402_and_if_it_is_no_letter() -> None:
    for version, mark, expected in [("00501", "^", b"^"), ("00401", "^", b""), ("00501", "U", b"")]:
        raw = interchange(ORDER).replace(isa().encode(), isa(version=version, repetition=mark).encode())
        assert read(raw).header.delimiters.repetition == expected
    raw = interchange(ORDER).replace(isa().encode(), isa(version="00501", repetition="^").encode())
    assert repetitions("A^B", read(raw).header.delimiters) == ["A", "B"]


def test_a_file_wrapped_at_80_columns_reads_like_the_original() -> None:
    raw = interchange(ORDER)
    wrapped = b"\r\n".join(raw[at : at + 80] for at in range(0, len(raw), 80))
    found, plain = read(wrapped), read(raw)
    assert found.tokens.texts[1:] == plain.tokens.texts[1:]
    assert found.header.control == plain.header.control and found.header.faults == ()
    assert [piece.raw for piece in cut(io.BytesIO(wrapped), LIMIT)] == [wrapped]


def test_a_line_end_inside_a_segment_is_dropped_whether_or_not_lines_end_segments() -> None:
    for end in ("~", "~\n", "~\r\n"):
        raw = interchange(ORDER, end=end).rstrip(b"\r\n").replace(b"PO1*1", b"PO1\n*1")
        found = read(raw)
        segments = read_set(found, found.groups[0].sets[0])
        assert isinstance(segments, list)
        assert segments[2].elements == ["PO1", "1", "2", "EA", "1.00"]


def test_every_segment_knows_its_place_and_its_byte() -> None:
    raw = interchange(ORDER, end="~\r\n")
    found = read(raw)
    segments = read_set(found, found.groups[0].sets[0])
    assert isinstance(segments, list)
    assert [segment.index for segment in segments] == [1, 2, 3, 4]
    for segment in segments:
        assert raw[segment.byte :].startswith("*".join(segment.elements).encode())


def test_text_in_utf8_or_latin1_keeps_byte_offsets() -> None:
    raw = interchange(["ST*850*0001", "N1*BY*Müller", "PO1*1*2*EA", "SE*4*0001"])
    for encoded in (raw, raw.decode().encode("latin-1")):
        found = read(encoded)
        segments = read_set(found, found.groups[0].sets[0])
        assert isinstance(segments, list)
        assert segments[1].get(2) == "Müller"
        assert encoded[segments[2].byte :].startswith(b"PO1*1")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"IEA*1*000000001", b"IEA*1*000000002", ("x12/iea-control", "TA1:001")),
        (b"IEA*1*", b"IEA*2*", ("x12/iea-count", "TA1:021")),
        (b"IEA*1*000000001~", b"", ("x12/iea-missing", "TA1:023")),
        (b"GE*1*7", b"GE*1*8", ("x12/ge-control", "AK9:4")),
        (b"GE*1*7", b"GE*2*7", ("x12/ge-count", "AK9:5")),
        (b"GE*1*7~", b"", ("x12/ge-missing", "AK9:3")),
        (b"SE*4*0001", b"SE*4*0002", ("x12/se-control", "AK5:3")),
        (b"SE*4*0001", b"SE*5*0001", ("x12/se-count", "AK5:4")),
        (b"SE*4*0001~", b"", ("x12/se-missing", "AK5:2")),
        (b"ST*850*0001", b"ST*85*0001", ("x12/st-code", "AK5:6")),
    ],
)
def test_envelopes_that_disagree_are_named_with_their_acknowledgment_code(old: bytes, new: bytes, expected: tuple[str, str]) -> None:
    raw = interchange(ORDER)
    assert old in raw
    assert expected in rules(raw.replace(old, new))


def test_sound_envelopes_have_no_fault() -> None:
    assert rules(interchange(ORDER)) == []


def test_control_numbers_agree_as_numbers() -> None:
    assert rules(interchange(ORDER).replace(b"GE*1*7", b"GE*1*0007")) == []


def test_a_broken_set_does_not_spoil_its_siblings() -> None:
    broken = ["ST*850*0002", "BEG*00*SA*PO2**20240105", "SE*9*0002"]
    third = [segment.replace("0001", "0003") for segment in ORDER]
    found = read(interchange(ORDER, broken, third))
    assert [bool(each.faults) for each in found.groups[0].sets] == [False, True, False]
    assert names(found, 0) == names(found, 2) == ["ST", "BEG", "PO1", "SE"]
    refused = read_set(found, found.groups[0].sets[1])
    assert isinstance(refused, Fault)
    assert (refused.place, refused.rule, refused.weight) == ("segment 3 (SE), element 1", "x12/se-count", Weight.FATAL)


def test_a_control_number_that_stands_twice_in_a_group_refuses_the_second_set() -> None:
    found = read(interchange(ORDER, ORDER))
    assert [[fault.rule for fault in each.faults] for each in found.groups[0].sets] == [[], ["x12/st-twice"]]


def test_a_bad_segment_name_refuses_only_its_set() -> None:
    found = read(interchange(["ST*850*0001", "Nonsense*1", "SE*3*0001"]))
    refused = read_set(found, found.groups[0].sets[0])
    assert isinstance(refused, Fault)
    assert (refused.rule, refused.place) == ("x12/segment-name", "segment 2 (Nonsense)")


def test_ta1_may_stand_without_any_group() -> None:
    raw = f"{isa()}~TA1*000000009*240105*0930*A*000~IEA*0*000000001~".encode()
    found = read(raw)
    assert found.groups == () and found.faults == ()
    assert found.acknowledgments[0].get(1) == "000000009"
    assert describe(raw).interchanges[0].acknowledges == ("000000009 A 000",)


def test_an_interchange_without_groups_is_sound() -> None:
    assert rules(f"{isa()}~IEA*0*000000001~".encode()) == []


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (b"ISA*00*", "x12/isa-elements"),
        (isa().encode(), "x12/isa-truncated"),
        ((isa() + "G").encode(), "x12/isa-terminator"),
        ((isa() + ">").encode(), "x12/isa-terminator"),
        (isa().replace("240105", "249905").encode() + b"~", "x12/isa-element"),
        (isa().replace("000000001", "00000000X").encode() + b"~", "x12/isa-element"),
        ((isa(component="~") + "\nGS*PO*A*B~\n").encode(), "x12/isa-component"),
    ],
)
def test_a_header_that_cannot_be_read_is_a_fault(raw: bytes, rule: str) -> None:
    found = parse(raw)
    assert isinstance(found, Fault)
    assert found.rule == rule


def test_a_header_that_is_not_fixed_width_is_read_with_a_note() -> None:
    raw = interchange(ORDER).replace(b"BUYER          ", b"BUYER", 1)
    found = read(raw)
    assert found.header.sender == "BUYER"
    assert [(fault.rule, fault.weight) for fault in found.faults] == [("x12/isa-width", Weight.NOTE)]
    assert describe(raw).valid


def test_a_stream_is_cut_into_interchanges_and_what_is_none() -> None:
    one, two, three = (interchange(ORDER, control=n, end="~\n") for n in (1, 2, 3))
    stream = one + b"\r\n\r\n" + two + b"hello there\n" + three + b"\x1a"
    pieces = list(cut(io.BytesIO(stream), LIMIT))
    assert [(piece.raw, piece.fault is None) for piece in pieces] == [
        (one.rstrip(b"\n"), True),
        (two.rstrip(b"\n"), True),
        (b"\nhello there\n", False),
        (three.rstrip(b"\n"), True),
    ]
    assert all(stream[piece.byte :].startswith(piece.raw) for piece in pieces)
    assert [piece.line for piece in pieces] == [1, 11, 18, 20]


def test_an_interchange_without_iea_ends_where_the_next_begins() -> None:
    first = interchange(ORDER, control=1).replace(b"IEA*1*000000001~", b"")
    second = interchange(ORDER, control=2)
    assert [piece.raw for piece in cut(io.BytesIO(first + second), LIMIT)] == [first, second]


class Trickle(io.RawIOBase):
    def __init__(self, raw: bytes) -> None:
        self.rest = raw

    def read(self, size: int = -1) -> bytes:
        part, self.rest = self.rest[:7], self.rest[7:]
        return part


def test_cutting_does_not_depend_on_the_pieces_in_which_the_stream_arrives() -> None:
    stream = b"junk\n" + b"\n".join(interchange(ORDER, control=n, end="~\r\n") for n in range(1, 4)) + b"tail"
    assert list(cut(Trickle(stream), LIMIT)) == list(cut(io.BytesIO(stream), LIMIT))  # type: ignore[arg-type]


class Endless(io.RawIOBase):
    def __init__(self, head: bytes, size: int) -> None:
        self.head, self.size = head, size

    def read(self, size: int = -1) -> bytes:
        part = self.head or b"A" * min(size, self.size)
        self.head = b""
        self.size -= len(part)
        return part if self.size > 0 else b""


def test_200_megabytes_without_a_terminator_are_refused_in_bounded_memory() -> None:
    tracemalloc.start()
    pieces = list(cut(Endless((isa() + "~GS*PO").encode(), 200 * 1024 * 1024), LIMIT))  # type: ignore[arg-type]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [(piece.fault.rule if piece.fault else "", len(piece.raw)) for piece in pieces] == [("x12/too-long", LIMIT)]
    assert pieces[0].length > 199 * 1024 * 1024
    assert peak < 16 * 1024 * 1024


def test_too_long_segments_too_many_elements_and_too_many_segments_are_refused() -> None:
    long = parse(interchange(["ST*850*0001", "MSG*" + "x" * 100_001, "SE*3*0001"]))
    assert isinstance(long, Fault) and long.rule == "x12/too-large"
    wide = read(interchange(["ST*850*0001", "MSG" + "*" * 1_001, "SE*3*0001"]))
    refused = read_set(wide, wide.groups[0].sets[0])
    assert isinstance(refused, Fault) and refused.rule == "x12/too-large"
    many = parse(f"{isa()}~".encode() + b"~" * 1_000_001)
    assert isinstance(many, Fault) and many.rule == "x12/too-large"


@pytest.mark.parametrize(
    ("raw", "rule", "words"),
    [
        (b'{"a": "ISA*00*"}', "x12/not-x12", "JSON"),
        (b"\xef\xbb\xbf<xml/>", "x12/not-x12", "XML"),
        (b"UNB+UNOA:1+A+B'", "x12/not-x12", "EDIFACT"),
        ("ISA*00*".encode("utf-16"), "x12/not-x12", "UTF-16"),
        (b"ST*850*0001~SE*2*0001~", "x12/no-envelope", "begins with ST"),
        (b"GS*PO*A*B~", "x12/no-envelope", "begins with GS"),
        (b"HDR*1~", "x12/not-x12", "'HDR*1~'"),
    ],
)
def test_what_is_no_interchange_is_named_for_what_it_looks_like(raw: bytes, rule: str, words: str) -> None:
    told = describe(raw)
    assert told.interchanges == () and not told.valid
    assert [(each.fault.rule, each.length) for each in told.unreadable] == [(rule, len(raw))]
    assert words in told.unreadable[0].fault.reason


def test_nothing_is_described_as_nothing() -> None:
    assert describe(b"") == describe(b" \r\n\x00") and not describe(b"").valid


def test_description_names_groups_sets_and_the_acknowledgments_they_call_for() -> None:
    told = describe(interchange(ORDER))
    assert told.valid
    (found,) = told.interchanges
    assert (found.sender, found.receiver, found.control) == ("ZZ:BUYER", "ZZ:TIEOUT", "000000001")
    assert found.expects == ("TA1 for interchange 000000001", "997 or 999 for group 7 (PO)")
    (each,) = found.groups[0].sets
    assert (each.code, each.name, each.control, each.segments, each.valid) == ("850", "purchase order", "0001", 4, True)


def test_acknowledgments_are_not_acknowledged() -> None:
    raw = interchange(["ST*997*0001", "AK1*PO*1", "AK9*A*1*1*1", "SE*4*0001"]).replace(b"GS*PO", b"GS*FA")
    assert describe(raw).interchanges[0].groups[0].expects == ""


def test_hl_levels_know_their_parents() -> None:
    body = ["HL*1**S", "REF*CN*1", "HL*2*1*O", "PRF*PO1", "HL*3*2*I", "SN1**5*EA", "HL*4*1*O", "HL*5*4*I", "CTT*5"]
    found = read(interchange(["ST*856*0001", *body, "SE*11*0001"]))
    segments = read_set(found, found.groups[0].sets[0])
    assert isinstance(segments, list)
    levels = read_levels(segments)
    assert isinstance(levels, list)
    assert [(level.number, level.code, level.depth) for level in levels] == [
        ("1", "S", 0), ("2", "O", 1), ("3", "I", 2), ("4", "O", 1), ("5", "I", 2),
    ]  # fmt: skip
    order = levels[2].above("O")
    assert order is not None and order.number == "2"
    assert [segment.name for segment in levels[2].segments] == ["SN1"]


@pytest.mark.parametrize("bad", [["HL*1**S", "HL*1**O"], ["HL*1*2*S", "HL*2*1*O"], ["HL***S"]])
def test_a_hierarchy_with_repeated_or_unknown_parents_is_a_fault(bad: list[str]) -> None:
    found = read(interchange(["ST*856*0001", *bad, f"SE*{len(bad) + 2}*0001"]))
    segments = read_set(found, found.groups[0].sets[0])
    assert isinstance(segments, list)
    refused = read_levels(segments)
    assert isinstance(refused, Fault) and refused.rule == "x12/hierarchy"


def test_implied_and_explicit_decimals_are_not_the_same() -> None:
    assert n_decimal("12345", 2) == Decimal("123.45") == r_decimal("123.450")
    assert n_decimal("-5", 2) == Decimal("-0.05")
    assert n_decimal("7", 0) == 7 and n_decimal("7", 9) == Decimal("0.000000007")
    assert r_decimal(".5") == Decimal("0.5") and r_decimal("5.") == 5 and r_decimal("-0") == 0


@pytest.mark.parametrize("text", ["", "1.5", "1e5", "+1", "１", " 1", "--1", "1,000", "NaN", "9" * 19])
def test_what_is_no_nn_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a whole number"):
        n_decimal(text, 2)


@pytest.mark.parametrize("text", ["", ".", "-", "1e5", "+1", "1 ", "1,5", "Infinity", "0x1", "1.2.3", "1" * 17, "0.0000000001"])
def test_what_is_no_r_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"number|accept|decimals"):
        r_decimal(text)


def test_dates_of_six_and_eight_digits_and_times_of_four_to_eight() -> None:
    assert read_date("20240229") == read_date("240229") == date(2024, 2, 29)
    assert read_date("991231") == date(1999, 12, 31)
    assert read_time("0930") == time(9, 30)
    assert read_time("23595999") == time(23, 59, 59, 990_000)


@pytest.mark.parametrize("text", ["20230229", "2024", "00010101", "2024010１", "20241301", ""])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"date|day|between"):
        read_date(text)


@pytest.mark.parametrize("text", ["2400", "12", "093", "1260", "12:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="time"):
        read_time(text)
