"""Settlement header and lines differ.

Why it matters: a report that does not add up cannot be booked; the missing line is usually a reserve or a loan.
Clears when: sales less fees less reserve equal the settlement's total.
What to do: fetch the report again; if it stays wrong, claim the missing line. Fees and payout of this settlement are
held meanwhile.
"""

from tieout.core.account import ClearingAccount, Expectation, Measure, Take, hours
from tieout.core.facts.payout import FeeCharged, ReserveMoved, SaleSettled, SettlementReported
from tieout.core.values import Role

settlement_foots = ClearingAccount(
    code="SFT",
    name="settlement_foots",
    flow="settlement",
    subject="settlement",
    debit={SettlementReported: Take.DOCUMENT},
    credit={SaleSettled: Take.AGAINST, FeeCharged: Take.AGAINST_MINUS, ReserveMoved: Take.AGAINST_MINUS},
    over=Expectation("settlement total above the sum of its lines", Role.MARKETPLACE, "marketplaces", hours(1)),
    under=Expectation("settlement total below the sum of its lines", Role.MARKETPLACE, "marketplaces", hours(1)),
    measure=Measure.VALUE,
    doc=__doc__,
)
