"""Marketplace fee nobody posted.

Why it matters: unposted fees overstate the margin by a tenth.
Clears when: the ERP posts each fee under its label.
What to do: post the fee. A label never seen before is an open item of its own: decide its account first.
"""

from tieout.core.account import ClearingAccount, Expectation, Measure, Take, days
from tieout.core.facts.payout import FeeCharged, FeePosted
from tieout.core.values import Role

fees_to_post = ClearingAccount(
    code="FTP",
    name="fees_to_post",
    flow="settlement",
    subject="settlement",
    debit={FeeCharged: Take.LABELLED},
    credit={FeePosted: Take.LABELLED},
    over=Expectation("fee charged, not posted in the ERP", Role.ERP, "finance", days(3)),
    under=Expectation("fee posted, never charged", Role.MARKETPLACE, "finance", days(3)),
    measure=Measure.VALUE,
    blocked_by=("SFT",),
    doc=__doc__,
)
