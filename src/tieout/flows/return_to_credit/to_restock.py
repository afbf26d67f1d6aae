"""Returned goods received, not put away.

Why it matters: goods in the returns area cannot be sold.
Clears when: the warehouse restocks or disposes of the received quantity.
What to do: decide on the goods and put them away. Negative: stock appeared that no return explains.
"""

from tieout.core.account import ClearingAccount, Expectation, Take, days
from tieout.core.facts.return_ import Restocked, ReturnReceived
from tieout.core.values import Role

to_restock = ClearingAccount(
    code="RST",
    name="to_restock",
    flow="return_to_credit",
    subject="return line",
    debit={ReturnReceived: Take.GOODS},
    credit={Restocked: Take.GOODS},
    over=Expectation("received, not restocked or scrapped", Role.WMS, "warehouse", days(3)),
    under=Expectation("restocked, never received", Role.WMS, "warehouse", days(1)),
    doc=__doc__,
)
