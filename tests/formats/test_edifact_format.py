"""EDIFACT syntax: service characters, release, repertoires, envelopes that disagree, bounds; and that damage never raises."""

import io
import random
import time
from datetime import date, timedelta
from datetime import time as clock
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tieout.formats.edifact import (
    Fault,
    Interchange,
    Segment,
    Weight,
    cut,
    message_place,
    parse,
    read_header,
    read_message,
    read_moment,
    read_number,
)

LIMIT = 1_000_000


def wrapped(*segments: str, una: str = "UNA:+.? '", syntax: str = "UNOC:3", control: str = "77", mark: str = "'") -> bytes:
    """One ORDERS in one interchange."""
    rows = [
        f"UNB+{syntax}+4012345000009:14+8712345000004:14+240105:0930+{control}",
        "UNH+1+ORDERS:D:96A:UN:EAN008",
        *segments,
        f"UNT+{len(segments) + 2}+1",
        f"UNZ+1+{control}",
    ]
    return (una + "".join(row + mark for row in rows)).encode("latin-1")


def read(raw: bytes, **characters: str) -> Interchange:
    found = parse(raw, characters)
    assert isinstance(found, Interchange), found
    return found


def segments(raw: bytes) -> list[Segment]:
    found = read(raw)
    inner = read_message(found, found.messages[0])
    assert isinstance(inner, list), inner
    return inner


def faults(raw: bytes) -> list[tuple[str, Weight, str]]:
    found = parse(raw)
    if isinstance(found, Fault):
        return [(found.rule, found.weight, found.code)]
    every = [*found.faults, *(f for m in found.messages for f in m.faults), *(f for g in found.groups for f in g.faults)]
    return [(fault.rule, fault.weight, fault.code) for fault in dict.fromkeys(every)]


def test_the_envelope_is_read() -> None:
    found = read(wrapped("BGM+220+PO1+9"))
    head, (message,) = found.header, found.messages
    assert (head.sender, head.sender_qualifier, head.receiver, head.control) == ("4012345000009", "14", "8712345000004", "77")
    assert (head.syntax, head.version, head.date, head.time, head.is_test) == ("UNOC", "3", "240105", "0930", False)
    assert (message.type, message.version, message.release, message.association) == ("ORDERS", "D", "96A", "EAN008")
    assert found.faults == message.faults == ()


@pytest.mark.parametrize(
    ("una", "translate"),
    [
        ("", {}),
        ("UNA:+.? '", {}),
        ("UNA:+,? '", {}),
        ("UNA:+.? '\r\n", {}),
        ("UNA^|.\\ ~", {":": "^", "+": "|", "?": "\\", "'": "~"}),
        ("UNA:+.? \n", {"'": "\n"}),
    ],
)
def test_service_characters_are_the_interchanges_own(una: str, translate: dict[str, str]) -> None:
    body = wrapped("BGM+220+PO1+9", "FTX+AAI+++A?+B?:C:D??", una="").decode().translate(str.maketrans(translate))
    inner = segments((una + body).encode())
    assert [each.name for each in inner] == ["UNH", "BGM", "FTX", "UNT"]
    expected = ["A+B:C", "D?"] if "\\" not in una else ["A|B^C", "D\\"]
    assert inner[2].elements[3] == expected


def test_syntax_level_b_separates_by_control_characters() -> None:
    raw = wrapped("BGM+220+PO:1+9", una="", syntax="UNOB:1").decode()
    inner = segments(raw.translate(str.maketrans({"+": "\x1d", ":": "\x1f", "'": "\x1c"})).encode())
    assert inner[1].elements == [["220"], ["PO", "1"], ["9"]]
    assert inner[0].get(2, 5) == "EAN008"


@pytest.mark.parametrize(
    ("written", "meant"),
    [("?'", "'"), ("??", "?"), ("???'", "?'"), ("????", "??"), ("a?+b", "a+b"), ("?:?:", "::"), ("x?y", "xy"), ("O?'Neill??", "O'Neill?")],
)
def test_the_release_character_takes_the_meaning_of_the_next_one(written: str, meant: str) -> None:
    inner = segments(wrapped(f"FTX+AAI+++{written}+EN"))
    assert (inner[1].get(4), inner[1].get(5)) == (meant, "EN")


def test_a_released_terminator_before_unz_does_not_end_the_interchange() -> None:
    raw = wrapped("FTX+AAI+++TEXT?'UNZ+1+77", "FTX+AAI+++TEXT??")
    (piece,) = cut(io.BytesIO(raw), LIMIT)
    assert (piece.raw, piece.fault) == (raw, None)


