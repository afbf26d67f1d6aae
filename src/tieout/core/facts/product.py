"""Reference statements about items: units, kits and costs."""

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
CostStated = FactType(
    "CostStated",
    Role.ERP,
    "item cost",
    "what an item costs us from then on was stated: data = item, cost (of one base unit, in the fact's currency)",
)
