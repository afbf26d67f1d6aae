"""What is decided about a root (rules 23 to 26), case by case; the random histories are in `tests/model`."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground_rules import Feeds, PlainRules, posting
from tieout.core.account import Posting
from tieout.core.act import TOLD, Act
from tieout.core.attempt import OPEN, Attempt
from tieout.core.command import Command, State
from tieout.core.decide import Decision, Verdict, decide
from tieout.core.evaluate import evaluate
from tieout.core.flight import Issued, document_of
from tieout.core.ground import Ruling, Standing
from tieout.core.residual import view
from tieout.core.values import Ref, Role, Side
from tieout.flows import accounts
from tieout.flows.stops import STOPS
from tieout.policy import CompanyPolicy, Match, ToleranceRow

T = datetime(2026, 3, 2, 9, tzinfo=UTC)
ROOT = "shop/order/1"
D = Decimal


def h(hours: float) -> datetime:
    return T + timedelta(hours=hours)


def say(number: str, move: str, lines: Mapping[str, Any], hours: float = 0, **more: Any) -> Posting:
    system, type_, rest = number.split("/", 2)
    return posting(f"{system}/{type_}//{rest}", move, lines, h(hours), **more)


def shipped(number: str, hours: float = 0, **lines: Any) -> Posting:
    return say(f"wms/shipment/{number}", "SNI+", lines, hours)


def invoiced(number: str, lines: Mapping[str, Any], **notes: str) -> Posting:
    return say(f"erp/invoice/{number}", "SNI-", lines, **notes)


def decided(
    book: Sequence[Posting],
    issued: Sequence[Issued] = (),
    *,
    now: float = 1,
    rules: PlainRules | None = None,
    policy: CompanyPolicy | None = None,
    root: str = ROOT,
    observed: bool = True,
) -> list[Decision]:
    found = view(root, book)
    items = evaluate(found, accounts(), policy or CompanyPolicy({}), Feeds(h(now), observed=observed), h(now))
    return decide(Standing(found, book, items, issued, (Ref(root),)), rules or PlainRules(), h(now))


def told(decisions: Sequence[Decision]) -> list[tuple[Any, ...]]:
    """Verdict and what it is about: key to quantity of a new command, else the number of an old one, else the keys."""
    made: list[tuple[Any, ...]] = []
    for one in decisions:
        if one.verdict in (Verdict.ISSUE, Verdict.HOLD) and one.command:
            made.append((one.verdict, one.command.number, {line.line: line.quantity for line in one.command.lines}))
        else:
            made.append((one.verdict, one.command.number if one.command else None, *one.keys))
    return made


def why(decisions: Sequence[Decision]) -> list[str]:
    return [one.reason for one in decisions if one.verdict is Verdict.NOTHING]


def issue(book: Sequence[Posting], account: str = "", **more: Any) -> Issued:
    """The one command that this book makes (on an account), as it is kept."""
    made = [one for one in decided(book, **more) if one.verdict in (Verdict.ISSUE, Verdict.HOLD)]
    (decision,) = [one for one in made if account in ("", one.account)]
    assert decision.command is not None
    state = State.QUEUED if decision.verdict is Verdict.ISSUE else State.HELD
    return Issued(decision.command, decision.because, Attempt(state))


def became(one: Issued, state: State, **more: Any) -> Issued:
    gone = more.pop("gone", ())
    return msgspec.structs.replace(one, attempt=Attempt(state, **more), gone=gone)


def accepted(one: Issued, *documents: str, **more: Any) -> Issued:
    return became(one, State.ACCEPTED, documents=tuple(map(Ref, documents)), **more)


FIRST = [shipped("S1", A=6, B=2)]


def test_what_a_vendor_is_still_to_ship_is_not_released_to_our_warehouse() -> None:
    booked, bought = say("erp/sales_order/SO1", "TSH+", {"A": 10, "B": 1}), say("erp/purchase_order/P1", "PRC+", {"A": 10})

    def released(*more: Posting) -> list[dict[str, Decimal | None]]:
        found = decided([booked, bought, *more])
        return [
            {line.line: line.quantity for line in one.command.lines} for one in found if one.command and one.command.act is Act.RELEASE_SHIPMENT
        ]

    assert released() == [{"B": 1}]
    assert released(say("wms/goods_receipt/R1", "PRC-", {"A": 6})) == [{"A": 6, "B": 1}]
    assert released(say("vendors/asn/V1", "PRC-", {"A": 10}), say("vendors/asn/V2", "TSH-", {"A": 10})) == [{"B": 1}]


# Rule 23: one open command, and what is in flight ---------------------------------------------------------------------------


def test_rule_23_what_is_owed_is_one_command_for_all_lines_of_the_root() -> None:
    (decision,) = decided(FIRST)
    command = decision.command
    assert command is not None
    assert (decision.verdict, command.act, command.system, command.number) == (Verdict.ISSUE, Act.POST_INVOICE, "erp", 1)
    assert [(line.line, line.item, line.quantity, line.unit) for line in command.lines] == [("A", "A", 6, "EA"), ("B", "B", 2, "EA")]
    assert (command.key, command.references) == ("SNI+ shop/order/1 1", (ROOT,))
    assert decision.reason == "owed: 6 EA of A, 2 EA of B"


def test_rule_23_what_is_in_flight_is_not_commanded_again_whatever_its_state() -> None:
    one = issue(FIRST)
    for state in (State.SENDING, State.ACCEPTED, State.UNKNOWN):
        decisions = decided(FIRST, [became(one, state)])
        assert told(decisions) == [(Verdict.NOTHING, 1, "A"), (Verdict.NOTHING, 1, "B")]
        assert why(decisions)[0] == f"in flight: command 1 is {state}, 6 EA of A, 2 EA of B is still to be stated"


def test_rule_23_what_is_owed_more_waits_until_the_open_command_of_the_line_is_confirmed() -> None:
    one = accepted(issue(FIRST), "erp/invoice/I1")
    book = [*FIRST, shipped("S2", A=4), shipped("S3", C=1)]
    assert told(decided(book, [one])) == [(Verdict.ISSUE, 2, {"C": 1}), (Verdict.NOTHING, 1, "A"), (Verdict.NOTHING, 1, "B")]
    book.append(invoiced("I1", {"A": 6, "B": 2}))
    assert told(decided(book, [one])) == [(Verdict.CONFIRM, 1, "A", "B"), (Verdict.ISSUE, 2, {"A": 4, "C": 1})]


def test_rule_23_the_answer_is_not_the_proof() -> None:
    assert told(decided(FIRST, [accepted(issue(FIRST), "erp/invoice/I1")]))[0][0] is Verdict.NOTHING


@pytest.mark.parametrize("state", [State.ACCEPTED, State.UNKNOWN])
def test_rule_23_an_echoed_key_attributes_part_by_part(state: State) -> None:
    one = became(issue(FIRST), state)
    part = invoiced("I1", {"A": 4}, command=one.command.key)
    assert "2 EA of A, 2 EA of B is still" in why(decided([*FIRST, part], [one]))[0]
    whole = [*FIRST, part, invoiced("I2", {"A": 2, "B": 2}, command=one.command.key)]
    assert told(decided(whole, [one])) == [(Verdict.CONFIRM, 1, "A", "B")]


def test_rule_23_a_document_that_the_target_did_not_name_is_not_ours() -> None:
    """The clerk's invoice reduces what is owed, not what is in flight; ours arrives on top and stays visible, without a command."""
    one = accepted(issue([shipped("S1", A=6)]), "erp/invoice/I9")
    book = [shipped("S1", A=6), invoiced("CLERK", {"A": 6})]
    assert told(decided(book, [one])) == []
    book += [invoiced("I9", {"A": 6})]
    assert told(decided(book, [one])) == [(Verdict.CONFIRM, 1, "A")]
    assert decided(book, [became(one, State.CONFIRMED)], now=500) == []


