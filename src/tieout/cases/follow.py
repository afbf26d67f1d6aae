"""Follow: bring the work in step with the ledger. Set-based, incremental, in a transaction of its own beside the way of a message.

What changed is noted by triggers in the transaction that changed it; here it is taken, in portions, and each exception's row is
opened, changed, moved, reopened or resolved, routed and put to its cause. Nothing else resolves an exception. The cases of the ledger
may come by the hundred thousand: they are routed before they are written, as a row that is written twice goes into each index twice.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tieout.cases import clock
from tieout.cases.given import CaseRow, Row, given
from tieout.core.values import Side
from tieout.runtime.batch import Connection
from tieout.runtime.configuration import Configuration
from tieout.store.database import fetch, fetch_by, run_by

AT_ONCE = 20_000
PORTIONS_MAX = 10_000
SETS = "set local enable_hashjoin = on; set local enable_memoize = off; set local jit = off"
"""A writer's session looks single rows up; here whole portions are joined."""
TITLES = {
    "WAI": "Waits for what it refers to",
    "CNF": "Two contents under one revision",
    "REF": "Reference used too often",
    "FED": "Feed is silent",
    "SET": "Changed settings are not taken",
}


def follow(connection: Connection, configuration: Configuration, now: datetime) -> int:
    """Bring the work in step; how many changes were followed. While another process does it, nothing."""
    followed = 0
    for _ in range(PORTIONS_MAX):
        with connection.transaction():
            ((mine,),) = fetch(connection, "follow_alone")
            if not mine:
                return followed
            connection.execute(SETS)
            taken = fetch(connection, "take_todo", AT_ONCE)
            _take(connection, configuration, taken, now)
            routed = route(connection, configuration, now)
            followed += len(taken)
            if len(taken) < AT_ONCE and routed < AT_ONCE:
                clock.move(connection, configuration, now)
                return followed
    return followed


def _take(connection: Connection, configuration: Configuration, taken: list[tuple[Any, ...]], now: datetime) -> None:
    keys: dict[str, list[str]] = {"case": [], "command": [], "quarantine": []}
    for kind, key in taken:
        keys[kind].append(key)
    if keys["case"]:
        run_by(connection, "move_work", keys=keys["case"], now=now)
        _write_cases(connection, configuration, keys["case"], now)
        run_by(connection, "resolve_cases", keys=keys["case"], now=now)
    if keys["quarantine"]:
        messages = [int(key) for key in keys["quarantine"]]
        run_by(connection, "follow_quarantine", keys=messages, now=now)
        run_by(connection, "resolve_quarantine", keys=messages, now=now)
    if keys["command"]:
        run_by(connection, "progress_commands", keys=keys["command"], now=now)
        run_by(connection, "follow_commands", keys=keys["command"], now=now)
    run_by(connection, "resolve_commands", keys=keys["command"], now=now)


def classes(configuration: Configuration) -> dict[str, list[str]]:
    """Every class of a balance, with what it means, the system that owes the next step, and both systems."""
    made: dict[str, list[str]] = {"classes": [], "titles": [], "systems": [], "pairs": []}
    for code, account in configuration.accounts.items():
        for sign, side, other in (("+", Side.DEBIT, "-"), ("-", Side.CREDIT, "+")):
            owes, stated = configuration.feeds[code + sign], configuration.feeds[code + other]
            made["classes"].append(code + sign)
            made["titles"].append(account.expectation(side).meaning)
            made["systems"].append(owes[0] if owes else "")
            made["pairs"].append(" / ".join(dict.fromkeys((*owes[:1], *stated[:1]))))
    for code, meaning in TITLES.items():
        made["classes"].append(code)
        made["titles"].append(meaning)
        made["systems"].append("")
        made["pairs"].append("")
    return made


def _write_cases(connection: Connection, configuration: Configuration, keys: list[str], now: datetime) -> None:
    feeds = configuration.clock == "feeds"
    rows = [CaseRow(*row) for row in fetch_by(connection, "seen_cases", keys=keys, now=now, feeds=feeds, **classes(configuration))]
    if not rows:
        return
    titles = {row.class_: row.title for row in rows}
    run_by(connection, "write_cases", now=now, **_columns(rows), **_columns(given(connection, configuration, rows, titles, now)))


def _columns(rows: Sequence[Any]) -> dict[str, list[Any]]:
    """Named tuples by column, as arrays for a statement."""
    return dict(zip(rows[0]._fields, map(list, zip(*rows, strict=True)), strict=True))


def route(connection: Connection, configuration: Configuration, now: datetime) -> int:
    """Put what else is new to its cause and to whoever is to work it; how many."""
    rows = [Row(*row) for row in fetch(connection, "unrouted", AT_ONCE)]
    if not rows:
        return 0
    ids = [row.id for row in rows]
    titles: dict[str, str] = dict(fetch(connection, "titles_of", ids))
    run_by(connection, "set_routes", id=ids, **_columns(given(connection, configuration, rows, titles, now)))
    return len(rows)
