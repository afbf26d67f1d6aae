"""Reference statements about items: units and kits."""

from tieout.core.facts import FactType
from tieout.core.values import Role

UnitDefined = FactType(
    "UnitDefined",
    Role.ERP,
    "unit of measure",
    "an item's unit was defined: data = unit, base, factor (text `n` or `n/d`)",
)
KitDefined = FactType(
    "KitDefined",
    Role.ERP,
    "bill of materials",
    "a kit's components were defined: one line per component, value = price share",
)
