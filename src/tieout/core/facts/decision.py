"""What people decide; each is a fact with who, why and under which policy in `data`."""

from tieout.core.facts import FactType, Form
from tieout.core.values import Role

Linked = FactType("Linked", Role.ERP, "link", "two references were said to name the same transaction")
WrittenOff = FactType(
    "WrittenOff",
    Role.ERP,
    "write-off",
    "an exact residual was accepted: data = account, key, quantity, value, who, why",
)
Matched = FactType(
    "Matched",
    Role.ERP,
    "match",
    "a record without reference was matched: data = record, revision, who, why; lines say to what",
)
Listed = FactType(
    "Listed",
    Role.ERP,
    "complete list",
    "a source listed all documents of a type: data = system, type, numbers (one a line)",
    Form.STATE,
)
