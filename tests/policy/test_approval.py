"""Maker-checker: every rule that an approval must satisfy, case by case and against a model that only counts persons."""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_policy import T, command, h, line

from tieout.core.command import Command
from tieout.policy.approval import (
    AnotherNeeded,
    Answer,
    Approved,
    Delegation,
    Denied,
    Outcome,
    People,
    Request,
    Returned,
    Unfit,
    decide,
    expired,
    payload_hash,
    request,
)
from tieout.policy.checkpoints import Hold

ROLES = {"ann": ("finance",), "bob": ("finance", "controller"), "cid": ("sales",), "dan": (), "eve": ("finance",)}
PEOPLE = People(ROLES, (Delegation("ann", "cid", "finance", h(0), h(10)), Delegation("eve", "dan", "finance", h(0), h(10))))


def asked(proposer: str = "tieout", approvers: int = 1, hours: int = 24) -> Request:
    return request(command(), Hold("finance", approvers=approvers, expires_hours=hours), "row 3", proposer, T)


def say(to: Request, who: str, at: float = 1, *, agrees: bool = True, people: People = PEOPLE) -> Outcome:
    return decide(to, Answer(who, to.payload, agrees, "because"), people, h(at))


def test_somebody_else_with_the_role_approves() -> None:
    done = say(asked(), "bob")
    assert isinstance(done, Approved)
    assert [(one.who, one.for_) for one in done.request.given] == [("bob", "")]


@pytest.mark.parametrize(
    ("proposer", "who", "at", "why"),
    [
        ("bob", "bob", 1, "bob proposed it"),
        ("Bob ", "bOB", 1, "bOB proposed it"),
        ("tieout", "dan", 11, "dan has not the role finance, nor a delegation of it that is in force"),
        ("tieout", "cid", -1, "cid has not the role finance"),
        ("tieout", "zoe", 1, "zoe has not the role finance"),
        ("tieout", "", 1, "the answer names nobody"),
        ("ann", "cid", 1, "cid acts for ann, who proposed it"),
        ("cid", "cid", 1, "cid proposed it"),
    ],
)
def test_who_may_not_approve_is_told_why(proposer: str, who: str, at: float, why: str) -> None:
    done = say(asked(proposer), who, at)
    assert isinstance(done, Unfit)
    assert done.reason.startswith(why)


def test_a_delegate_approves_in_the_givers_name_until_the_end() -> None:
    done = say(asked(), "cid", 9.99)
    assert isinstance(done, Approved)
    assert [(one.who, one.for_) for one in done.request.given] == [("cid", "ann")]
    assert isinstance(say(asked(), "cid", 10), Unfit)


def test_a_delegation_is_worth_what_its_giver_has_and_is_not_passed_on() -> None:
    empty = People({"ann": (), "cid": ("sales",)}, PEOPLE.delegations)
    assert isinstance(say(asked(), "cid", people=empty), Unfit)
    chain = People(ROLES, (Delegation("ann", "cid", "finance", h(0), h(9)), Delegation("cid", "dan", "finance", h(0), h(9))))
    assert isinstance(say(asked(), "dan", people=chain), Unfit)


def test_two_approvers_are_two_persons_also_behind_the_names() -> None:
    first = say(asked(approvers=2), "ann")
    assert isinstance(first, AnotherNeeded)
    assert first.missing == 1
    for who in ("ann", "ANN", "cid"):
        again = say(first.request, who)
        assert isinstance(again, Unfit)
        assert "has consented already" in again.reason
    assert isinstance(say(first.request, "bob"), Approved)
    assert isinstance(say(first.request, "dan"), Approved)


def test_the_payload_must_be_the_one_that_waits() -> None:
    other = payload_hash(command(lines=[line("1", "812.01")]))
    assert isinstance(decide(asked(), Answer("bob", other, agrees=True), PEOPLE, h(1)), Unfit)


def test_time_never_approves_it_gives_back() -> None:
    waiting = asked(approvers=2, hours=2)
    assert expired(waiting, h(1.999)) is None
    assert isinstance(expired(waiting, h(2)), Returned)
    first = say(waiting, "ann")
    assert isinstance(first, AnotherNeeded)
    late = say(first.request, "bob", 2)
    assert isinstance(late, Returned)
    assert "undecided again" in late.reason