def test_rule_23_the_final_quantity_that_the_target_named_is_all_that_is_waited_for() -> None:
    one = accepted(issue([shipped("S1", A=6)]), final={"A": D(4)})
    book = [shipped("S1", A=6), invoiced("I1", {"A": 4}, command=one.command.key)]
    assert told(decided(book, [one])) == [(Verdict.CONFIRM, 1, "A"), (Verdict.ISSUE, 2, {"A": 2})]


def test_rule_23_one_document_for_two_commands_is_shared_out_the_earlier_first() -> None:
    first = accepted(issue([shipped("S1", A=6)]), "erp/invoice/I1")
    second = msgspec.structs.replace(first, command=msgspec.structs.replace(first.command, number=2))
    book = [shipped("S1", A=12), invoiced("I1", {"A": 10})]
    decisions = decided(book, [second, first])
    assert told(decisions) == [(Verdict.CONFIRM, 1, "A"), (Verdict.CONFIRM, 2, "A"), (Verdict.HOLD, 3, {"A": 2})]
    assert [d.reason for d in decisions[:2]] == [
        "the target has stated all of it",
        "the target's documents say 2 EA of A less than was commanded",
    ]


def test_rule_23_systems_that_name_nothing_are_judged_by_what_they_state_more() -> None:
    before = [shipped("S1", A=6), invoiced("OLD", {"A": 2})]
    one = accepted(issue(before))
    nameless = PlainRules(anonymous=("erp",))
    assert "4 EA of A is still" in why(decided(before, [one], rules=nameless))[0]
    after = [*before, invoiced("NEW", {"A": 4})]
    assert told(decided(after, [one], rules=nameless)) == [(Verdict.CONFIRM, 1, "A")]
    assert told(decided(after, [one])) == []
    assert told(decided(after, [became(one, State.UNKNOWN)], rules=nameless)) == []


