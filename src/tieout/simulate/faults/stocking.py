"""Stock that the two sets of books see differently: movements that one of them lacks, counts that differ, old snapshots, below nothing."""

from datetime import timedelta

from tieout.simulate.catalogue import BY_SKU
from tieout.simulate.clock import DAY, HOUR, business_day, moment
from tieout.simulate.faults import Parameters, fault
from tieout.simulate.paper import Paper
from tieout.simulate.stocking import SNAPSHOT_HOUR, StockDay, move, root_of
from tieout.simulate.story import Plan
from tieout.simulate.truth import Expected, Outcome, Truth


def stock_of(plan: Plan) -> StockDay:
    """The day of a warehouse that is struck."""
    assert isinstance(plan, StockDay)
    return plan


def _issued(made: StockDay) -> tuple[str, Paper, Paper] | None:
    """An item that left, with what both sets of books say of it; of a position that nothing has struck yet."""
    for item in made.rng.sample(list(BY_SKU), len(BY_SKU)):
        moved, posted = made.pair(item, "issue")
        if moved is not None and posted is not None and made.take(item):
            return item, moved, posted
    return None


def _open(made: StockDay, side: str, item: str, pieces: int) -> Expected:
    return Expected(f"STK{side} {root_of(made.site, item)}", "erp" if side == "+" else "wms", {"EA": pieces})


def _later(paper: Paper, days: int) -> int:
    """It is said days later, and as of then."""
    paper.happened += days * DAY
    paper.more["at"] = paper.happened
    paper.delivered += days * DAY
    return paper.delivered


@fault("movement_not_posted", "The warehouse moves stock, the ERP does not post it; some of it days later.", on="stock", days=3)
def movement_not_posted(plan: Plan, parameters: Parameters) -> Truth | None:
    """The ERP believes that it still has what has left."""
    made = stock_of(plan)
    found = _issued(made)
    if found is None:
        return None
    item, moved, posted = found
    expected = [_open(made, "+", item, moved.lines[0].quantity or 0)]
    if made.rng.random() < 0.5:
        made.lose(posted)
        return Truth("", root_of(made.site, item), Outcome.EXCEPTION, expected, "never posted")
    return Truth("", root_of(made.site, item), Outcome.EXCEPTION, expected, "posted late", corrected=_later(posted, parameters["days"]))


@fault("movement_not_made", "The ERP posts a movement that the warehouse does not report; some of it days later.", on="stock", days=3)
def movement_not_made(plan: Plan, parameters: Parameters) -> Truth | None:
    """In Chicago, whose movements both state as of the same moment, so that nothing else stands there meanwhile."""
    made = stock_of(plan)
    found = _issued(made) if made.site == "CHI" else None
    if found is None:
        return None
    item, moved, posted = found
    expected = [_open(made, "-", item, -(posted.lines[0].quantity or 0))]
    if made.rng.random() < 0.5:
        made.lose(moved)
        return Truth("", root_of(made.site, item), Outcome.EXCEPTION, expected, "never moved")
    return Truth("", root_of(made.site, item), Outcome.EXCEPTION, expected, "reported late", corrected=_later(moved, parameters["days"]))


@fault("movement_differs", "The ERP posts another quantity than was moved.", on="stock", pieces_max=5)
def movement_differs(plan: Plan, parameters: Parameters) -> Truth | None:
    """A typing error in the ERP's journal."""
    made = stock_of(plan)
    found = _issued(made) if made.site == "CHI" else None
    if found is None:
        return None
    item, moved, posted = found
    more = made.rng.randint(1, parameters["pieces_max"])
    posted.lines[0].quantity = (moved.lines[0].quantity or 0) - more
    return Truth("", root_of(made.site, item), Outcome.EXCEPTION, [_open(made, "-", item, more)], f"{more} too many posted")


