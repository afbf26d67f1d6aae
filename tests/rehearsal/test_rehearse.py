"""A change is rehearsed on the real history: what appears, vanishes and changes, with money, and nothing of it stays."""

from decimal import Decimal

from stories import configuration, price_story, rehearsed, shown, tell
from tieout.core.evaluate import Tolerance
from tieout.policy import CompanyPolicy, Match, ToleranceRow
from world import World


def test_a_tolerance_takes_the_small_difference_off_the_list_and_says_what_it_gives_away(world: World) -> None:
    tell(world, price_story())
    before = world.state()
    tolerant = CompanyPolicy({}, (ToleranceRow(Match("to_book"), Tolerance(value=Decimal(5))),))
    found = rehearsed(world, configuration(tolerant))
    print(found)
    assert found.exceptions.vanish.count == 1
    assert world.state() == before