def test_rule_23_numbers_go_on_whatever_name_the_root_had() -> None:
    old = became(issue(FIRST, root="erp/sales_order/7"), State.CANCELLED)
    assert [one.command.key for one in decided(FIRST, [old]) if one.command] == ["SNI+ shop/order/1 2"]


def test_rule_23_lines_that_were_merged_meanwhile_are_still_in_flight() -> None:
    one = accepted(issue([shipped("S1", B=3)]))
    book = [shipped("S1", B=3), shipped("S2", A=3), invoiced("OTHER", {"A+B": 1})]
    assert told(decided(book, [one])) == [(Verdict.NOTHING, 1, "A")]
    ours = [*book, invoiced("I1", {"A+B": 3}, command=one.command.key)]
    assert told(decided(ours, [one])) == [(Verdict.CONFIRM, 1, "A"), (Verdict.ISSUE, 2, {"A": 2})]


def test_an_identity_gives_the_reference_of_its_document() -> None:
    assert [document_of(i) for i in ("erp/invoice//90", "erp/invoice/P/90/scope", "erp/invoice//1/2/")] == [
        "erp/invoice/90", "erp/invoice/90", "erp/invoice/1/2",
    ]  # fmt: skip


# What a target or a clerk makes of it ---------------------------------------------------------------------------------------


def test_a_draft_changed_by_hand_is_the_last_word_and_the_rest_needs_a_person() -> None:
    one = accepted(issue([shipped("S1", A=6)]), "erp/invoice/I1")
    confirm, rest = decided([shipped("S1", A=6), invoiced("I1", {"A": 5})], [one])
    assert confirm.reason == "the target's documents say 1 EA of A less than was commanded"
    assert (rest.verdict, rest.rule) == (Verdict.HOLD, "erp has changed or withdrawn what command 1 had brought")
    assert told([rest]) == [(Verdict.HOLD, 2, {"A": 1})]


@pytest.mark.parametrize("state", [State.ACCEPTED, State.UNKNOWN, State.CONFIRMED])
def test_a_document_withdrawn_by_hand_is_never_made_again_without_a_person(state: State) -> None:
    book = [shipped("S1", A=6)]
    one = became(issue(book), state, documents=(Ref("erp/invoice/I1"),), gone=(Ref("erp/invoice/I1"),))
    held = decided(book, [one])[-1]
    assert told([held]) == [(Verdict.HOLD, 2, {"A": 6})]
    denied = Issued(held.command, held.because, Attempt(State.REFUSED, reason="rightly deleted"))  # type: ignore[arg-type]
    one = msgspec.structs.replace(one, attempt=msgspec.structs.replace(one.attempt, state=State.CONFIRMED))
    assert why(decided(book, [one, denied])) == ["refused, and the sums are the same: rightly deleted"]
    assert told(decided([*book, shipped("S2", A=1)], [one, denied])) == [(Verdict.HOLD, 3, {"A": 7})]


def test_what_is_done_little_by_little_is_not_ended_by_a_document() -> None:
    booked = [say("erp/sales_order/1", "TSH+", {"A": 10})]
    one = accepted(issue(booked), "wms/release/R1")
    book = [*booked, say("wms/release/R1", "TAL-", {"A": 10}), say("wms/shipment/S1", "TSH-", {"A": 6}, command=one.command.key)]
    assert why(decided(book, [one])) == ["in flight: command 1 is accepted, 4 EA of A is still to be stated"]
    cancelled = msgspec.structs.replace(one, gone=(Ref("wms/release/R1"),))
    assert told(decided(book, [cancelled])) == [(Verdict.CONFIRM, 1, "A"), (Verdict.HOLD, 2, {"A": 4})]


# Rule 24: never below zero, and the opposite direction ----------------------------------------------------------------------


def test_rule_24_an_invoice_by_hand_ends_as_a_negative_balance_and_no_command() -> None:
    book = [shipped("S1", A=6), invoiced("CLERK", {"A": 9})]
    assert decided(book, now=500) == []


