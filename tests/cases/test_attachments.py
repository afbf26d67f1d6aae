"""Files of exceptions: what they are is told by their bytes; they are kept whole, once, bounded, and taken away by their author alone."""

import pytest

from analysts import join, not_invoiced
from tieout.cases import attachments, talk
from tieout.cases.content import content_of
from tieout.errors import Forbidden, OperatorError
from world import NOW, World

PDF = b"%PDF-1.7\n1 0 obj\n"


@pytest.mark.parametrize(
    ("raw", "kind"),
    [(PDF, "PDF"), (b"\x89PNG\r\n\x1a\n....", "picture"), (b"a;b\r\n1;2\r\n", "text"), ("Grüße".encode("latin-1"), "text"),
     (b"PK\x03\x04....", "archive or office document"),
     (b"ISA*00*\x1e\x1f~", "text"), (b"MZ\x90\0\x03", None), (b"\x7fELF\x02", None), (b"#!/bin/sh\nrm -rf /", None), (b"abc\0def", None)],
)  # fmt: skip
def test_bytes_say_what_a_file_is(raw: bytes, kind: str | None) -> None:
    found = content_of(raw)
    assert (found.name if found else None) == kind


def test_a_file_is_kept_whole_and_once(world: World) -> None:
    ana, item = join(world, "ana", "analyst"), not_invoiced(world, "1")["1"]
    first = attachments.attach(world.connection, ana, item.id, "../../etc/pass<wd>.html", b"<script>", NOW)
    assert attachments.attach(world.connection, ana, item.id, "again.html", b"<script>", NOW) == first
    assert attachments.download(world.connection, ana, first, NOW) == ("pass_wd_.html", b"<script>")
    (file,) = attachments.files(world.connection, ana, item.id)
    assert (file.name, file.media, file.size) == ("pass_wd_.html", "text", 8)


@pytest.mark.parametrize(
    ("name", "raw", "said"),
    [("big.txt", b"x" * (attachments.FILE_MAX + 1), "10 MB"), ("none.txt", b"", "10 MB"), ("invoice.pdf", b"MZ\x90\0", "no kind that is kept"),
     ("invoice.pdf", b"plain words", "by its bytes it is a text"), ("///", PDF, "no name")],
)  # fmt: skip
def test_what_is_too_large_or_not_what_it_says_is_refused(world: World, name: str, raw: bytes, said: str) -> None:
    ana, item = join(world, "ana", "analyst"), not_invoiced(world, "1")["1"]
    with pytest.raises(OperatorError, match=said):
        attachments.attach(world.connection, ana, item.id, name, raw, NOW)
    assert attachments.files(world.connection, ana, item.id) == []


def test_a_case_holds_so_many_files_and_no_more(world: World) -> None:
    ana, item = join(world, "ana", "analyst"), not_invoiced(world, "1")["1"]
    for number in range(attachments.FILES_MAX):
        attachments.attach(world.connection, ana, item.id, "note.txt", f"note {number}".encode(), NOW)
    with pytest.raises(OperatorError, match="has 20 files"):
        attachments.attach(world.connection, ana, item.id, "note.txt", b"one more", NOW)


def test_only_its_author_takes_a_file_away_and_the_trail_stays(world: World) -> None:
    ana, bo, item = join(world, "ana", "analyst"), join(world, "bo", "approver"), not_invoiced(world, "1")["1"]
    first = attachments.attach(world.connection, ana, item.id, "a.pdf", PDF, NOW)
    with pytest.raises(Forbidden, match="attached by ana"):
        attachments.remove(world.connection, bo, first, NOW)
    assert attachments.remove(world.connection, ana, first, NOW) == "a.pdf"
    assert attachments.files(world.connection, ana, item.id) == []
    with pytest.raises(OperatorError, match="There is no file"):
        attachments.download(world.connection, ana, first, NOW)
    again = attachments.attach(world.connection, ana, item.id, "a.pdf", PDF, NOW)
    assert again != first
    assert [event.event for event in talk.history(world.connection, ana, item.id)][:3] == ["attached", "file removed", "attached"]
    steps = [action for (action,) in world.connection.execute("select action from action where object = %s order by id", [item.ref])]
    assert steps == ["attach", "remove file", "attach"]


def test_a_file_is_seen_only_by_who_sees_its_case(world: World) -> None:
    ana, edi, item = join(world, "ana", "analyst"), join(world, "edi", "analyst", scopes={"channel": ["edi"]}), not_invoiced(world, "1")["1"]
    first = attachments.attach(world.connection, ana, item.id, "a.pdf", PDF, NOW)
    with pytest.raises(OperatorError, match="There is no exception"):
        attachments.download(world.connection, edi, first, NOW)