def test_a_denial_needs_the_role_too_but_a_proposer_may_take_back() -> None:
    assert say(asked(), "bob", agrees=False) == Denied("bob", "because")
    assert say(asked("cid"), "cid", 20, agrees=False) == Denied("cid", "because")
    assert isinstance(say(asked(), "zoe", agrees=False), Unfit)


def test_a_request_without_a_proposer_is_ours_to_refuse() -> None:
    with pytest.raises(ValueError, match="proposer"):
        asked(" ")


NAMES = st.sampled_from([*ROLES, "Ann", " bob", "zoe"])
ANSWERS = st.lists(st.tuples(NAMES, st.floats(0, 30, allow_nan=False)), max_size=8)


@given(NAMES, st.integers(1, 2), ANSWERS, st.lists(st.tuples(NAMES, NAMES, st.floats(0, 30)), max_size=4))
def test_whatever_is_answered_an_approval_has_enough_persons_none_of_whom_proposed_it(
    proposer: str, approvers: int, answers: list[tuple[str, float]], given_: list[tuple[str, str, float]]
) -> None:
    people = People(ROLES, tuple(Delegation(giver, taker, "finance", T, h(end)) for giver, taker, end in given_))
    waiting, proposed = asked(proposer, approvers), proposer.strip().casefold()
    for who, at in sorted(answers, key=lambda one: one[1]):
        done = say(waiting, who, at, people=people)
        if isinstance(done, AnotherNeeded):
            waiting = done.request
        if isinstance(done, Returned):
            assert at >= 24
        if isinstance(done, Approved):
            consents = done.request.given
            assert at < 24
            assert len(consents) == approvers
            persons = [name.strip().casefold() for one in consents for name in {one.who, one.for_ or one.who}]
            assert proposed not in persons
            behind = [(one.for_ or one.who).strip().casefold() for one in consents]
            assert len(set(behind)) == len(behind)
            assert len({one.who.strip().casefold() for one in consents}) == len(consents)
            assert all("finance" in ROLES[name] for name in behind)
            for one in consents:
                if one.for_:
                    ends = [end for giver, taker, end in given_ if (giver.strip().casefold(), taker.strip().casefold()) ==
                            (one.for_.strip().casefold(), one.who.strip().casefold())]  # fmt: skip
                    assert any(one.at < h(end) for end in ends)
            return


# The hash ----------------------------------------------------------------------------------------------------------------

AMOUNTS = st.decimals(min_value=-1000, max_value=1000, places=2)


def one(amount: Decimal, customer: str, data: dict[str, str]) -> Command:
    return command(lines=[msgspec.structs.replace(line("1", "1"), value=amount)], customer=customer, data=data)


@given(AMOUNTS, AMOUNTS, st.sampled_from("ab"), st.sampled_from("ab"), st.dictionaries(st.sampled_from("xy"), st.sampled_from("pq")),
       st.dictionaries(st.sampled_from("xy"), st.sampled_from("pq")))  # fmt: skip
def test_hashes_are_equal_exactly_when_payloads_are(a: Decimal, b: Decimal, c: str, d: str, e: dict[str, str], f: dict[str, str]) -> None:
    first, second = one(a, c, e), one(b, d, f)
    assert (payload_hash(first) == payload_hash(second)) is (first == second)


def test_the_hash_survives_storage_and_ways_of_writing_a_number() -> None:
    paid = command(lines=[line("1", "10.00")], data={"b": "1", "a": "2"})
    stored = msgspec.json.decode(msgspec.json.encode(paid), type=Command)
    assert payload_hash(stored) == payload_hash(paid)
    assert payload_hash(command(lines=[line("1", "10")], data={"a": "2", "b": "1"})) == payload_hash(paid)
    fields = [payload_hash(changed) for changed in (
        paid, msgspec.structs.replace(paid, system="erp2"), msgspec.structs.replace(paid, number=2),
        msgspec.structs.replace(paid, warehouse="W2"), msgspec.structs.replace(paid, currency="EUR"),
        msgspec.structs.replace(paid, total=Decimal(1)), msgspec.structs.replace(paid, references=("erp/sales_order/1",)),
    )]  # fmt: skip
    assert len(set(fields)) == len(fields)


def test_a_day_is_not_shorter_than_its_hours() -> None:
    ends = [request(command(), Hold("r", expires_hours=n), "", "x", T).expires_at for n in (1, 2, 3)]
    assert all(after - before == timedelta(hours=1) for before, after in pairwise(ends))
    assert isinstance(ends[0], datetime)
