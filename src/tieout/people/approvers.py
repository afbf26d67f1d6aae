"""Who may decide, for every door: the people of the database; where it has none yet, those that `[people]` of the settings names.

In the database `[people]` only adds to a login which roles of the policy (`finance`, `controller`) it has, and up to which amount.
"""

from datetime import datetime

from tieout.errors import OperatorError
from tieout.people import accounts, delegations
from tieout.people.person import Person, Right, Role
from tieout.policy.approval import People
from tieout.policy.checkpoints import UNNAMED
from tieout.store.database import Connection

AT_TERMINAL = 0
"""The number of a person without an account: whoever may open the project's folder speaks in a name of `[people]`, or in any if it has none."""


def approvers(connection: Connection, named: People, now: datetime) -> People:
    """Everybody who may approve and is not disabled, with the own roles and those of `[people]` in the settings under the same login.

    Once the database has people, who is named in the settings only has no account, so nobody speaks in that name; delegations of
    both places count.
    """
    known = accounts.accounts(connection)
    if not known:
        return named
    here = {one.person.login: one.person for one in known if one.disabled is None and one.person.may(Right.APPROVE)}
    roles = {login: {UNNAMED.role, *(role.value for role in person.roles)} for login, person in here.items()}
    for name, more in named.roles.items():
        roles.get(accounts.login_of(name), set()).update(more)
    limits = {accounts.login_of(name): limit for name, limit in named.limits.items()}
    given = (*named.delegations, *delegations.for_policy(connection, now))
    between = tuple(one for one in given if {accounts.login_of(one.giver), accounts.login_of(one.taker)} <= here.keys())
    return People(roles, between, limits)


def speaker(connection: Connection, named: People, who: str) -> Person:
    """Whoever acts at the command line under a name. Raises OperatorError for a name that nobody has."""
    if accounts.accounts(connection):
        found = accounts.account(connection, who)
        if found.disabled is not None:
            raise OperatorError(f"{who} is disabled.", "Name somebody who works here.")
        return found.person
    known = {accounts.login_of(name): name for name in named.roles}
    if known and accounts.login_of(who) not in known:
        said = f"Known are {', '.join(sorted(named.roles))}; `[people]` names them, until `tieout people add` does."
        raise OperatorError(f"There is nobody called {who!r}.", said)
    if not who.strip():
        raise OperatorError("A decision needs a name.", "Say who decides.")
    name = known.get(accounts.login_of(who), who.strip())
    return Person(
        AT_TERMINAL, name, name, roles=frozenset({Role.ANALYST, Role.APPROVER, Role.ENGINEER}), limit=dict(named.limits.get(name, {})),
    )  # fmt: skip


def has_no_limit(person: Person) -> bool:
    """True for a name of `[people]` without a limit: any amount, as that table says."""
    return person.id == AT_TERMINAL and not person.limit
