"""`tieout audit verify` also proves what people did."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from servers import Server
from tieout.people import accounts, audit


def test_a_changed_record_of_people_does_not_prove(tmp_path: Path, server: Server) -> None:
    database = server.make()
    (tmp_path / "tieout.toml").write_text(f'[project]\nschema = "{database.schema}"\n')
    environment = {**os.environ, "TIEOUT_DATABASE": database.conninfo}

    def verify() -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "tieout", "-p", str(tmp_path), "audit", "verify", "--json"]
        return subprocess.run(line, capture_output=True, text=True, env=environment, check=False)

    now = datetime(2026, 3, 2, tzinfo=UTC)
    try:
        with database.session() as session:
            accounts.add(session, "ana", "Ana", now, by=None)
            assert audit.seal(session, now) == 1
        assert (verify().returncode, json.loads(verify().stdout)["actions"]) == (0, [])
        with psycopg.connect(database.conninfo, autocommit=True) as owner:
            owner.execute(f"set search_path to {database.schema}")
            owner.execute("alter table action disable trigger append_only")
            owner.execute("update action set who = 'somebody else'")
        done = verify()
        assert done.returncode == 4
        assert json.loads(done.stdout)["actions"] == ["The actions 1 to 1 are not what was sealed: 1 of 1 are there."]
    finally:
        server.drop(database)
