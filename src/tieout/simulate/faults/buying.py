"""Purchases that go wrong: received short or over, billed early, dear or twice, announced and never received, a receipt without its order."""

from tieout.simulate.buying import Purchase, billed, paid, received
from tieout.simulate.clock import DAY, HOUR
from tieout.simulate.faults import Parameters, fault
from tieout.simulate.paper import Line, Paper
from tieout.simulate.story import Plan, again, hear, late, price_of
from tieout.simulate.truth import Expected, Outcome, Truth, open_lines


def purchase_of(plan: Plan) -> Purchase:
    """The purchase that is struck."""
    assert isinstance(plan, Purchase)
    return plan


def _by_pieces(bill: Paper, item: str, pieces: int, price: int, payment: Paper) -> None:
    """The vendor bills other pieces, and is paid so."""
    line = bill.line(item)
    line.quantity, line.value = pieces, pieces * price
    payment.lines[0].value = sum(each.value or 0 for each in bill.lines)


def _received_otherwise(plan: Purchase, line: Line, pieces: int) -> int:
    """The dock receives other pieces than were ordered, the vendor bills and is paid for these; the price of one."""
    price = price_of(line)
    plan.one("received").line(line.item).quantity = pieces
    _by_pieces(plan.one("vendor_billed"), line.item, pieces, price, plan.one("vendor_paid"))
    return price


