"""What a system can be told to do: the verbs of commands, whom each is told, and how each is judged to be done."""

from enum import StrEnum

from tieout.core.values import Role


class Act(StrEnum):
    """What a system can be told to do."""

    BOOK_ORDER = "book_order"
    ACKNOWLEDGE_ORDER = "acknowledge_order"
    CANCEL_BOOKING = "cancel_booking"
    RELEASE_SHIPMENT = "release_shipment"
    POST_SHIPMENT = "post_shipment"
    POST_INVOICE = "post_invoice"
    APPLY_CASH = "apply_cash"
    AUTHORISE_RETURN = "authorise_return"
    RECEIVE_RETURN = "receive_return"
    ISSUE_CREDIT = "issue_credit"
    ISSUE_REFUND = "issue_refund"
    POST_MOVEMENT = "post_movement"
    CONFIRM_FULFILMENT = "confirm_fulfilment"
    ANNOUNCE_SHIPMENT = "announce_shipment"
    SEND_INVOICE = "send_invoice"
    ACKNOWLEDGE_GROUP = "acknowledge_group"


TOLD = {
    Act.BOOK_ORDER: Role.ERP,
    Act.ACKNOWLEDGE_ORDER: Role.PARTNER,
    Act.CANCEL_BOOKING: Role.ERP,
    Act.RELEASE_SHIPMENT: Role.WMS,
    Act.POST_SHIPMENT: Role.ERP,
    Act.POST_INVOICE: Role.ERP,
    Act.APPLY_CASH: Role.ERP,
    Act.AUTHORISE_RETURN: Role.ERP,
    Act.RECEIVE_RETURN: Role.WMS,
    Act.ISSUE_CREDIT: Role.ERP,
    Act.ISSUE_REFUND: Role.CHANNEL,
    Act.POST_MOVEMENT: Role.ERP,
    Act.CONFIRM_FULFILMENT: Role.CHANNEL,
    Act.ANNOUNCE_SHIPMENT: Role.PARTNER,
    Act.SEND_INVOICE: Role.PARTNER,
    Act.ACKNOWLEDGE_GROUP: Role.PARTNER,
}
"""The role of the system that is told. It is not always the party that owes the step: a customer owes us the returned
goods, but it is the warehouse that is told to expect them."""

ANSWERS = frozenset((Act.ACKNOWLEDGE_ORDER, Act.ANNOUNCE_SHIPMENT, Act.SEND_INVOICE, Act.ACKNOWLEDGE_GROUP))
"""Acts that answer a document: told to the very system that the document came by, whatever its role."""

WHOLE = frozenset((Act.BOOK_ORDER, Act.AUTHORISE_RETURN))
"""Acts on a document as a whole: one open command for the root, issued when every owed line may go, or not at all."""

GRADUAL = frozenset((Act.RELEASE_SHIPMENT, Act.RECEIVE_RETURN))
"""Acts that are done little by little, by several documents. Of any other, the documents named in the answer are all there
will be, and what they state is final."""

GIVES_BACK = frozenset((Act.ISSUE_CREDIT, Act.ISSUE_REFUND, Act.CANCEL_BOOKING))
"""Acts that give money or goods back: they go only where a checkpoint lets them (rule 24)."""
