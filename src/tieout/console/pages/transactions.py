"""`/transactions` finds them, `/transactions/{ref}` shows everything of one: what happened, who says what, what is still owed."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec
from starlette.responses import RedirectResponse, Response

from tieout.console import queries_search, sheet, urls
from tieout.console.app import page
from tieout.console.compared import Obligation, compared, obligations, totals
from tieout.console.lineage import Lineage, lineage
from tieout.console.queries_search import Search
from tieout.console.queries_transaction import Command, Told, Transaction, transaction
from tieout.console.render import clock
from tieout.console.svg.chart import figure
from tieout.console.svg.lanes import lanes
from tieout.console.timeline import NEWEST_FIRST_MAX, Happening, happenings, lanes_of, marks
from tieout.console.visit import Refusal, Visit
from tieout.core.account import Entry
from tieout.core.values import Role, ref_parts
from tieout.people import audit
from tieout.people.person import Right
from tieout.report.explain import TAccount
from tieout.report.state import Ledger

GRAMMAR = urls.Grammar(
    "/transactions",
    (
        urls.Field("q", "Id", urls.TEXT), urls.Field("party", "Party", urls.TEXT), urls.Field("date", "Date", urls.MOMENT),
        urls.Field("open", "Open account"),
    ),
    ("-first",),
)  # fmt: skip
JSON = ".json"
VIEWS = ("all", "failed", "commands")
ENTRIES_MAX = 50
TIMES = ("happened", "known")


# Finding ---------------------------------------------------------------------------------------------------------------


def find(visit: Visit) -> Response:
    """The list, by what the query asks for."""
    if canonical := urls.redirect(GRAMMAR, [pair for pair in visit.query if pair[0] != "csv"]):
        return RedirectResponse(canonical, 302)
    state = urls.read(GRAMMAR, [pair for pair in visit.query if pair[0] != "csv"])
    wanted = _wanted(visit, state)
    found = queries_search.search(visit.connection, wanted, visit.person.scopes, visit.now)
    if ("csv", "1") in visit.query:
        visit.person.need(Right.EXPORT)
        return _sheet(visit, found)
    if wanted.text and len(found.rows) == 1 and not wanted.offset and found.rows[0].root == wanted.text:
        return RedirectResponse(address(found.rows[0].root), 302)
    after = msgspec.structs.replace(state, offset=state.offset + queries_search.WINDOW)
    before = msgspec.structs.replace(state, offset=max(state.offset - queries_search.WINDOW, 0))
    return visit.show(
        "pages/transactions.html", title="Transactions", state=state, found=found, wanted=wanted, grammar=GRAMMAR, address=address,
        chips=[(t, v, urls.url(GRAMMAR, urls.without(state, t, v))) for t in state.terms for v in t.values],
        ignored=state.ignored, clean=urls.url(GRAMMAR, msgspec.structs.replace(state, ignored=())),
        after=urls.url(GRAMMAR, after), before=urls.url(GRAMMAR, before), csv=urls.link(GRAMMAR.path, [*urls.write(GRAMMAR, state), ("csv", "1")]),
    )  # fmt: skip


def _wanted(visit: Visit, state: urls.State) -> Search:
    values = {term.name: term.values[0] for term in state.terms}
    since, until = urls.moments(values["date"], visit.now, visit.zone) if "date" in values else (None, None)
    return Search(
        values.get("q", ""), values.get("party", ""), values.get("open", ""), since or queries_search.BEGINNING, until or queries_search.END,
        state.offset,
    )  # fmt: skip


def _sheet(visit: Visit, found: queries_search.Found) -> Response:
    heads = ("transaction", "first", "last", "party", "channel", "warehouse", "open accounts", "exceptions", "overdue", "worth", "currency")
    rows = [
        (r.root, r.first, r.last, r.party, r.channel, r.warehouse, " ".join(r.open_accounts), r.exceptions, r.overdue, r.worth, r.currency)
        for r in found.rows
    ]
    return sheet.sheet(f"transactions-{visit.now:%Y-%m-%d}", heads, rows)


def address(root: str, **more: str) -> str:
    """Where a transaction is shown."""
    return urls.link(f"/transactions/{quote(root, safe='/:@*')}", more.items())


# One transaction -------------------------------------------------------------------------------------------------------


def show(visit: Visit) -> Response:
    """Everything of one, now or as it was known at a moment."""
    asked = visit.argument("ref")
    as_json = asked.endswith(JSON)
    asked = asked.removesuffix(JSON)
    roots = queries_search.roots_named(visit.connection, asked)
    if len(roots) != 1:
        return _unknown(visit, asked, roots)
    if roots[0] != asked:
        query = [pair for pair in visit.query if pair[0] != "said"]
        return RedirectResponse(urls.link(f"/transactions/{quote(roots[0], safe='/:@*')}{JSON if as_json else ''}", query), 302)
    given = dict(visit.query)
    ledger = visit.desk.ledger(visit.connection, _moment(given.get("as_of", "")))
    found = visit.timed("db", transaction, ledger, roots[0])
    if not visit.person.scopes.sees(channel=found.notes.get("channel", ""), warehouse=found.notes.get("warehouse", "")):
        raise Refusal(404, "There is no such transaction", f"Nothing that you may see is named {asked}.")
    if as_json:
        return Response(msgspec.json.encode(found, order="deterministic"), media_type="application/json")
    owed = _owed(found, ledger)
    if "csv" in given:
        visit.person.need(Right.EXPORT)
        return _csv(visit, found, owed, given["csv"])
    return _page(visit, found, ledger, owed, given)


def _page(visit: Visit, found: Transaction, ledger: Ledger, owed: list[Obligation], given: dict[str, str]) -> Response:
    known = {name: given[name] for name in ("as_of", "view", "only", "times") if given.get(name)}
    order, by_role = list(visit.desk.configuration.systems), _by_role(visit)
    all_ = happenings(found, by_role)
    if given.get("times") == "known":
        all_ = tuple(sorted((msgspec.structs.replace(h, at=h.known or h.at, happened=h.at) for h in all_), key=lambda h: (h.at, h.lane)))
    view = given.get("view", "all") if given.get("view") in VIEWS else "all"
    rows = [one for one in all_ if view == "all" or (one.is_failed if view == "failed" else one.kind == "command")]
    before = int(given["older"]) if given.get("older", "").isdecimal() and len(given["older"]) < 9 else 0
    base = urls.link(address(found.root), known.items()) + ("&" if known else "?")
    chart = lanes(
        "timeline",
        "Timeline across systems",
        lanes_of(rows, order),
        marks(rows, base),
        ZoneInfo(visit.shown_zone),
        found.now,
    )
    voices, compared_ = compared(found.accounts, ledger.configuration.accounts)
    told, traced = _traced(visit, found, given)
    return visit.show(
        "pages/transaction.html", title=ref_parts(found.root)[2], found=found, ref=ref_parts(found.root), address=address, given=given, view=view,
        views=[(name, _with(found.root, known, view="" if name == "all" else name)) for name in VIEWS],
        timeline=figure(msgspec.structs.replace(chart, rows=chart.rows[-NEWEST_FIRST_MAX:]), f"{base}csv=timeline"),
        rows=list(reversed(rows))[before : before + NEWEST_FIRST_MAX], before=before, many=len(rows), window=NEWEST_FIRST_MAX, entries_max=ENTRIES_MAX,
        times=given.get("times", "happened") if given.get("times") in TIMES else "happened", skewed=skewed,
        base=base, known=known, voices=voices, compared=compared_,
        different=[row for row in compared_ if any(cell.mark for cell in row.cells)], only=given.get("only") == "differences", owed=owed,
        totals=totals(owed), accounts=ledger.configuration.accounts, told=told, traced=traced, posted=_posted(found, told) if told else (),
        commanded=_commanded(found, told) if told else (), field=given.get("field", ""), moments=_moments(found), as_of=ledger.as_of, with_=_with,
        may_unmask=visit.person.may(Right.UNMASK), states=_states(found),
    )  # fmt: skip


def skewed(one: Happening) -> str:
    """How far the time that was stated is from the time at which we heard of it; empty below a minute."""
    if one.known is None:
        return ""
    late = one.known - (one.happened or one.at)
    if abs(late) < timedelta(minutes=1):
        return ""
    return f"known {clock(late)} later" if late > timedelta(0) else f"known {clock(-late)} before it happened: its clock is ahead"


def _with(root: str, known: dict[str, str], **more: str) -> str:
    return address(root, **{name: value for name, value in {**known, **more}.items() if value})


def _states(found: Transaction) -> tuple[int, int]:
    """How many open items are late, and how many are in time."""
    items = [*found.items, *(item for related in found.related for item in related.items)]
    late = sum(item.state.value in ("open", "write-off lapsed") for item in items)
    return late, sum(item.state.value in ("pending", "not yet knowable") for item in items)


def _moments(found: Transaction) -> list[datetime]:
    """The moments at which something new was known, newest first; what `as_of` offers."""
    return sorted({told.recorded for told in found.told}, reverse=True)[:50]


def _by_role(visit: Visit) -> dict[str, tuple[str, ...]]:
    systems = visit.desk.configuration.systems.values()
    return {role.value: tuple(s.name for s in systems if s.role is role) for role in Role}


def _owed(found: Transaction, ledger: Ledger) -> list[Obligation]:
    of = ledger.configuration.accounts
    made = list(obligations(found.root, found.accounts, of))
    for related in found.related:
        made += obligations(related.root, related.accounts, of)
    return made


def _moment(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text.replace(" ", "+")) if text else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None


# Lineage ---------------------------------------------------------------------------------------------------------------


def _traced(visit: Visit, found: Transaction, given: dict[str, str]) -> tuple[Told | None, Lineage | None]:
    """The chosen statement beside its bytes; who looks at bytes that are masked for others is written down first."""
    told = next((one for one in found.told if str(one.id) == given.get("event")), None)
    if told is None:
        return None, None
    if not visit.person.may(Right.UNMASK):
        return told, None
    audit.read_masked(visit.connection, visit.person, f"message {told.message}", ["raw"], visit.now)
    ((raw, *_),) = visit.fetch("message_bytes", told.message)
    return told, lineage(bytes(raw), _byte(told), told.body, visit.desk.zone, narrow=not visit.person.scopes.is_all)


def _byte(told: Told) -> int | None:
    """Where in its message a statement begins, if its place says so."""
    first = told.place.partition(",")[0].split(" ")
    return int(first[1]) if len(first) == 2 and first[0] == "byte" and first[1].isdigit() else None


def _posted(found: Transaction, told: Told) -> list[tuple[TAccount, Entry, str]]:
    """The entries that a statement stands for, here and on related subjects, each with the line of the statement that it came from."""
    accounts = [*found.accounts, *(account for related in found.related for account in related.accounts)]
    return [
        (account, line.entry, line_of(told.body, line.entry.key, line.entry.item))
        for account in accounts
        for line in (*account.debits, *account.credits)
        if line.entry.identity == told.identity and not told.fate
    ]


def line_of(body: dict[str, Any], key: str, item: str) -> str:
    """The line of a statement that an entry or a command's line speaks of, as far as it can be told apart."""
    for line in body.get("lines", []):
        if (key and key in (line.get("order_line"), line.get("item"), line.get("charge"))) or (item and item == line.get("item")):
            return str(line.get("line", ""))
    return ""