@fault("short_receipt", "Less arrives than was ordered; some of it comes days after the promised day.", on="purchase")
def short_receipt(plan: Plan, parameters: Parameters) -> Truth | None:
    """The vendor bills what was received; the rest is owed from the promised day."""
    made = purchase_of(plan)
    line = made.rng.choice(made.goods)
    pieces, short = line.quantity or 0, made.rng.randint(1, (line.quantity or 0) // 2)
    price = _received_otherwise(made, line, pieces - short)
    expected = [Expected(f"PRC+ {made.ref}#{line.item}", "vendor", {"EA": short}, short * price)]
    corrected = _rest_follows(made, Line(line.item, short, short * price)) if made.rng.random() < 0.5 else None
    return Truth("", made.ref, Outcome.EXCEPTION, expected, f"{short} of {pieces} {line.item} short", corrected)


def _rest_follows(made: Purchase, rest: Line) -> int:
    first, bill = made.one("received"), made.one("vendor_billed")
    came = again(made, first, 8 * DAY, made.rng)
    came.number, came.happened, came.lines = f"{first.number}-2", first.happened + 8 * DAY, [rest.copy(value=None)]
    came.more["came"] = first.more["came"] + 8 * DAY
    second = billed(made, bill.more["sent"] + 8 * DAY, made.rng)
    second.number, second.lines = f"{bill.number}-2", [rest]
    second.more["control"] += 2
    second.more["group"] = f"vendors/group/{made.vendor}:{second.more['control']}"
    hear(made, second, made.rng)
    made.add(paid(second, made.rng))
    return came.delivered


@fault("over_receipt", "More arrives than was ordered.", on="purchase")
def over_receipt(plan: Plan, parameters: Parameters) -> Truth | None:
    """The vendor bills what was received."""
    made = purchase_of(plan)
    line, over = made.rng.choice(made.goods), made.rng.randint(1, 6)
    price = _received_otherwise(made, line, (line.quantity or 0) + over)
    expected = [Expected(f"PRC- {made.ref}#{line.item}", "wms", {"EA": -over}, -over * price)]
    return Truth("", made.ref, Outcome.EXCEPTION, expected, f"{over} {line.item} too many")


@fault("announced_not_received", "A vendor announces goods that never arrive, and bills them.", on="purchase")
def announced_not_received(plan: Plan, parameters: Parameters) -> Truth | None:
    """The ship notice clears nothing at the dock, and the invoice has no receipt."""
    made = purchase_of(plan)
    made.lose(made.one("received"))
    expected = open_lines("PRC", "vendor", made.ref, made.goods) + open_lines("PMT", "vendor", made.ref, made.goods, -1)
    return Truth("", made.ref, Outcome.EXCEPTION, expected, "announced, never received")


@fault("vendor_silent", "A vendor neither acknowledges a purchase order nor announces the goods; they arrive all the same.", on="purchase")
def vendor_silent(plan: Plan, parameters: Parameters) -> Truth | None:
    """Nobody knew that they would come."""
    made = purchase_of(plan)
    expected = open_lines("PAK", "vendor", made.ref, made.goods) + open_lines("PAN", "vendor", made.ref, made.goods)
    for kind in ("purchase_accepted", "announced"):
        made.lose(made.one(kind))
    return Truth("", made.ref, Outcome.EXCEPTION, expected, "no 855, no 856")


@fault("vendor_bills_early", "A vendor invoices before the goods have come.", on="purchase")
def vendor_bills_early(plan: Plan, parameters: Parameters) -> Truth | None:
    """The invoice stands without a receipt until the goods come."""
    made = purchase_of(plan)
    first = made.one("received")
    for paper in (first, made.one("vendor_billed"), made.one("vendor_paid")):
        made.lose(paper)
    came = hear(made, received(made, first.more["came"] + 2 * DAY, made.rng), made.rng)
    early = hear(made, billed(made, made.order.placed + HOUR, made.rng), made.rng)
    made.add(paid(early, made.rng))
    expected = open_lines("PMT", "vendor", made.ref, made.goods, -1)
    return Truth("", made.ref, Outcome.EXCEPTION, expected, "billed before the receipt", corrected=came.delivered)


@fault("vendor_price_differs", "A vendor invoices another price than was ordered.", on="purchase", percent_max=15)
def vendor_price_differs(plan: Plan, parameters: Parameters) -> Truth | None:
    """Quantity agrees, the price does not; it is paid as billed."""
    made = purchase_of(plan)
    line = made.rng.choice(made.goods)
    step = max(1, price_of(line) * made.rng.randint(2, parameters["percent_max"]) // 100) * made.rng.choice((-1, 1))
    _by_pieces(made.one("vendor_billed"), line.item, line.quantity or 0, price_of(line) + step, made.one("vendor_paid"))
    cents = -step * (line.quantity or 0)
    expected = [Expected(f"PMT{'+' if cents > 0 else '-'} {made.ref}#{line.item}", "vendor", {}, cents)]
    return Truth("", made.ref, Outcome.EXCEPTION, expected, f"{step} cents a piece")


@fault("vendor_paid_twice", "We pay a vendor's invoice twice.", on="purchase")
def vendor_paid_twice(plan: Plan, parameters: Parameters) -> Truth | None:
    """The vendor owes it back."""
    made = purchase_of(plan)
    first = made.one("vendor_paid")
    at = first.happened + made.rng.randint(HOUR, 2 * DAY)
    made.add(first.copy(number=f"{first.number}-2", happened=at, delivered=at + late(made.rng)))
    cents = -(first.lines[0].value or 0)
    return Truth("", first.about, Outcome.EXCEPTION, [Expected(f"PPY- {first.about}", "vendor", {}, cents)], "paid twice")


@fault("receipt_id_vanishes", "The third party's receipt (944) does not say which purchase order it is of.", on="purchase")
def receipt_id_vanishes(plan: Plan, parameters: Parameters) -> Truth | None:
    """It cannot be read without, and is kept apart; by the ledger the goods have not come."""
    made = purchase_of(plan)
    came = made.one("received")
    if came.system != "threepl":
        return None
    came.more["is_nameless"], came.spoil = True, "nameless"
    expected = [Expected(f"QUA threepl/received/{came.number}", "threepl"), *open_lines("PRC", "vendor", made.ref, made.goods)]
    return Truth("", made.ref, Outcome.QUARANTINED, expected, f"{came.number} without its order")
