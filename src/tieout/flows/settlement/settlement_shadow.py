"""Financial events against the settlement report.

Why it matters: events tell daily what the report tells at the end of the period; what differs shows weeks earlier
here.
Clears when: the settlement report settles what the events announced.
What to do: compare the transaction in the marketplace's own view.
"""

from tieout.core.account import ClearingAccount, Expectation, Measure, Take, days
from tieout.core.facts.payout import EventReported, SaleSettled
from tieout.core.values import Role

settlement_shadow = ClearingAccount(
    code="SHD",
    name="settlement_shadow",
    flow="settlement",
    subject="order",
    debit={EventReported: Take.AMOUNT},
    credit={SaleSettled: Take.AMOUNT},
    over=Expectation("reported as an event, not in any settlement", Role.MARKETPLACE, "marketplaces", days(20)),
    under=Expectation("settled without an event", Role.MARKETPLACE, "marketplaces", days(20)),
    measure=Measure.VALUE,
    doc=__doc__,
)
