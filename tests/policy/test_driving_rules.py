"""Driving: nothing is sent unless it is named, to the one system that serves the order, after its wait; with the ledger's own decisions."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from small_policy import ROOT, T, command, h, owed

from ground_rules import Feeds, posting
from tieout.core.account import Posting
from tieout.core.act import Act
from tieout.core.attempt import Attempt
from tieout.core.command import State
from tieout.core.decide import Decision, Verdict, decide
from tieout.core.evaluate import evaluate
from tieout.core.flight import Issued
from tieout.core.ground import Standing
from tieout.core.residual import view
from tieout.core.values import Role, Side
from tieout.errors import SettingsError
from tieout.flows import accounts
from tieout.policy.approval import Answer as Says
from tieout.policy.approval import Approved, Request
from tieout.policy.approval import decide as answer
from tieout.policy.driving import Driving
from tieout.policy.fallback import Diversion
from tieout.settings import driving_of, load

SETTINGS = """
[project]
clock = "wall"
[systems.erp]
connector = "tryton"
role = "erp"
drive = ["post_invoice", "issue_credit"]
[systems.wms]
connector = "wms_json"
role = "wms"
drive = ["release_shipment"]
[systems.east]
connector = "wms_json"
role = "wms"
drive = ["release_shipment"]
serves = { warehouse = ["EAST*"] }
[systems.threepl]
connector = "x12"
role = "wms"
stand_in = ["release_shipment"]
[systems.shop1]
connector = "shopify"
role = "channel"
drive = ["confirm_fulfilment"]
anonymous = true
[systems.shop2]
connector = "shopify"
role = "channel"
drive = ["confirm_fulfilment"]
[policy]
checkpoints = "c.toml"
fallbacks = "f.toml"
[[waits]]
account = "to_invoice"
side = "debit"
customer = "SLOW"
days = 1
[[waits]]
account = "SNI"
hours = 2
[people.ann]
roles = ["finance"]
[people.bob]
roles = ["sales"]
[[delegations]]
giver = "ann"
taker = "bob"
role = "finance"
ends = 2026-11-30
"""
CHECKPOINTS = 'version = "1"\nrole = "finance"\n[[checkpoint]]\nact = "issue_credit"\namount = "> 500 USD"\nresult = "hold"\n' \
              '[[checkpoint]]\nact = "issue_credit"\nresult = "pass"\n'  # fmt: skip
FALLBACKS = 'version = "1"\n[[fallback]]\nact = "release_shipment"\nsystem = "wms"\nrefused = "*"\nuse_system = "threepl"\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "tieout.toml").write_text(SETTINGS)
    (tmp_path / "c.toml").write_text(CHECKPOINTS)
    (tmp_path / "f.toml").write_text(FALLBACKS)
    return tmp_path


def rules_of(project: Path) -> Driving:
    return driving_of(load(project), project)


def decided(rules: Driving, book: list[Posting], issued: list[Issued] | None = None, now: datetime | None = None) -> list[Decision]:
    now = now or h(3)
    found = view(ROOT, book)
    items = evaluate(found, accounts(), rules.policy, Feeds(now), now)
    return decide(Standing(found, book, items, issued or ()), rules, now)


def shipped(at: datetime = T, **notes: str) -> list[Posting]:
    return [posting("wms/shipment//1", "SNI+", {"1": (6, "60")}, at, **notes)]


@pytest.mark.parametrize(
    ("role", "act", "notes", "speaking", "told"),
    [
        (Role.ERP, Act.POST_INVOICE, {}, (), "erp"),
        (Role.ERP, Act.BOOK_ORDER, {}, (), ""),
        (Role.WMS, Act.RELEASE_SHIPMENT, {"warehouse": "W1"}, (), "wms"),
        (Role.WMS, Act.RELEASE_SHIPMENT, {"warehouse": "EAST-2"}, (), "east"),
        (Role.CHANNEL, Act.CONFIRM_FULFILMENT, {}, (), ""),
        (Role.CHANNEL, Act.CONFIRM_FULFILMENT, {}, ("erp", "shop2"), "shop2"),
        (Role.CHANNEL, Act.CONFIRM_FULFILMENT, {}, ("shop1", "shop2"), ""),
    ],
)
def test_only_who_is_named_is_told_and_only_if_it_is_clear_who(
    project: Path, role: Role, act: Act, notes: dict[str, str], speaking: tuple[str, ...], told: str
) -> None:
    assert rules_of(project).knowing(speaking=speaking).system(role, act, notes) == told


def test_a_wait_is_the_first_row_that_fits_and_nothing_is_no_wait(project: Path) -> None:
    rules = rules_of(project)
    account = accounts()["SNI"]
    assert rules.after(account, Side.DEBIT, {"customer": "SLOW"}).hours == 24
    assert rules.after(account, Side.DEBIT, {}).hours == 2
    assert rules.after(accounts()["TSH"], Side.DEBIT, {}).hours == 0
    at_once = rules.after(accounts()["TSH"], Side.DEBIT, {})
    assert rules.due(at_once, T, True, {}) == T
    assert rules.due(rules.after(account, Side.DEBIT, {}), T, False, {}) == h(2)


def test_with_the_ledgers_decisions_what_is_owed_is_issued_when_its_wait_is_over(project: Path) -> None:
    rules = rules_of(project)
    (waiting,) = decided(rules, shipped(), now=h(1.9))
    assert (waiting.verdict, waiting.look_at) == (Verdict.NOTHING, h(2))
    (issued,) = decided(rules, shipped())
    assert issued.verdict is Verdict.ISSUE
    assert issued.command is not None
    assert (issued.command.system, issued.command.act) == ("erp", Act.POST_INVOICE)


def test_a_credit_over_the_limit_is_held_asked_for_and_approved(project: Path) -> None:
    rules = rules_of(project)
    book = [posting("wms/return//1", "RCR+", {"1": (1, "812.00")}, T), posting("erp/sales_order//1", "TBL+", {"1": (1, "812.00")}, T)]
    (held,) = [one for one in decided(rules, book, now=h(100)) if one.account == "RCR"]
    assert (held.verdict, held.rule) == (
        Verdict.HOLD,
        "checkpoints 1 row 1 decided because credit 812.00 USD > 500.00 USD and act is issue_credit",
    )
    assert held.command is not None
    asked = rules.request(held.command, view(ROOT, book), held.rule, "tieout", T)
    assert isinstance(asked, Request)
    assert (asked.role, asked.expires_at, asked.what) == ("finance", T + timedelta(hours=24), held.command.key)
    done = answer(asked, Says("bob", asked.payload, agrees=True), rules.people, h(1))
    assert isinstance(done, Approved)
    assert done.request.given[0].for_ == "ann"


def test_a_hold_that_no_row_speaks_of_is_asked_of_the_files_role(project: Path) -> None:
    asked = rules_of(project).request(command(Act.CANCEL_BOOKING, account="TBK"), owed("TBK"), "a reversal is never automatic", "tieout", T)
    assert (asked.role, asked.rule) == ("finance", "a reversal is never automatic")


def test_a_fallback_withdraws_what_was_queued_and_issues_anew_elsewhere_once(project: Path) -> None:
    """The ledger's own decision does it: one open command per subject stays the law."""
    rules = rules_of(project)
    book = [posting("erp/sales_order//1", "TSH+", {"1": (6, "60")}, T, warehouse="W1")]
    (first,) = decided(rules, book)
    assert first.command is not None
    assert first.command.system == "wms"
    refused = Issued(first.command, first.because, Attempt(State.REFUSED, sent_at=T, reason="no stock"))
    (barred,) = decided(rules, book, [refused])
    assert barred.verdict is Verdict.NOTHING
    diversion = Diversion(Act.RELEASE_SHIPMENT, use_system="threepl")
    released = Issued(first.command, first.because, Attempt(State.REFUSED, sent_at=T, reason="no stock", released=True))
    (again,) = decided(rules.knowing(diversions=[diversion]), book, [released])
    assert again.command is not None
    assert (again.verdict, again.command.system, again.command.number) == (Verdict.ISSUE, "threepl", 2)
    queued = Issued(first.command, first.because)
    both = decided(rules.knowing(diversions=[diversion]), book, [queued])
    assert [(one.verdict, one.command.system if one.command else "") for one in both] == [(Verdict.WITHDRAW, "wms"), (Verdict.ISSUE, "threepl")]
    flying = Issued(first.command, first.because, Attempt(State.UNKNOWN, sent_at=T, doubt_at=T))
    (waits,) = decided(rules.knowing(diversions=[diversion]), book, [flying])
    assert waits.verdict is Verdict.NOTHING


