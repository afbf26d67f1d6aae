"""Writing EDIFACT: our own reader finds just what was given, counts agree, and what cannot be said is refused by name."""

from datetime import datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tieout.formats.edifact import Delimiters, Envelope, Interchange, MessageDraft, Unwritable, parse, read_message, write
from tieout.formats.edifact.write import OWN

MADE = datetime(2024, 1, 5, 9, 30)
ENVELOPE = Envelope("4012345000009", "8712345000004", "77", "14", "14")
ORDER = MessageDraft("ORDERS", "1", (("BGM", "220", "PO1", "9"),))
OTHER = Delimiters("^", "|", ",", "\\", "~")

letters = st.text(st.characters(codec="iso8859-1", categories=["L", "N", "P", "S", "Zs"]), max_size=30)
rows = st.lists(
    st.tuples(
        st.from_regex(r"[A-Z][A-Z0-9]{2}", fullmatch=True).filter(lambda name: name not in OWN),
        st.one_of(letters.filter(lambda text: text.strip()), st.tuples(letters, letters.filter(lambda text: text.strip()))),
        letters,
    ),
    min_size=1,
    max_size=6,
)


def back(raw: bytes) -> Interchange:
    found = parse(raw)
    assert isinstance(found, Interchange), found
    assert found.faults == ()
    return found


def refused(envelope: Envelope, *messages: MessageDraft) -> str:
    with pytest.raises(Unwritable) as bad:
        write(envelope, messages or [ORDER], MADE)
    assert bad.value.fault.next_step
    return bad.value.fault.rule


def test_an_interchange_is_written_to_the_byte() -> None:
    assert write(ENVELOPE, [ORDER], MADE) == (
        b"UNA:+.? 'UNB+UNOC:3+4012345000009:14+8712345000004:14+240105:0930+77'UNH+1+ORDERS:D:96A:UN'BGM+220+PO1+9'UNT+3+1'UNZ+1+77'"
    )


def test_the_head_says_what_the_envelope_says() -> None:
    wanted = msgspec.structs.replace(
        ENVELOPE, syntax="UNOA", version=4, application="ORDERS", ack_requested=True, agreement="EANCOM", is_test=True, una=False
    )
    head = back(write(wanted, [ORDER], MADE)).header
    assert (head.syntax, head.version, head.date, head.application, head.agreement) == ("UNOA", "4", "20240105", "ORDERS", "EANCOM")
    assert (head.ack_requested, head.is_test) == (True, True)


@settings(max_examples=200, deadline=None)
@given(st.lists(rows, min_size=1, max_size=3), st.sampled_from([ENVELOPE.delimiters, OTHER]), st.booleans())
def test_what_is_written_is_read_back(messages: list[list[tuple[object, ...]]], delimiters: Delimiters, line_ends: bool) -> None:
    drafts = [MessageDraft("DESADV", str(n), tuple(each), release="01B") for n, each in enumerate(messages, 1)]  # type: ignore[arg-type]
    wanted = msgspec.structs.replace(ENVELOPE, delimiters=delimiters, line_ends=line_ends)
    try:
        raw = write(wanted, drafts, MADE)
    except Unwritable as bad:
        assert bad.fault.rule == "edifact/write-character-set"
        return
    found = back(raw)
    for draft, message in zip(drafts, found.messages, strict=True):
        inner = read_message(found, message)
        assert isinstance(inner, list)
        assert (message.control, message.release, len(inner)) == (draft.control, "01B", len(draft.rows) + 2)
        for row, segment in zip(draft.rows, inner[1:-1], strict=True):
            assert segment.name == row[0]
            for number, element in enumerate(row[1:], 1):
                parts = [element] if isinstance(element, str) else element
                assert [segment.get(number, at) for at in range(1, len(parts) + 1)] == [part.strip() for part in parts]


def test_messages_are_counted_and_stand_in_order() -> None:
    drafts = [MessageDraft("ORDERS", str(n), (("BGM", "220", f"PO{n}"), ("UNS", "S"))) for n in range(1, 30)]
    found = back(write(ENVELOPE, drafts, MADE))
    assert [message.control for message in found.messages] == [str(n) for n in range(1, 30)]


@pytest.mark.parametrize(
    ("syntax", "text"), [("UNOA", "small"), ("UNOB", "Müller"), ("UNOC", "Łódź"), ("UNOC", "a\nb"), ("UNOC", "Ã¼"), ("UNOY", "\x00")]
)
def test_what_the_repertoire_has_no_character_for_is_refused(syntax: str, text: str) -> None:
    draft = MessageDraft("ORDERS", "1", (("FTX", "AAI", "", "", text),))
    assert refused(msgspec.structs.replace(ENVELOPE, syntax=syntax), draft) == "edifact/write-character-set"


def test_every_repertoire_can_be_written() -> None:
    for syntax, text in (("UNOA", "SMALL"), ("UNOB", "Small"), ("UNOC", "Müller"), ("UNOD", "Łódź"), ("UNOY", "日本 €")):
        draft = MessageDraft("ORDERS", "1", (("FTX", "AAI", "", "", text),))
        found = back(write(msgspec.structs.replace(ENVELOPE, syntax=syntax), [draft], MADE))
        inner = read_message(found, found.messages[0])
        assert isinstance(inner, list)
        assert inner[1].get(4) == text


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"sender": ""}, "element"),
        ({"receiver": "9" * 36}, "element"),
        ({"control": "A B"}, "reference"),
        ({"control": "1" * 15}, "reference"),
        ({"syntax": "UNOX"}, "syntax"),
        ({"delimiters": Delimiters("+", "+", ".", "?", "'")}, "delimiters"),
        ({"delimiters": OTHER, "una": False}, "delimiters"),
        ({"delimiters": Delimiters("A", "+", ".", "?", "'")}, "delimiters"),
    ],
)
def test_an_envelope_that_cannot_be_is_refused(change: dict[str, object], rule: str) -> None:
    assert refused(msgspec.structs.replace(ENVELOPE, **change)) == f"edifact/write-{rule}"


@pytest.mark.parametrize(
    ("draft", "rule"),
    [
        (MessageDraft("ORDERS", "1", ()), "size"),
        (MessageDraft("ORDER", "1", (("BGM", "220"),)), "reference"),
        (MessageDraft("ORDERS", "1", (("UNT", "1"),)), "segment-name"),
        (MessageDraft("ORDERS", "1", (("bgm", "1"),)), "segment-name"),
        (MessageDraft("ORDERS", "1", (("BGM", "", ""),)), "segment"),
        (MessageDraft("ORDERS", "1", (("FTX", "A" * 513),)), "element"),
    ],
)
def test_a_message_that_cannot_be_is_refused(draft: MessageDraft, rule: str) -> None:
    assert refused(ENVELOPE, draft) == f"edifact/write-{rule}"


def test_two_messages_with_one_reference_and_none_at_all_are_refused() -> None:
    assert refused(ENVELOPE, ORDER, ORDER) == "edifact/write-reference"
    with pytest.raises(Unwritable):
        write(ENVELOPE, [], MADE)


def test_without_a_release_character_what_separates_cannot_be_said() -> None:
    bare = msgspec.structs.replace(ENVELOPE, delimiters=Delimiters(":", "+", ".", "", "'"))
    assert refused(bare, MessageDraft("ORDERS", "1", (("FTX", "A+B"),))) == "edifact/write-delimiter-in-data"
