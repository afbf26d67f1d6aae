"""How long the server takes for a page, by its own clock, with 100,000 open exceptions: the best of three rounds, as the machine has other work."""

import re
import urllib.request
from datetime import UTC, datetime

import pytest
from console_people import token

from tieout.store.database import Database

LOADS = 50


@pytest.mark.parametrize("path", ["/", "/lifecycles/order_to_cash", "/process/o2c", "/connectors", "/transactions", "/operations"])
def test_a_page_takes_less_than_a_tenth_of_a_second(big: str, hundred_thousand: Database, path: str) -> None:
    cookie = {"Cookie": f"tieout={token(hundred_thousand, 'ana', datetime.now(UTC))}", "Accept-Encoding": "gzip"}
    rounds = []
    for _ in range(3):
        spent = []
        for _ in range(LOADS + 3):
            with urllib.request.urlopen(urllib.request.Request(big + path, headers=cookie), timeout=60) as answer:
                assert len(answer.read()) < 90_000
                found = re.search(r"app;dur=([\d.]+)", answer.headers["Server-Timing"])
            assert found is not None
            spent.append(float(found[1]))
        rounds.append(sorted(spent[3:])[LOADS * 95 // 100 - 1])
        if rounds[-1] < 100:
            break
    assert min(rounds) < 100, rounds
