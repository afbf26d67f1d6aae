"""Return authorised, not received.

Why it matters: a credit promised for goods that never come back is a loss.
Clears when: the warehouse receives the authorised quantity.
What to do: remind the customer or let the authorisation lapse. Negative: goods came back that nobody announced, find
the order or authorise them.
"""

from tieout.core.account import ClearingAccount, Expectation, Take, days
from tieout.core.act import Act
from tieout.core.facts.return_ import ReturnAuthorised, ReturnReceived
from tieout.core.values import Role

to_receive = ClearingAccount(
    code="RRC",
    name="to_receive",
    flow="return_to_credit",
    subject="return line",
    debit={ReturnAuthorised: Take.GOODS},
    credit={ReturnReceived: Take.GOODS},
    over=Expectation("authorised, not received", Role.CHANNEL, "returns", days(14), Act.RECEIVE_RETURN),
    under=Expectation("received without authorisation", Role.ERP, "returns", days(1), Act.AUTHORISE_RETURN),
    doc=__doc__,
)