def test_elements_repeat_since_version_4_only() -> None:
    repeated = "RFF+ON:1*ON:2"
    four = segments(wrapped(repeated, una="UNA:+.?*'", syntax="UNOC:4").replace(b"240105", b"20240105"))
    three = segments(wrapped(repeated, una="UNA:+.?*'"))
    assert four[1].all(1) == [["ON", "1"], ["ON", "2"]]
    assert three[1].all(1) == [["ON", "1*ON", "2"]]


def test_line_ends_around_and_inside_segments_are_layout() -> None:
    raw = wrapped("BGM+220+PO1+9", "FTX+AAI+++LONG TEXT THAT GOES ON").replace(b"'", b"'\r\n").replace(b"THAT", b"TH\r\nAT")
    inner = segments(raw)
    assert inner[2].get(4) == "LONG TEXT THAT GOES ON"
    assert raw[inner[2].byte : inner[2].byte + 3] == b"FTX"


def test_every_segment_knows_its_byte_and_its_place() -> None:
    raw = wrapped("BGM+220+PO1+9", "FTX+AAI+++?'?'?'", "LIN+1")
    for number, each in enumerate(segments(raw), 1):
        assert raw[each.byte : each.byte + 3].decode() == each.name
        assert each.index == number
    found = read(raw)
    assert message_place(found.messages[0], segments(raw)[3], 1) == "message ORDERS 1, segment 4 (LIN), element 1"


@pytest.mark.parametrize(
    ("syntax", "text", "codec"),
    [("UNOC", "Müller & Søn", "iso8859-1"), ("UNOD", "Łódź", "iso8859-2"), ("UNOE", "Москва", "iso8859-5"), ("UNOY", "Łódź €", "utf-8")],
)
def test_texts_are_read_in_the_declared_repertoire(syntax: str, text: str, codec: str) -> None:
    raw = wrapped("NAD+BY+++NAME", syntax=f"{syntax}:3").replace(b"NAME", text.encode(codec))
    assert segments(raw)[1].get(4) == text


@pytest.mark.parametrize(
    ("syntax", "raw_text"),
    [
        ("UNOA", "Müller".encode("latin-1")),
        ("UNOB", "Müller".encode()),
        ("UNOC", "Müller".encode()),
        ("UNOC", b"10 \x80"),
        ("UNOY", "Müller".encode("latin-1")),
        ("UNOC", b"A\x00B"),
    ],
)
def test_a_message_in_another_repertoire_than_declared_is_refused_and_its_siblings_are_not(syntax: str, raw_text: bytes) -> None:
    good = "UNH+2+ORDERS:D:96A:UN'BGM+220+PO2+9'UNT+3+2'UNZ+2+77'"
    raw = wrapped("NAD+BY+++NAME", syntax=f"{syntax}:3").replace(b"NAME", raw_text).replace(b"UNZ+1+77'", good.encode())
    found = read(raw)
    bad, fine = (read_message(found, message) for message in found.messages)
    assert isinstance(bad, Fault)
    assert (bad.rule, bad.place, bad.code) == ("edifact/character-set", "segment 2 (NAD)", "UCM:21")
    assert isinstance(fine, list)


