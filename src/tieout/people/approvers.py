"""Who may approve, as the policy judges it: people of the database with the roles that the policy gives to their logins."""

from datetime import datetime

from tieout.people import accounts, delegations
from tieout.people.person import Right
from tieout.policy.approval import People
from tieout.store.database import Connection


def approvers(connection: Connection, named: People, now: datetime) -> People:
    """Everybody who may approve and is not disabled, with the own roles and those of `[people]` in the settings under the same login.

    Who is named in the settings only has no account here, so nobody speaks in that name; delegations of both places count.
    """
    here = {one.person.login: one.person for one in accounts.accounts(connection) if one.disabled is None and one.person.may(Right.APPROVE)}
    roles = {login: {role.value for role in person.roles} for login, person in here.items()}
    for name, more in named.roles.items():
        roles.get(accounts.login_of(name), set()).update(more)
    limits = {accounts.login_of(name): limit for name, limit in named.limits.items()}
    given = (*named.delegations, *delegations.for_policy(connection, now))
    known = tuple(one for one in given if {accounts.login_of(one.giver), accounts.login_of(one.taker)} <= here.keys())
    return People(roles, known, limits)
