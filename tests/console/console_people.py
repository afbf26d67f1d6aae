"""The people of the console's tests, and their browsers' cookies."""

from datetime import datetime
from decimal import Decimal

from tieout.people import accounts, sessions
from tieout.store.database import Database

PASSWORD = "the tide comes in at nine"
PEOPLE = {"ana": ("Ana Novak", "analyst"), "bo": ("Bo Lind", "approver"), "chen": ("Chen Wei", "engineer"), "vera": ("Vera Holm", "viewer")}


def invite(database: Database, now: datetime) -> None:
    """Ana the analyst, Bo the approver, Chen the engineer, Vera who only looks; all with one password."""
    with database.session() as connection:
        for login, (name, role) in PEOPLE.items():
            made = accounts.add(connection, login, name, now, by=None, zone="Europe/Berlin")
            accounts.set_roles(connection, made, [role], [], now, by=None)
            accounts.set_password(connection, made, PASSWORD, now, by=None)
            if role == "analyst":
                accounts.set_limit(connection, made, "EUR", Decimal(250), now, by=None)


def token(database: Database, login: str, now: datetime) -> str:
    """The cookie of somebody who has just signed in."""
    with database.session() as connection:
        return sessions.begin(connection, accounts.account(connection, login).person.id, now)
