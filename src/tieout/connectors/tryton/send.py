"""Drive Tryton: each act does its work, reads it back and compares; a probe looks for the command's key on documents.

Tryton has no idempotency key of its own. The command's key stands on what it makes: in a sale's description, an amendment's
description, a shipment's reference, an invoice's description, the description of a payment's move.
"""

from collections.abc import Callable, Generator
from typing import TypeVar

import msgspec

from tieout.connectors import Conversation, Secrets, System
from tieout.connectors.tryton import bill, book, cancel, returns, ship
from tieout.connectors.tryton.options import options_of
from tieout.connectors.tryton.rpc import STRANGE, Broken, Session, Talk, login
from tieout.core.command import Absent, Accepted, Act, Call, Command, Failed, Outcome, Rejected, Reply

T = TypeVar("T")


class Doing(msgspec.Struct, frozen=True):
    """How an act is done, and how an earlier attempt at it is found."""

    do: Callable[[Session, Command], Talk[Accepted]]
    find: Callable[[Session, Command], Talk[Accepted | Absent]]


DOINGS = {
    Act.BOOK_ORDER: Doing(book.book_order, book.find_booking),
    Act.CANCEL_BOOKING: Doing(cancel.cancel_booking, cancel.find_cancellation),
    Act.POST_SHIPMENT: Doing(ship.post_shipment, ship.find_shipment),
    Act.POST_INVOICE: Doing(bill.post_invoice, bill.find_invoice),
    Act.APPLY_CASH: Doing(bill.apply_cash, bill.find_cash),
    Act.AUTHORISE_RETURN: Doing(returns.authorise_return, returns.find_return),
    Act.RECEIVE_RETURN: Doing(returns.receive_return, returns.find_receipt),
    Act.ISSUE_CREDIT: Doing(returns.issue_credit, returns.find_credit),
}


def send(command: Command, system: System, secrets: Secrets) -> Conversation:
    """Do a command; whatever part of it an earlier attempt has done is not done again."""
    doing = DOINGS.get(command.act)
    if doing is None:
        return Rejected(f"Tryton cannot {command.act.value}.")
    return (yield from _held(lambda held: doing.do(held, command), system, secrets))


def probe(command: Command, system: System, secrets: Secrets) -> Generator[Call, Reply, Outcome | Absent]:
    """Look whether a command whose outcome is unknown has succeeded."""
    doing = DOINGS.get(command.act)
    if doing is None:
        return Absent()
    outcome = yield from _held(lambda held: doing.find(held, command), system, secrets)
    return Failed("answer", outcome.reason) if isinstance(outcome, Rejected) else outcome


def _held(act: Callable[[Session], Talk[T]], system: System, secrets: Secrets) -> Talk[T | Rejected | Failed]:
    """Hold a conversation to whatever end; an answer of a shape that Tryton does not give is no answer."""
    session = Session(options_of(system), "")
    try:
        yield from login(session, system, secrets)
        return (yield from act(session))
    except Broken as broken:
        return broken.outcome
    except STRANGE as bad:
        return Failed("answer", f"Tryton's answer is not what was asked for: {type(bad).__name__} {str(bad)[:200]}", session.wrote)


def greet(system: System, secrets: Secrets) -> Conversation:
    """Ask something harmless, with the credentials of commands: log in."""
    return (yield from _held(_nothing, system, secrets))


def _nothing(session: Session) -> Talk[Accepted]:
    yield from ()
    return Accepted()
