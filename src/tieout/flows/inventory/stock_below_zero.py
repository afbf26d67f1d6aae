"""Stock stated below zero.

Why it matters: nothing can be on hand less than not at all: goods left that were never received, or were counted twice on their way
out; what is promised from such a position does not exist.
Clears when: the ERP states the position at zero or above.
What to do: find the receipt that is missing or the issue that is too much, and post it in both systems; then count.
"""

from tieout.core.account import ClearingAccount, Expectation, Take, hours
from tieout.core.facts.stock import StockStated
from tieout.core.values import Role

stock_below_zero = ClearingAccount(
    code="STN",
    name="stock_below_zero",
    flow="inventory",
    subject="stock position",
    debit={StockStated: Take.BELOW_ZERO},
    credit={},
    over=Expectation("stated below zero", Role.ERP, "inventory", hours(4)),
    under=Expectation("never: a position above zero is no difference", Role.ERP, "inventory", hours(4)),
    doc=__doc__,
)
