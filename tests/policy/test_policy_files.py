"""A policy file that changes changes what waits, without a message and without another setting: the open roots are looked at again."""

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from tieout.app import Tieout, opened
from tieout.connectors import canonical
from tieout.runtime.apply import apply
from tieout.runtime.statements import Arrival
from world import line, say, text

SETTINGS = """
[project]
name = "acme"
[systems.shop]
connector = "canonical"
role = "channel"
states = ["OrderPlaced"]
[systems.erp]
connector = "rest"
role = "erp"
mapping = "erp.toml"
states = ["OrderBooked"]
drive = ["book_order"]
[policy]
checkpoints = "c.toml"
[people.ann]
roles = ["sales"]
"""
MAPPING = '[rest]\nbase = "http://127.0.0.1:9"\nplain_http = true\n[act.book_order]\nurl = "/orders"\nbody = "{key}"\n'
ROW = '[[checkpoint]]\nact = "book_order"\namount = "> {} USD"\nresult = "hold"\nrole = "sales"\n'
BOOK = "TBK+ shop/order/{} {}"


def standing(project: Tieout) -> dict[str, tuple[str, str]]:
    found = project.connection.execute("select key, state, rule from command order by key").fetchall()
    return {key: (state, rule.partition(" decided")[0]) for key, state, rule in found}


def test_another_row_in_the_file_alone_judges_anew_what_is_held_and_queued(tmp_path: Path) -> None:
    (tmp_path / "tieout.toml").write_text(SETTINGS)
    (tmp_path / "erp.toml").write_text(MAPPING)
    (tmp_path / "c.toml").write_text('version = "1"\n' + ROW.format("60.00"))
    with opened(tmp_path) as project:
        shop = project.systems["shop"]
        raw = b"".join(text(say("OrderPlaced", "shop", n, 0, [line(1, f"shop/order/{n}", "A", 5, 20 * n)])) for n in (2, 3, 4))
        documents = [Arrival(document, shop, datetime.now(UTC)) for document in canonical.split(BytesIO(raw), "test", shop)]
        apply(project.connection, project.configuration, documents, datetime.now(UTC))
        before = {BOOK.format(2, 1): ("queued", ""), BOOK.format(3, 1): ("queued", ""), BOOK.format(4, 1): ("held", "checkpoints 1 row 1")}
        assert standing(project) == before
    with opened(tmp_path) as project:
        assert standing(project) == before, "the same files judge the same"
    (tmp_path / "c.toml").write_text('version = "2"\n' + ROW.format("90.00") + ROW.format("50.00 USD and < 70.00"))
    with opened(tmp_path) as project:
        assert standing(project) == {
            BOOK.format(2, 1): ("queued", ""),
            BOOK.format(3, 1): ("cancelled", ""),
            BOOK.format(3, 2): ("held", "checkpoints 2 row 2"),
            BOOK.format(4, 1): ("cancelled", "checkpoints 1 row 1"),
            BOOK.format(4, 2): ("queued", ""),
        }
        (why,) = project.connection.execute(
            "select detail->>'reason' from command_event where key = %s and event = 'withdraw'", [BOOK.format(3, 1)]
        ).fetchall()[0]
        assert why.startswith("judged anew: checkpoints 2 row 2 decided because order 60.00 USD > 50.00 USD and < 70.00 USD")
    (tmp_path / "c.toml").write_text('version = "3"\n' + ROW.format("55.00"))
    with opened(tmp_path) as project:
        assert standing(project)[BOOK.format(3, 2)] == ("held", "checkpoints 3 row 1"), (
            "held by another row: the request stays, the reason is new"
        )
