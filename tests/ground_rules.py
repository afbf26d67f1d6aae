"""The plainest policy, feeds and postings that the command tests stand on."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tieout.core.account import Group, Posting, Row, Within, hours
from tieout.core.act import TOLD, Act
from tieout.core.command import Command
from tieout.core.ground import Ruling, Stop
from tieout.core.residual import View
from tieout.core.values import Role, Side
from tieout.flows import accounts
from tieout.flows.stops import STOPS

SYSTEMS = {Role.ERP: "erp", Role.WMS: "wms", Role.CHANNEL: "shop", Role.PARTNER: "partner"}


class Feeds:
    """Watermarks: one for everything."""

    def __init__(self, mark: datetime | None, *, observed: bool = True) -> None:
        self.mark, self.is_observed = mark, observed

    def of(self, account: Any, side: Side) -> datetime | None:
        return self.mark

    def observed(self, account: Any, side: Side) -> bool:
        return self.is_observed


class PlainRules:
    """At once, to the one system of each role, without a checkpoint; each of it can be said otherwise."""

    def __init__(
        self,
        *,
        anonymous: Sequence[str] = (),
        after: int = 0,
        systems: Mapping[Role, str] = SYSTEMS,
        checkpoint: Callable[[Command, View], Ruling | None] = lambda command, found: None,
    ) -> None:
        self.accounts = accounts()
        self.stops: Mapping[str, Sequence[Stop]] = STOPS
        self.anonymous = anonymous
        self.systems = systems
        self.wait = after
        self.checkpoint = checkpoint

    def system(self, role: Role, act: Act, notes: Mapping[str, str]) -> str:
        assert TOLD[act] is role
        return self.systems.get(role, "")

    def after(self, account: Any, side: Side, notes: Mapping[str, str]) -> Within:
        return hours(self.wait)

    def due(self, within: Within, occurred: datetime, day: bool, notes: Mapping[str, str]) -> datetime:
        return occurred + timedelta(hours=within.hours)


def posting(identity: str, move: str, lines: Mapping[str, Any], occurred: datetime, *, kind: str = "X", **notes: str) -> Posting:
    """One fact: `lines` is key -> quantity, or (quantity, value), or (quantity, value, unit); a charge has no quantity."""
    rows = []
    for key, said in lines.items():
        quantity, value, unit = (*said, "EA")[:3] if isinstance(said, tuple) else (said, None, "EA")
        is_goods = quantity is not None
        rows.append(
            Row(
                key,
                Decimal(quantity) if is_goods else None,
                unit if is_goods else "",
                None if value is None else Decimal(value),
                "" if value is None else "USD",
                None,
                key if is_goods else "",
            )
        )
    return Posting(identity, "", kind, occurred, False, (Group(tuple(move.split()), tuple(rows)),), notes)
