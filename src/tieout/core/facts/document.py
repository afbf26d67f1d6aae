"""Electronic documents and their technical acknowledgment (X12 997/999)."""

from tieout.core.facts import FactType
from tieout.core.values import Role

GroupSent = FactType("GroupSent", Role.ERP, "functional group", "we sent a functional group")
GroupAcknowledged = FactType("GroupAcknowledged", Role.PARTNER, "functional acknowledgment", "a partner acknowledged a group of ours")
GroupReceived = FactType("GroupReceived", Role.PARTNER, "functional group", "a partner sent us a functional group")
GroupAnswered = FactType("GroupAnswered", Role.ERP, "functional acknowledgment", "we acknowledged a partner's group")
