"""Ordered, not booked the same.

Why it matters: the ERP ships and bills what it has booked; an order that is missing or differs there is lost or
disputed.
Clears when: the ERP's sales order states the quantity and the value that the channel's order states, line by line,
with freight, tax and discount as lines of their own.
What to do: zero quantity and a value left means another price, discount or tax: compare the two documents and correct
the ERP order or the price list. A quantity left: book the missing lines, or cancel them in the channel.
"""

from tieout.core.account import ClearingAccount, Expectation, Measure, Take, hours
from tieout.core.act import Act
from tieout.core.facts.order import BookingCancelled, OrderBooked, OrderCancelled, OrderPlaced
from tieout.core.values import Role

to_book = ClearingAccount(
    code="TBK",
    name="to_book",
    flow="order_to_cash",
    subject="order line",
    debit={OrderPlaced: Take.LINES, BookingCancelled: Take.LINES},
    credit={OrderBooked: Take.LINES, OrderCancelled: Take.LINES},
    over=Expectation("ordered, not booked in the ERP, or booked cheaper", Role.ERP, "order desk", hours(2), Act.BOOK_ORDER),
    under=Expectation("booked in the ERP, never ordered, or booked dearer", Role.CHANNEL, "order desk", hours(2), Act.CANCEL_BOOKING),
    measure=Measure.BOTH,
    doc=__doc__,
)
