"""Stock movements and stock positions."""

from tieout.core.facts import FactType, Form
from tieout.core.values import Role

StockMoved = FactType("StockMoved", Role.WMS, "stock movement", "the warehouse moved stock")
StockPosted = FactType("StockPosted", Role.ERP, "stock movement", "the ERP posted a stock movement")
StockCounted = FactType("StockCounted", Role.WMS, "stock count", "the warehouse counted a position", Form.STATE)
StockStated = FactType("StockStated", Role.ERP, "stock position", "the ERP stated its on-hand quantity", Form.STATE)
