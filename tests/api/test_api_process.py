"""The process map over the interface: the same numbers as its lists, within the scopes of whoever asks."""

from collections.abc import Callable

import pytest

from api_of import Answer, Api
from tieout.process.follow import follow
from world import World

Get = Callable[[str], Answer]


@pytest.fixture
def get(api: Api, told: World) -> Get:
    """Ask as a viewer, with the event log in step."""
    follow(told.connection, told.configuration.accounts)
    key = api.key("vera", "viewer")
    return lambda path: api.call("GET", path, key=key)


def test_the_map_counts_what_its_lists_hold(get: Get) -> None:
    found = get("/process/o2c").json
    assert (found["cases"], found["behind"]) == (6, 0)
    assert {(path["first"], path["then"]): path["cases"] for path in found["paths"]} == {
        ("start", "OrderPlaced"): 6, ("OrderPlaced", "Shipped"): 6, ("Shipped", "end"): 6,
    }  # fmt: skip
    assert found["worth"] == {"USD": "210"}
    seen: list[str] = []
    page = get("/process/o2c/cases?at=OrderPlaced~Shipped&limit=4").json
    seen += [case["subject"] for case in page["items"]]
    page = get(f"/process/o2c/cases?at=OrderPlaced~Shipped&limit=4&cursor={page['next']}").json
    seen += [case["subject"] for case in page["items"]]
    assert len(seen) == len(set(seen)) == 6
    assert page["next"] is None


def test_filters_are_those_of_the_console(get: Get) -> None:
    assert get("/process/o2c?with=Shipped&channel=web").json["cases"] == 3
    assert get("/process/o2c?without=Shipped").json["cases"] == 0
    assert get("/process/o2c?follows=OrderPlaced~Shipped&until=2020-01-01T00:00:00Z").json["cases"] == 0


@pytest.mark.parametrize(("path", "status"), [("/process/nothing", 404), ("/process/o2c?with=1", 422), ("/process/o2c/cases?at=~", 422)])
def test_what_there_is_not_is_refused(get: Get, path: str, status: int) -> None:
    assert get(path).status == status
