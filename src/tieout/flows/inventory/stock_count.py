"""Count differs from the ERP's on-hand.

Why it matters: every wrong position becomes a promise that cannot be kept.
Clears when: the last count and the last stated on-hand agree, or the open movements explain the difference.
A difference counts from the later of the two statements; every new count begins anew, so the deadline has to be shorter than
the time between two counts.
What to do: recount, then post the adjustment with its reason.
"""

from tieout.core.account import ClearingAccount, Expectation, Take, hours
from tieout.core.facts.stock import StockCounted, StockStated
from tieout.core.values import Role

stock_count = ClearingAccount(
    code="STC",
    name="stock_count",
    flow="inventory",
    subject="stock position",
    debit={StockCounted: Take.EACH},
    credit={StockStated: Take.EACH},
    over=Expectation("counted more than the ERP has", Role.ERP, "inventory", hours(24)),
    under=Expectation("counted less than the ERP has", Role.ERP, "inventory", hours(24)),
    explained_by=("STK",),
    doc=__doc__,
)
