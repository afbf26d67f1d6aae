"""Decisions that wait for somebody else."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from tieout.api.v1.models.plain import Amount, Told, Words


class Approval(BaseModel):
    """A decision that waits for somebody else."""

    id: int
    ref: str
    action: str
    payload: dict[str, Any]
    hash: str
    amount: Amount
    currency: str
    rule: str
    proposer: str
    why: str
    role: str
    approvers: int
    given: list[str]
    asked: datetime
    expires: datetime
    state: str
    note: str
    summary: str
    cannot: str = Field(description="Why you cannot approve it; empty when you can.")


class Decision(Told):
    """A yes or a no, with a word to it."""

    note: Words = ""