def _commanded(found: Transaction, told: Told) -> list[tuple[Command, list[tuple[str, str, str]]]]:
    """The lines of every command: name and value of each field, and the field of the statement that says the same."""
    made = []
    for command in found.commands:
        cells = []
        for line in command.body.get("lines", []):
            own = line_of(told.body, str(line.get("order_line", "")), str(line.get("item", "")))
            cells += [(name, str(value), f"l{own}-{name}" if own else "") for name, value in line.items() if name != "line"]
        made.append((command, cells))
    return made


# Elsewhere -------------------------------------------------------------------------------------------------------------


def _unknown(visit: Visit, asked: str, roots: list[str]) -> Response:
    """Nothing, or more than one thing, answers to this name: near matches, and where we looked."""
    near = queries_search.search(visit.connection, Search(text=asked[:8] if not roots else asked), visit.person.scopes, visit.now)
    several = queries_search.told(visit.connection, [(root, asked) for root in roots], visit.now) if roots else []
    return visit.show(
        "pages/transaction_unknown.html", 404, title="Unknown transaction", asked=asked, several=several, near=near.rows, address=address,
        systems=list(visit.desk.configuration.systems),
    )  # fmt: skip


def _csv(visit: Visit, found: Transaction, owed: list[Obligation], what: str) -> Response:
    name = f"{ref_parts(found.root)[2]}-{what}"
    if what == "obligations":
        heads = ("subject", "account", "key", "means", "unit or currency", "due", "done", "open", "state", "deadline")
        return sheet.sheet(name, heads, [
            (o.subject, o.code, o.key, o.means, o.measure, o.due, o.done, o.open, o.item.state.value if o.item else "settled", o.item.due if o.item else None)
            for o in owed
        ])  # fmt: skip
    columns = ("time", "known", "system", "kind", "what", "detail", "notes", "source")
    return sheet.sheet(name, columns, [_row(one) for one in happenings(found, _by_role(visit))])


def _row(one: Happening) -> tuple[datetime, datetime | None, str, str, str, str, str, str]:
    return one.at, one.known, one.lane, one.kind, one.words, one.detail, "; ".join(one.notes), one.told.source if one.told else ""


def bytes_of(visit: Visit) -> Response:
    """A message as it came, as a download; that it was taken is written down."""
    number = int(visit.argument("message"))
    rows = visit.fetch("message_bytes", number)
    if not rows or not visit.person.scopes.is_all:
        raise Refusal(404, "There is no such message", "Nothing that you may see has this number.")
    audit.read_masked(visit.connection, visit.person, f"message {number}", ["raw"], visit.now)
    raw, hash_, *_ = rows[0]
    headers = {"Content-Disposition": f'attachment; filename="message-{number}.bin"', "X-Content-SHA256": hash_}
    return Response(bytes(raw), media_type="application/octet-stream", headers=headers)


routes = [
    page("/transactions", find),
    page("/messages/{message:int}/bytes", bytes_of, needs=Right.UNMASK, records=True),
    page("/transactions/{ref:path}", show, records=True),
]
