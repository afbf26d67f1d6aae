"""Reserve withheld by a marketplace.

Why it matters: a reserve is our money at somebody else's discretion.
Clears when: the release (a negative movement) covers what was withheld.
What to do: ask for the release. Post both movements under the same settlement or reserve account.
"""

from tieout.core.account import ClearingAccount, Expectation, Measure, Take, days
from tieout.core.facts.payout import ReserveMoved
from tieout.core.values import Role

reserve_held = ClearingAccount(
    code="RSV",
    name="reserve_held",
    flow="settlement",
    subject="settlement",
    debit={ReserveMoved: Take.AMOUNT},
    credit={},
    over=Expectation("reserve withheld, not released", Role.MARKETPLACE, "marketplaces", days(45)),
    under=Expectation("reserve released, never withheld", Role.MARKETPLACE, "marketplaces", days(3)),
    measure=Measure.VALUE,
    doc=__doc__,
)
