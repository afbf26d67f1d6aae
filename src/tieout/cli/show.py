"""How answers look on a terminal: tables for people, JSON for scripts."""

import sys
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tieout.core.values import plain
from tieout.report.explain import EntryLine, Explanation, TAccount
from tieout.report.state import AccountSide, Ledger
from tieout.report.tables import case_json
from tieout.runtime.looks import Case

WIDTH = 150
console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
notes = Console(stderr=True, highlight=False)
FIRST = 40


def as_json(value: Any) -> None:
    """Write a value as JSON to standard output."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def plain_json(value: Any) -> str:
    """A value as one line of JSON."""
    return msgspec.json.encode(value).decode()


def complete_list(found: dict[str, Any]) -> None:
    """What a complete list would do."""
    of = f" of {found['partner']}" if found["partner"] else ""
    console.print(
        f"Complete list: {found['documents']:,} documents {found['system']}/{found['type']}{of} as of {found['as_of'].isoformat()}."
        " Whatever it lacks and happened before would be void.",
        markup=False,
    )  # fmt: skip


def measures(amounts: dict[str, str]) -> str:
    """`12 EA, 30 KG`."""
    return ", ".join(f"{grouped(n)} {unit}".strip() for unit, n in amounts.items())


def grouped(number: str) -> str:
    """A decimal string with thousands separated, as a person reads it."""
    return f"{Decimal(number):,f}"


def age(since: datetime, now: datetime) -> str:
    """How long ago: `3 d`, `5 h`."""
    hours = int((now - since).total_seconds() // 3600)
    return f"{hours // 24} d" if hours >= 48 else f"{max(hours, 0)} h"


def status(figures: dict[str, Any]) -> None:
    """The counts and their identity."""
    counts = figures["counts"]
    parts = ("posted", "without_effect", "superseded", "waiting", "quarantined", "duplicate")
    console.print(
        f"[bold]{figures['received']:,}[/] statements received = " + " + ".join(f"{counts[p]:,} {p.replace('_', ' ')}" for p in parts)
    )
    console.print(
        f"{figures['messages']:,} messages ({figures['messages_repeated']:,} repeated), {figures['facts']:,} facts,"
        f" {figures['subjects']:,} subjects on {figures['roots']:,} roots"
    )
    console.print(f"[bold]{figures['open_cases']:,}[/] open cases")
    for name, mark in figures["feeds"].items():
        console.print(f"  feed {escape(name)} complete to {mark}")
    console.print(f"ledger {figures['ledger_hash']} at commit {figures['commit']}, as of {figures['as_of']}")


def accounts(found: Iterable[AccountSide], now: datetime) -> None:
    """The table of accounts and sides on which anything stands."""
    shown = [a for a in found if a.subjects]
    for observed in (True, False):
        part = [a for a in shown if a.observed is observed]
        if not part:
            continue
        title = "Open balances" if observed else "Not observed: no connected system states what would clear these"
        table = Table(title=title, title_justify="left", title_style="bold" if observed else "dim", box=None, pad_edge=False)
        for name in ("code", "account", "what it means"):
            table.add_column(name)
        for name in ("subjects", "overdue", "quantity", "value", "oldest"):
            table.add_column(name, justify="right")
        table.add_column("owed by")
        for a in part:
            oldest = age(a.oldest, now) if a.oldest else ""
            sign = "+" if a.side == "debit" else "-"
            table.add_row(
                a.code + sign, a.account, a.meaning, f"{a.subjects:,}", f"[bold]{a.overdue:,}[/]" if a.overdue else "",
                escape(measures(a.quantity)), escape(measures(a.value)), oldest, f"{a.owed_by} / {a.team}",
            )  # fmt: skip
        console.print(table)
        console.print()


def cases(found: list[Case], now: datetime, count: int) -> None:
    """Open cases, due soonest first, of `count` in all."""
    if not found:
        console.print("No open cases: everything that is due is tied out.")
        return
    table = Table(box=None, pad_edge=False)
    for name in ("case", "quantity", "value", "age", "overdue", "owed by", "hint"):
        table.add_column(name, justify="right" if name in ("quantity", "value", "age", "overdue") else "left", overflow="fold")
    for case in found:
        shown = case_json(case)
        table.add_row(
            escape(case.case), measures(shown["quantity"]), measures(shown["value"]), age(case.since, now), age(case.due, now),
            f"{case.owed_by} / {case.team}", escape(case.hint),
        )  # fmt: skip
    console.print(table)
    if count > len(found):
        console.print(f"… and {count - len(found):,} more; `--limit 0` shows all, `--json` lists all.")


def classes(found: list[Case], ledger: Ledger) -> None:
    """Open exceptions by class, with owner, oldest age and value."""
    grouped_: dict[tuple[str, str], list[Case]] = {}
    for case in found:
        grouped_.setdefault((case.code, case.side), []).append(case)
    table = Table(title="Open exceptions by class", title_justify="left", title_style="bold", box=None, pad_edge=False)
    for name in ("class", "meaning", "owner"):
        table.add_column(name)
    for name in ("cases", "oldest", "value"):
        table.add_column(name, justify="right")
    for (code, side), part in sorted(grouped_.items(), key=lambda g: -len(g[1])):
        account = ledger.configuration.accounts.get(code)
        meaning = TECHNICAL.get(code, "") if account is None else (account.over if side == "debit" else account.under).meaning
        value: dict[str, Decimal] = {}
        for case in part:
            for currency, amount in case.value.items():
                value[currency] = value.get(currency, Decimal(0)) + abs(Decimal(amount))
        sign = {"debit": "+", "credit": "-"}.get(side, "")
        table.add_row(
            code + sign, meaning, f"{part[0].owed_by} / {part[0].team}", f"{len(part):,}", age(min(c.since for c in part), ledger.now),
            measures({c: plain(n) for c, n in sorted(value.items())}),
        )  # fmt: skip
    console.print(table)
    console.print()


TECHNICAL = {
    "QUA": "quarantined: a statement could not be read",
    "WAI": "waiting: no link says where it belongs",
    "CNF": "conflict: two contents under one revision",
    "REF": "a reference linked too often to be believed",
    "FED": "a feed is silent for longer than usual",
    "SET": "changed settings are not taken",
}


def explanation(found: Explanation, *, only_open: bool = False) -> None:
    """T-accounts of a subject; on demand only those with something open."""
    console.print(f"[bold]{escape(found.subject)}[/]" + (f"  also {escape(', '.join(found.names))}" if found.names else ""))
    if found.notes:
        console.print("  " + escape(", ".join(f"{k} {v}" for k, v in sorted(found.notes.items()))))
    if not found.accounts:
        console.print("  No entries stand on it.")
    for account in found.accounts:
        if account.items or not only_open:
            _t_account(account)
    if found.related:
        console.print("related: " + escape(", ".join(found.related)))


def _t_account(account: TAccount) -> None:
    title = f"{account.code} {account.name}" + (f"  {account.key}" if account.key else "")
    table = Table(title=escape(title), title_justify="left", title_style="bold", box=None, pad_edge=False, show_edge=False)
    table.add_column("debit", ratio=1, overflow="fold")
    table.add_column("│")
    table.add_column("credit", ratio=1, overflow="fold")
    for n in range(max(len(account.debits), len(account.credits))):
        left = _line(account.debits[n]) if n < len(account.debits) else ""
        right = _line(account.credits[n]) if n < len(account.credits) else ""
        table.add_row(left, "│", right)
    console.print(table)
    if not account.items:
        console.print("  tied out", style="green")
    for item in account.items:
        amount = f"{plain(item.quantity)} {item.unit}" if item.quantity else ""
        worth = f"{plain((item.value or Decimal(0)) + item.price)} {item.currency}" if item.amount else ""
        hint = f" ({item.hint})" if item.hint else ""
        console.print(
            f"  residual {' / '.join(x for x in (amount, worth) if x)}: {item.expectation.meaning}; {item.state.value},"
            f" due {item.due.isoformat(timespec='minutes')}, owed by {item.expectation.owed_by.value} / {item.expectation.team}{hint}",
            style="red" if item.state.value == "open" else "yellow", markup=False,
        )  # fmt: skip


def _line(line: EntryLine) -> str:
    e = line.entry
    amount = f"{plain(e.quantity)} {e.unit}" if e.quantity is not None else ""
    value = f"{plain(e.value)} {e.currency}" if e.value is not None else ""
    source = f"\n  [dim]{escape(str(line.source))}[/]" if line.source else ""
    what = escape(f"{e.kind} {e.identity}")
    return f"{amount} {value} {e.occurred.isoformat(timespec='minutes')}\n  {what}{source}"
