"""Exceptions on the page: by class, one by one, and each with the T-accounts of its subject."""

from decimal import Decimal

from tieout.core.evaluate import Item
from tieout.core.values import EXACT, ZERO, Side, plain
from tieout.errors import OperatorError
from tieout.report.explain import EntryLine, TAccount, explain
from tieout.report.markup import Child, Markup, age, amount, count, h, moment, table
from tieout.report.page_parts import ROWS_MAX, ZONE, amounts, empty, more, position
from tieout.report.picture import words
from tieout.report.state import Ledger
from tieout.runtime.looks import Case

DRILL_MAX = 200
TECHNICAL = {
    "QUA": "could not be read", "CNF": "two contents under one revision", "WAI": "waits too long for its document",
    "REF": "a reference used too often", "FED": "a feed is silent",
    "SET": "changed settings are not taken",
}  # fmt: skip


def meaning(ledger: Ledger, case: Case) -> str:
    """What a case says, in words."""
    account = ledger.configuration.accounts.get(case.code)
    return account.expectation(Side(case.side)).meaning if account is not None else TECHNICAL.get(case.code, case.code)


def classes(ledger: Ledger) -> Markup:
    """Exceptions by account and side: how many, how old, how much, who owes them."""
    groups: dict[tuple[str, str, str, str], list[Case]] = {}
    for case in ledger.cases:
        groups.setdefault((case.code, case.side, case.owed_by, case.team), []).append(case)
    ordered = sorted(groups.items(), key=lambda g: (-len(g[1]), g[0]))
    heads = [("Class", ""), ("Cases", "num"), ("Value", "num"), ("Oldest", ""), ("Age", "num"), ("Owed by", ""), ("Team", "")]
    rows: list[Child] = [
        h(
            "tr", h("th", h("code", f"{code}{_sign(side)}"), f" {meaning(ledger, found[0])}", scope="row", cls="text"),
            h("td", count(len(found)), cls="num"), h("td", amounts(_sums(found), money=True), cls="num"),
            h("td", moment(oldest := min(c.since for c in found), ZONE)), h("td", age(oldest, ledger.now), cls="num"),
            h("td", owed_by), h("td", team), data_class=f"{code}{_sign(side)}",
        )
        for (code, side, owed_by, team), found in ordered
    ]  # fmt: skip
    return h(
        "section", h("h2", "Exceptions by class"),
        table("Exceptions by class", heads, rows) if rows else empty("Nothing is open: no expectation is past its deadline."),
        id="exceptions",
    )  # fmt: skip


def _sign(side: str) -> str:
    return {"debit": "+", "credit": "-"}.get(side, "")


def _sums(cases: list[Case]) -> dict[str, str]:
    sums: dict[str, Decimal] = {}
    for case in cases:
        for currency, text in sorted(case.value.items()):
            sums[currency] = EXACT.add(sums.get(currency, ZERO), abs(Decimal(text)))
    return {currency: plain(value) for currency, value in sorted(sums.items())}


def cases(ledger: Ledger) -> Markup:
    """The cases due first and the most valuable ones, by due; the latter open to their T-accounts."""
    found = ledger.cases
    valuable = {c.case for c in sorted(found, key=lambda c: (-c.worth, c.due, c.case))[:DRILL_MAX]}
    shown = [c for place, c in enumerate(found) if place < ROWS_MAX or c.case in valuable]
    heads = [("Due", ""), ("Case", ""), ("Subject", ""), ("Quantity", "num"), ("Value", "num"), ("Age", "num"), ("Owed by", "")]
    bodies = [_case(ledger, c, drill=c.case in valuable, width=len(heads)) for c in shown]
    lead = (
        f"Due soonest first. The {len(valuable):,} most valuable unfold to their T-accounts: debits left, credits right, each line with "
        "the file, line and byte it was read from."
    )
    return h(
        "section", h("h2", "Cases"),
        [h("p", lead, cls="lead"), table("Open cases", heads, bodies, cls="cases"), more(len(shown), len(found), "see `tieout cases`")]
        if found else empty("Nothing is open: every expectation is met, within its tolerance, or still in time."),
        id="cases",
    )  # fmt: skip


