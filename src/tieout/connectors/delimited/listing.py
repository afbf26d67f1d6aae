"""Complete lists (rule 28): what the rows of a whole file name, and the one fact that says so at its end.

What a list lacks becomes void, so it is stated only if nothing can be missing from it by our doing: the file came in one
piece, every row could be read, and at least one document is named.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from tieout.connectors.delimited.cells import Cells, Unreadable, clip, moment
from tieout.connectors.delimited.columns import Columns
from tieout.connectors.delimited.mapping import FileMapping, ListMapping
from tieout.connectors.delimited.plan import Speaker
from tieout.core.facts import Fact, revision_time
from tieout.core.values import SourceRef

TYPE = "complete_list"
"""The type of document that a complete list is; its number is the type of documents it lists."""


class Gathering:
    """What the rows of one file have named so far, for one `[[file.list]]`."""

    def __init__(self, listed: ListMapping, entry: FileMapping, names: tuple[str, ...], speaker: Speaker) -> None:
        columns = Columns(names, entry, speaker.zone, {"system": speaker.system, "file": speaker.file})
        self.listed, self.speaker = listed, speaker
        self._holds = columns.holds(listed.when)
        self._number = columns.name(listed.number, "number")
        self._partner = columns.name(listed.partner, "partner") if listed.partner else None
        self._time = columns.time(listed.as_of) if isinstance(listed.as_of, str) else None
        self._numbers: dict[str, dict[str, None]] = {}
        self._newest: datetime | None = None
        self._lost = 0

    def take(self, cells: Cells) -> None:
        """Note what a row names; one that cannot be read may have named anything."""
        try:
            if self._holds is not None and not self._holds(cells):
                return
            number = self._number(cells)
            partner = "" if self._partner is None else self._partner(cells)
            moment_ = None if self._time is None else self._time(cells)[0]
        except Unreadable:
            self._lost += 1
            return
        self._numbers.setdefault(partner, {})[number] = None
        if moment_ is not None and (self._newest is None or moment_ > self._newest):
            self._newest = moment_

    def lose(self) -> None:
        """Note a row that could not be read at all."""
        self._lost += 1

    def statements(self, source: SourceRef, *, whole: bool) -> Iterator[Fact]:
        """The list, once for each partner. Raises Unreadable when it cannot be relied on; then nothing is void by it."""
        place = f"list of {self.listed.type}"
        if not whole:
            raise Unreadable(
                place, "list/cut", "The file was not read in one piece, so what it lacks is not known and nothing is void",
                "Import the file itself again; a complete list has at most 16 MiB and no line above 1 MiB.",
            )  # fmt: skip
        if self._lost:
            raise Unreadable(
                place, "list/unread", f"{self._lost} rows could not be read and may name what seems to be missing, so nothing is void",
                "Correct the rows and import the file again.",
            )  # fmt: skip
        if not self._numbers:
            raise Unreadable(
                place, "list/empty", "It names no document, and would void all there are",
                "See whether the export came through whole. If all are gone, let one row remain, or withdraw them by `void`.",
            )  # fmt: skip
        as_of = self._instant(place)
        for partner, numbers in self._numbers.items():
            yield Fact(
                kind="Listed", system=self.speaker.system, type=TYPE, number=self.listed.type, partner=partner, happened=as_of,
                revision=revision_time(as_of), source=source,
                data={"system": self.speaker.system, "type": self.listed.type, "partner": partner, "numbers": "\n".join(numbers)},
            )  # fmt: skip

    def _instant(self, place: str) -> datetime:
        """As of when the list is complete; a day counts from its first minute, so that nothing of that day is void."""
        if isinstance(self.listed.as_of, str):
            assert self._newest is not None, "every row taken has a time"
            return self._newest
        name = self.speaker.file.rpartition("!")[2].removesuffix(".gz")
        try:
            return moment(name, self.speaker.zone, (self.listed.as_of.file,), False)[0]
        except ValueError:
            reason = f"The name {clip(name)} does not say as of when, in the form {self.listed.as_of.file!r}, so nothing is void"
            raise Unreadable(place, "list/name", reason, "Name the file so, or correct `as_of` in the mapping.") from None


def lose(lists: Iterable[Gathering]) -> None:
    """Note for every list that a row could not be read."""
    for each in lists:
        each.lose()
