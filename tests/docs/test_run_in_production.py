"""The page on production is true: its settings load, its metrics and roles are those of the code, its backup restores."""

import configparser
import re
import subprocess
import tomllib
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from servers import Server
from tieout.api import body, keys, webhook
from tieout.runtime import gather, polling
from tieout.serving import ROLES
from tieout.settings import load
from tieout.store.database import Database
from tieout.store.embedded import binaries
from tieout.telemetry.metrics import Metrics
from world import World, line, say

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "run-in-production.md"
TEXT = PAGE.read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.M | re.S)


def test_the_settings_of_the_page_are_settings(tmp_path: Path) -> None:
    (tmp_path / "tieout.toml").write_text("\n".join(blocks("toml")))
    settings = load(tmp_path)
    assert {name: table.webhook for name, table in settings.systems.items() if table.webhook} == {"shop": "shopify", "market": "standard"}
    assert settings.systems["erp"].poll_seconds == 60
    assert all(tomllib.loads(block) for block in blocks("toml"))


def test_every_metric_and_role_has_its_row_and_there_is_no_other() -> None:
    assert set(re.findall(r"^\| `(tieout_\w+)` \|", TEXT, re.M)) == set(Metrics().names())
    labels = {name: re.findall(r"`(\w+)`", cell) for name, cell in re.findall(r"^\| `(tieout_\w+)` \|([^|]*)\|", TEXT, re.M)}
    metrics = [value for value in vars(Metrics()).values() if hasattr(value, "_labelnames")]
    assert {tuple(labels[name]) for name in labels} == {tuple(each._labelnames) for each in metrics}
    assert set(re.findall(r"^\| `([a-z]+)` \|", TEXT, re.M)) == set(ROLES)


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    said = " ".join(TEXT.split())
    assert f"at most {body.BODY_MAX // 1024**2} MiB and {gather.DOCUMENTS_MAX:,} documents" in said
    assert f"{gather.QUEUE_MAX:,} is full" in said
    assert (keys.FRESH_SECONDS, webhook.TOLERANCE_SECONDS, polling.RETRY_FIRST, polling.RETRY_MAX) == (5, 300, 5, 900)


def test_the_unit_starts_what_the_command_line_has() -> None:
    (unit,) = blocks("ini")
    parsed = configparser.ConfigParser(strict=False)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read_string(unit)
    words = parsed["Service"]["ExecStart"].split()
    assert words[1:2] + words[3:] == ["--project", "serve", "--port", "8477"]
    assert int(parsed["Service"]["TimeoutStopSec"]) > 2 * 5 + 4


def test_a_backup_restores_to_the_same_ledger(server: Server, world: World, tmp_path: Path) -> None:
    programs = binaries()
    world.apply([say("OrderPlaced", "shop", n, n, [line(1, f"shop/order/{n}", "A", 10, 100)]) for n in range(5)])
    old, name = world.database, f"restored_{world.database.schema}"
    dump = tmp_path / "tieout.dump"
    subprocess.run(
        [programs / "pg_dump", "--format=custom", f"--schema={old.schema}", f"--file={dump}", old.conninfo], check=True, capture_output=True
    )
    with psycopg.connect(old.conninfo, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    restored = Database(make_conninfo(old.conninfo, dbname=name), old.schema, tmp_path)
    try:
        subprocess.run([programs / "pg_restore", f"--dbname={restored.conninfo}", dump], check=True, capture_output=True)
        assert restored.open() == []
        again = World(restored)
        again.sent = world.sent
        assert (again.hash(), again.net()) == (world.hash(), world.net())
        assert again.say("OrderPlaced", "shop", 0, 0, [line(1, "shop/order/0", "A", 10, 100)]).duplicate == 1
        again.close()
    finally:
        with psycopg.connect(old.conninfo, autocommit=True) as connection:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