def _case(ledger: Ledger, case: Case, *, drill: bool, width: int) -> list[Markup]:
    row = h(
        "tr",
        h("td", moment(case.due, ZONE), h("div", f"{age(case.due, ledger.now)} overdue", cls="bad small") if case.due <= ledger.now else None),
        h("th", h("code", f"{case.code}{_sign(case.side)}"), f" {meaning(ledger, case)}",
          h("div", case.hint, cls="hint") if case.hint else None, h("div", case.state, cls="bad") if case.state != "open" else None,
          scope="row", cls="text"),
        h("td", h("code", case.subject), cls="path"), h("td", amounts(case.quantity, money=False), cls="num"),
        h("td", amounts(case.value, money=True), cls="num"), h("td", age(case.since, ledger.now), cls="num"),
        h("td", case.owed_by, h("div", case.team, cls="muted")), data_case=case.case,
    )  # fmt: skip
    opened = _drill(ledger, case) if drill and case.account else None
    return [row] if opened is None else [row, h("tr", h("td", opened, colspan=width), cls="drill")]


def _drill(ledger: Ledger, case: Case) -> Markup:
    """The T-accounts of the subject of a case; its own account first."""
    try:
        found = explain(ledger, case.subject)
    except OperatorError as unknown:
        return h("details", h("summary", "T-accounts"), h("p", str(unknown)))
    mine = sorted(found.accounts, key=lambda t: (t.code != case.code, t.key != case.key))
    names = [h("p", "Also known as ", [[h("code", n), " "] for n in found.names], cls="muted")] if found.names else []
    notes = h("p", " · ".join(f"{k}: {v}" for k, v in sorted(found.notes.items())), cls="muted") if found.notes else None
    return h(
        "details", h("summary", f"T-accounts of {case.subject}", h("span", f"{len(mine)} account{'s' if len(mine) != 1 else ''}", cls="muted")),
        names, notes, h("div", [t_account(t) for t in mine], cls="ts"),
    )  # fmt: skip


def t_account(account: TAccount) -> Markup:
    """One T: debits left, credits right, the residual under the line."""
    title = h(
        "h3", h("code", account.code), f" {account.name.replace('_', ' ')}", h("span", f" #{account.key}", cls="muted") if account.key else None
    )
    residual: Child = [_item(i) for i in account.items] or h("p", "Tied out.", cls="tied")
    return h(
        "article", title,
        h("div", _column("Debit", account.debits), _column("Credit", account.credits), cls="t"),
        h("div", residual, cls="residual"), cls="account" + (" open" if account.items else ""),
    )  # fmt: skip


def _column(name: str, lines: tuple[EntryLine, ...]) -> Markup:
    return h("div", h("h4", name), h("ul", [_line(line) for line in lines]) if lines else h("p", "no entry", cls="muted"))


def _line(line: EntryLine) -> Markup:
    entry, source = line.entry, line.source
    figures = [amount(n, u, money=m) for n, u, m in ((entry.quantity, entry.unit, False), (entry.value, entry.currency, True)) if n is not None]
    return h(
        "li",
        h("div", h("span", words(entry.kind), cls="kind"), h("span", [[h("span", f, cls="fig")] for f in figures], cls="figs"), cls="entry"),
        h("div", moment(entry.occurred, ZONE), " · ", h("code", entry.identity), cls="muted small"),
        h("div", f"{source.origin} · {position(source.line, source.byte, source.place)}", cls="source small") if source else None,
    )  # fmt: skip


def _item(item: Item) -> Markup:
    figures: list[Child] = []
    if item.quantity:
        figures.append(h("span", amount(item.quantity, item.unit), cls="fig"))
    worth = EXACT.add(item.value or ZERO, item.price)
    if worth:
        figures.append(h("span", amount(worth, item.currency, money=True), cls="fig"))
    return h(
        "p", h("span", f"Residual, {item.expectation.meaning}", h("span", f" · {item.state.value}", cls="state"), cls="kind"),
        h("span", figures, cls="figs"), cls="entry",
    )  # fmt: skip
