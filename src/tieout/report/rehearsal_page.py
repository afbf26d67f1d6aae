"""A rehearsal as one self-contained page: what appears, vanishes and changes, with money, and the first examples of each."""

from datetime import UTC
from pathlib import Path

from tieout.report.html import VERSION, document, save
from tieout.report.markup import Child, Markup, amount, count, h, moment, table
from tieout.report.page_parts import ZONE, empty
from tieout.runtime.outcome import Comparison, Difference, Example, Rehearsal, Sum

PARTS = {"exceptions": "Exceptions", "commands": "Commands", "write_offs": "Write-offs", "tolerated": "Within tolerance"}
KINDS = {"appear": "Would appear", "vanish": "Would vanish", "change": "Would change"}


def write(found: Rehearsal, path: Path, *, title: str) -> Path:
    """Write the page to a file and say where it is. Raises OperatorError when it cannot be written."""
    return save(render(found, title=title), path)


def render(found: Rehearsal, *, title: str) -> str:
    """The page as text."""
    facts: list[tuple[str, Child]] = [("Messages played", count(found.messages)), ("Until", moment(found.until.astimezone(UTC), ZONE))]
    if found.since.year > 1:
        facts.insert(1, ("Compared since", moment(found.since.astimezone(UTC), ZONE)))
    if found.flow:
        facts.append(("Flow", found.flow))
    body = h(
        "body",
        h("header", h("p", "Tieout", cls="brand"), h("h1", f"Rehearsal: {title}"),
          h("dl", [h("div", h("dt", name), h("dd", value)) for name, value in facts], cls="meta")),
        h("main", h("p", "The history played twice, by the rules as they are and as they would be. Nothing was sent.", cls="lead"),
          [_part(name, shown, getattr(found, name)) for name, shown in PARTS.items()]),
        h("footer", f"Written by Tieout {VERSION}."),
    )  # fmt: skip
    return document(f"Rehearsal: {title}", body)


def _part(name: str, title: str, found: Comparison) -> Markup:
    figures = [("as it is", found.before), ("after the change", found.after)]
    rows = [_row(kind, class_, one) for kind in KINDS for class_, one in sorted(getattr(found, kind).classes.items())]
    heads = (("", ""), ("Class", ""), ("Number", "num"), ("Value", "num"))
    return h(
        "section",
        h("h2", title),
        h("dl", [h("div", h("dd", _sum(one)), h("dt", label), cls="figure wide") for label, one in figures], cls="figures"),
        table(f"{title} that would differ", heads, rows) if rows else empty("Nothing would differ."),
        [_examples(shown, getattr(found, kind)) for kind, shown in KINDS.items()],
        id=name,
    )  # fmt: skip


def _sum(one: Sum) -> Child:
    return [h("div", count(one.count)), [h("div", amount(value, currency, money=True)) for currency, value in one.value.items()]]


def _row(kind: str, class_: str, one: Sum) -> Markup:
    money = [h("div", amount(value, currency, money=True)) for currency, value in one.value.items()]
    return h("tr", h("td", KINDS[kind]), h("td", class_), h("td", count(one.count), cls="num"), h("td", money, cls="num"))


def _examples(title: str, found: Difference) -> Markup | None:
    if not found.examples:
        return None
    shown = f"{title}: {len(found.examples):,} of {found.count:,}"
    return h("details", h("summary", shown), [_example(example) for example in found.examples])


def _example(example: Example) -> Markup:
    told = [("as it is", example.before), ("after the change", example.after), ("why", example.why)]
    return h(
        "section",
        h("h3", f"{example.class_} {example.subject}"),
        h("dl", [h("div", h("dt", label), h("dd", text)) for label, text in told if text], cls="meta"),
        h("ul", [h("li", entry, cls="small") for entry in example.entries]),
    )  # fmt: skip
