"""Freight rated, not invoiced; freight invoiced, not rated.

Why it matters: carriers bill twice, at another weight or for services nobody ordered, and nobody compares; what is not
billed yet is a cost the period lacks.
Clears when: the carrier's invoices for a shipment come to what its freight was rated at, within the tolerance.
What to do: negative: compare weight, class and accessorials with the rate, dispute the difference or a second invoice
with the carrier before paying; a shipment that nobody rated: rate it. Positive: ask for the invoice, accrue meanwhile.
"""

from tieout.core.account import ClearingAccount, Expectation, Measure, Take, days
from tieout.core.facts.freight import FreightInvoiced, FreightRated
from tieout.core.values import Role

freight_to_match = ClearingAccount(
    code="FTM",
    name="freight_to_match",
    flow="freight",
    subject="shipment",
    debit={FreightRated: Take.AMOUNT},
    credit={FreightInvoiced: Take.AMOUNT},
    over=Expectation("freight rated, not invoiced by the carrier", Role.CARRIER, "freight", days(30)),
    under=Expectation("freight invoiced above the rate, twice, or for a shipment nobody rated", Role.CARRIER, "freight", days(3)),
    measure=Measure.VALUE,
    doc=__doc__,
)
