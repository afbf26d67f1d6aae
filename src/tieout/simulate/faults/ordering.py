"""Orders that the ERP books otherwise than they were placed: item, unit, price, discount, tax, rounding, or no order at all."""

from tieout.simulate.catalogue import EDI, TAX_PERMILLE
from tieout.simulate.faults import Parameters, fault
from tieout.simulate.faults.transit import missing
from tieout.simulate.paper import Cents
from tieout.simulate.story import Plan, case_of, price_of
from tieout.simulate.truth import Expected, Outcome, Truth

AFTERWARDS = ("booking", "reservation", "shipment", "invoice")
"""Papers that go by what the ERP has booked."""


@fault("unknown_sku", "The ERP books an item that nobody has ordered, under a number nobody knows.")
def unknown_sku(plan: Plan, parameters: Parameters) -> Truth | None:
    """What was ordered is not booked, what is booked was not ordered."""
    order, line = plan.order, plan.rng.choice(plan.order.goods)
    other = f"{line.item}X"
    for paper in plan.papers:
        if paper.kind in AFTERWARDS:
            paper.line(line.item).item = other
    pieces, cents = line.quantity or 0, line.value or 0
    expected = [
        Expected(f"TBK+ {order.ref}#{line.item}", "erp", {"EA": pieces}, cents),
        Expected(f"TBK- {order.ref}#{other}", "channel", {"EA": -pieces}, -cents),
    ]
    return Truth("", order.ref, Outcome.EXCEPTION, expected, f"{other} for {line.item}")


@fault("wrong_unit", "The ERP books pieces where cases were meant.")
def wrong_unit(plan: Plan, parameters: Parameters) -> Truth | None:
    """The quantity is wrong by the factor of the case."""
    order = plan.order
    whole = [line for line in order.goods if (line.quantity or 0) % case_of(line) == 0]
    if not whole:
        return None
    line = plan.rng.choice(whole)
    price, ordered = price_of(line), line.quantity or 0
    booked = ordered // case_of(line)
    plan.set(line.item, booked, booked * price, *AFTERWARDS)
    left = ordered - booked
    expected = [Expected(f"TBK+ {order.ref}#{line.item}", "erp", {"EA": left}, left * price)]
    return Truth("", order.ref, Outcome.EXCEPTION, expected, f"{booked} EA for {ordered // case_of(line)} CS")


def repriced(plan: Plan, key: str, cents: Cents, detail: str) -> Truth | None:
    """The ERP books and bills a line at another value than it was ordered at."""
    order = plan.order
    ordered = plan.ordered.line(key).value or 0
    line = plan.one("booking").line(key)
    plan.set(key, line.quantity or 0, cents, "booking", "invoice")
    left = ordered - cents
    sign, owner = ("+", "erp") if left > 0 else ("-", "channel")
    return Truth("", order.ref, Outcome.EXCEPTION, [Expected(f"TBK{sign} {order.ref}#{key}", owner, {}, left)], detail)


@fault("price_differs", "The ERP books another price than the channel sold at.", percent_max=20)
def price_differs(plan: Plan, parameters: Parameters) -> Truth | None:
    """Quantity agrees, the value does not."""
    line = plan.rng.choice(plan.order.goods)
    price = price_of(line)
    step = max(5, price * plan.rng.randint(2, max(2, parameters["percent_max"])) // 100)
    price += plan.rng.choice((-step, step))
    return repriced(plan, line.item, (line.quantity or 0) * price, f"{line.item} at {price} cents")


@fault("discount_differs", "The ERP does not know a discount that the shop has given.", percent=10)
def discount_differs(plan: Plan, parameters: Parameters) -> Truth | None:
    """The shop's line is cheaper than the ERP's."""
    if plan.order.channel.name != "shop":
        return None
    line = plan.rng.choice(plan.order.goods)
    full = line.value or 0
    plan.one("order").line(line.item).value = full - full * parameters["percent"] // 100
    return repriced(plan, line.item, full, f"{parameters['percent']} % discount unknown to the ERP")


@fault("tax_base_differs", "The ERP taxes the freight, the shop does not.")
def tax_base_differs(plan: Plan, parameters: Parameters) -> Truth | None:
    """Only the tax differs."""
    order = plan.order
    if not order.tax or not order.freight:
        return None
    return repriced(plan, "tax", order.tax + (order.freight * TAX_PERMILLE + 500) // 1000, "freight taxed")


@fault("rounding", "The ERP rounds tax by line, the shop by document.")
def rounding(plan: Plan, parameters: Parameters) -> Truth | None:
    """A cent or two, which the company's policy tolerates."""
    order = plan.order
    if not order.tax:
        return None
    by_line = sum((((line.value or 0) * TAX_PERMILLE) + 999) // 1000 for line in order.goods)
    by_line = min(max(by_line, order.tax - 2), order.tax + 2)
    plan.set("tax", 0, by_line, "booking", "invoice")
    return Truth("", order.ref, Outcome.HEALED, detail=f"{by_line - order.tax} cents by rounding")


@fault("phantom_order", "The ERP holds a sales order that no customer placed.")
def phantom_order(plan: Plan, parameters: Parameters) -> Truth | None:
    """Somebody typed it in; it is shipped and billed like any other."""
    if plan.is_billed_weekly:
        return None
    if plan.all("sale"):
        return None
    expected = missing(plan, "order")
    plan.drop("order", "order_changed", "acknowledgment", "ship_notice", "sent_invoice", "accepted")
    booked = plan.one("booking")
    booked.links = ()
    del booked.more["order"]
    plan.papers = [paper for paper in plan.papers if not (paper.kind == "answer" and paper.system in EDI)]
    return Truth("", plan.order.booked_as, Outcome.EXCEPTION, expected, "never ordered")
