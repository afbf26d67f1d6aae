"""Group received, not acknowledged by us.

Why it matters: partners fine late acknowledgments.
Clears when: our 997 or 999 goes out.
What to do: see why the acknowledgment was not sent; send it.
"""

from tieout.core.account import ClearingAccount, Expectation, Take, hours
from tieout.core.act import Act
from tieout.core.facts.document import GroupAnswered, GroupReceived
from tieout.core.values import Role

group_to_answer = ClearingAccount(
    code="EAN",
    name="group_to_answer",
    flow="edi",
    subject="functional group",
    debit={GroupReceived: Take.EACH},
    credit={GroupAnswered: Take.EACH},
    over=Expectation("received, not acknowledged by us", Role.ERP, "integration", hours(24), Act.ACKNOWLEDGE_GROUP),
    under=Expectation("acknowledged by us, never received", Role.PARTNER, "integration", hours(24)),
    doc=__doc__,
)
