"""Systems that do not answer as they should when Tieout tells them something; they strike only in a world that is driven."""

from tieout.simulate import fates
from tieout.simulate.clock import HOUR, MINUTE, moment, utc
from tieout.simulate.fates import Fate
from tieout.simulate.faults import Parameters, fault
from tieout.simulate.story import Order, Plan, Trouble
from tieout.simulate.truth import Expected, Outcome, Truth, open_lines

TOLD = ("erp", "wms", "shop")
OF_THE_ERP = ("booking", "invoice")
REASONS = {
    "booking": ("CREDIT", "The customer is over the credit limit."),
    "invoice": ("PERIOD", "The period is closed."),
    "release": ("BLOCKED", "The item is blocked for a stock count."),
    "fulfilment": ("CLOSED", "The order is archived."),
}
"""What each is refused with."""


def _healed(plan: Plan, fate: Fate, detail: str) -> Truth:
    plan.fates.append(fate)
    return Truth("", plan.order.ref, Outcome.HEALED, detail=detail)


@fault("answer_lost", "A system does what it is told, and its answer is lost.", on="request")
def answer_lost(plan: Plan, parameters: Parameters) -> Truth | None:
    """Told again it would do it twice: it must be looked up, or known again by its key."""
    told = [*OF_THE_ERP, "release", *(["fulfilment"] if plan.order.channel.name == "shop" else [])]
    what = plan.rng.choice(told)
    return _healed(plan, Fate(fates.UNANSWERED, what), f"answer to the {what} lost")


@fault("done_late", "A request is delayed beyond the time-out, and carried out after the sender has given up.", on="request", seconds=60)
def done_late(plan: Plan, parameters: Parameters) -> Truth | None:
    """Looked up at once it is not there; it comes later."""
    what = plan.rng.choice(OF_THE_ERP)
    return _healed(plan, Fate(fates.LATE, what, seconds=parameters["seconds"]), f"{what} done {parameters['seconds']} s late")


@fault("locked", "A system answers with success, and the error stands inside: the record is locked for the moment.", on="request", times=2)
def locked(plan: Plan, parameters: Parameters) -> Truth | None:
    """It goes away by itself."""
    what = plan.rng.choice(OF_THE_ERP)
    fate = Fate(fates.INSIDE, what, parameters["times"], fates.LOCKED, "Somebody is editing the record.")
    return _healed(plan, fate, f"locked while told the {what}")


@fault("command_refused", "A system refuses what it is told, with a reason: by a status, or inside an answer of success.", on="request")
def command_refused(plan: Plan, parameters: Parameters) -> Truth | None:
    """It stays open until somebody sees to it."""
    what = plan.rng.choice([name for name in REASONS if name != "fulfilment" or plan.order.channel.name == "shop"])
    code, reason = REASONS[what]
    how = plan.rng.choice((fates.REFUSED, fates.INSIDE)) if what in OF_THE_ERP else fates.REFUSED
    plan.fates.append(Fate(how, what, fates.ALWAYS, code, reason))
    return Truth("", plan.order.ref, Outcome.EXCEPTION, _open(plan.order, what), f"{what}: {reason}")


def _open(order: Order, what: str) -> list[Expected]:
    match what:
        case "booking":
            return open_lines("TBK", "erp", order.ref, order.lines())
        case "release":
            return open_lines("TSH", "wms", order.ref, order.goods)
        case "invoice":
            return open_lines("SNI", "erp", order.ref, order.goods)
        case _:
            return open_lines("TFU", "channel", order.ref, [line.copy(value=None) for line in order.goods])


def _trouble(plan: Plan, how: str, minutes: int, what: str) -> Truth | None:
    if not isinstance(plan, Trouble):
        return None
    plan.system, plan.how = plan.rng.choice(TOLD), how
    plan.start = moment(utc(plan.start + 12 * HOUR).date(), 8) + plan.rng.randrange(8 * HOUR)
    plan.end = plan.start + minutes * MINUTE
    return Truth("", f"{plan.system} ", Outcome.HEALED, detail=f"{plan.system} {what} for {minutes} minutes")


@fault("system_down", "A system is down for a while.", on="system", minutes=30)
def system_down(plan: Plan, parameters: Parameters) -> Truth | None:
    """What it should be told waits, and goes when it is back."""
    return _trouble(plan, fates.DOWN, parameters["minutes"], "down")


@fault("system_slow", "A system answers slowly for a while.", on="system", minutes=120)
def system_slow(plan: Plan, parameters: Parameters) -> Truth | None:
    """Nothing else is wrong with it."""
    return _trouble(plan, fates.SLOW, parameters["minutes"], "slow")


@fault("rate_limited", "A system takes no more requests for a while, and says when to come again.", on="system", minutes=20)
def rate_limited(plan: Plan, parameters: Parameters) -> Truth | None:
    """Tieout waits as long as it is asked to."""
    return _trouble(plan, fates.LIMITED, parameters["minutes"], "limited")
