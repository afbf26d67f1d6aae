"""Orders: what a customer asked for and what the ERP made of it."""

from tieout.core.facts import FactType
from tieout.core.values import Role

OrderPlaced = FactType("OrderPlaced", Role.CHANNEL, "order", "a customer placed or changed an order")
OrderCancelled = FactType("OrderCancelled", Role.CHANNEL, "order", "a customer cancelled quantities of an order")
OrderBooked = FactType("OrderBooked", Role.ERP, "sales order", "the ERP booked an order")
BookingCancelled = FactType("BookingCancelled", Role.ERP, "sales order", "the ERP cancelled booked quantities")
OrderAcknowledged = FactType(
    "OrderAcknowledged", Role.ERP, "order acknowledgment", "we told the customer what we booked of an order: data = about, the sales order"
)
Allocated = FactType("Allocated", Role.WMS, "allocation", "the warehouse reserved stock for an order")
Deallocated = FactType("Deallocated", Role.WMS, "allocation", "the warehouse released a reservation")
Substituted = FactType("Substituted", Role.ERP, "substitution", "quantity moved from one order line or item (stated negative) to another")
