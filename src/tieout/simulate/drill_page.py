"""The grade of a drill as one self-contained page."""

from pathlib import Path

from tieout.report.html import VERSION, document, save
from tieout.report.markup import Child, Markup, count, h, table
from tieout.simulate.grade import Difference, Grade, Kind

HEADS = ("Fault", "Injected", "Expected", "Found", "Right class", "Right owner", "Right amount", "Visible after (p95)", "Cleared")
SHOWN_MAX = 200


def write(grade: Grade, path: Path, *, seed: str) -> Path:
    """Write the page to a file and say where it is. Raises OperatorError when it cannot be written."""
    return save(render(grade, seed=seed), path)


def render(grade: Grade, *, seed: str) -> str:
    """The page as text."""
    expected = sum(kind.expected for kind in grade.kinds.values())
    found = sum(kind.found for kind in grade.kinds.values())
    figures: list[tuple[str, Child]] = [
        ("faults injected", count(sum(kind.injected for kind in grade.kinds.values()))), ("to be found", count(expected)),
        ("found", count(found)), ("false alarms", count(len(grade.false_alarms))), ("double claims", count(len(grade.double_claims))),
    ]  # fmt: skip
    body = h(
        "body",
        h("header", h("p", "Tieout", cls="brand"), h("h1", f"Fire drill, seed {seed}"),
          h("dl", h("div", h("dt", "Ledger"), h("dd", h("code", grade.ledger_hash or "not told by the interface"))), cls="meta")),
        h("main", h("p", "Everything was found, and nothing else." if grade.is_clean else "Not everything is right.", cls="lead"),
          h("dl", [h("div", h("dd", value), h("dt", name), cls="figure") for name, value in figures], cls="figures"),
          h("section", h("h2", "Faults"),
            table("Faults by kind", [(name, "num" if n else "") for n, name in enumerate(HEADS)],
                  [_row(name, kind) for name, kind in sorted(grade.kinds.items())]) if grade.kinds else h("p", "No fault was injected.")),
          _differences("False alarms", grade.false_alarms), _differences("Missed", grade.missed),
          _differences("Double claims", grade.double_claims), _differences("Balances that differ from the auditor's", grade.unbalanced),
          _differences("Not made exactly once", grade.not_once), _differences("Wrong documents", grade.wrong_documents),
          _made(grade),
          _misses(grade)),
        h("footer", f"Written by Tieout {VERSION}."),
    )  # fmt: skip
    return document(f"Fire drill, seed {seed}", body)


def _made(grade: Grade) -> Markup | None:
    """What the simulated systems have made because Tieout told them to."""
    if not grade.documents:
        return None
    rows = [h("tr", h("th", what, scope="row"), h("td", count(many), cls="num")) for what, many in grade.documents.items()]
    return h("section", h("h2", "Documents that Tieout has caused"), table("Documents by kind", (("Document", ""), ("Made", "num")), rows))


def _row(name: str, kind: Kind) -> Markup:
    """One kind of fault, with a bar for how many of those to be found were."""
    written = kind.written()
    wait = written.pop("p95_visible_s")
    cells = [h("td", count(value), cls="num") for value in written.values()]
    cells.insert(6, h("td", "–" if wait is None else f"{wait:,} s", cls="num"))
    bar = h("meter", value=kind.found, min=0, max=max(1, kind.expected)) if kind.expected else None
    state = "" if kind.is_right else " (wrong)"
    return h("tr", h("th", name.replace("_", " ") + state, " ", bar, scope="row"), cells)


def _differences(title: str, found: list[Difference]) -> Markup | None:
    if not found:
        return None
    rows = [h("tr", h("td", each.name, cls="path"), h("td", each.told, cls="text")) for each in found[:SHOWN_MAX]]
    shown = f"{title}: {len(found):,}" + (f", the first {SHOWN_MAX}" if len(found) > SHOWN_MAX else "")
    return h("section", h("h2", shown), table(title, (("What", ""), ("Ledger and auditor", "")), rows))


def _misses(grade: Grade) -> Markup | None:
    if not grade.expected_misses:
        return None
    rows = [h("tr", h("td", kind), h("td", reason)) for kind, reason in sorted(grade.expected_misses.items())]
    return h("section", h("h2", "Expected misses"), table("Expected misses", (("Fault", ""), ("Why", "")), rows))
