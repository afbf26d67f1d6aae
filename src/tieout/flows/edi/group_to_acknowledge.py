"""Group sent, no functional acknowledgment.

Why it matters: a partner who has not acknowledged has probably not received.
Clears when: a 997 or 999 accepts the group (A or E; a rejected group stays open).
What to do: ask the partner; resend the interchange as it was.
"""

from tieout.core.account import ClearingAccount, Expectation, Take, hours
from tieout.core.facts.document import GroupAcknowledged, GroupSent
from tieout.core.values import Role

group_to_acknowledge = ClearingAccount(
    code="EAK",
    name="group_to_acknowledge",
    flow="edi",
    subject="functional group",
    debit={GroupSent: Take.EACH},
    credit={GroupAcknowledged: Take.EACH},
    over=Expectation("sent, not acknowledged (no 997)", Role.PARTNER, "integration", hours(24)),
    under=Expectation("acknowledged, never sent", Role.ERP, "integration", hours(24)),
    doc=__doc__,
)