def test_a_sender_who_declares_another_repertoire_than_he_writes_can_be_named() -> None:
    raw = wrapped("NAD+BY+++NAME", syntax="UNOA:3").replace(b"NAME", "Müller".encode("latin-1"))
    found = read(raw, **{"4012345000009": "UNOC"})
    inner = read_message(found, found.messages[0])
    assert isinstance(inner, list)
    assert inner[1].get(4) == "Müller"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("UNT+3+1", "UNT+4+1"), ("edifact/unt-count", Weight.FATAL, "UCM:29")),
        (("UNT+3+1", "UNT+3+2"), ("edifact/unt-reference", Weight.FATAL, "UCM:28")),
        (("UNT+3+1'", ""), ("edifact/unt-missing", Weight.FATAL, "UCM:13")),
        (("UNZ+1+77", "UNZ+2+77"), ("edifact/unz-count", Weight.GAP, "UCI:29")),
        (("UNZ+1+77", "UNZ+1+78"), ("edifact/unz-reference", Weight.FATAL, "UCI:28")),
        (("UNZ+1+77'", ""), ("edifact/unz-missing", Weight.GAP, "UCI:13")),
        (("UNH+1+ORDERS:D:96A:UN:EAN008'", ""), ("edifact/unt-without-unh", Weight.GAP, "UCI:13")),
        (("UNH+1+ORDERS", "UNH++ORDERS"), ("edifact/unh-reference", Weight.FATAL, "UCM:13")),
        (("UNZ+1", "BGM+220+PO2'UNZ+1"), ("edifact/outside-message", Weight.GAP, "UCI:33")),
        (("UNOC:3", "UNOX:3"), ("edifact/syntax", Weight.FATAL, "UCI:2")),
        (("UNOC:3", "UNOC:9"), ("edifact/syntax", Weight.FATAL, "UCI:2")),
        (("+4012345000009:14", "+"), ("edifact/unb-element", Weight.FATAL, "UCI:13")),
        (("240105", "241305"), ("edifact/unb-element", Weight.FATAL, "UCI:12")),
        (("UNA:+.? '", "UNA:+.+ '"), ("edifact/una", Weight.FATAL, "UCI:20")),
        (("UNA:+.? '", "UNA:+x? '"), ("edifact/una", Weight.FATAL, "UCI:20")),
        (("UNB+", "UNC+"), ("edifact/una-alone", Weight.FATAL, "UCI:13")),
    ],
)
def test_what_disagrees_is_a_fault_with_the_code_of_an_acknowledgment(change: tuple[str, str], expected: tuple[str, Weight, str]) -> None:
    assert expected in faults(wrapped("BGM+220+PO1+9").replace(change[0].encode(), change[1].encode(), 1))


def test_a_reference_that_stands_twice_refuses_the_second_message() -> None:
    again = "UNH+1+ORDERS:D:96A:UN'BGM+220+PO2+9'UNT+3+1'UNZ+2+77'"
    found = read(wrapped("BGM+220+PO1+9").replace(b"UNZ+1+77'", again.encode()))
    assert [[fault.rule for fault in message.faults] for message in found.messages] == [[], ["edifact/unh-twice"]]


def grouped(*, count: int = 1, reference: str = "5") -> bytes:
    raw = wrapped("BGM+220+PO1+9").replace(b"UNH+1", b"UNG+ORDERS+A:14+B:14+240105:0930+5+UN+D:96A'UNH+1")
    return raw.replace(b"UNZ+1", f"UNE+{count}+{reference}'UNZ+1".encode())


def test_groups_are_counted_instead_of_messages() -> None:
    found = read(grouped())
    assert [(group.type, group.control, group.count) for group in found.groups] == [("ORDERS", "5", 1)]
    assert (found.faults, found.messages[0].group, found.messages[0].faults) == ((), 0, ())
    assert faults(grouped(count=2)) == [("edifact/une-count", Weight.GAP, "UCF:29")]
    broken = read(grouped(reference="6"))
    assert [fault.rule for fault in broken.messages[0].faults] == ["edifact/une-reference"]


def test_a_stream_is_cut_into_interchanges_and_what_is_none() -> None:
    one, two = wrapped("BGM+220+PO1+9"), wrapped("BGM+220+PO2+9", una="", control="78")
    found = list(cut(io.BytesIO(b"\xef\xbb\xbf" + one + b"\r\n\r\n" + two + b"  rubbish  "), LIMIT))
    assert [(piece.raw.strip(), piece.fault and piece.fault.rule) for piece in found] == [
        (one, None), (two, None), (b"rubbish", "edifact/not-edifact"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "rule", "words"),
    [
        (b"ISA*00*", "not-edifact", "X12"),
        (b'{"UNB": 1}', "not-edifact", "JSON"),
        (b"UNH+1+ORDERS:D:96A:UN'", "no-envelope", "UNH"),
        (b"UNA:+.? '\r\nUNH+1+ORDERS:D:96A:UN'", "una-alone", "nobody"),
    ],
)
def test_what_is_no_interchange_is_told_from_one(raw: bytes, rule: str, words: str) -> None:
    (piece,) = cut(io.BytesIO(raw), LIMIT)
    assert piece.fault is not None
    assert (piece.fault.rule, words in piece.fault.reason) == (f"edifact/{rule}", True)


def test_a_lost_unz_ends_where_the_next_interchange_begins() -> None:
    one, two = wrapped("BGM+220+PO1+9").replace(b"UNZ+1+77'", b""), wrapped("BGM+220+PO2+9")
    assert [piece.raw for piece in cut(io.BytesIO(one + two), LIMIT)] == [one, two]