def test_stops_and_anonymous_systems_are_those_of_the_flows_and_the_settings(project: Path) -> None:
    rules = rules_of(project)
    assert rules.anonymous == {"shop1"}
    over = [*shipped(), posting("wms/shipment//2", "TSH-", {"1": (6, "60")}, T)]
    assert all(one.verdict is Verdict.NOTHING for one in decided(rules, over) if one.account == "SNI")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('"issue_credit"]', '"issue_credits"]'), "`systems.erp.drive` names 'issue_credits', which is no act. Did you mean 'issue_credit'?"),
        (('"issue_credit"]', '"release_shipment"]'), "`systems.erp.drive` names release_shipment, which the wms is told; erp is the erp."),
        (("{ warehouse =", "{ warehous ="), "`systems.east.serves` names 'warehous', which is no dimension of an order. Did you mean 'warehouse'?"),
        (("stand_in", "drives"), "unknown key `drives`"),
        (('stand_in = ["release_shipment"]', ""),
         "f.toml: row 1: column use_system: threepl may not be told release_shipment. Add it to `systems.threepl.stand_in`."),
        (("[systems.threepl]", "[systems.fourpl]"), "f.toml: row 1: column use_system: there is no system 'threepl'."),
        (("[systems.wms]", "[systems.wmx]"), "f.toml: row 1: column system: there is no system 'wms'. Did you mean 'wmx'?"),
        (('"c.toml"', '"d.toml"'), "`policy.checkpoints` 'd.toml' cannot be read. The path is relative to tieout.toml."),
        (('"c.toml"', '"c.txt"'), "`policy.checkpoints` names 'c.txt'. A decision table is a .toml or a .csv file."),
        (('"c.toml"', '"c.toml"\ntax = "sometimes"'), "`policy.tax` is 'sometimes'. Write \"document\" or \"line\"."),
        (('giver = "ann"', 'giver = "anne"'), "`delegations` names 'anne', who is not in `[people]`. Did you mean 'ann'?"),
        (('giver = "ann"', 'giver = "bob"'), "`delegations`: bob has not the role finance to give."),
        (('account = "to_invoice"', 'account = "to_invoce"'), "`waits` names the account 'to_invoce', which does not exist. Did you mean to_invoice?"),
        (("days = 1", "days = 1\nbusiness_days = 2"), "`waits` has a row whose time is not one of hours, days and business days."),
    ],
)  # fmt: skip
def test_wrong_settings_are_told_key_rule_and_next_step(project: Path, change: tuple[str, str], said: str) -> None:
    assert SETTINGS.replace(*change) != SETTINGS
    (project / "tieout.toml").write_text(SETTINGS.replace(*change))
    with pytest.raises(SettingsError) as wrong:
        rules_of(project)
    assert said in str(wrong.value)


