"""The day in examples/erp on a real Tryton: every document agrees, just what was made to go wrong is open, and no fault does anything twice."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from examples.erp import faults
from examples.erp.audit import audit, orders
from examples.erp.clerk import Clerk
from examples.erp.company import Company
from examples.erp.day import LEFT_OPEN, STUCK, Day
from examples.erp.proxy import BadLine
from examples.erp.rpc import Rpc
from examples.erp.tryton import CLERK, CLERK_PASSWORD, Tryton
from examples.erp.warehouse import Warehouse

from tieout.store.database import Database

pytestmark = [pytest.mark.tryton, pytest.mark.long]
TIMES = int(os.environ.get("TIEOUT_FAULTS", "20"))


@pytest.fixture
def tryton(_template: None, tmp_path: Path) -> Iterator[Tryton]:
    with Tryton.start(tmp_path / "tryton", queued=True) as running:
        yield running


@pytest.fixture
def company_of(tryton: Tryton, tmp_path: Path, database: Database) -> Iterator[Callable[..., Company]]:
    """Northgate beside that Tryton, on a schema of the test."""
    opened: list[Company] = []
    with Warehouse() as warehouse:

        def make(**more: Any) -> Company:
            opened.append(Company(tmp_path / "company", tryton, warehouse, database=database.conninfo, schema=database.schema, **more))
            opened[-1].open()
            return opened[-1]

        yield make
        for company in opened:
            company.__exit__()


def clerk(tryton: Tryton) -> Rpc:
    return Rpc(tryton.url, CLERK, CLERK_PASSWORD)


def quiet(_: str) -> None:
    """Say nothing."""


def test_the_day_ties_out_but_for_what_was_made_to_go_wrong(tryton: Tryton, company_of: Callable[..., Company]) -> None:
    company, rpc = company_of(), clerk(tryton)
    day = Day(company, Clerk(rpc), quiet)
    day.play()

    found = audit(rpc, company.connection)
    assert found.differences == []
    assert found.documents == {"sales": 17, "invoices": 19, "payments": 18, "returns": 2, "credit notes": 2, "stock moves": 44}
    assert day.seen_at_once == dict.fromkeys(day.seen_at_once, True) and len(day.seen_at_once) == 4
    assert company.look().keys() == day.expected.keys()
    assert sorted(number for number, one in orders(rpc, company.references()).items() if not one.is_through) == STUCK

    day.correct()
    assert audit(rpc, company.connection).differences == []
    assert company.look().keys() == LEFT_OPEN.keys()


def test_tryton_killed_in_the_middle_loses_and_doubles_nothing(tryton: Tryton, company_of: Callable[..., Company]) -> None:
    company = company_of()
    story = faults.killed_in_the_middle(company, lambda: clerk(tryton), quiet, count=4)
    assert story.wrong == {}
    assert story.told["piled_up"] >= 4
    assert story.told["out_of_order"] == []
    assert audit(clerk(tryton), company.connection).differences == []
    assert company.look() == {}


def test_lost_answers_and_late_requests_make_nothing_twice(tryton: Tryton, company_of: Callable[..., Company]) -> None:
    with BadLine(tryton, cuts=TIMES, delays=TIMES) as line:
        company = company_of(line=line)
        story = faults.on_a_bad_line(company, line, lambda: clerk(tryton), quiet)
        assert story.wrong == {}
        assert line.spoiled == {"cut": TIMES, "delay": TIMES}
        assert audit(clerk(tryton), company.connection).differences == []
        assert company.look() == {}
