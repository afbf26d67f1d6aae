"""The commands and tables that the policy tests speak of."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from ground_rules import posting
from tieout.core.command import Act, Command
from tieout.core.facts import Line
from tieout.core.residual import View, view
from tieout.core.values import Ref, Side
from tieout.policy.checkpoints import FORM as CHECKPOINTS
from tieout.policy.checkpoints import Action
from tieout.policy.fallback import FORM as FALLBACKS
from tieout.policy.fallback import Instead
from tieout.policy.table import Versions, versions
from tieout.policy.written import read_table

T = datetime(2026, 11, 20, 9, tzinfo=UTC)
ROOT = Ref("shop/order/1")
D = Decimal


def h(hours: float) -> datetime:
    return T + timedelta(hours=hours)


def line(key: str, value: str | None, *, charge: str = "", quantity: str | None = "1") -> Line:
    return Line(key, ROOT, item="" if charge else key, quantity=None if charge else D(quantity or "0"), value=None if value is None else D(value),
                charge=charge)  # fmt: skip


def command(
    act: Act = Act.ISSUE_CREDIT,
    lines: Sequence[Line] = (line("1", "812.00"),),
    *,
    system: str = "erp",
    account: str = "RCR",
    currency: str = "USD",
    customer: str = "BIGBOX",
    warehouse: str = "W1",
    data: Mapping[str, str] | None = None,
    total: Decimal | None = None,
) -> Command:
    return Command(act, system, account, Side.DEBIT, ROOT, 1, tuple(lines), total, currency, customer, "web", warehouse, data=dict(data or {}))


def owed(account: str = "RCR", at: datetime = T, **notes: str) -> View:
    return view(ROOT, [posting("wms/return//1", f"{account}+", {"1": (1, "812.00")}, at, **notes)])


def checkpoints(*texts: str) -> Versions[Action]:
    return versions(read_table(text, f"{n}.toml", CHECKPOINTS, "UTC") for n, text in enumerate(texts, 1))


def fallbacks(text: str) -> Versions[Instead]:
    return versions([read_table(text, "f.toml", FALLBACKS, "UTC")])
