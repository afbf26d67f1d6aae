"""Interchanges of the outside world written anew: what we write of them reads as they did, and our lengths are theirs."""

import io
import os
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tieout.formats.x12 import (
    CONTROL_MAX,
    Envelope,
    Fault,
    Group,
    GroupDraft,
    Interchange,
    SetDraft,
    Unwritable,
    cut,
    parse,
    read_date,
    read_set,
    read_time,
    write,
)
from tieout.formats.x12.elements import elements, wrong

ROOT = Path(__file__).parents[2]
CORPUS = Path(os.environ.get("TIEOUT_CORPUS") or ROOT.parent / "shared" / "corpus") / "01-edi-x12"
WRITTEN = {"850", "855", "856", "810", "940", "997"}
ODD = {("N4", 2): 4, ("AK1", 1): 2, ("BEG", 5): 1, ("PO1", 6): 1, ("AK3", 2): 1, ("AK3", 4): 1, ("AK4", 2): 1}
"""Real elements that break the standard: state names, codes made wrong on purpose, a date of six digits, a missing qualifier."""

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not CORPUS.is_dir(), reason=f"{CORPUS} is not there; set TIEOUT_CORPUS to the corpus folder"),
]


def interchanges() -> Iterator[Interchange]:
    for path in sorted(path for path in CORPUS.rglob("*") if path.is_file()):
        raw = path.read_bytes()
        for piece in cut(io.BytesIO(raw), len(raw) + 1):
            found = None if piece.fault else parse(piece.raw)
            if isinstance(found, Interchange):
                yield found


def rows(found: Interchange, group: Group) -> Iterator[tuple[str, list[list[str]]]]:
    """The sets of a group that can be read: their code, and their segments without ST and SE."""
    for each in group.sets:
        segments = read_set(found, each)
        if not isinstance(segments, Fault) and not each.faults:
            yield each.code, [segment.elements for segment in segments[1:-1]]


def test_types_and_lengths_are_those_of_real_documents() -> None:
    seen, odd = 0, Counter[tuple[str, int]]()
    for found in interchanges():
        for group in found.groups:
            for code, segments in rows(found, group):
                for row in segments if code in WRITTEN else ():
                    for number, element in enumerate(elements(row[0]) or (), 1):
                        seen += 1
                        odd[row[0], number] += bool(wrong(element, row[number].strip() if number < len(row) else ""))
    print(f"x12: {seen} elements, {odd.total()} of them odd")
    assert seen > 2_000
    assert {place: count for place, count in odd.items() if count} == ODD


def test_what_we_write_of_a_real_document_reads_as_it_did() -> None:
    written, refused = 0, Counter[str]()
    for found in interchanges():
        header = found.header
        groups = [(group, list(rows(found, group))) for group in found.groups]
        drafts = [
            GroupDraft(group.code, int(group.control), tuple(SetDraft(code, n, tuple(body)) for n, (code, body) in enumerate(sets, 1)))
            for group, sets in groups
            if sets and group.control.isdigit() and 0 < int(group.control) <= CONTROL_MAX
        ]
        if not drafts:
            continue
        version = next(group.version for group, _ in groups)
        sides = (header.sender_qualifier, header.sender, header.receiver_qualifier, header.receiver, int(header.control))
        envelope = Envelope(*sides, version=version if version[:5] == header.version else f"{header.version}0", delimiters=header.delimiters)
        made = datetime.combine(read_date(header.date), read_time(header.time))
        try:
            again = parse(write(envelope, drafts, made))
        except Unwritable as bad:
            refused[bad.fault.rule] += 1
            continue
        assert isinstance(again, Interchange)
        assert (again.faults, again.header.delimiters, again.header.date) == ((), header.delimiters, header.date)
        for group, draft in zip(again.groups, drafts, strict=True):
            assert group.faults == () and [each.faults for each in group.sets] == [()] * len(draft.sets)
            assert [bare(body) for _, body in rows(again, group)] == [bare(each.rows) for each in draft.sets]
        written += 1
    print(f"x12: {written} interchanges written anew, not written: {dict(refused)}")
    assert written >= 40


def bare(segments: object) -> list[list[str]]:
    """Segments without blanks at the end of elements and empty elements at the end of segments."""
    found = []
    for row in segments:  # type: ignore[attr-defined]
        texts = [text.rstrip(" ") for text in row]
        while len(texts) > 1 and not texts[-1]:
            texts.pop()
        found.append(texts)
    return found