def test_rule_24_a_reversal_is_proposed_when_overdue_and_nothing_is_in_flight_and_always_held() -> None:
    book = [say("erp/sales_order/1", "TBK-", {"A": 3})]
    assert why(decided(book, now=1)) == ["a reversal is proposed only when it is overdue"]
    passing = PlainRules(checkpoint=lambda command, found: Ruling(holds=False, rule="row 2"))
    (held,) = decided(book, now=3, rules=passing)
    assert (held.verdict, held.rule, held.side) == (Verdict.HOLD, "a reversal is never automatic", Side.CREDIT)
    assert held.command is not None
    assert (held.command.act, held.command.lines[0].quantity) == (Act.CANCEL_BOOKING, 3)
    flying = accepted(issue([say("shop/order/1", "TBK+", {"B": 1})]))
    assert told(decided(book, [flying], now=3)) == [(Verdict.NOTHING, 1, "A")]


RETURNED = [say("wms/return_receipt/1", "RRC- RCR+", {"A": 2}), say("erp/return/1", "RRC+", {"A": 2})]


def test_rule_24_a_credit_goes_only_where_a_checkpoint_lets_it() -> None:
    (held,) = decided(RETURNED)
    assert (held.verdict, held.rule) == (Verdict.HOLD, "no checkpoint lets it pass, and it gives money or goods back")
    small = PlainRules(checkpoint=lambda command, found: Ruling(holds=False, rule="row 1: below 50"))
    assert told(decided(RETURNED, rules=small)) == [(Verdict.ISSUE, 1, {"A": 2})]
    large = PlainRules(checkpoint=lambda command, found: Ruling(holds=True, rule="row 4: over 1,000"))
    assert [one.rule for one in decided(RETURNED, rules=large)] == ["row 4: over 1,000"]


# Rule 25: refusals, and looking again ----------------------------------------------------------------------------------------


def refused(one: Issued, **more: Any) -> Issued:
    return became(one, State.REFUSED, reason="period closed", **more)


def test_rule_25_a_refusal_blocks_the_same_sums_and_nothing_else() -> None:
    one = refused(issue(FIRST))
    assert why(decided(FIRST, [one])) == ["refused, and the sums are the same: period closed"] * 2
    other = [*FIRST, shipped("S2", C=1)]
    assert told(decided(other, [one]))[0] == (Verdict.ISSUE, 2, {"C": 1})
    more = [*FIRST, shipped("S2", A=1)]
    assert told(decided(more, [one])) == [(Verdict.ISSUE, 2, {"A": 7, "B": 2})]


def test_rule_25_until_the_retry_time_or_a_person() -> None:
    one = refused(issue(FIRST), again_at=h(5))
    assert [d.look_at for d in decided(FIRST, [one], now=4)] == [h(5), h(5)]
    assert told(decided(FIRST, [one], now=5))[0][:2] == (Verdict.ISSUE, 2)
    assert told(decided(FIRST, [refused(issue(FIRST), released=True)]))[0][:2] == (Verdict.ISSUE, 2)


def test_rule_25_the_same_quantities_at_another_price_are_not_the_same_sums() -> None:
    book = [say("shop/order/1", "TBK+", {"A": (5, 50)})]
    one = refused(issue(book))
    assert why(decided(book, [one])) == ["refused, and the sums are the same: period closed"]
    assert told(decided([say("shop/order/1", "TBK+", {"A": (5, 60)})], [one])) == [(Verdict.ISSUE, 2, {"A": 5})]


def test_rule_25_taking_nothing_of_a_line_is_a_refusal_of_that_line() -> None:
    one = accepted(issue(FIRST), final={"A": D(0)})
    book = [*FIRST, invoiced("I1", {"B": 2}, command=one.command.key)]
    confirm, nothing = decided(book, [one])
    assert (confirm.verdict, nothing.reason) == (Verdict.CONFIRM, "refused, and the sums are the same: the target took nothing of it")
    done = became(one, State.CONFIRMED, final={"A": D(0)})
    assert why(decided(book, [done])) == [nothing.reason]
    assert told(decided([*book, shipped("S2", A=1)], [done])) == [(Verdict.ISSUE, 2, {"A": 7})]
    assert told(decided(book, [became(one, State.CONFIRMED, final={"A": D(0)}, released=True)])) == [(Verdict.ISSUE, 2, {"A": 6})]