def test_an_interchange_longer_than_the_limit_is_refused_and_the_next_is_read() -> None:
    long, short = wrapped(*(f"FTX+AAI+++LINE {n}" for n in range(9000))), wrapped("BGM+220+PO2+9")
    first, *_, last = cut(io.BytesIO(long + short), 10_000)
    assert (first.fault is not None and first.fault.rule, last.raw, last.fault) == ("edifact/too-long", short, None)


@pytest.mark.parametrize(
    ("text", "number"), [("12", "12"), ("-1234.50", "-1234.5"), ("1234,50", "1234.5"), (".5", "0.5"), ("12-", "-12"), ("0,00", "0")]
)
def test_numbers_are_exact(text: str, number: str) -> None:
    assert read_number(text) == Decimal(number)


@pytest.mark.parametrize("text", ["", "1.2.3", "1,234.50", "1e3", "--1", "one", "1 2", "NaN", "9" * 40, "٣"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"number|larger"):
        read_number(text)


@pytest.mark.parametrize(
    ("text", "form", "moment"),
    [
        ("20240105", "102", (date(2024, 1, 5), None, None)),
        ("240105", "101", (date(2024, 1, 5), None, None)),
        ("202401050930", "203", (date(2024, 1, 5), clock(9, 30), None)),
        ("20240105093015", "204", (date(2024, 1, 5), clock(9, 30, 15), None)),
        ("2401050930", "201", (date(2024, 1, 5), clock(9, 30), None)),
        ("202401050930UTC", "303", (date(2024, 1, 5), clock(9, 30), timedelta())),
        ("202401050930+01", "303", (date(2024, 1, 5), clock(9, 30), timedelta(hours=1))),
        ("202401052400", "203", (date(2024, 1, 6), clock(0, 0), None)),
    ],
)
def test_dates_are_read_by_their_format(text: str, form: str, moment: object) -> None:
    assert read_moment(text, form) == moment


@pytest.mark.parametrize(
    ("text", "form"),
    [("20240230", "102"), ("2024010509", "102"), ("20240105", "203"), ("202401052561", "203"), ("20240105", "999"),
     ("2024010120240131", "718"), ("202401050930CET", "303"), ("x", "102"), ("٢٠٢٤٠١٠٥", "102")],
)  # fmt: skip
def test_a_date_that_does_not_fit_its_format_is_refused(text: str, form: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_moment(text, form)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 200))
def test_damage_never_raises(noise: bytes, at: int) -> None:
    raw = wrapped("BGM+220+PO1+9", "LIN+1++4000862141404:EN", "FTX+AAI+++A?'B")
    damaged = raw[:at] + noise + raw[at:]
    pieces = list(cut(io.BytesIO(damaged), 500))
    assert sum(piece.length for piece in pieces) <= len(damaged)
    for piece in pieces:
        found = parse(piece.raw)
        if isinstance(found, Interchange):
            for message in found.messages:
                read_message(found, message)


@pytest.mark.parametrize(
    "hostile",
    [
        b"UNB+" * 200_000,
        b"UNA:+.? '" * 100_000,
        wrapped("FTX+AAI+++" + "?" * 400_000),
        wrapped("FTX+AAI+++" + "?'" * 200_000),
        wrapped(*["A"] * 100_000),
        wrapped("FTX" + "+" * 400_000),
        wrapped("FTX+" + ":" * 90_000),
        b"UNB+UNOA:1+" + b" " * 900_000,
        wrapped("FTX+A") + b"'" * 500_000 + b"UNZ" * 100_000,
    ],
)
def test_hostile_input_costs_time_in_proportion_to_its_size(hostile: bytes) -> None:
    began = time.process_time()
    for piece in cut(io.BytesIO(hostile), 16 * 1024 * 1024):
        found = piece.fault or parse(piece.raw)
        if isinstance(found, Interchange):
            for message in found.messages:
                read_message(found, message)
    assert time.process_time() - began < 10


def test_a_stream_in_small_reads_is_cut_at_the_same_places() -> None:
    class Drip(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(rng.randrange(1, 40))

    rng = random.Random(7)
    raw = b"\n".join(wrapped(f"BGM+220+PO{n}+9", "FTX+AAI+++A?'UNZ+B??", control=str(n)) for n in range(60))
    assert list(cut(Drip(raw), LIMIT)) == list(cut(io.BytesIO(raw), LIMIT))


def test_a_header_is_bounded() -> None:
    found = read_header(b"UNB+UNOA:1+" + b"X" * 5000 + b"+B+240105:0930+1'")
    assert isinstance(found, Fault)
    assert found.rule == "edifact/unb-end"
