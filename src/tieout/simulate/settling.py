"""Marketplaces settle every few days: what they sold for us, less fees and reserve, in one report; and what comes of the report."""

from dataclasses import dataclass, field
from datetime import timedelta

from tieout.simulate import chance
from tieout.simulate.catalogue import MARKETS
from tieout.simulate.clock import HOUR, MINUTE, business_day, local, moment
from tieout.simulate.paper import Cents, Line, Paper
from tieout.simulate.story import BANK_HOUR, CHANNEL_OF, Order, Plan, late

COMMISSION_PERCENT, RESERVE_PERCENT, REFUND_FEE_PERCENT = 15, 10, 20
ADVERTISING: Cents = 2500
COMMISSION, REFUND_COMMISSION, ADVERTISED = "Commission", "RefundCommission", "Cost of Advertising"
SETTLED = ("sale", "sale_refunded")
"""Papers that a settlement takes in."""
PAYERS = {"mira": "Mira Marketplace", "bazaar": "Bazaar Payments Inc"}
"""As the bank names them."""
FIRST_INDEX = -1_000_000
"""Settlements count downwards from here, so that no order has their number."""


@dataclass(slots=True)
class Settlement(Plan):
    """A settlement: the sales and refunds in it, its labels, and what it does with the reserve."""

    market: str = ""
    closed: int = 0
    sales: list[Paper] = field(default_factory=list)
    refunds: list[Paper] = field(default_factory=list)
    number: str = ""
    kept: list[str] = field(default_factory=list)
    """Settlements of this marketplace that have kept a reserve: only one may, so that it can be told apart."""

    def can_keep(self) -> bool:
        """Whether this settlement may be the one that keeps a reserve; asked once."""
        if self.kept:
            return False
        self.kept.append(self.number)
        return True

    @property
    def sound(self) -> list[Paper]:
        """Sales that nothing else has struck."""
        return [paper for paper in self.sales if "is_struck" not in paper.more]

    @property
    def settlement(self) -> str:
        """The report's own reference."""
        return f"{self.market}_pay/settlement/{self.number}"

    @property
    def payout(self) -> str:
        """The payout's reference, which also names the transaction."""
        return f"{self.market}_pay/payout/{self.number}"


def reserve_index(market: str) -> int:
    """The transaction that a marketplace's reserve is."""
    return 2 * FIRST_INDEX - MARKETS.index(market)


def reserve_of(market: str) -> Plan:
    """What a marketplace holds back, as a transaction of its own."""
    order = Order(reserve_index(market), CHANNEL_OF[market], "", "", 0, [], 0, 0, "", "")
    return Plan(order, [], chance.stream("reserve", market), is_watched=True)


class Market:
    """One marketplace over time: what it holds back, and how many settlements it has made."""

    def __init__(self, seed: str, name: str) -> None:
        self._seed = seed
        self._name = name
        self._held: Cents = 0
        self._kept: list[str] = []
        self._count = 0

    def settle(self, closed: int, papers: list[Paper]) -> Settlement | None:
        """The settlement that closes at a moment; None when there is nothing to say."""
        if not papers and not self._held:
            return None
        sales = [paper for paper in papers if paper.kind == "sale"]
        refunds = [paper for paper in papers if paper.kind == "sale_refunded"]
        self._count += 1
        index = FIRST_INDEX - 10_000 * MARKETS.index(self._name) - self._count
        rng = chance.stream(self._seed, "settlement", self._name, self._count)
        number = f"{17001 + self._count}"
        order = Order(index, CHANNEL_OF[self._name], number, "", closed, [], 0, 0, "", "")
        made = Settlement(order, [], rng, market=self._name, closed=closed, sales=sales, refunds=refunds, number=number, kept=self._kept)
        self._say(made)
        return made

    def _say(self, made: Settlement) -> None:
        """The report, what is in it, and what follows: the fees are posted, the payout arrives."""
        sold = sum(paper.lines[0].value or 0 for paper in (*made.sales, *made.refunds))
        fees = fees_of(made)
        held = max(0, sold) * RESERVE_PERCENT // 100
        moved = held - self._held
        total = sold - sum(line.value or 0 for line in fees) - moved
        day, arrived, system = moment(local(made.closed).date()), made.closed + HOUR, f"{self._name}_pay"

        def inside(kind: str, about: str, lines: list[Line]) -> None:
            made.add(Paper(kind, system, made.number, day, arrived, about, lines, is_day=True, more={"inside": True}))

        report = Paper("settlement", system, made.number, made.closed, arrived, made.settlement, [Line("", value=total)])
        report.more |= {"sales": made.sales, "refunds": made.refunds, "fees": fees, "held": held, "released": self._held, "sent": made.closed}
        made.add(report)
        inside("settled", made.settlement, [Line("", value=sold)])
        inside("fees", made.settlement, fees)
        inside("reserve_line", made.settlement, [Line("", value=moved)])
        if total:
            payout = Paper("payout", system, made.number, made.closed + 30 * MINUTE, arrived, made.payout, [Line("", value=total)])
            payout.links, payout.more = ((made.payout, made.settlement),), {"inside": True}
            made.add(payout)
        self._follow(made, fees, total)
        if held or self._held:
            lines = [Line("", value=cents) for cents in (-self._held, held) if cents]
            reserve = Paper("reserve", system, made.number, day, arrived, f"{system}/settlement/RESERVE", lines, is_day=True)
            reserve.of, reserve.more = reserve_index(self._name), {"inside": True}
            made.add(reserve)
        self._held = held

    def _follow(self, made: Settlement, fees: list[Line], total: Cents) -> None:
        after = business_day(local(made.closed).date() + timedelta(days=1))
        posted = moment(after, 9.0) + made.rng.randrange(3 * HOUR)
        if fees:
            copies = [line.copy() for line in fees]
            made.add(Paper("fees_posted", "erp", f"J{made.market}{made.number}", posted, posted + late(made.rng), made.settlement, copies))
        if total:
            on = business_day(after, 1)
            came = Paper(
                "payout_received", "bank", f"P{made.market.upper()}{made.number}", moment(on), moment(on, BANK_HOUR), made.payout, is_day=True
            )
            came.lines, came.more = [Line("", value=total)], {"from": PAYERS[made.market], "text": f"SETTLEMENT {made.number}"}
            made.add(came)


def fees_of(made: Settlement) -> list[Line]:
    """What the marketplace takes, by label: commission less what it gives back for refunds, its share of that, and advertising."""
    back = [commission(paper) for paper in made.refunds]
    taken = [
        Line("", value=sum(commission(paper) for paper in made.sales) - sum(back), charge=COMMISSION),
        Line("", value=sum(map(refund_fee, back)), charge=REFUND_COMMISSION),
        Line("", value=ADVERTISING if made.sales else 0, charge=ADVERTISED),
    ]
    return [line for line in taken if line.value]


def principal(paper: Paper) -> Cents:
    """What the customer paid for the goods or got back for them, without tax."""
    kept: Cents = paper.more.get("kept", 0)
    return (paper.lines[0].value or 0) + kept


def commission(paper: Paper) -> Cents:
    """What the marketplace keeps of a sale, and gives back for a refund."""
    return abs(principal(paper)) * COMMISSION_PERCENT // 100


def refund_fee(commission: Cents) -> Cents:
    """What the marketplace keeps of the commission that it gives back."""
    return commission * REFUND_FEE_PERCENT // 100