@pytest.mark.parametrize("state", [State.QUEUED, State.HELD])
def test_rule_25_what_waits_is_looked_at_again(state: State) -> None:
    holds = state is State.HELD
    rules, new = PlainRules(checkpoint=lambda command, found: Ruling(holds, "row 1")), Verdict.HOLD if holds else Verdict.ISSUE
    one = became(issue(FIRST), state)
    assert told(decided(FIRST, [one], rules=rules)) == [(Verdict.NOTHING, 1, "A", "B")]
    assert told(decided([*FIRST, invoiced("CLERK", {"A": 6, "B": 2})], [one], rules=rules)) == [(Verdict.WITHDRAW, 1, "A", "B")]
    part = [*FIRST, invoiced("CLERK", {"A": 1})]
    assert told(decided(part, [one], rules=rules)) == [(Verdict.WITHDRAW, 1, "A", "B"), (new, 2, {"A": 5, "B": 2})]
    assert told(decided([*FIRST, shipped("S2", C=1)], [one], rules=rules)) == [(new, 2, {"C": 1}), (Verdict.NOTHING, 1, "A", "B")]


def test_what_waits_is_judged_anew_by_the_policy_of_today() -> None:
    free, strict, stricter = (
        PlainRules(checkpoint=lambda command, found, r=r: r) for r in (None, Ruling(True, "row 1", "1 x"), Ruling(True, "row 2", "2 x"))
    )
    held, queued = became(issue(FIRST), State.HELD), became(issue(FIRST), State.QUEUED)
    approved = msgspec.structs.replace(queued, leave="1 x")
    assert told(decided(FIRST, [held], rules=free)) == [(Verdict.WITHDRAW, 1, "A", "B"), (Verdict.ISSUE, 2, {"A": 6, "B": 2})]
    assert told(decided(FIRST, [queued], rules=strict)) == [(Verdict.WITHDRAW, 1, "A", "B"), (Verdict.HOLD, 2, {"A": 6, "B": 2})]
    assert told(decided(FIRST, [approved], rules=strict)) == [(Verdict.NOTHING, 1, "A", "B")], "what was approved is not asked about again"
    assert told(decided(FIRST, [approved], rules=stricter)) == [(Verdict.WITHDRAW, 1, "A", "B"), (Verdict.HOLD, 2, {"A": 6, "B": 2})]
    (still,) = decided(FIRST, [held], rules=stricter)
    assert (still.verdict, still.rule) == (Verdict.NOTHING, "row 2"), "held by another row: whoever keeps it writes that down"


# Findings that stop --------------------------------------------------------------------------------------------------------


ORDER = [say("erp/sales_order/1", "TSH+ TBL+", {"A": (6, 60), "B": (2, 10)})]


def left(**lines: Any) -> list[Posting]:
    return [say("wms/shipment/S1", "TSH- SNI+", lines)]


def test_an_over_shipment_stops_the_invoice_of_that_line_from_the_first_second_and_nothing_else() -> None:
    decisions = decided([*ORDER, *left(A=7, B=2)], now=0.1)
    assert told(decisions) == [(Verdict.ISSUE, 1, {"B": 2}), (Verdict.NOTHING, None, "A")]
    assert why(decisions) == ["stopped: shipped more than booked (TSH shop/order/1#A)"]


def test_a_finding_withdraws_what_is_still_queued() -> None:
    one = issue([*ORDER, *left(A=6)], "SNI")
    decisions = [d for d in decided([*ORDER, *left(A=7)], [one]) if d.account == "SNI"]
    assert told(decisions) == [(Verdict.WITHDRAW, 1, "A"), (Verdict.NOTHING, None, "A")]


@pytest.mark.parametrize("move", ["TBL-", "TBK-"])
def test_a_price_in_dispute_stops_the_invoice_of_that_line(move: str) -> None:
    book = [*ORDER, say("shop/order/1", "TBK+", {"A": (3, 30)}), *left(A=6, B=2), say("erp/invoice/0", move, {"A": (3, 33)})]
    decisions = [one for one in decided(book, now=0.1) if one.account == "SNI"]
    assert told(decisions) == [(Verdict.ISSUE, 1, {"B": 2}), (Verdict.NOTHING, None, "A")]
    assert why(decisions) == [f"stopped: price in dispute ({move[:3]} shop/order/1#A)"]


def test_a_finding_that_is_tolerated_or_that_nobody_could_clear_stops_nothing() -> None:
    from tieout.core.evaluate import Tolerance

    policy = CompanyPolicy({}, (ToleranceRow(Match("TSH"), Tolerance(quantity=D(1))),))
    assert told(decided([*ORDER, *left(A=7)], policy=policy))[0] == (Verdict.ISSUE, 1, {"A": 7})