def test_what_is_hardly_meant_is_a_warning(project: Path) -> None:
    assert rules_of(project).warnings == ["shop1 and shop2 can both be told confirm_fulfilment for one order: give them different `serves`."]
    (project / "c.toml").write_text(CHECKPOINTS + '[[checkpoint]]\nact = "issue_credit"\nresult = "hold"\nrole = "cfo"\napprovers = 2\n')
    assert rules_of(project).warnings[:2] == [
        "c.toml: row 3 can never decide: row 2 above it takes all that it is for.",
        "c.toml: row 3 needs 2 with the role cfo, nobody in `[people]` has it: what it holds can only expire.",
    ]
    bare: Any = SETTINGS.replace('checkpoints = "c.toml"', "")
    (project / "tieout.toml").write_text(bare)
    assert "issue_credit always waits for an approver: no checkpoint lets it pass." in rules_of(project).warnings


def test_a_project_that_names_nothing_sends_nothing(tmp_path: Path) -> None:
    (tmp_path / "tieout.toml").write_text('[systems.erp]\nconnector = "tryton"\nrole = "erp"\n')
    rules = rules_of(tmp_path)
    decisions = decided(rules, shipped(datetime(2026, 1, 1, tzinfo=UTC)))
    assert [(one.verdict, one.reason) for one in decisions] == [(Verdict.NOTHING, "no system can be told to post invoice")]
