"""Checkpoints: what is held and for whom, that nothing unknown passes, and sums and taxes that must add up."""

from decimal import Decimal
from typing import Any

import pytest
from small_policy import D, T, checkpoints, command, h, line, owed

from tieout.core.act import Act
from tieout.core.values import Side
from tieout.policy.checkpoints import Hold, Known, event_time, judge, judge_facts, write_off_facts
from tieout.policy.posting_checks import faults, tax_difference

LIMIT = """version = "2026-11"
role = "controller"
[[checkpoint]]
act = "issue_credit"
customer = "SAFE*"
result = "pass"
[[checkpoint]]
act = "issue_credit"
amount = "> 5000.00 USD"
result = "hold"
role = "finance"
approvers = 2
[[checkpoint]]
act = "issue_credit"
amount = "> 500.00 USD"
result = "hold"
role = "finance"
team = "credit"
expires_hours = 8
[[checkpoint]]
act = "issue_credit"
result = "pass"
[[checkpoint]]
act = "post_invoice"
margin = "< 8 %"
result = "hold"
[[checkpoint]]
act = "book_order"
new_customer = true
result = "hold"
[[checkpoint]]
act = "book_order"
terms = ["NET60", "NET90"]
result = "hold"
[[checkpoint]]
act = "write_off"
amount = "> 50.00 USD"
result = "hold"
[[checkpoint]]
account = "to_apply"
tax_difference = "> 0.05 USD"
result = "hold"
"""


def test_a_credit_over_the_limit_is_held_by_the_row_that_says_so() -> None:
    judged = judge(command(), owed(), checkpoints(LIMIT))
    assert judged is not None
    assert judged.holds
    assert judged.rule == "checkpoints 2026-11 row 3 decided because credit 812.00 USD > 500.00 USD and act is issue_credit"
    assert judged.hold == Hold("finance", "credit", 1, 8)


@pytest.mark.parametrize(
    ("asked", "known", "rule"),
    [
        (command(lines=[line("1", "500.00")]), {}, "row 4 decided because act is issue_credit"),
        (command(customer="SAFE-1"), {}, "row 1 decided because act is issue_credit and customer is SAFE-1 (SAFE*)"),
        (command(Act.POST_INVOICE, [line("1", "100")], account="SNI"), {"cost": D("92.00")}, None),
        (command(Act.BOOK_ORDER, account="TBK"), {"new_customer": False}, None),
        (command(Act.RELEASE_SHIPMENT, account="TSH"), {}, None),
    ],
)
def test_what_may_go_passes_or_is_not_spoken_of(asked: Any, known: dict[str, Any], rule: str | None) -> None:
    judged = judge(asked, owed(asked.account), checkpoints(LIMIT), Known(**known))
    assert (None if judged is None else (judged.holds, judged.rule)) == (None if rule is None else (False, f"checkpoints 2026-11 {rule}"))


@pytest.mark.parametrize(
    ("asked", "known", "said", "approvers"),
    [
        (command(lines=[line("1", None)]), {}, "row 2 may decide because credit is not known", 2),
        (command(currency="EUR"), {}, "row 2 may decide because credit 812.00 EUR is in another unit than > 5000.00 USD", 2),
        (command(Act.POST_INVOICE, account="SNI"), {}, "row 5 may decide because margin is not known", 1),
        (command(Act.POST_INVOICE, account="SNI", data={"cost": "much"}), {}, "row 5 may decide because margin is not known", 1),
        (command(Act.POST_INVOICE, [line("1", "100")], account="SNI"), {"cost": D("92.01")}, "row 5 decided because margin 7.99 % < 8 %", 1),
        (command(Act.POST_INVOICE, [line("1", "100"), line("discount", "-10", charge="discount"), line("freight", "40", charge="freight")],
                 account="SNI", data={"cost": "83"}), {}, "row 5 decided because margin 7.7778 % < 8 %", 1),
        (command(Act.BOOK_ORDER, account="TBK"), {"new_customer": True}, "row 6 decided because act is book_order and new customer is yes", 1),
        (command(Act.BOOK_ORDER, account="TBK"), {}, "row 6 may decide because act is book_order and new customer is not known", 1),
        (command(Act.BOOK_ORDER, account="TBK", data={"terms": "NET90"}), {"new_customer": False},
         "row 7 decided because act is book_order and terms is NET90", 1),
        (command(Act.APPLY_CASH, account="CSH"), {}, "row 9 may decide because tax difference is not known", 1),
    ],
)  # fmt: skip
def test_what_is_over_or_cannot_be_judged_is_held(asked: Any, known: dict[str, Any], said: str, approvers: int) -> None:
    judged = judge(asked, owed(asked.account), checkpoints(LIMIT), Known(**known))
    assert judged is not None
    assert (judged.holds, judged.hold.approvers) == (True, approvers)
    assert judged.rule.startswith(f"checkpoints 2026-11 {said}")


