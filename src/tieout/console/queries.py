"""What the frame reads: the counts of the rail and what the palette finds."""

from tieout.console.visit import Visit
from tieout.people.person import predicate
from tieout.store.sql import sql

FOUND_MAX = 12


def approvals_waiting(visit: Visit) -> int:
    """How many requests wait for somebody."""
    return int(visit.fetch("requests_waiting")[0][0])


def found(visit: Visit, text: str) -> list[dict[str, str]]:
    """What begins with a text: exceptions by their reference or number, transactions, saved views."""
    scopes = visit.person.scopes
    start = text.upper().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    statement = sql("work_numbers").format(scope="true" if scopes.is_all else predicate("w"))
    rows = visit.timed(
        "db", lambda: visit.connection.execute(statement.encode(), {"start": start, **scopes.arguments()}, prepare=False).fetchall()
    )
    made = [{"name": f"{ref} {title}", "kind": number or "exception", "url": f"/exceptions/{ref}"} for ref, title, number, _ in rows]
    roots = list(dict.fromkeys(root for _, _, number, root in rows if root and number.upper().startswith(text.upper())))
    made += [{"name": root, "kind": "transaction", "url": f"/transactions/{root}"} for root in roots[:4]]
    for slug, name, query, _, _, _, _, _ in visit.fetch("views_of", visit.person.login, "exceptions", visit.person.login):
        if text.lower() in name.lower() or text.lower() in slug:
            made.append({"name": name, "kind": "view", "url": f"/exceptions?{query}" if query else "/exceptions"})
    return made[:FOUND_MAX]