@fault("negative_stock", "More leaves by both sets of books than there is, since nobody has booked the receipt yet.", on="stock", pieces_max=20)
def negative_stock(plan: Plan, parameters: Parameters) -> Truth | None:
    """Both agree, and both are wrong: the position stands below zero until the receipt is booked."""
    made = stock_of(plan)
    item = made.rng.choice(list(BY_SKU))
    if made.site != "CHI" or not made.all("moved") or not made.take(item):
        return None
    below = made.rng.randint(1, parameters["pieces_max"])
    pieces = made.wms[item] + below
    move(made, "oversold", item, moment(made.on, 18.5), -pieces, -pieces)
    move(made, "receipt-late", item, moment(business_day(made.on + timedelta(days=1)), 10.0), pieces, pieces)
    made.count_again(item, days=0)
    expected = [Expected(f"STN+ {root_of(made.site, item)}", "erp", {"EA": below})]
    return Truth("", root_of(made.site, item), Outcome.EXCEPTION, expected, f"{below} below zero", corrected=made.count_again(item, days=4))


@fault("count_differs", "A count differs from what both sets of books say; the position is counted again days later.", on="count", pieces_max=6)
def count_differs(plan: Plan, parameters: Parameters) -> Truth | None:
    """Nothing was moved: somebody counted wrongly."""
    made = stock_of(plan)
    line = next((paper.lines[0] for paper in made.all("counted") if made.site != "LAKE" and made.take(paper.lines[0].item)), None)
    if line is None:
        return None
    more = made.rng.choice((-1, 1)) * made.rng.randint(1, parameters["pieces_max"])
    line.quantity = (line.quantity or 0) + more
    root = root_of(made.site, line.item)
    expected = [Expected(f"STC{'+' if more > 0 else '-'} {root}", "erp", {"EA": more})]
    return Truth("", root, Outcome.EXCEPTION, expected, f"{more} pieces", corrected=made.count_again(line.item))


@fault("stale_inventory", "The third party's stock snapshot (846) says what was on hand the evening before.", on="count")
def stale_inventory(plan: Plan, parameters: Parameters) -> Truth | None:
    """Every position that has moved since is wrong until the next evening."""
    made = stock_of(plan)
    if made.site != "LAKE":
        return None
    stated = [paper.lines[0] for paper in made.all("counted") if paper.lines[0].item in made.before]
    changed = [line for line in stated if line.quantity != made.before[line.item]]
    if not changed or any((made.site, line.item) in made.positions for line in changed):
        return None
    expected = []
    for line in changed:
        made.take(line.item)
        differs = made.before[line.item] - (line.quantity or 0)
        line.quantity = made.before[line.item]
        expected.append(Expected(f"STC{'+' if differs > 0 else '-'} {root_of(made.site, line.item)}", "erp", {"EA": differs}))
    corrected = moment(made.on + timedelta(days=1), SNAPSHOT_HOUR) + HOUR // 2
    return Truth("", expected[0].case.split(" ", 1)[1], Outcome.EXCEPTION, expected, "yesterday's snapshot", corrected=corrected)


@fault("wrong_warehouse", "Goods that were booked for Chicago leave from Reno.")
def wrong_warehouse(plan: Plan, parameters: Parameters) -> Truth | None:
    """The customer has them; but Reno has moved what the ERP posts in Chicago."""
    order, shipped = plan.order, plan.one("shipment")
    places = [(site, line.item) for line in order.goods for site in ("RNO", "CHI")]
    if order.warehouse != "CHI" or any(place in plan.positions for place in places):
        return None
    plan.positions.update(places)
    shipped.system = "scanner"
    shipped.more |= {"warehouse": "RNO", "posted_at": "CHI"}
    expected = []
    for line in order.goods:
        pieces = line.quantity or 0
        expected.append(Expected(f"STK+ {root_of('RNO', line.item)}", "erp", {"EA": -pieces}))
        expected.append(Expected(f"STK- {root_of('CHI', line.item)}", "wms", {"EA": pieces}))
    return Truth("", root_of("RNO", order.goods[0].item), Outcome.EXCEPTION, expected, f"{order.sales_order} left from Reno")