def test_a_row_that_only_may_let_pass_does_not() -> None:
    table = 'version = "1"\nrole = "r"\n[[checkpoint]]\nmargin = ">= 8 %"\nresult = "pass"\n[[checkpoint]]\nresult = "hold"\n'
    held = judge(command(), owed(), checkpoints(table))
    assert held is not None
    assert (held.holds, held.rule) == (True, "checkpoints 1 row 2 decided because it is for everything")
    passed = judge(command(), owed(), checkpoints(table), Known(cost=D(1)))
    assert passed is not None
    assert not passed.holds


def test_the_version_of_the_event_decides_and_none_in_force_holds() -> None:
    old = 'version = "old"\nvalid_to = 2026-11-19\nrole = "r"\n[[checkpoint]]\nresult = "pass"\n'
    new = 'version = "new"\nvalid_from = 2026-11-20\nvalid_to = 2026-11-20\nrole = "boss"\n[[checkpoint]]\nresult = "hold"\n'
    both = checkpoints(old, new)
    before, on, after = (judge(command(), owed(at=at), both) for at in (h(-10), T, h(24)))
    assert before is not None
    assert on is not None
    assert after is not None
    assert (before.holds, on.holds, after.holds) == (False, True, True)
    assert (after.rule, after.hold.role) == ("no checkpoints are in force for what happened on 2026-11-21", "boss")
    assert judge(command(), owed(), checkpoints()) is None


def test_the_event_time_is_that_of_what_is_commanded() -> None:
    from ground_rules import posting
    from tieout.core.residual import view

    book = [
        posting("wms/return//1", "RCR+", {"1": 1, "2": 1}, h(1)),
        posting("wms/return//2", "RCR+", {"2": 1}, h(5)),
        posting("erp/credit//9", "RCR-", {"1": 1}, h(7)),
    ]
    assert event_time(command(), view("shop/order/1", book)) == h(1)
    assert event_time(command(lines=[line("2", "1")]), view("shop/order/1", book)) == h(5)
    assert event_time(command(account="SNI"), view("shop/order/1", book)) is None


def test_write_offs_over_a_limit_and_manual_corrections_are_held_too() -> None:
    table = checkpoints(LIMIT + '[[checkpoint]]\nact = "manual_correction"\nresult = "hold"\n')

    def judged(amount: str, act: str = "write_off") -> str | None:
        found = judge_facts(write_off_facts("TBL", Side.DEBIT, Decimal(amount), "USD", {}, act=act), T, table)
        return None if found is None else found.rule

    assert judged("-50.01") == "checkpoints 2026-11 row 8 decided because write-off 50.01 USD > 50.00 USD and act is write_off"
    assert judged("50.00") is None
    assert judged("1", "manual_correction") == "checkpoints 2026-11 row 10 decided because act is manual_correction"


# What must add up ---------------------------------------------------------------------------------------------------------

