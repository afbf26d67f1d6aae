"""Accounts, roles and scopes: who may change what, in code and in the database; and that each change is written down."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from servers import Server
from tieout.errors import Forbidden, OperatorError
from tieout.people import accounts, audit, delegations, keys, sessions
from tieout.people.accounts import Account
from tieout.people.approvers import approvers
from tieout.people.person import KINDS, RIGHTS, Right, Role, Scopes, predicate
from tieout.policy.approval import Delegation, People
from tieout.store.session import Session

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
Add = Callable[..., Account]


def test_a_login_is_one_person_however_it_is_written(connection: Session, add: Add) -> None:
    add("ana")
    assert accounts.account(connection, " Ana ").person.login == "ana"
    with pytest.raises(OperatorError, match="somebody with the login ana already"):
        accounts.add(connection, "ANA", "Another", NOW, by=None)
    with pytest.raises(psycopg.errors.CheckViolation):
        connection.execute("insert into person (login, name, created, changed) values ('Ana', 'x', now(), now())")


@pytest.mark.parametrize("login", ["", "a b", "-x", "x" * 101, "ana\n", "<ana>"])
def test_what_is_no_login_is_refused(connection: Session, login: str) -> None:
    with pytest.raises(OperatorError, match="is no login"):
        accounts.add(connection, login, "Ana", NOW, by=None) if login != "ana\n" else accounts.add(connection, "ana\nbo", "Ana", NOW, by=None)


def test_roles_scopes_and_limits_are_what_was_given(connection: Session, add: Add) -> None:
    ana = add("ana", "analyst", "viewer", team=["Finance"], warehouse=["W1", "W2"])
    accounts.set_limit(connection, ana, "EUR", Decimal("250.00"), NOW, by=None)
    accounts.set_roles(connection, ana, [], ["viewer"], NOW, by=None)
    person = accounts.account(connection, "ana").person
    assert person.roles == {Role.ANALYST}
    assert person.scopes == Scopes(teams=frozenset({"Finance"}), warehouses=frozenset({"W1", "W2"}))
    assert person.limit == {"EUR": Decimal("250.00")}
    assert person.may_accept(Decimal("-250"), "EUR")
    assert not person.may_accept(Decimal("250.01"), "EUR")
    assert not person.may_accept(Decimal("0.01"), "USD")


def test_every_right_belongs_to_some_role_and_every_role_may_read() -> None:
    assert {right for rights in RIGHTS.values() for right in rights} == set(Right)
    assert set(RIGHTS) == set(Role)
    assert all(Right.READ in rights for rights in RIGHTS.values())


def test_no_role_both_resolves_and_approves() -> None:
    assert [role for role, rights in RIGHTS.items() if {Right.RESOLVE, Right.APPROVE} <= rights] == []


def test_only_an_admin_changes_others_and_nobody_himself(connection: Session, add: Add) -> None:
    chief, ana, bo = add("chief", "admin"), add("ana", "analyst"), add("bo", "viewer")
    accounts.set_roles(connection, ana, ["approver"], [], NOW, by=chief.person)
    changes: list[Callable[[Account, Account], object]] = [
        lambda by, who: accounts.set_roles(connection, who, ["admin"], [], NOW, by=by.person),
        lambda by, who: accounts.set_scopes(connection, who, {"team": []}, NOW, by=by.person),
        lambda by, who: accounts.set_limit(connection, who, "EUR", Decimal(10**6), NOW, by=by.person),
        lambda by, who: accounts.disable(connection, who, NOW, by=by.person),
        lambda by, who: accounts.enable(connection, who, NOW, by=by.person),
    ]
    for change in changes:
        with pytest.raises(Forbidden, match="ana may not change people, keys and scopes"):
            change(ana, bo)
        with pytest.raises(Forbidden, match="Nobody changes the own account"):
            change(chief, chief)
    assert accounts.account(connection, "bo") == bo


def test_the_database_refuses_a_role_and_a_limit_that_somebody_gives_himself(connection: Session, add: Add) -> None:
    ana = add("ana").person.id
    with pytest.raises(psycopg.errors.CheckViolation, match="nobody_gives_himself_a_role"):
        connection.execute("insert into person_role values (%s, 'admin', %s, now())", [ana, ana])
    with pytest.raises(psycopg.errors.CheckViolation, match="nobody_sets_the_own_limit"):
        connection.execute("insert into person_limit values (%s, 'EUR', 1, %s)", [ana, ana])
    with pytest.raises(psycopg.errors.CheckViolation, match="nobody_delegates_to_himself"):
        connection.execute(
            "insert into delegation (giver, taker, role, begins, ends, reason) values (%s, %s, 'x', now(), now() + interval '1 day', 'x')",
            [ana, ana],
        )
    with pytest.raises(psycopg.errors.CheckViolation):
        connection.execute("insert into person_role values (%s, 'king', null, now())", [ana])


@pytest.mark.parametrize("approver", ["ana", "Ana", " ANA "])
def test_the_database_refuses_an_approver_who_proposed_it_however_he_is_written(connection: Session, approver: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match="approver_is"):
        connection.execute(
            "insert into command (key, subject, account, side, number, act, system, body, hash, because, rule, attempt, state, next_move,"
            " created, changed, proposed_by, approved_by) values ('k', 's', 'a', 'debit', 1, 'x', 'x', '{}', '', '{}', '', '{}', 'held', 'nothing',"
            " now(), now(), 'ana', %s)",
            [approver],
        )


def test_a_predicate_and_sees_agree(connection: Session) -> None:
    rows = [(t, c, w) for t in ("", "Finance", "Warehouse") for c in ("", "web") for w in ("", "W1", "W2")]
    connection.execute("create temporary table row_ (team text, channel text, warehouse text)")
    for row in rows:
        connection.execute("insert into row_ values (%s, %s, %s)", row)
    for scopes in (
        Scopes(),
        Scopes(teams=frozenset({"Finance"})),
        Scopes(channels=frozenset({"web"}), warehouses=frozenset({"W1", "W9"})),
        Scopes(warehouses=frozenset({"W2"})).within(Scopes(warehouses=frozenset({"W1"}))),
    ):
        found = connection.execute(f"select team, channel, warehouse from row_ r where {predicate('r')}", scopes.arguments()).fetchall()
        assert sorted(found) == sorted(row for row in rows if scopes.sees(team=row[0], channel=row[1], warehouse=row[2]))
    assert set(Scopes().arguments()) == {f"scope_{kind}" for kind in KINDS}


def test_disabling_ends_sign_ins_and_keys_at_once(connection: Session, add: Add) -> None:
    ana = add("ana", "analyst")
    token = sessions.begin(connection, ana.person.id, NOW)
    key = keys.add(connection, ana.person, "script", NOW + timedelta(days=30), NOW)
    accounts.disable(connection, ana, NOW, by=None, why="left")
    assert sessions.person_of(connection, token, NOW) is None
    assert keys.person_of(connection, key, NOW) is None
    accounts.enable(connection, ana, NOW, by=None)
    assert sessions.person_of(connection, token, NOW) is None
    assert keys.person_of(connection, key, NOW) is None


def test_every_change_is_an_action_with_its_name(connection: Session, add: Add) -> None:
    chief = add("chief", "admin").person
    bo = accounts.add(connection, "bo", "Bo", NOW, by=chief)
    accounts.set_roles(connection, bo, ["analyst"], [], NOW, by=chief)
    accounts.set_scopes(connection, bo, {"team": ["Finance"]}, NOW, by=chief)
    accounts.set_limit(connection, bo, "EUR", Decimal("10.50"), NOW, by=chief)
    accounts.set_password(connection, bo, "harbour lantern quince 7", NOW, by=chief)
    accounts.disable(connection, bo, NOW, by=chief, why="left")
    done = list(reversed(audit.actions(connection, person=chief.id)))
    assert [(one.who, one.action, one.object) for one in done] == [
        ("chief", action, "bo") for action in ("add person", "change roles", "change scopes", "change limit", "set password", "disable person")
    ]
    assert done[3].detail == {"currency": "EUR", "amount": "10.50"}
    assert "lantern" not in str(done)


def test_a_delegation_has_an_end_and_two_people_who_may_approve(connection: Session, add: Add) -> None:
    lead, deputy, ana = add("lead", "approver"), add("deputy", "approver"), add("ana", "analyst")
    soon = NOW + timedelta(days=7)
    delegations.give(connection, lead.person, deputy, "finance_lead", NOW, soon, "on holiday", NOW)
    assert [(one.giver, one.taker, one.role, one.ends) for one in delegations.for_policy(connection, NOW)] == [
        ("lead", "deputy", "finance_lead", soon)
    ]
    with pytest.raises(Forbidden, match="ana may not approve or reject"):
        delegations.give(connection, ana.person, deputy, "finance_lead", NOW, soon, "x", NOW)
    with pytest.raises(OperatorError, match="ana may not approve"):
        delegations.give(connection, lead.person, ana, "finance_lead", NOW, soon, "x", NOW)
    with pytest.raises(Forbidden, match="Nobody delegates to himself"):
        delegations.give(connection, lead.person, lead, "finance_lead", NOW, soon, "x", NOW)
    with pytest.raises(OperatorError, match="at most 92 days"):
        delegations.give(connection, lead.person, deputy, "finance_lead", NOW, NOW + timedelta(days=93), "x", NOW)
    ((one,),) = [delegations.given(connection, NOW)]
    with pytest.raises(OperatorError, match="Only who gave it"):
        delegations.withdraw(connection, deputy.person, one.id, NOW)
    assert delegations.given(connection, soon) == []
    delegations.withdraw(connection, lead.person, one.id, NOW)
    assert delegations.for_policy(connection, NOW) == ()


def test_the_actions_are_sealed_and_a_change_behind_their_back_is_found(connection: Session, add: Add, server: Server) -> None:
    add("ana", "analyst")
    assert audit.seal(connection, NOW) == 3
    assert audit.seal(connection, NOW) == 0
    add("bo")
    assert audit.seal(connection, NOW) == 3
    assert audit.verify(connection) == []
    schema = connection.execute("select current_schema()").fetchone()
    with psycopg.connect(connection.info.dsn, password=connection.info.password, autocommit=True) as owner:
        owner.execute(f"set search_path to {schema[0] if schema else ''}")
        owner.execute("alter table action disable trigger append_only")
        owner.execute('update action set detail = \'{"given": ["admin"]}\' where id = 2')
    assert audit.verify(connection) == ["The actions 1 to 3 are not what was sealed: 3 of 3 are there."]


def test_the_policy_is_told_who_may_approve_here(connection: Session, add: Add) -> None:
    add("lead", "approver", "analyst")
    add("ana", "analyst")
    add("deputy", "approver")
    gone = add("gone", "approver")
    accounts.disable(connection, gone, NOW, by=None)
    end = NOW + timedelta(days=5)
    named = People(
        {"Lead": ("finance_lead",), "Ana": ("finance_lead",), "Nobody": ("finance_lead",), "gone": ("finance_lead",)},
        (Delegation("Lead", "Deputy", "finance_lead", NOW, end), Delegation("Lead", "Nobody", "finance_lead", NOW, end)),
        {"Lead": {"EUR": Decimal(5000)}},
    )
    found = approvers(connection, named, NOW)
    assert found.roles == {"lead": {"approver", "analyst", "finance_lead"}, "deputy": {"approver"}}
    assert [(one.giver, one.taker) for one in found.delegations] == [("Lead", "Deputy")]
    assert found.limits == {"lead": {"EUR": Decimal(5000)}}
