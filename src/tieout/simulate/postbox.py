"""The post box of EDI partners in a driven world: what Tieout puts into the folder is read by whom it is for, held against the truth, and
acknowledged by him as his own feed goes."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tieout.simulate import chance, fates
from tieout.simulate.books import Books
from tieout.simulate.catalogue import COLLECTIVE
from tieout.simulate.edi import accept
from tieout.simulate.grade import Difference
from tieout.simulate.paper import Line, Paper
from tieout.simulate.partners.edi import DIALECTS, PLAIN
from tieout.simulate.proof import KINDS, PROOFS, Known, Wrong
from tieout.simulate.received import Received, Unreadable, received
from tieout.simulate.story import SETS, Plan, by_edi
from tieout.simulate.truth import Expected

SYSTEM = "edi"
OWED = {"booking": "855", "shipment": "856", "invoice": "810"}
"""What is owed a customer for each paper about his order."""


@dataclass(frozen=True, slots=True)
class Post:
    """What was found in the folder: the papers as the auditor hears of them, and the files as they were sent."""

    papers: list[Paper]
    files: list[tuple[str, bytes]]


@dataclass(slots=True)
class Postbox:
    """The folder that Tieout's documents for EDI customers go to, and the customers who empty it."""

    folder: Path
    books: Books
    wrong: list[Difference] = field(default_factory=list)
    """Documents that do not say what is so, or that came twice."""
    counts: Counter[str] = field(default_factory=Counter)
    """How many documents came, by set."""
    _known: Known = field(default_factory=Known)
    _came: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    _controls: dict[str, int] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)

    def hear(self, papers: Iterable[Paper]) -> None:
        """What Tieout has been told by now."""
        for paper in papers:
            if paper.system in (SYSTEM, "erp", "wms", "scanner", "threepl"):
                self._known.hear(paper)

    def know(self, plan: Plan) -> None:
        """An order that is placed from now on."""
        self._known.orders[plan.order.ref] = self._known.orders[plan.order.booked_as] = plan.order

    def empty(self, at: int) -> Post:
        """Take out what came since the last time, in the order of its numbers; the partners' answers are on their way then."""
        post = Post([], [])
        there = self.folder.iterdir() if self.folder.is_dir() else ()
        for path in sorted(path for path in there if path.name not in self._taken and not path.name.startswith(".")):
            self._taken.add(path.name)
            raw = path.read_bytes()
            post.files.append((path.name, raw))
            post.papers.extend(self._read(path.name, raw, at))
        return post

    def _read(self, name: str, raw: bytes, at: int) -> Iterator[Paper]:
        try:
            document = received(raw)
        except Unreadable as bad:
            self.wrong.append(Difference(name, f"cannot be read: {bad}"))
            return
        self.counts[document.code] += 1
        partner = document.receiver.split(":", 1)[1]
        name = f"{document.code} {partner} {document.group}"
        last = self._controls.get(document.receiver, document.interchange - 1)
        self._controls[document.receiver] = document.interchange
        if document.interchange != last + 1:
            self.wrong.append(Difference(name, f"it is interchange {document.interchange} after {last}"))
        try:
            _enveloped(document, partner)
            about = PROOFS[document.code](document, partner, self._known)
        except ValueError as bad:
            self.wrong.append(Difference(name, str(bad)))
            return
        subject = about.more["group"] if document.code == "997" else about.number
        self._came[document.code, subject] += 1
        if (many := self._came[document.code, subject]) > 1:
            self.wrong.append(Difference(name, f"{subject} is told {many} times"))
        paper = self._told(document, partner, about, at)
        if document.code != "997":
            self._acknowledge(paper)
        yield paper

    def _told(self, document: Received, partner: str, about: Paper, at: int) -> Paper:
        """The document as the auditor hears of it."""
        kind = KINDS[document.code]
        if kind == "answer":
            group = about.more["group"]
            return Paper(kind, SYSTEM, group.rsplit("/", 1)[1], document.made, at, group, of=about.of, more={"sent_by_us": True})
        root = about.more["parts"][0].about if "parts" in about.more else about.about
        order = self._known.orders[root]
        more = {"of": about, "paper": about.number, "customer": partner, "order": order.number, "placed": order.placed, "sent_by_us": True}
        made = Paper(kind, SYSTEM, f"{partner}:{about.number}", document.made, at, order.ref, of=about.of, more=more)
        if kind == "sent_invoice":
            made.lines = [Line("", value=int(document.one("TDS").get(1)))]
        return by_edi(made, partner, document.group)

    def _acknowledge(self, told: Paper) -> None:
        """The customer acknowledges the group, unless something else is to happen to it."""
        plan = self.books.plans.get(told.about)
        fate = next((each for each in plan.fates if each.strikes(told.kind)), None) if plan is not None else None
        group = told.more["group"]
        if fate is not None and fate.truth is not None:
            fate.truth.subject = group
            fate.truth.expected.append(Expected(f"EAK+ {group}", "partner", {"DOC": 1}))
        if plan is None or (fate is not None and fate.how == fates.SILENT):
            return
        rng = chance.stream(self.books.seed, "customer", told.kind, told.more["paper"])
        verdict = "R" if fate is not None and fate.how == fates.REJECTS else "A"
        answer = accept(Plan(plan.order, [], rng), told, rng, verdict)
        answer.of = told.of
        self.books.say(answer)

    def missing(self, plans: Iterable[Plan]) -> Iterator[Difference]:
        """What customers were never told of sound orders, and the sound groups that were never acknowledged."""
        for plan in plans:
            if plan.order.system == SYSTEM and plan.is_told and not plan.fault:
                for paper in plan.papers:
                    if paper.kind in OWED and (plan.order.customer not in COLLECTIVE or paper.kind != "invoice"):
                        yield from self._once(OWED[paper.kind], paper.number)
        for reference, group in self._known.groups.items():
            if group.system == SYSTEM and not group.spoil and group.kind in SETS and self.counts:
                yield from self._once("997", reference)

    def _once(self, code: str, subject: str) -> Iterator[Difference]:
        if not self._came[code, subject]:
            yield Difference(f"{code} {subject}", "never sent")


def _enveloped(document: Received, partner: str) -> None:
    """It is written in the partner's own dialect. Raises Wrong."""
    dialect = DIALECTS.get(partner, PLAIN)
    marks = dialect.delimiters
    wanted = (":".join(dialect.ours), f"{dialect.qualifier}:{partner}", dialect.version, marks.element + marks.component + marks.terminator)
    found = (document.sender, document.receiver, document.version, document.delimiters)
    if found != wanted:
        raise Wrong(f"its envelope is {found}, and {partner} wants {wanted}")
