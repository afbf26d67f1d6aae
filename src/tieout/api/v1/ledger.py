"""Transactions, balances and messages: what the ledger says, within the scopes of whoever asks."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from tieout.api.v1.ask import At, Reading
from tieout.api.v1.models import NUMBER_MAX, Balance, Entry, Explanation, Source, TAccount, Transaction, amount
from tieout.api.v1.page import Cursor, Limit, Page, page_of, place_of
from tieout.api.v1.problems import missing, told
from tieout.api.v1.seen import BY_MESSAGE, BY_ROOT, rows
from tieout.errors import OperatorError
from tieout.people import audit
from tieout.people.person import Right
from tieout.report import explain
from tieout.report.explain import EntryLine

router = APIRouter(tags=["ledger"])
BIGGEST = 2**63 - 1
Subject = Annotated[str, Query(min_length=1, max_length=400, description="A reference, `system/type/number`, or a bare number.")]
Known = Annotated[str | None, Query(min_length=1, max_length=400, description="Only of this transaction, `system/type/number`.")]
Account = Annotated[str | None, Query(pattern="^[A-Z]{2,6}$", description="Only this account, such as SNI.")]
Begins = Annotated[str, Query(max_length=400, description="Only references that begin so, such as `erp/sales_order/`.")]


@router.get("/transactions", responses=told(404))
def transactions(ask: Reading, begins: Begins = "", open: bool = False, limit: Limit = 100, cursor: Cursor = None) -> Page[Transaction]:
    """Transactions by reference; with `open`, only those that have not come to zero."""
    after = place_of(cursor, tuple[str]) or ("",)
    prefix = begins.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    with ask.reading() as at:
        found = rows(at.session, "roots_page", at.person.scopes, BY_ROOT, after=after[0], prefix=prefix, open=open, limit=limit + 1)
    items, following = page_of(found, limit, lambda row: (row[0],))
    return Page(items=[Transaction(subject=ref, open_balances=balances, open_cases=cases) for ref, balances, cases in items], next=following)


@router.get("/transaction", responses=told(404, 409))
def transaction(ask: Reading, subject: Subject) -> Explanation:
    """A transaction explained: its T-accounts, debits and credits, each with its source down to file, line and byte."""
    with ask.reading() as at:
        ledger = at.project.ledger(at.session)
        root, key = _found(at, subject)
        found = explain.explain(ledger, f"{root}#{key}" if key else root)
    return Explanation(
        subject=found.subject, names=list(found.names), notes={name: str(text) for name, text in found.notes.items()}, related=list(found.related),
        accounts=[
            TAccount(
                code=one.code, name=one.name, key=one.key, debits=[_entry(line) for line in one.debits],
                credits=[_entry(line) for line in one.credits], state=[item.state.value for item in one.items],
            ) for one in found.accounts
        ],
    )  # fmt: skip


@router.get("/balances", responses=told(404))
def balances(ask: Reading, subject: Known = None, account: Account = None, limit: Limit = 100, cursor: Cursor = None) -> Page[Balance]:
    """Every balance that is not zero: debits less credits, by transaction, account, key and unit or currency."""
    root, code, key = place_of(cursor, tuple[str, str, str]) or ("", "", "")
    with ask.reading() as at:
        found = rows(
            at.session,
            "balances_page",
            at.person.scopes,
            BY_ROOT,
            root=root,
            code=code,
            key=key,
            subject=subject,
            account=account,
            limit=limit + 1,
        )
    items, following = page_of(found, limit, lambda row: (row[0], row[1], f"{row[2]}|{row[3]}"))
    return Page(items=[Balance(subject=row[0], account=row[1], key=row[2], unit=row[3], net=row[4]) for row in items], next=following)


@router.get(
    "/messages/{message}/raw",
    response_class=Response,
    responses={**told(404), 200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}},
)
def raw(ask: Reading, message: Annotated[int, Path(ge=0, le=NUMBER_MAX)]) -> Response:
    """The bytes of a message as they came. They may hold personal data: each look is written down."""

    def look(at: At) -> Response:
        found = rows(at.session, "raw_message", at.person.scopes, BY_MESSAGE, id=message)
        if not found:
            raise missing("message with this number")
        audit.read_masked(at.session, at.person, f"message/{message}", ("raw",), at.now)
        headers = {"content-disposition": f'attachment; filename="message-{message}"'}
        return Response(bytes(found[0][0]), 200, headers, "application/octet-stream")

    return ask.do(Right.UNMASK, look)


def _found(at: At, text: str) -> tuple[str, str]:
    """The root and key that a text names, if whoever asks may see it. Raises Problem."""
    try:
        root, key = explain.find(at.project.ledger(at.session), text)
    except OperatorError as bad:
        raise missing("transaction of that name") from bad
    if not rows(at.session, "root_seen", at.person.scopes, BY_ROOT, ref=root)[0][0]:
        raise missing("transaction of that name")
    return root, key


def _entry(line: EntryLine) -> Entry:
    entry, source = line.entry, line.source
    return Entry(
        fact=entry.identity, occurred=entry.occurred, quantity=amount(entry.quantity), unit=entry.unit, value=amount(entry.value),
        currency=entry.currency, source=None if source is None else Source(
            system=source.system, message=source.message, origin=source.origin, line=source.line, byte=source.byte, place=source.place
        ),
    )  # fmt: skip
