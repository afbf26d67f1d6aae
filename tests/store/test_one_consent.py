"""What waited for consent in a table of its own goes on where everything else waits."""

import msgspec
import psycopg

from servers import Server
from tieout.store.migrate import migrate

BEFORE, AFTER = 11, 12
ASKED = {
    "payload": "ab" * 32, "what": "people/write_off//1", "rule": "checkpoints 1 row 1", "proposer": "ann", "role": "finance", "approvers": 2,
    "asked_at": "2026-03-02T08:00:00Z", "expires_at": "2026-03-03T08:00:00Z", "amount": "120", "currency": "USD",
    "given": [{"who": "bob", "at": "2026-03-02T09:00:00Z", "for_": "eve"}],
}  # fmt: skip


def test_proposals_and_the_consents_given_to_them_are_carried_over(server: Server) -> None:
    database = server.make(migrated=False)
    try:
        with psycopg.connect(database.conninfo, autocommit=True) as connection:
            migrate(connection, database.schema, until=BEFORE)
            connection.execute(f"set search_path to {database.schema}")
            fact = msgspec.json.encode({"kind": "WrittenOff", "data": {"why": "breakage"}}).decode()
            for key, act, state, asked in (
                ("manual_correction a/1 1", "manual_correction", "held", ASKED),
                ("write_off SNI+ x 1", "write_off", "changed", {name: said for name, said in ASKED.items() if name not in ("given", "amount")}),
            ):
                connection.execute(
                    "insert into proposal (key, act, fact, request, state, proposed_by, reason, created, changed)"
                    " values (%s, %s, %s, %s, %s, 'ann', '', now(), now())",
                    [key, act, fact, msgspec.json.encode(asked).decode(), state],
                )
            assert migrate(connection, database.schema, until=AFTER) == ["0012_one_consent"]
            found = connection.execute(
                "select about, action, state, amount, currency, approvers, why, proposer, work from work_request order by about"
            ).fetchall()
            consents = connection.execute("select who, for_, proposer from work_consent").fetchall()
            left = connection.execute("select to_regclass('proposal')").fetchall()
        assert found == [
            ("manual_correction a/1 1", "correct", "waiting", 120, "USD", 2, "breakage", "ann", None),
            ("write_off SNI+ x 1", "accept", "void", 0, "USD", 2, "breakage", "ann", None),
        ]
        assert consents == [("bob", "eve", "ann")]
        assert left == [(None,)]
    finally:
        server.drop(database)
