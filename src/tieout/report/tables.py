"""The ledger as Arrow tables, for notebooks and exports; numbers stay exact as text of decimals where they may be long."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa

from tieout.core.values import plain
from tieout.report.explain import explain
from tieout.report.state import Ledger
from tieout.runtime.batch import Connection
from tieout.store.database import fetch

if TYPE_CHECKING:
    import pandas
    import polars

DECIMAL = pa.decimal128(38, 9)
TIME = pa.timestamp("us", tz="UTC")


class Table:
    """An Arrow table (`.arrow`) that turns into what a notebook wants."""

    def __init__(self, arrow: "pa.Table") -> None:
        self.arrow = arrow

    def __len__(self) -> int:
        return int(self.arrow.num_rows)

    def to_polars(self) -> "polars.DataFrame":
        """As a Polars frame (needs `pip install tieout[notebook]`)."""
        import polars

        return polars.DataFrame(polars.from_arrow(self.arrow))

    def to_pandas(self) -> "pandas.DataFrame":
        """As a pandas frame (needs `pip install tieout[notebook]`)."""
        return self.arrow.to_pandas()

    def to_pylist(self) -> list[dict[str, Any]]:
        """As a list of dictionaries."""
        return self.arrow.to_pylist()  # type: ignore[no-any-return]


def _table(columns: dict[str, Any], found: list[tuple[Any, ...]]) -> Table:
    schema = pa.schema(list(columns.items()))
    values: list[Any] = list(zip(*found, strict=True)) if found else [() for _ in columns]
    return Table(pa.table([pa.array(v, t) for v, t in zip(values, columns.values(), strict=True)], schema=schema))


def balances(ledger: Ledger) -> Table:
    """Every open item; `quantity`, `value` and `price` carry the sign of the residual (debits less credits)."""
    columns = {
        "account": pa.string(), "name": pa.string(), "side": pa.string(), "subject": pa.string(), "root": pa.string(), "key": pa.string(),
        "quantity": DECIMAL, "unit": pa.string(), "value": DECIMAL, "price": DECIMAL, "currency": pa.string(), "since": TIME, "due": TIME,
        "state": pa.string(), "owed_by": pa.string(), "team": pa.string(), "cause_hint": pa.string(),
    }  # fmt: skip
    accounts = ledger.configuration.accounts
    return _table(columns, [
        (i.account, accounts[i.account].name, i.side.value, i.subject, i.root, i.key, i.quantity, i.unit, i.value, i.price,
         i.currency, i.since, i.due, i.state.value, i.expectation.owed_by.value, i.expectation.team, i.hint)
        for i in ledger.items
    ])  # fmt: skip


def cases(ledger: Ledger) -> Table:
    """The open cases; quantities by unit and values by currency as JSON."""
    columns = {
        "case": pa.string(), "code": pa.string(), "subject": pa.string(), "account": pa.string(), "side": pa.string(),
        "quantity": pa.string(), "value": pa.string(), "since": TIME, "due": TIME, "owed_by": pa.string(), "team": pa.string(),
        "state": pa.string(), "cause_hint": pa.string(),
    }  # fmt: skip
    return _table(columns, [
        (c.case, c.code, c.subject, c.account, c.side, _json(c.quantity), _json(c.value), c.since, c.due, c.owed_by, c.team, c.state, c.hint)
        for c in ledger.cases
    ])  # fmt: skip


def facts(connection: Connection) -> Table:
    """Every kept version of every statement, as it was said."""
    columns = {
        "identity": pa.string(), "revision": pa.string(), "generation": pa.int32(), "kind": pa.string(), "happened": TIME, "recorded": TIME,
        "system": pa.string(), "origin": pa.string(), "line": pa.int64(), "byte": pa.int64(), "place": pa.string(), "message": pa.int64(),
        "fact": pa.string(),
    }  # fmt: skip
    return _table(columns, fetch(connection, "all_facts"))


def entries(connection: Connection) -> Table:
    """Every entry ever posted; a reversal has sign -1."""
    columns = {
        "commit": pa.int64(), "recorded": TIME, "root": pa.string(), "sign": pa.int16(), "identity": pa.string(), "revision": pa.string(),
        "kind": pa.string(), "account": pa.string(), "side": pa.string(), "key": pa.string(), "quantity": DECIMAL, "unit": pa.string(),
        "value": DECIMAL, "currency": pa.string(), "occurred": TIME, "booked": pa.date32(), "due": TIME,
    }  # fmt: skip
    return _table(columns, fetch(connection, "all_entries"))


def t_account(ledger: Ledger, subject: str) -> Table:
    """The entries of one subject with their sources."""
    columns = {
        "account": pa.string(), "key": pa.string(), "side": pa.string(), "quantity": DECIMAL, "unit": pa.string(), "value": DECIMAL,
        "currency": pa.string(), "occurred": TIME, "identity": pa.string(), "kind": pa.string(), "origin": pa.string(),
        "line": pa.int64(), "byte": pa.int64(), "place": pa.string(),
    }  # fmt: skip
    found = []
    for account in explain(ledger, subject).accounts:
        for line in (*account.debits, *account.credits):
            e, s = line.entry, line.source
            found.append((
                account.code, account.key, e.side.value, e.quantity, e.unit, e.value, e.currency, e.occurred, e.identity, e.kind,
                s and s.origin, s and s.line, s and s.byte, s and s.place,
            ))  # fmt: skip
    return _table(columns, found)


def case_json(case: Any) -> dict[str, Any]:
    """A case as `cases --json` shows it; amounts are positive, the side says the sign."""
    return {
        "case": case.case, "code": case.code, "subject": case.subject, "account": case.account, "side": case.side,
        "quantity": {u: plain(abs(Decimal(n))) for u, n in case.quantity.items()},
        "value": {c: plain(abs(Decimal(n))) for c, n in case.value.items()},
        "since": case.since.isoformat(), "due": case.due.isoformat(), "owed_by": case.owed_by, "team": case.team,
        "state": case.state, "cause_hint": case.hint,
    }  # fmt: skip


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
