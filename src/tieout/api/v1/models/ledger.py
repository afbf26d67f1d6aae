"""Transactions, balances and where each entry comes from."""

from datetime import datetime

from pydantic import BaseModel, Field

from tieout.api.v1.models.plain import Amount


class Balance(BaseModel):
    """Debits less credits of one account of one transaction, where it is not zero."""

    subject: str
    account: str
    key: str
    unit: str = Field(description="A unit of quantity, or a currency after $.")
    net: Amount


class Transaction(BaseModel):
    """A transaction by its reference."""

    subject: str
    open_balances: int
    open_cases: int


class Source(BaseModel):
    """Where a statement was read."""

    system: str
    message: int
    origin: str
    line: int
    byte: int
    place: str


class Entry(BaseModel):
    """One debit or credit, and what said it."""

    fact: str
    occurred: datetime
    quantity: Amount | None
    unit: str
    value: Amount | None
    currency: str
    source: Source | None


class TAccount(BaseModel):
    """One account of a transaction."""

    code: str
    name: str
    key: str
    debits: list[Entry]
    credits: list[Entry]
    state: list[str] = Field(description="How each residual stands; empty when it is tied out.")


class Explanation(BaseModel):
    """A transaction explained: its names, T-accounts and related transactions."""

    subject: str
    names: list[str]
    notes: dict[str, str]
    accounts: list[TAccount]
    related: list[str]
