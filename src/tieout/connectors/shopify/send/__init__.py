"""Shopify out, by its GraphQL Admin API: fulfilments with tracking, cancellations and refunds; each looked up before it is made."""

from collections.abc import Callable, Generator
from typing import TypeVar

import msgspec

from tieout.connectors import Conversation, Secrets, System
from tieout.connectors.json_replies import Ended
from tieout.connectors.shopify.send import cancellation, fulfilment, refund
from tieout.connectors.shopify.send.graphql import Shop
from tieout.core.command import Absent, Accepted, Act, Call, Command, Failed, Outcome, Rejected, Reply

T = TypeVar("T")


class Way(msgspec.Struct, frozen=True):
    """How one act is looked up in the shop, and how it is made there."""

    find: Callable[[Shop, Command], Generator[Call, Reply, Accepted | Absent]]
    make: Callable[[Shop, Command], Conversation]


WAYS = {
    Act.CONFIRM_FULFILMENT: Way(fulfilment.find, fulfilment.make),
    Act.CANCEL_BOOKING: Way(cancellation.find, cancellation.make),
    Act.ISSUE_REFUND: Way(refund.find, refund.make),
}


def send(command: Command, system: System, secrets: Secrets) -> Conversation:
    """Look whether it is there already, make it if not, and read it back."""
    return (yield from _ended(_send(command, system, secrets)))


def probe(command: Command, system: System, secrets: Secrets) -> Generator[Call, Reply, Outcome | Absent]:
    """Look whether it is there."""
    return (yield from _ended(_probe(command, system, secrets)))


def _send(command: Command, system: System, secrets: Secrets) -> Conversation:
    shop, way = Shop(system, secrets), _way(command)
    there = yield from way.find(shop, command)
    if isinstance(there, Accepted):
        return there
    return (yield from way.make(shop, command))


def _probe(command: Command, system: System, secrets: Secrets) -> Generator[Call, Reply, Accepted | Absent]:
    return (yield from _way(command).find(Shop(system, secrets), command))


def _ended(conversation: Generator[Call, Reply, T]) -> Generator[Call, Reply, T | Outcome]:
    """The conversation's own end, or the outcome that ended it; a value that no shop sends leaves a doubt."""
    try:
        return (yield from conversation)
    except Ended as ended:
        return ended.outcome
    except (ValueError, ArithmeticError) as bad:
        return Failed("not-json", f"Shopify answers with a value that cannot be read: {bad}.", in_doubt=True)


def _way(command: Command) -> Way:
    if command.act not in WAYS:
        raise Ended(Rejected(f"Shopify is not told to {command.act}: it can {', '.join(sorted(WAYS))}."))
    return WAYS[command.act]
