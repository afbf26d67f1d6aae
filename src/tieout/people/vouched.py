"""What becomes of somebody a provider vouches for: the account is made or brought in step with its groups, or closed when none is left."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from tieout.errors import OperatorError
from tieout.people import accounts, audit
from tieout.people.accounts import Account
from tieout.people.oidc import SingleSignOnRefused, Vouched
from tieout.people.person import KINDS, NOTHING, Role
from tieout.store.database import Connection, fetch, run

WHO = "single sign-on"
ALL = "*"


class Groups(msgspec.Struct, frozen=True):
    """What the provider's groups mean here: the claims with the login and the groups; group -> roles, and per kind of scope group -> names."""

    login: str
    groups: str
    roles: Mapping[str, Iterable[str]]
    scopes: Mapping[str, Mapping[str, Iterable[str]]]


def provision(connection: Connection, vouched: Vouched, groups: Groups, now: datetime) -> Account:
    """The account of somebody vouched for, with the roles and scopes of the groups as they are now.

    Raises SingleSignOnRefused when no group has a role here; an account from before is then disabled, its sign-ins and keys with it.
    """
    held = _held(vouched.claims, groups.groups)
    roles = {Role(name) for group in held for name in groups.roles.get(group, ())}
    with connection.transaction():
        found = fetch(connection, "person_vouched_for", vouched.issuer, vouched.subject)
        account = accounts.by_id(connection, found[0][0]) if found else None
        if account is not None and account.disabled is not None and account.disabled_by != WHO:
            raise SingleSignOnRefused("The account is disabled.", "An admin can enable it.")
        if roles:
            account = account or _new(connection, vouched, groups, now)
            _follow(connection, account, vouched, roles, _scopes(held, groups), now)
        elif account is not None and account.disabled is None:
            accounts.disable(connection, account, now, by=None, why="no group of the provider has a role here", actor=WHO)
    if not roles or account is None:
        raise SingleSignOnRefused("You are in no group that may use this.", "Ask who looks after the groups at your provider.")
    return accounts.account(connection, account.person.login)


def _new(connection: Connection, vouched: Vouched, groups: Groups, now: datetime) -> Account:
    login = vouched.claims.get(groups.login)
    if not isinstance(login, str) or not login:
        raise SingleSignOnRefused(f"The provider does not say {groups.login!r}.", "An admin sets `login` in [sign_in] to a claim that it says.")
    try:
        return accounts.add(
            connection, login, _text(vouched.claims, "name") or login, now, by=None, email=_text(vouched.claims, "email"),
            issuer=vouched.issuer, subject=vouched.subject, actor=WHO,
        )  # fmt: skip
    except OperatorError as bad:
        raise SingleSignOnRefused(bad.what, "A local account is never taken over by single sign-on; an admin decides which one stays.") from bad


def _follow(
    connection: Connection, account: Account, vouched: Vouched, roles: set[Role], scopes: Mapping[str, set[str]], now: datetime
) -> None:
    """Bring an account in step; what is as it was is not written."""
    person = account.person
    name, email = _text(vouched.claims, "name") or person.name, _text(vouched.claims, "email") or person.email
    run(connection, "set_person", name, email, now, now, person.id)
    for role in sorted(roles - person.roles):
        run(connection, "give_role", person.id, role.value, None, now)
    for role in sorted(person.roles - roles):
        run(connection, "take_role", person.id, role.value)
    before = {kind: set(getattr(person.scopes, f"{kind}s")) for kind in KINDS}
    for kind in (kind for kind in KINDS if before[kind] != scopes[kind]):
        run(connection, "clear_scopes", person.id, kind)
        run(connection, "give_scopes", person.id, kind, sorted(scopes[kind]))
    if roles != person.roles or before != scopes or account.disabled is not None:
        detail = {"roles": sorted(roles), **{f"{kind}s": sorted(names) for kind, names in scopes.items()}}
        audit.write(connection, None, "follow groups", person.login, detail, now, who=WHO)


def _scopes(held: set[str], groups: Groups) -> dict[str, set[str]]:
    """What the groups let see. Where the settings map a kind at all, who is in none of its groups sees nothing."""
    made = {}
    for kind in KINDS:
        table = groups.scopes.get(kind, {})
        names = {name for group in held for name in table.get(group, ())}
        made[kind] = set() if not table or ALL in names else names or {NOTHING}
    return made


def _held(claims: Mapping[str, Any], name: str) -> set[str]:
    """The groups of somebody: a list, or a single name."""
    value = claims.get(name)
    listed = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return {group for group in listed if isinstance(group, str)}


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return "".join(c for c in value if c.isprintable())[: accounts.NAME_MAX].strip() if isinstance(value, str) else ""
