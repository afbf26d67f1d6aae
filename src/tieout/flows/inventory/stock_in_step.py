"""Warehouse and ERP movements out of step.

Why it matters: stock that one of two systems does not know is oversold or never sold.
Clears when: both systems have stated the same net movement of the item in the warehouse.
What to do: post the missing movement, or correct the wrong one. Quantities out of the warehouse are negative, so
either sign may mean either system.
"""

from tieout.core.account import Ageing, ClearingAccount, Expectation, Take, hours
from tieout.core.act import Act
from tieout.core.facts.stock import StockMoved, StockPosted
from tieout.core.values import Role

stock_in_step = ClearingAccount(
    code="STK",
    name="stock_in_step",
    flow="inventory",
    subject="stock position",
    debit={StockMoved: Take.EACH},
    credit={StockPosted: Take.EACH},
    over=Expectation("moved in the warehouse, not posted in the ERP", Role.ERP, "inventory", hours(24), Act.POST_MOVEMENT),
    under=Expectation("posted in the ERP, not moved in the warehouse", Role.WMS, "inventory", hours(24)),
    ageing=Ageing.STANDING,
    doc=__doc__,
)
