"""What is asked of the shop about fulfilments, and the shapes of its answers."""

from tieout.connectors.shopify.send.graphql import Camel, Id, Page, UserError
from tieout.core.values import normalise

FULFILMENTS = """
query Fulfilments($id: ID!) {
  order(id: $id) { fulfillments(first: 50) { id status trackingInfo(first: 10) { number } } }
}
"""
FULFILMENT = """
query Fulfilment($id: ID!) {
  fulfillment(id: $id) {
    id status trackingInfo(first: 10) { number }
    fulfillmentLineItems(first: 250) { nodes { quantity lineItem { id } } pageInfo { hasNextPage } }
  }
}
"""
FULFILMENT_ORDERS = """
query FulfilmentOrders($id: ID!, $after: String) {
  order(id: $id) {
    fulfillmentOrders(first: 1, after: $after) {
      nodes {
        id status supportedActions { action } assignedLocation { location { id } }
        lineItems(first: 250) { nodes { id remainingQuantity lineItem { id } } pageInfo { hasNextPage } }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
CREATE_FULFILMENT = """
mutation Fulfil($fulfillment: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $fulfillment) { fulfillment { id } userErrors { field message } }
}
"""


class Tracking(Camel, frozen=True):
    """A tracking number."""

    number: str | None = None


class FulfilmentLine(Camel, frozen=True):
    """How much of an order line was fulfilled."""

    line_item: Id
    quantity: int = 0


class FulfilmentLines(Camel, frozen=True):
    """The lines of a fulfilment."""

    nodes: tuple[FulfilmentLine, ...] = ()
    page_info: Page = Page()


class Fulfilment(Camel, frozen=True):
    """A fulfilment as the shop shows it."""

    id: str
    status: str
    tracking_info: tuple[Tracking, ...] = ()
    fulfillment_line_items: FulfilmentLines = FulfilmentLines()

    @property
    def numbers(self) -> set[str]:
        """Its tracking numbers, normalised."""
        return {normalise(one.number) for one in self.tracking_info if one.number}

    @property
    def lines(self) -> dict[str, int]:
        """Quantity per order line."""
        found: dict[str, int] = {}
        for line in self.fulfillment_line_items.nodes:
            found[line.line_item.id] = found.get(line.line_item.id, 0) + line.quantity
        return found


class OrderFulfilments(Camel, frozen=True):
    """An order's fulfilments."""

    fulfillments: tuple[Fulfilment, ...] = ()


class FulfilmentsAnswer(Camel, frozen=True):
    """Answer to FULFILMENTS."""

    order: OrderFulfilments | None = None


class FulfilmentAnswer(Camel, frozen=True):
    """Answer to FULFILMENT."""

    fulfillment: Fulfilment | None = None


class OpenLine(Camel, frozen=True):
    """What is left to fulfil of an order line."""

    id: str
    remaining_quantity: int
    line_item: Id


class OpenLines(Camel, frozen=True):
    """The lines of a fulfilment order."""

    nodes: tuple[OpenLine, ...] = ()
    page_info: Page = Page()


class Action(Camel, frozen=True):
    """What can be done with a fulfilment order now."""

    action: str


class Assigned(Camel, frozen=True):
    """Where a fulfilment order is worked."""

    location: Id | None = None


class FulfilmentOrder(Camel, frozen=True):
    """What one location is to fulfil of an order."""

    id: str
    status: str
    supported_actions: tuple[Action, ...] = ()
    assigned_location: Assigned = Assigned()
    line_items: OpenLines = OpenLines()

    @property
    def place(self) -> str:
        """The id of its location."""
        return self.assigned_location.location.id if self.assigned_location.location else ""


class FulfilmentOrders(Camel, frozen=True):
    """A page of fulfilment orders."""

    nodes: tuple[FulfilmentOrder, ...] = ()
    page_info: Page = Page()


class OrderWork(Camel, frozen=True):
    """An order's fulfilment orders."""

    fulfillment_orders: FulfilmentOrders


class WorkAnswer(Camel, frozen=True):
    """Answer to FULFILMENT_ORDERS."""

    order: OrderWork | None = None


class Created(Camel, frozen=True):
    """What a mutation made."""

    fulfillment: Id | None = None
    user_errors: tuple[UserError, ...] = ()


class CreatedAnswer(Camel, frozen=True):
    """Answer to CREATE_FULFILMENT."""

    fulfillment_create: Created
