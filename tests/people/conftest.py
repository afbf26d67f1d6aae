"""People in a database, for the tests of this folder."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from tieout.people import accounts
from tieout.people.accounts import Account
from tieout.store.database import Database
from tieout.store.session import Session

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def connection(database: Database) -> Iterator[Session]:
    with database.session() as made:
        yield made


@pytest.fixture
def add(connection: Session) -> Callable[..., Account]:
    """Add somebody with roles; the account as it is then."""

    def make(login: str, *roles: str, **scopes: list[str]) -> Account:
        made = accounts.add(connection, login, login.title(), NOW, by=None)
        accounts.set_roles(connection, made, roles, (), NOW, by=None)
        accounts.set_scopes(connection, made, scopes, NOW, by=None)
        return accounts.account(connection, login)

    return make
