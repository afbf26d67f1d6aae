"""A drill that fails is reduced to the few messages that show it, and these go on showing it until the cause is mended."""

from pathlib import Path

from drilling import driven, played, thick

from servers import Server
from tieout.app import opened
from tieout.simulate.drill import make_project
from tieout.simulate.scenario import differences, expected_of, play, steps_of
from tieout.simulate.shrink import again, fewest, recipe_of, shrink
from tieout.simulate.world import World


def test_the_fewest_that_show_it() -> None:
    assert fewest(list(range(100)), lambda some: {17, 62} <= set(some)) == [17, 62]
    assert fewest([1], lambda some: True) == [1]


def test_a_failing_drill_shrinks_to_a_scenario_that_fails_until_it_is_mended(server: Server, tmp_path: Path) -> None:
    mix = [share for share in thick(25) if share.kind == "lost"]
    company, folder = tmp_path / "company", tmp_path / "kept"
    make_project(company)
    world = World("small", 1, 30, mix)
    database = server.make(migrated=False)
    try:
        make_project(folder, database.conninfo, database.schema, company)
        forgetful = folder / "mappings" / "erp.toml"
        sound = forgetful.read_text()
        forgetful.write_text(
            sound.replace('kind = "OrderBooked"', 'kind = "OrderBooked"\nwhen = { column = "channel", not_equals = "portal" }', 1)
        )
        assert forgetful.read_text() != sound
        grade = played(server, tmp_path / "whole", world, company=folder)
        assert grade.differences
        left = shrink(World("small", 1, 30, mix), folder, grade.differences[0])
        assert left <= 4
        assert len([step for step in steps_of(folder) if step.folder]) <= 4
        with opened(folder) as project:
            assert list(differences(play(project, folder), expected_of(folder)))
            project.database.drop()
        forgetful.write_text(sound)
        with opened(folder) as project:
            assert list(differences(play(project, folder), expected_of(folder))) == []
    finally:
        server.drop(database)


def test_a_failing_drill_that_drives_shrinks_to_the_orders_that_are_driven_again(server: Server, tmp_path: Path) -> None:
    world, company, folder = World("driven", 1, 8, [], is_driven=True), tmp_path / "company", tmp_path / "kept"
    make_project(company)
    mapping = company / "mappings" / "erp.toml"
    sound = mapping.read_text()
    mapping.write_text(sound.replace('kind = "OrderBooked"', 'kind = "OrderBooked"\nwhen = { column = "channel", not_equals = "shopify" }', 1))
    grade = driven(server, tmp_path / "whole", world, company=company)
    assert grade.differences
    database = server.make(migrated=False)
    try:
        make_project(folder, database.conninfo, database.schema, company)
        assert shrink(World("driven", 1, 8, [], is_driven=True), folder, grade.differences[0]) == 1
        recipe = recipe_of(folder)
        assert recipe is not None
        assert recipe.wanted in {each.name for each in again(folder, recipe)}
        with opened(folder) as project:
            project.database.drop()
        (folder / "mappings" / "erp.toml").write_text(sound)
        assert again(folder, recipe) == []
    finally:
        server.drop(database)
