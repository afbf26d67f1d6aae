"""Parts of the page: accounts and sides, what could not be read, what waits, what nobody observes."""

from collections.abc import Mapping

from tieout.report import picture
from tieout.report.markup import Child, Markup, age, amount, count, h, moment, table
from tieout.report.state import AccountSide, Ledger

ZONE = "UTC"
ROWS_MAX = 500


def empty(text: str) -> Markup:
    """What to say where there is nothing to show."""
    return h("p", text, cls="empty")


def amounts(found: Mapping[str, str], *, money: bool) -> Child:
    """Amounts by unit or currency, one under the other; signs are the side's matter."""
    return [h("div", amount(text.removeprefix("-"), unit, money=money)) for unit, text in found.items()] or h("span", "–", cls="muted")


def more(shown: int, total: int, where: str) -> Markup | None:
    """How many rows are not shown, and where they are."""
    return h("p", f"{total - shown:,} more are not shown here: {where}.", cls="muted") if total > shown else None


def number(value: int) -> Markup:
    """A count in a table; zero steps back."""
    return count(value) if value else h("data", "0", value=0, cls="muted")


def accounts(ledger: Ledger) -> Markup:
    """One row per observed account and side: the figures of `report --json`."""
    sides = [s for s in ledger.accounts if s.observed]
    heads = [("Account and side", ""), ("Means", ""), ("Open", "num"), ("Overdue", "num"), ("In time", "num"), ("Unknowable", "num"),
             ("Quantity", "num"), ("Value", "num"), ("Oldest", ""), ("Owed by", "")]  # fmt: skip
    rows: list[Child] = []
    for flow in dict.fromkeys(s.flow for s in sides):
        rows.append(h("tr", h("th", picture.flow_title(flow), colspan=len(heads), scope="colgroup"), cls="group"))
        rows += [_account(ledger, s) for s in sides if s.flow == flow]
    return h(
        "section", h("h2", "Accounts"),
        h("p", "Each account is an expectation between two systems; what has not come to zero on it is open. Amounts are positive, the side "
               "says who is behind. Unknowable: due, but the feed that owes it has not reported that far.", cls="lead"),
        table("Accounts and sides", heads, rows) if rows else empty("No account is fed yet: connect a system in tieout.toml."), id="accounts",
    )  # fmt: skip


def _account(ledger: Ledger, side: AccountSide) -> Markup:
    return h(
        "tr",
        h("th", h("code", side.code), f" {side.account} ", h("span", side.side, cls="unit"), scope="row"), h("td", side.meaning, cls="text"),
        h("td", number(side.subjects), cls="num"), h("td", number(side.overdue), cls="num bad" if side.overdue else "num"),
        h("td", number(side.pending), cls="num"), h("td", number(side.unknowable), cls="num"),
        h("td", amounts(side.quantity, money=False), cls="num"), h("td", amounts(side.value, money=True), cls="num"),
        h("td", [moment(side.oldest, ZONE), h("div", age(side.oldest, ledger.now), cls="muted")] if side.oldest else h("span", "–", cls="muted")),
        h("td", side.owed_by, h("div", side.team, cls="muted")), data_account=f"{side.code}-{side.side}", cls=None if side.subjects else "quiet",
    )  # fmt: skip


def unobserved(ledger: Ledger) -> Markup:
    """What stands on account sides that no connected system can clear."""
    sides = [s for s in ledger.accounts if not s.observed]
    heads = [
        ("Account", ""),
        ("Side", ""),
        ("Means", ""),
        ("Stands there", "num"),
        ("Quantity", "num"),
        ("Value", "num"),
        ("Would be cleared by", ""),
    ]
    rows: list[Child] = [
        h(
            "tr", h("th", h("code", s.code), f" {s.account}", scope="row"), h("td", s.side), h("td", s.meaning, cls="text"),
            h("td", number(s.subjects), cls="num"), h("td", amounts(s.quantity, money=False), cls="num"),
            h("td", amounts(s.value, money=True), cls="num"), h("td", _clearing(ledger, s), cls="text"),
            data_account=f"{s.code}-{s.side}",
        )
        for s in sides
    ]  # fmt: skip
    return h(
        "section", h("h2", "Not observed"),
        h("p", "No connected system states what would clear these, so Tieout claims nothing about them; connect one to have them watched.", cls="lead"),
        table("Accounts that nobody observes", heads, rows) if rows else empty("Nothing stands on an account that nobody observes."),
        id="unobserved",
    )  # fmt: skip


def _clearing(ledger: Ledger, side: AccountSide) -> str:
    account = ledger.configuration.accounts[side.code]
    kinds = account.credit if side.side == "debit" else account.debit
    return ", ".join(f"{picture.words(k.name).lower()} ({k.speaker.value})" for k in kinds)


def quarantine(ledger: Ledger) -> Markup:
    """What could not be read: source, place, rule, and the next step."""
    found = ledger.quarantined()
    heads = [("Source", ""), ("Place", ""), ("Rule", ""), ("Reason and next step", ""), ("Since", "")]
    rows: list[Child] = [
        h(
            "tr", h("th", system or "–", h("div", origin or "", cls="muted path"), scope="row"),
            h("td", position(line, byte, place), cls="text"), h("td", h("code", rule)),
            h("td", reason, h("div", next_step, cls="next"), cls="text"), h("td", moment(since, ZONE)),
        )
        for _, system, origin, line, byte, place, rule, reason, next_step, since, _ in found[:ROWS_MAX]
    ]  # fmt: skip
    return h(
        "section", h("h2", "Quarantine"),
        [h("p", f"{len(found):,} statements could not be read. Their bytes are kept; `tieout replay` reads them again.", cls="lead"),
         table("Quarantined statements", heads, rows), more(len(rows), len(found), "see `tieout cases`")]
        if found else empty("Nothing is quarantined: every statement received could be read."),
        id="quarantine",
    )  # fmt: skip


def position(line: int | None, byte: int | None, place: str) -> str:
    """Line, byte and the place inside the document, as far as they are known."""
    parts = [f"line {line:,}" if line is not None else "", f"byte {byte:,}" if byte is not None else "", place]
    return ", ".join(part for part in parts if part) or "the whole message"


def waiting(ledger: Ledger) -> Markup:
    """Lines that name a document nobody has stated yet."""
    found = ledger.waiting()
    heads = [("Statement", ""), ("Line", ""), ("Waits for", ""), ("Why", ""), ("Since", ""), ("Age", "num")]
    rows: list[Child] = [
        h(
            "tr", h("th", h("code", identity), h("div", system, cls="muted"), scope="row"), h("td", line), h("td", h("code", on)),
            h("td", reason, cls="text"), h("td", moment(since, ZONE)), h("td", age(since, ledger.now), cls="num"),
        )
        for identity, line, on, reason, system, since in found[:ROWS_MAX]
    ]  # fmt: skip
    return h(
        "section", h("h2", "Waiting"),
        [h("p", "These lines name a document that has not been stated yet; they post by themselves once it is.", cls="lead"),
         table("Waiting lines", heads, rows), more(len(rows), len(found), "ask the view `waiting`")]
        if found else empty("Nothing waits: every line has found its document."),
        id="waiting",
    )  # fmt: skip
