"""Clocks that are wrong: skewed, in the wrong zone, an hour off when the clocks change."""

from tieout.simulate.clock import HOUR, MINUTE, local
from tieout.simulate.edi import is_by_edi
from tieout.simulate.faults import Parameters, fault
from tieout.simulate.story import Plan
from tieout.simulate.truth import Outcome, Truth


@fault("zone_slip", "The warehouse writes its local time as if it were UTC.")
def zone_slip(plan: Plan, parameters: Parameters) -> Truth | None:
    """The goods seem to have left five or six hours earlier; what they clear is the same, but a customer's ship notice would seem late."""
    if plan.order.shipped_by != "wms" or is_by_edi(plan):
        return None
    shipped = plan.one("shipment")
    offset = local(shipped.happened).utcoffset()
    assert offset is not None
    shipped.happened += int(offset.total_seconds())
    return Truth("", plan.order.ref, Outcome.HEALED, detail=f"{offset} off")


@fault("clock_skew", "The carrier's clock is some minutes slow.", minutes_max=50)
def clock_skew(plan: Plan, parameters: Parameters) -> Truth | None:
    """The parcel seems to have arrived earlier than it did."""
    delivered = plan.one("delivery")
    delivered.happened -= plan.rng.randint(5, parameters["minutes_max"]) * MINUTE
    return Truth("", delivered.about, Outcome.HEALED, detail="clock slow")


@fault("summer_time_slip", "The ERP is an hour off, as after a change of the clocks.")
def summer_time_slip(plan: Plan, parameters: Parameters) -> Truth | None:
    """The invoice seems to have been posted an hour earlier."""
    if plan.is_billed_weekly:
        return None
    plan.one("invoice").happened -= HOUR
    return Truth("", plan.order.ref, Outcome.HEALED, detail="one hour off")
