"""Lifecycles are the accounts: every step of one is a step of the drawing and of the table, and nothing else is."""

import re
from xml.etree import ElementTree

import pytest

from tieout.console.graph.lifecycle import Live, Who, lifecycle
from tieout.core.act import Act
from tieout.core.values import Side
from tieout.flows import accounts
from tieout.flows.stops import STOPS

ALL = tuple(accounts().values())
FLOWS = tuple(dict.fromkeys(account.flow for account in ALL))
WHO = Who(
    {"erp": ("erp", "items"), "wms": ("wms",), "channel": ("shop",)},
    {Act.POST_INVOICE: ("erp",)},
    {"OrderPlaced": ("shop",), "Invoiced": ("erp",)},
)


@pytest.mark.parametrize("flow", FLOWS)
def test_each_account_is_a_box_and_each_side_a_row(flow: str) -> None:
    found = lifecycle(flow, ALL, WHO, {})
    codes = [account.code for account in ALL if account.flow == flow]
    assert sorted({status.code for status in found.statuses}) == sorted(codes)
    assert len(found.statuses) == 2 * len(codes)
    links = [a.get("href") for a in ElementTree.fromstring(found.svg).iter("a")]
    assert sorted(links) == sorted(f"#{code}" for code in codes)


@pytest.mark.parametrize("flow", FLOWS)
def test_the_steps_are_the_statements_that_clear_the_account(flow: str) -> None:
    by_code = {account.code: account for account in ALL}
    for status in lifecycle(flow, ALL, WHO, {}).statuses:
        account = by_code[status.code]
        clear = account.credit if status.side is Side.DEBIT else account.debit
        assert [step.fact for step in status.steps] == [kind.name for kind in clear]
        for step in status.steps:
            for code in step.leads_to:
                assert step.fact in {kind.name for kind in by_code[code].debit} and by_code[code].flow == flow


@pytest.mark.parametrize("flow", FLOWS)
def test_no_box_lies_on_another(flow: str) -> None:
    drawn = ElementTree.fromstring(lifecycle(flow, ALL, WHO, {}).svg)
    boxes = [tuple(float(rect.get(name, 0)) for name in ("x", "y", "width", "height")) for rect in drawn.iter("rect")]
    for n, (x, y, w, h) in enumerate(boxes):
        assert not [b for b in boxes[n + 1 :] if x < b[0] + b[2] and b[0] < x + w and y < b[1] + b[3] and b[1] < y + h]


def test_who_owns_a_status_and_when_a_person_is_needed() -> None:
    live = {("SNI", Side.DEBIT): Live(12, 3)}
    rows = {status.clas: status for status in lifecycle("order_to_cash", ALL, WHO, live).statuses}
    invoice = rows["SNI+"]
    assert (invoice.owner, invoice.systems, invoice.live) == ("erp", ("erp",), Live(12, 3)), "the ERP that states invoices, not the item master"
    assert invoice.person == "only when erp refuses to post invoice, or a rule holds the command for approval"
    assert len(invoice.held_by) == len(STOPS["SNI+"]) and invoice.held_by[0] == "TSH in reverse"
    assert rows["TSH+"].person.endswith("Tieout may not release shipment anywhere here")
    assert rows["TDL+"].person == "after the deadline: shipping; no command can settle it"
    assert rows["TDL+"].flaws == ("no connected system is the carrier: nothing is claimed about this state",)


def test_a_box_says_its_count_and_that_something_is_late() -> None:
    svg = lifecycle("order_to_cash", ALL, WHO, {("SNI", Side.DEBIT): Live(12, 3), ("TSH", Side.CREDIT): Live(1)}).svg
    assert re.search(r'<g class="card overdue"><title>[^<]*12 here, 3 overdue</title>', svg)
    assert len(re.findall('class="card overdue"', svg)) == 1 and 'class="card pending"' in svg