def test_an_account_kept_by_other_keys_is_stopped_by_the_common_item_only() -> None:
    booked = [say("erp/sales_order/1", "TSH+", {"A": 6, "B": 2})]
    by_line = [
        msgspec.structs.replace(p, groups=tuple(_by_line(g) for g in p.groups)) for p in (say("wms/shipment/S1", "SNI+", {"A": 7, "B": 2}),)
    ]
    decisions = decided([*booked, *by_line, say("wms/shipment/S1", "TSH-", {"A": 7, "B": 2})])
    assert told(decisions) == [(Verdict.ISSUE, 1, {"2": 2}), (Verdict.NOTHING, None, "1")]
    assert decisions[0].command is not None
    assert [(line.order_line, line.item) for line in decisions[0].command.lines] == [("2", "B")]


def test_two_lines_of_one_item_are_stopped_apart() -> None:
    def lines(number: str, move: str, first: int) -> Posting:
        made = say(number, move, {"1": first, "2": 2})
        rows = tuple(msgspec.structs.replace(row, item="A") for row in made.groups[0].rows)
        return msgspec.structs.replace(made, groups=(msgspec.structs.replace(made.groups[0], rows=rows),))

    book = [lines("erp/sales_order/1", "TSH+", 6), lines("wms/shipment/1", "TSH- SNI+", 7)]
    assert told(decided(book)) == [(Verdict.ISSUE, 1, {"2": 2}), (Verdict.NOTHING, None, "1")]


def _by_line(group: Any) -> Any:
    rows = tuple(msgspec.structs.replace(row, key=str(n)) for n, row in enumerate(group.rows, 1))
    return msgspec.structs.replace(group, rows=rows)


def test_goods_that_came_back_unannounced_stop_the_credit() -> None:
    decisions = [one for one in decided(RETURNED[:1], now=48) if one.account == "RCR"]
    assert why(decisions) == ["stopped: received without authorisation (RRC shop/order/1#A)"]


# Other reasons to wait --------------------------------------------------------------------------------------------------------


def test_units_that_differ_are_settled_first() -> None:
    book = [shipped("S1", A=(2, None, "CS")), invoiced("I1", {"A": (24, None, "EA")})]
    assert why(decided(book)) == ["stated in several units: CS, EA"]


def test_what_looks_like_a_wrong_unit_is_not_booked_on() -> None:
    from fractions import Fraction

    policy = CompanyPolicy({}, packs={"A": frozenset((Fraction(12),))})
    book = [say("shop/order/1", "TBK+", {"A": 24}), say("erp/sales_order/1", "TBK-", {"A": 2})]
    assert why(decided(book, policy=policy)) == ["stated in a wrong unit of measure, it seems"]


def test_not_before_its_time() -> None:
    (decision,) = decided([shipped("S1", A=6)], rules=PlainRules(after=8))
    assert (decision.reason, decision.look_at) == ("not before 2026-03-02 17:00 UTC", h(8))
    assert told(decided([shipped("S1", A=6)], rules=PlainRules(after=8), now=8)) == [(Verdict.ISSUE, 1, {"A": 6})]


def test_nobody_to_tell_nobody_to_confirm_nothing_owed() -> None:
    book = [shipped("S1", A=6)]
    assert why(decided(book, rules=PlainRules(systems={Role.WMS: "wms"}))) == ["no system can be told to post invoice"]
    assert why(decided(book, observed=False)) == ["no connected system could confirm it"]
    written_off = {"account": "SNI", "key": "A", "residual": "6", "unit": "EA"}
    decision = Posting("us/write_off//1", "", "WrittenOff", T, False, (), written_off)
    assert why(decided([*book, decision])) == ["written off"]
    assert why(decided([*book, shipped("S2", A=1), decision])) == ["its write-off has lapsed; a person must settle that first"]


# Documents that go as a whole, and what rides along -------------------------------------------------------------------------


PLACED = say("shop/order/1", "TBK+", {"A": (5, 50), "B": (1, 7), "freight": (None, 9), "discount": (None, -3)}, customer="ACME")


def test_an_order_is_booked_whole_with_its_charges() -> None:
    (decision,) = decided([PLACED])
    command = decision.command
    assert command is not None
    assert [(line.line, line.quantity, line.value, line.charge) for line in command.lines] == [
        ("A", 5, 50, ""), ("B", 1, 7, ""), ("discount", None, -3, "discount"), ("freight", None, 9, "freight"),
    ]  # fmt: skip
    assert (command.act, command.customer, command.currency) == (Act.BOOK_ORDER, "ACME", "USD")


