"""What commands do to a project as a whole: make one, close a period, rebuild."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from tieout.app import Tieout
from tieout.errors import OperatorError, SettingsError
from tieout.report.state import Ledger
from tieout.runtime.batch import Batch
from tieout.runtime.chain import close as close_batch
from tieout.runtime.rebuild import rebuild as apply_again
from tieout.settings import FILE
from tieout.store.database import Database, run
from tieout.store.embedded import Embedded
from tieout.store.migrate import rename_schema, take_over

SETTINGS = """# A Tieout project. Every key is explained in docs/reference/settings.md.

[project]
name = "{name}"
database = "embedded"        # or "postgresql://user@host/name"
timezone = "UTC"             # the company's own zone, such as "America/Chicago"
clock = "feeds"              # time runs with what the feeds report (exports); "wall" for live feeds

# One table per system that speaks. A delimited system reads files by a mapping.
[systems.shop]
connector = "delimited"
role = "channel"
mapping = "mappings/orders.toml"
lines = true                 # its orders have line numbers of their own

# [systems.edi]
# connector = "x12"
# role = "channel"
# [systems.edi.options]
# identifiers = ["ZZ:OURID"]   # our own interchange identifiers: what they send is ours

# Small differences that nobody should look at.
# [[tolerances]]
# account = "to_bill"
# value = "0.05"
"""

MAPPING = """# Reads an order export with a header line: order,line,placed,customer,sku,quantity,price
# See docs/how-to/write-a-mapping.md; try it with `tieout import exports --system shop --dry-run`.

[mapping]
system = "shop"
role = "channel"
currency = "USD"
timezone = "UTC"

[[file]]
match = "*.csv"
format = "csv"
header = true

[[file.fact]]
kind = "OrderPlaced"
type = "order"
number = "{order}"
scope = "{line}"
revision = { time = "placed" }
happened = "placed"
customer = "{customer}"

[[file.fact.line]]
line = "{line}"
subject = "{system}/order/{order}"
order_line = "{line}"
item = "{sku}"
quantity = "quantity"
value = "quantity * price"
"""

EXAMPLE = """order,line,placed,customer,sku,quantity,price
1001,1,2026-03-02T09:15:00,C-7,SKU-1,10,4.50
1001,2,2026-03-02T09:15:00,C-7,SKU-2,1,120.00
"""


def create(folder: Path) -> list[str]:
    """Make a project. Raises OperatorError when there already is one, or the folder cannot be written."""
    if (folder / "tieout.toml").exists():
        raise OperatorError(f"There already is a project in {folder}.", "Choose another folder.")
    files = {
        "tieout.toml": SETTINGS.replace("{name}", folder.resolve().name),
        "mappings/orders.toml": MAPPING,
        "exports/orders.csv": EXAMPLE,
        ".gitignore": ".tieout/\n",
    }
    try:
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    except OSError as bad:
        raise OperatorError(f"{folder} cannot be written: {bad.strerror}.", "Choose a folder you may write.") from bad
    return list(files)


def embedded_of(folder: Path) -> Embedded | None:
    """The embedded server that a project has or had, not started; None if it never had one.

    Raises SettingsError when the folder is no project, OperatorError when its server's folder is only a link.
    """
    if not (folder / FILE).is_file():
        raise SettingsError(f"{folder} is no project: it has no {FILE}.", "Name the project's folder; nothing was removed.")
    place = folder.resolve() / ".tieout"
    if place.is_symlink():
        raise OperatorError(f"{place} is a link.", "Remove the link and what it leads to yourself.")
    return Embedded(place) if place.is_dir() else None


def close(project: Tieout, period_end: date, who: str) -> int:
    """Record the cut of a period under the batch lock (rule 31); its commit number."""
    closed = project.configuration.closed_until
    if closed is not None and period_end <= closed:
        raise OperatorError(f"The books are closed to {closed} already.", "A closed period stays closed.")
    with project.connection.transaction():
        batch = Batch(project.connection, project.configuration, datetime.now(UTC), "close", alone=True)
        cut = close_batch(batch)
        run(project.connection, "insert_close", batch.id, period_end, cut, datetime.now(UTC), who)
    project.configuration.closed_until = period_end
    return cut


def rebuild(project: Tieout, *, replace: bool, progress: Callable[[int, int], None]) -> dict[str, Any]:
    """Apply all messages again beside the present ledger; with `replace` the result takes its place.

    `progress` is told how many messages were applied, and of how many.
    """
    old = project.database.schema
    target = Database(project.settings.project.database, f"{old}_rebuild", project.folder / ".tieout")
    target.embedded = project.database.embedded
    target.where = project.database.where
    target.drop()
    target.open()
    fresh = project.fresh_configuration()
    ((total,),) = project.connection.execute("select count(*) from message").fetchall()
    count = apply_again(project.connection, project.configuration, target, fresh, lambda done: progress(done, total))
    with target.session(writer=True) as connection:
        run(connection, "set_meta", "fingerprint", fresh.fingerprint)
        rebuilt = Ledger(connection, fresh, datetime.now(UTC)).figures()[0]
    present = project.ledger().figures()[0]
    kept = ""
    if replace:
        kept = f"{old}_before_{datetime.now(UTC):%Y%m%d%H%M%S}"
        with project.database.owner() as owner:
            take_over(owner, old, target.schema)
            rename_schema(owner, old, kept)
            rename_schema(owner, target.schema, old)
    else:
        target.drop()
    return {"messages": count, "equal": rebuilt == present, "ledger_hash": present, "rebuilt_hash": rebuilt, "kept_as": kept}
