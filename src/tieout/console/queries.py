"""What the frame reads: what the palette finds."""

from tieout.cases import view
from tieout.console.visit import Visit
from tieout.people.person import predicate
from tieout.store.sql import sql

FOUND_MAX = 12


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
    for one in view.views(visit.connection, visit.person, "/exceptions"):
        if text.lower() in one.name.lower() or text.lower() in one.slug:
            made.append({"name": one.name, "kind": "view", "url": f"/exceptions?{one.query}" if one.query else "/exceptions"})
    return made[:FOUND_MAX]
