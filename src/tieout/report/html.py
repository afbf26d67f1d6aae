"""One self-contained page: what stands open, who owes it, and where every line was read. No script, nothing from elsewhere."""

import base64
import hashlib
from collections.abc import Mapping
from decimal import Decimal
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from tieout.core.values import EXACT, ZERO, plain
from tieout.errors import OperatorError
from tieout.report import page_cases, page_parts, picture
from tieout.report.markup import Child, Markup, amount, count, h, join, moment
from tieout.report.state import Ledger
from tieout.runtime.looks import Case

FILE = "index.html"
VERSION = version("tieout")
ZONE = "UTC"
SECTIONS = (
    ("flows", "Flows"), ("accounts", "Accounts"), ("exceptions", "Exceptions"), ("cases", "Cases"),
    ("quarantine", "Quarantine"), ("waiting", "Waiting"), ("unobserved", "Not observed"),
)  # fmt: skip


def write(ledger: Ledger, folder: Path, *, title: str) -> Path:
    """Write `index.html` into a folder (made if need be) and say where it is. The file is complete or not there.

    Raises OperatorError when the folder cannot be written to.
    """
    return save(render(ledger, title=title), folder / FILE)


def save(text: str, path: Path) -> Path:
    """Write a page to a file, in a folder that is made if need be. Raises OperatorError when it cannot be written."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8", newline="\n")
        part.replace(path)
    except OSError as bad:
        raise OperatorError(f"{path} cannot be written: {bad.strerror or bad}.", "Name a folder you may write to.") from bad
    return path


def document(title: str, body: Markup) -> str:
    """A whole page with our style in it, which can load nothing from elsewhere."""
    style = files("tieout.report").joinpath("style.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    head = h(
        "head",
        h("meta", charset="utf-8"),
        h("meta", http_equiv="Content-Security-Policy",
          content=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"),
        h("meta", name="viewport", content="width=device-width, initial-scale=1"),
        h("meta", name="color-scheme", content="light dark"),
        h("meta", name="referrer", content="no-referrer"),
        h("meta", name="generator", content=f"tieout {VERSION}"),
        h("title", f"{title} · Tieout"),
        h("style", Markup(style)),
    )  # fmt: skip
    return f"<!doctype html>\n{h('html', head, body, lang='en')}\n"


def render(ledger: Ledger, *, title: str) -> str:
    """The page as text; every figure comes from one snapshot of the ledger."""
    ledger.figures()
    with ledger.connection.transaction():
        ledger.connection.execute("set transaction isolation level repeatable read")
        return _page(ledger, title)


def _page(ledger: Ledger, title: str) -> str:
    status = ledger.status()
    body = h(
        "body",
        h("a", "Skip to the figures", href="#figures", cls="skip"),
        _header(ledger, title, status),
        h("main", _figures(ledger), _identity(status), _flows(ledger, status), page_parts.accounts(ledger), page_cases.classes(ledger),
          page_cases.cases(ledger), page_parts.quarantine(ledger), page_parts.waiting(ledger), page_parts.unobserved(ledger)),
        h("footer", f"Written by Tieout {VERSION}. Read-only: the ledger is the record, this page is a picture of it."),
    )  # fmt: skip
    return document(title, body)


def _header(ledger: Ledger, title: str, status: Mapping[str, object]) -> Markup:
    facts: list[tuple[str, Child]] = [
        ("As of", moment(ledger.now, ZONE)),
        ("Commit", count(int(str(status["commit"])))),
        ("Ledger hash", h("code", str(status["ledger_hash"]))),
    ]
    if ledger.as_of is not None:
        facts.insert(1, ("As known at", moment(ledger.as_of, ZONE)))
    return h(
        "header",
        h("p", "Tieout", cls="brand"),
        h("h1", title),
        h("dl", [h("div", h("dt", name), h("dd", value)) for name, value in facts], cls="meta"),
        h("nav", h("ul", [h("li", h("a", name, href=f"#{id_}")) for id_, name in SECTIONS]), aria_label="Sections"),
    )  # fmt: skip


def _figures(ledger: Ledger) -> Markup:
    shares = ledger.shares()
    status = ledger.status()
    total = shares["subjects"]
    parts = (("tied_out", "tied out"), ("in_time", "still in time"), ("exceptions", "with an exception"))
    percent = f"{shares['tied_out'] * 1000 // total / 10:g} %" if total else "–"
    figures: list[tuple[str, Child]] = [
        ("facts", count(int(str(status["facts"])))),
        ("subjects", count(total)),
        ("tied out", percent),
        ("open exceptions", count(len(ledger.cases))),
    ]
    value = value_by_currency(ledger.cases)
    return h(
        "section",
        h("h2", "At a glance", cls="quiet"),
        h("dl", [h("div", h("dd", shown), h("dt", name), cls="figure") for name, shown in figures],
          h("div", h("dd", [h("div", amount(n, c, money=True)) for c, n in value.items()] or "–"), h("dt", "value of the open exceptions"),
            cls="figure wide"), cls="figures"),
        _bar([(shares[key], key, name) for key, name in parts], total) if total else page_parts.empty(
            "Nothing has been said yet: import a file with `tieout import`, then write this report again."),
        id="figures",
    )  # fmt: skip


def value_by_currency(cases: list[Case]) -> dict[str, str]:
    """The absolute value of all open cases, summed by currency; currencies are never added to one another."""
    sums = dict.fromkeys(sorted({c for case in cases for c in case.value}), ZERO)
    for case in cases:
        for currency, text in case.value.items():
            sums[currency] = EXACT.add(sums[currency], abs(Decimal(text)))
    return {currency: plain(number) for currency, number in sums.items()}


def _bar(parts: list[tuple[int, str, str]], total: int) -> Markup:
    """Shares of all subjects as one bar with its legend; what is not nothing is at least visible."""
    rects, legend, x = [], [], 0.0
    widths = [max(n / total * 1000, 4.0) if n else 0.0 for n, _, _ in parts]
    scale = 1000 / sum(widths) if sum(widths) else 0
    for (number, cls, name), width in zip(parts, widths, strict=True):
        rects.append(h("rect", cls=cls, x=f"{x:.2f}", y=0, width=f"{width * scale:.2f}", height=12))
        legend.append(h("li", h("span", "", cls=f"dot {cls}", aria_hidden="true"), count(number), f" {name}"))
        x += width * scale
    told = ", ".join(f"{number} {name}" for number, _, name in parts)
    return h(
        "div",
        h("svg", rects, cls="bar", viewBox="0 0 1000 12", preserveAspectRatio="none", role="img", aria_label=f"Of {total} subjects: {told}"),
        h("ul", legend, cls="legend"),
        cls="share",
    )  # fmt: skip


def _identity(status: Mapping[str, object]) -> Markup:
    """Rule 29: every statement received is in exactly one place."""
    counts = dict(status["counts"])  # type: ignore[call-overload]
    received = counts.pop("received")
    names = {"posted": "posted", "without_effect": "without effect", "superseded": "superseded", "waiting": "waiting",
             "quarantined": "quarantined", "duplicate": "duplicate"}  # fmt: skip
    terms: list[Child] = [h("span", count(received), h("small", "received"), cls="term")]
    for place, (key, name) in enumerate(names.items()):
        terms += [h("span", "+" if place else "=", cls="sign"), h("span", count(counts[key]), h("small", name), cls="term")]
    holds = received == sum(counts[key] for key in names)
    return h(
        "section",
        h("h2", "Every statement is somewhere", cls="quiet"),
        h("p", terms, cls="identity"),
        None if holds else h("p", "These counts do not add up: run `tieout audit verify`.", cls="warn", role="alert"),
        id="counts",
    )  # fmt: skip


def _flows(ledger: Ledger, status: Mapping[str, object]) -> Markup:
    accounts = list(ledger.configuration.accounts.values())
    facts: dict[str, int] | None = None
    if ledger.as_of is None:
        facts = dict(status["facts_by_type"])  # type: ignore[call-overload]
    shown: list[Child] = []
    quiet: list[Child] = []
    silent: list[str] = []
    seen: set[str] = set()
    for flow in dict.fromkeys(a.flow for a in accounts):
        sides = [s for s in ledger.accounts if s.flow == flow]
        kinds = {k.name for a in accounts if a.flow == flow for k in (*a.debit, *a.credit)} - seen
        seen |= kinds
        if not any(s.observed for s in sides):
            silent.append(picture.flow_title(flow))
            continue
        idle = facts is not None and not any(s.subjects for s in sides) and not any(facts.get(k) for k in kinds)
        (quiet if idle else shown).append(_figure(flow, picture.draw(flow, accounts, sides, facts)))
    legend = [
        h("li", h("span", "", cls=f"dot {cls}", aria_hidden="true"), name)
        for cls, name in (("overdue", "something is overdue"), ("pending", "open, in time"), ("clear", "nothing open"), ("unobserved", "not observed"))
    ]  # fmt: skip
    return h(
        "section", h("h2", "Flows"),
        h("p", "Rounded boxes are what the systems state; between them stand the clearing accounts with what is open now. "
               "Dr is the debit side: said, and not yet answered. Cr is the credit side: answered, and never said.", cls="lead"),
        h("ul", legend, cls="legend") if shown or quiet else page_parts.empty("No flow is observed yet: no connected system has an account to feed."),
        join(shown),
        h("details", h("summary", _quiet(len(quiet))), quiet) if quiet else None,
        h("p", f"Not drawn, as no connected system speaks of them: {', '.join(silent)}.", cls="muted") if silent else None,
        id="flows",
    )  # fmt: skip


def _quiet(number: int) -> str:
    return "1 more flow is connected, but nothing has been said in it yet" if number == 1 else (
        f"{number} more flows are connected, but nothing has been said in them yet")  # fmt: skip


def _figure(flow: str, drawn: str) -> Markup:
    name = picture.flow_title(flow)
    box = h("div", Markup(drawn), cls="scroll", tabindex=0, role="region", aria_label=f"Picture of {name}")
    return h("figure", h("figcaption", name), box, id=f"flow-{flow}")
