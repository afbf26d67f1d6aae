"""A fire drill against a running `tieout serve`: sent over HTTP by key and by signed webhooks, read by its API; never into a ledger in use."""

import json
import re
import shutil
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from at_work import SHOP_SECRETS, Process, Project

from tieout.api import keys
from tieout.people import accounts
from tieout.people import keys as person_keys
from tieout.simulate.drill import make_project
from tieout.simulate.driving import drive_project

MIX = '[faults.lost]\nrate = 0.4\npapers = ["booking"]\n\n[faults.truncated]\nrate = 0.3\npapers = ["order"]\nresent_hours = 0\n'


def company(project: Project, driven_at: str = "") -> None:
    """Make the project the simulated company's, whose shop signs its webhooks; one that drives does not sign."""
    own = project.folder.parent / f"{project.folder.name}-company"
    make_project(own)
    if driven_at:
        drive_project(own, driven_at, is_served=True)
    shutil.copytree(own, project.folder, dirs_exist_ok=True)
    settings = re.sub(r"(?m)^(database|schema) = .*\n", "", (own / "tieout.toml").read_text())
    signed = '[systems.shop]\nwebhook = "shopify"\nsecrets = { webhook = "env:SHOP_SECRET" }\n'
    project.write(settings if driven_at else settings.replace("[systems.shop]\n", signed))


def keys_of(project: Project) -> dict[str, str]:
    """A key for messages, and one for the API."""
    systems = re.findall(r"(?m)^\[systems\.(\w+)\]", (project.folder / "tieout.toml").read_text())
    now = datetime.now(UTC)
    with project.database.session() as session:
        accounts.set_roles(session, accounts.add(session, "drill", "Fire Drill", now, by=None), ("viewer",), (), now, by=None)
        person = person_keys.add(session, accounts.account(session, "drill").person, "a drill", now + timedelta(days=1), now)
        key = keys.add(session, "a drill", tuple(systems), now)
    return {"TIEOUT_DRILL_KEY": key, "TIEOUT_DRILL_PERSON_KEY": person, "SHOP_SECRET": SHOP_SECRETS[0]}


def test_a_running_tieout_is_drilled_by_its_own_doors(project: Project, start: Callable[..., Process], tmp_path: Path) -> None:
    company(project)
    project.environment |= keys_of(project)
    mix = tmp_path / "mix.toml"
    mix.write_text(MIX)
    url = f"http://127.0.0.1:{start('serve', '--port', '0').port}"
    words = (
        "drill",
        "--against",
        url,
        "--company",
        str(project.folder),
        "--days",
        "1",
        "--orders-per-day",
        "8",
        "--faults",
        str(mix),
        "--json",
    )
    done = project.tieout(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    grade = json.loads(done.stdout)
    assert grade["kinds"]["lost"]["found"] > 0
    assert grade["kinds"]["truncated"]["found"] > 0
    assert grade["false_alarms"] == 0
    ((signed,),) = project.ask("select count(*) from message where origin = 'webhooks/shop'")
    assert signed > 2

    again = project.tieout(*words)
    assert again.returncode != 0
    assert "is not empty" in again.stderr
    assert "--yes-this-is-a-rehearsal" in again.stderr


DRIVEN = '[faults.command_refused]\nrate = 0.5\n\n[faults.lost]\nrate = 0.3\npapers = ["invoice"]\n'


def test_a_running_tieout_drives_the_simulated_systems(project: Project, start: Callable[..., Process], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    company(project, f"http://127.0.0.1:{port}")
    project.environment |= keys_of(project)
    mix = tmp_path / "mix.toml"
    mix.write_text(DRIVEN)
    url = f"http://127.0.0.1:{start('serve', '--port', '0').port}"
    words = ("--company", str(project.folder), "--days", "1", "--orders-per-day", "4", "--faults", str(mix), "--json")
    done = project.tieout("drill", "--drive", "--against", url, *words, seconds=500)
    assert done.returncode == 0, done.stdout + done.stderr
    grade = json.loads(done.stdout)
    assert grade["kinds"]["command_refused"]["found"] > 0
    assert min(grade["documents"][what] for what in ("booking", "release", "invoice")) > 0
    assert grade["not_once"] == grade["false_alarms"] == 0

    plain = tmp_path / "plain"
    make_project(plain)
    refused = project.tieout("drill", "--drive", "--against", url, "--company", str(plain))
    assert "has to know where it finds the simulated systems" in refused.stderr
    refused = project.tieout("drill", "--against", url, *words)
    assert "drives its systems" in refused.stderr


def test_without_keys_nothing_is_sent(project: Project) -> None:
    company(project)
    done = project.tieout("drill", "--against", "http://127.0.0.1:9", "--company", str(project.folder))
    assert done.returncode != 0
    assert "TIEOUT_DRILL_KEY is not set" in done.stderr