def test_charges_go_once_and_are_not_waited_for() -> None:
    one = accepted(issue([PLACED]), "erp/sales_order/9")
    book = [PLACED, say("erp/sales_order/9", "TBK-", {"A": (5, 50), "B": (1, 7)})]
    assert told(decided(book, [one])) == [(Verdict.CONFIRM, 1, "A", "B")]
    more = [*book, say("shop/order/1b", "TBK+", {"C": (1, 5)})]
    assert told(decided(more, [one])) == [(Verdict.CONFIRM, 1, "A", "B"), (Verdict.ISSUE, 2, {"C": 1})]
    done = msgspec.structs.replace(one, attempt=msgspec.structs.replace(one.attempt, state=State.CONFIRMED))
    assert told(decided(more, [done])) == [(Verdict.ISSUE, 2, {"C": 1})]
    assert told(decided(more)) == [(Verdict.ISSUE, 1, {"C": 1, "discount": None, "freight": None})]
    unpriced = decided([say("shop/order/1", "TBK+", {"A": 5, "freight": (None, 9)})])
    assert [(d.command.currency, len(d.command.lines)) for d in unpriced if d.command] == [("USD", 2)]


def test_an_order_goes_whole_or_waits() -> None:
    one = refused(issue([PLACED]))
    grown = [PLACED, say("shop/order/1b", "TBK+", {"C": 1})]
    assert told(decided(grown, [one])) == [(Verdict.ISSUE, 2, {"A": 5, "B": 1, "C": 1, "discount": None, "freight": None})]
    flying = accepted(issue([PLACED]))
    assert {decision.verdict for decision in decided(grown, [flying])} == {Verdict.NOTHING}
    by_hand = [*grown, say("erp/sales_order/1", "TBK-", {"A": (5, 50), "B": (1, 7)})]
    assert told(decided(by_hand, [flying])) == [(Verdict.NOTHING, 1, "C")]
    dearer = [PLACED, say("erp/sales_order/1", "TBK-", {"A": (4, 50)})]
    assert why(decided(dearer))[1].startswith("goes with A, which waits: stopped: ")


def in_euro(posting: Posting) -> Posting:
    rows = tuple(msgspec.structs.replace(row, currency="EUR") for row in posting.groups[0].rows)
    return msgspec.structs.replace(posting, groups=(msgspec.structs.replace(posting.groups[0], rows=rows),))


def test_a_command_speaks_one_currency() -> None:
    order = [say("shop/order/1", "TBK+", {"A": (5, 50)}), in_euro(say("shop/order/1b", "TBK+", {"B": (1, 7)}))]
    assert why(decided(order)) == ["one document cannot be in EUR and USD"] * 2
    layers = [say("erp/sales_order/1", "TBL+", {"A": (5, 50), "C": 1}), in_euro(say("erp/sales_order/1b", "TBL+", {"B": (1, 7)}))]
    book = [*layers, shipped("S1", A=5, B=1, C=1)]
    assert told(decided(book)) == [(Verdict.ISSUE, 1, {"B": 1}), (Verdict.ISSUE, 2, {"A": 5}), (Verdict.ISSUE, 3, {"C": 1})]
    issued: list[Issued] = []
    carry_out(issued, decided(book))
    assert {one.verdict for one in decided(book, issued)} == {Verdict.NOTHING}


# Values and flows ----------------------------------------------------------------------------------------------------------


def test_cash_is_applied_by_its_amount() -> None:
    book = [say("bank/bank_entry/1", "CSH+", {"": (None, "62.70")})]
    one = issue(book, root="erp/invoice/1")
    assert (one.command.act, one.command.total, one.command.currency, one.command.lines) == (Act.APPLY_CASH, D("62.70"), "USD", ())
    paid = [*book, say("erp/cash_receipt/7", "CSH-", {"": (None, "62.70")}, command=one.command.key)]
    assert told(decided(paid, [accepted(one)], root="erp/invoice/1")) == [(Verdict.CONFIRM, 1, "")]


def test_a_movement_is_posted_with_its_sign_once_it_has_stood_and_a_lagging_watermark_does_not_ask_twice() -> None:
    moved = [say("wms/movement/1", "STK+", {"": -6})]
    root = "*/stock/W1:A"
    assert [one.verdict for one in decided(moved, now=100, root=root)] == [Verdict.ISSUE]
    assert why(decided(moved, now=1, root=root)) == ["has not stood for its time yet: the movement may still be on its way"]
    one = issue(moved, now=100, root=root)
    assert one.command.lines[0].quantity == -6
    posted = [*moved, say("erp/movement/1", "STK-", {"": -6}, 101, command=one.command.key)]
    found = view(root, posted)
    items = evaluate(found, accounts(), CompanyPolicy({}), Feeds(h(100)), h(102))
    assert told(decide(Standing(found, posted, items, [accepted(one)]), PlainRules(), h(102))) == [(Verdict.CONFIRM, 1, "")]
    turned = [*moved, say("erp/movement/1", "STK-", {"": -4}, 101)]
    found = view(root, turned)
    items = evaluate(found, accounts(), CompanyPolicy({}), Feeds(h(100)), h(102))
    assert [d.command.lines[0].quantity for d in decide(Standing(found, turned, items), PlainRules(), h(102)) if d.command] == [-2]