GOODS = (line("1", "348.35"), line("2", "100.00"))
TAX = line("tax", "36.99", charge="tax")
FREIGHT = line("freight", "12.00", charge="freight")


@pytest.mark.parametrize(
    ("lines", "data", "by_line", "said"),
    [
        ((*GOODS, TAX, FREIGHT), {"total": "497.34"}, False, []),
        ((*GOODS, TAX, FREIGHT), {"total": "497.35"}, False, ["lines and charges sum to 497.34 USD, the total says 497.35 USD: 0.01 USD apart"]),
        ((*GOODS, TAX, FREIGHT), {"total": "497.35", "rounding": "-0.01"}, False, []),
        ((*GOODS, TAX), {"tax_rate": "8.25"}, False, []),
        ((*GOODS, line("tax", "37.01", charge="tax")), {"tax_rate": "8.25"}, False,
         ["tax is 37.01 USD, not 8.25 % of 448.35 USD within 0.01 USD"]),
        ((*GOODS, line("tax", "37.00", charge="tax")), {"tax_rate": "8.25"}, True, []),
        (GOODS, {"tax_rate": "8.25"}, False, ["tax is 0.00 USD, not 8.25 % of 448.35 USD within 0.01 USD"]),
        ((*GOODS, TAX, FREIGHT), {"tax_rate": "8.25"}, False, ["the tax cannot be checked: whether freight is taxed is not stated (`tax_base`)"]),
        ((*GOODS, TAX, FREIGHT), {"tax_rate": "8.25", "tax_base": "448.35"}, False, []),
        ((*GOODS, line("tax", "31.99", charge="tax")), {"tax 1": "28.74", "tax 2": "3.25", "tax_rate 1": "8.25", "tax_rate 2": "3.25"}, True, []),
        ((*GOODS, line("tax", "31.99", charge="tax")), {"tax 1": "28.70", "tax 2": "3.25", "tax_rate 1": "8.25"}, True,
         ["tax of line 1 is 28.70 USD, not 8.25 % of 348.35 USD",
          "the taxes of the lines sum to 31.95 USD, the tax is 31.99 USD"]),
        ((*GOODS, TAX), {"tax_rate": "8,25"}, False, ["tax_rate '8,25' is not a number"]),
        ((line("1", None), TAX), {"total": "5"}, False, ["the lines cannot be summed: line 1 has no value"]),
        ((*GOODS, TAX), {}, False, []),
    ],
)  # fmt: skip
def test_stated_totals_and_taxes_must_add_up(lines: Any, data: dict[str, str], by_line: bool, said: list[str]) -> None:
    assert list(faults(command(Act.POST_INVOICE, lines, account="SNI", data=data), tax_by_line=by_line)) == said
    assert faults(command(Act.RELEASE_SHIPMENT, lines, account="TSH", data=data), tax_by_line=by_line) == ()


def test_an_invoice_that_does_not_foot_is_held_whatever_the_table_says_and_without_one() -> None:
    passes = 'version = "1"\nrole = "controller"\n[[checkpoint]]\nresult = "pass"\n'
    wrong = command(Act.POST_INVOICE, GOODS, account="SNI", data={"total": "1.00"})
    for tables, role in ((checkpoints(passes), "controller"), (checkpoints(), "approver")):
        held = judge(wrong, owed("SNI"), tables)
        assert held is not None
        assert (held.holds, held.hold.role) == (True, role)
        assert held.rule == "lines and charges sum to 448.35 USD, the total says 1.00 USD: 447.35 USD apart"


def test_a_tax_difference_is_exact() -> None:
    stated = command(Act.POST_INVOICE, (*GOODS, TAX), data={"tax_rate": "8.25"})
    found, _ = tax_difference(stated, owed(), by_line=False)
    assert found is not None
    assert found.amount * 1_000_000 == 1125
    assert tax_difference(command(Act.POST_INVOICE, (*GOODS, TAX)), owed(), by_line=False) == (None, "no tax rate is stated")
