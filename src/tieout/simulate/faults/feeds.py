"""Whole feeds that fail."""

from tieout.simulate.clock import DAY, local, moment
from tieout.simulate.faults import Parameters, fault
from tieout.simulate.story import Plan, Silence
from tieout.simulate.truth import Expected, Outcome, Truth


@fault("feed_silent", "A feed says nothing for days, then sends everything at once.", on="feed", system="carrier", days=3)
def feed_silent(plan: Plan, parameters: Parameters) -> Truth | None:
    """One exception on the feed; what depends on it is not yet knowable, and nothing that comes in the end is missed."""
    assert isinstance(plan, Silence)
    plan.system = parameters["system"]
    plan.end = moment(local(plan.start + DAY * parameters["days"] + DAY // 2).date())
    expected = [Expected(f"FED {plan.system}", plan.system)]
    return Truth("", plan.system, Outcome.EXCEPTION, expected, f"silent for {parameters['days']} days", corrected=plan.end)