# The data ------------------------------------------------------------------------------------------------------------------


def test_every_act_is_owed_by_one_side_of_one_account_and_told_to_a_role() -> None:
    """Two accounts that both asked for one act would have it done twice."""
    named = [e.command for account in accounts().values() for e in (account.over, account.under) if e.command is not None]
    assert len(named) == len(set(named))
    assert set(TOLD) == set(Act)


def test_stops_name_sides_that_have_a_command_and_accounts_that_exist() -> None:
    known = accounts()
    for owed, stops in STOPS.items():
        side = Side.DEBIT if owed[-1] == "+" else Side.CREDIT
        assert known[owed[:-1]].expectation(side).command is not None
        assert {stop.account for stop in stops} <= set(known)


# Any book, any commands ------------------------------------------------------------------------------------------------------


@st.composite
def standings(draw: Any) -> tuple[list[Posting], list[Issued]]:
    """A book on three accounts and a chain of commands, each decided on the book as it was and left in some state."""
    book: list[Posting] = []
    issued: list[Issued] = []
    for n in range(draw(st.integers(1, 8))):
        move = draw(st.sampled_from(("SNI+", "SNI+", "SNI-", "TSH+", "TSH- SNI+", "TBK+", "TBK-")))
        lines = {key: draw(st.integers(1, 6)) for key in draw(st.sets(st.sampled_from("AB"), min_size=1))}
        echoed = draw(st.sampled_from([one.command.key for one in issued])) if issued and draw(st.booleans()) else ""
        book.append(say(f"x/y/{n}", move, lines, **({"command": echoed} if echoed else {})))
        carry_out(issued, decided(book, issued))
        for at, one in enumerate(issued):
            if one.attempt.state in OPEN and draw(st.booleans()):
                issued[at] = became(one, draw(st.sampled_from(list(State))), released=draw(st.booleans()))
    return book, issued


def carry_out(issued: list[Issued], decisions: Sequence[Decision]) -> None:
    after = {Verdict.CONFIRM: State.CONFIRMED, Verdict.WITHDRAW: State.CANCELLED}
    for decision in decisions:
        if decision.verdict in after:
            (at,) = [n for n, one in enumerate(issued) if one.command == decision.command]
            issued[at] = became(issued[at], after[decision.verdict])
        elif decision.verdict is not Verdict.NOTHING:
            assert decision.command is not None
            assert decision.command.key not in {one.command.key for one in issued}
            issued.append(Issued(decision.command, decision.because, Attempt(State.HELD if decision.rule else State.QUEUED)))


@given(standings(), st.randoms(use_true_random=False))
def test_rules_23_to_25_hold_for_any_book_and_any_commands(standing: tuple[list[Posting], list[Issued]], dice: Any) -> None:
    book, issued = standing
    decisions = decided(book, issued)
    shuffled_book, shuffled = list(book), list(issued)
    dice.shuffle(shuffled_book)
    dice.shuffle(shuffled)
    assert decided(shuffled_book, shuffled) == decisions, "the order in which things are known decides nothing"
    net = balances(book)
    for decision in decisions:
        if decision.verdict in (Verdict.ISSUE, Verdict.HOLD):
            assert decision.command is not None
            sign = 1 if decision.side is Side.DEBIT else -1
            for line in decision.command.lines:
                assert 0 < line.quantity == sign * net[decision.account, line.line]
    carry_out(issued, decisions)
    assert {one.verdict for one in decided(book, issued)} <= {Verdict.NOTHING}, "decided again, there is nothing to do"
    covered: list[tuple[str, str]] = []
    for one in issued:
        if one.attempt.state in OPEN:
            covered += [(one.command.account, line.line) for line in one.command.lines]
    assert len(covered) == len(set(covered)), "one open command per account and subject"


def balances(book: Sequence[Posting]) -> dict[tuple[str, str], Decimal]:
    net: dict[tuple[str, str], Decimal] = {}
    for one in book:
        for group in one.groups:
            for move in group.moves:
                for row in group.rows:
                    amount = (row.quantity or D(0)) * (1 if move[-1] == "+" else -1)
                    net[move[:-1], row.key] = net.get((move[:-1], row.key), D(0)) + amount
    return net


def test_a_command_is_content_but_for_its_number() -> None:
    """Approval binds to it: nothing in it depends on when it was decided."""
    assert issue(FIRST, now=1).command == issue(list(reversed(FIRST)), now=20).command
    assert isinstance(issue(FIRST).command, Command)
