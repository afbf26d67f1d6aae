"""Drills for tests: a world played into a schema of its own on the tests' server."""

from dataclasses import replace
from pathlib import Path

from servers import Server
from tieout.simulate.drill import Drill, make_project, run
from tieout.simulate.grade import Grade
from tieout.simulate.loop import run as run_driven
from tieout.simulate.mix import Share, default_mix
from tieout.simulate.world import World


def thick(times: float) -> list[Share]:
    """The default mix with every fault so many times as often."""
    return [replace(share, rate=min(1.0, share.rate * times)) for share in default_mix()]


def played(
    server: Server, folder: Path, world: World, *, is_fine: bool = False, keeps_feeds: bool = False, company: Path | None = None
) -> Grade:
    """The grade of a world, played into a new project in a folder."""
    database = server.make(migrated=False)
    try:
        make_project(folder, database.conninfo, database.schema, company)
        return run(Drill(world, folder, 86400, is_fine=is_fine, keeps_feeds=keeps_feeds))
    finally:
        server.drop(database)


def told(grade: Grade) -> str:
    """What is wrong with a grade, for a failing test."""
    wrong = {name: kind.written() | {"corrected": kind.corrected} for name, kind in grade.kinds.items() if not kind.is_right}
    return "\n".join(map(str, [wrong, *grade.false_alarms[:5], *grade.missed[:5], *grade.unbalanced[:5], *grade.double_claims[:5]]))


def driven(server: Server, folder: Path, world: World, *, company: Path | None = None) -> Grade:
    """The grade of a driven world, played into a new project in a folder."""
    database = server.make(migrated=False)
    try:
        make_project(folder, database.conninfo, database.schema, company)
        return run_driven(Drill(world, folder, 600), world)
    finally:
        server.drop(database)
