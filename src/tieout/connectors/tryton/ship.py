"""Post what the warehouse has shipped, or taken back, to Tryton's own shipments."""

from decimal import Decimal

from tieout.connectors.tryton.rpc import Denied, Session, Talk, write
from tieout.connectors.tryton.sales import Record, Wanted, in_base, item, of_ids, of_transaction, press, processed, scaled, search_read
from tieout.core.command import Absent, Accepted, Command
from tieout.core.values import ZERO, Ref, exact, plain, ref, tidy

OUT = "stock.shipment.out"
FIELDS = ("number", "state", "reference", "inventory_moves", "outgoing_moves")
MOVE_FIELDS = ("product.code", "quantity", "internal_quantity", "state")
OPEN = ("draft", "waiting", "assigned", "picked", "packed")

Plan = list[tuple[Record, list[tuple[Record, Decimal]]]]
"""Shipments, each with its moves and the base quantity that each is to have."""


def post_shipment(session: Session, command: Command) -> Talk[Accepted]:
    """Ship the command's quantities from the transaction's open shipments; Tryton makes a new one for what is left."""
    sales = yield from of_transaction(session, command, "sales_order")
    shipments = yield from of_ids(session, OUT, (id_ for sale in sales for id_ in sale["shipments"]), FIELDS)
    wanted = Wanted.of(command.lines)
    mine = [one for one in shipments if one["reference"] == command.key]
    for one in mine:
        if one["state"] == "done":
            yield from _taken(session, one, wanted)
    shipped = yield from ship(session, command, sales, wanted)
    return (yield from _read_back(session, command, sorted({one["id"] for one in mine} | shipped)))


def ship(session: Session, command: Command, sales: list[Record], wanted: Wanted) -> Talk[set[int]]:
    """Ship what is wanted from the open shipments of some sales, under the command's key; their ids. Nothing, unless all of it can go."""
    shipments = yield from of_ids(session, OUT, (id_ for sale in sales for id_ in sale["shipments"]), FIELDS)
    before = Wanted(dict(wanted.left))
    plan = yield from _plan(session, [one for one in shipments if one["state"] in OPEN], wanted)
    if wanted.rest():
        wanted = before
        sales = yield from processed(session, sales)
        shipments = yield from of_ids(session, OUT, (id_ for sale in sales for id_ in sale["shipments"]), FIELDS)
        plan = yield from _plan(session, [one for one in shipments if one["state"] in OPEN], wanted)
    if wanted.rest():
        raise Denied(f"Not open to ship in Tryton: {wanted.rest()}.")
    head = {"reference": command.key} | (yield from _carrier(session, command))
    for shipment, moves in plan:
        yield from _ship(session, head, shipment, moves)
    return {int(shipment["id"]) for shipment, _ in plan}


def find_shipment(session: Session, command: Command) -> Talk[Accepted | Absent]:
    """Shipped whole, or not; a part that an attempt has shipped is left to `post_shipment`, which ships the rest alone."""
    done = yield from search_read(session, OUT, [["reference", "=", command.key], ["state", "=", "done"]], FIELDS)
    wanted = Wanted.of(command.lines)
    for one in done:
        yield from _taken(session, one, wanted)
    return (yield from _read_back(session, command, [one["id"] for one in done])) if done and not wanted.rest() else Absent()


def _taken(session: Session, shipment: Record, wanted: Wanted) -> Talk[None]:
    for move in (yield from of_ids(session, "stock.move", shipment["outgoing_moves"], MOVE_FIELDS)):
        wanted.take(item(move), in_base(move))


def _plan(session: Session, shipments: list[Record], wanted: Wanted) -> Talk[Plan]:
    """Which moves of which shipments carry the quantities; nothing is changed yet."""
    plan: Plan = []
    for shipment in shipments:
        if not wanted.rest():
            break
        moves = yield from of_ids(session, "stock.move", shipment["outgoing_moves"], MOVE_FIELDS)
        taken = [(move, wanted.take(item(move), in_base(move))) for move in moves]
        if any(quantity for _, quantity in taken):
            plan.append((shipment, taken))
    return plan


def _carrier(session: Session, command: Command) -> Talk[Record]:
    """The carrier that a fallback has named, as Tryton knows it: nothing where the options do not say which that is."""
    code = session.options.carriers.get(command.data.get("carrier", ""))
    if code is None:
        return {}
    found = yield from search_read(session, "carrier", [["party.code", "=", code]], ("party.code",))
    if len(found) != 1:
        raise Denied(f"Tryton has {len(found) or 'no'} carriers whose party has the code {code!r}; the option `carriers` has to name one.")
    return {"carrier": found[0]["id"]}


def _ship(session: Session, head: Record, shipment: Record, moves: list[tuple[Record, Decimal]]) -> Talk[None]:
    """From whatever state to done, with the quantities that were shipped."""
    id_, state = shipment["id"], shipment["state"]
    if state in ("picked", "packed"):
        if any(quantity != in_base(move) for move, quantity in moves):
            raise Denied(f"Shipment {shipment['number']} is {state} in Tryton with other quantities than were shipped.")
        yield from write(session, OUT, "write", [id_], head)
    else:
        if state in ("draft", "assigned"):
            yield from press(session, OUT, "wait", [id_])
        yield from write(session, OUT, "write", [id_], head)
        yield from _set(session, id_, moves)
        yield from press(session, OUT, "assign_try", [id_])
        (now,) = yield from of_ids(session, OUT, [id_], FIELDS)
        if now["state"] != "assigned":
            yield from _give_back(session, id_)
            raise Denied(f"Tryton has not enough stock to assign shipment {shipment['number']}.")
        yield from press(session, OUT, "pick", [id_])
    if state != "packed":
        yield from press(session, OUT, "pack", [id_])
    yield from press(session, OUT, "do", [id_])


def _set(session: Session, id_: int, moves: list[tuple[Record, Decimal]]) -> Talk[None]:
    """Write the shipped quantities on the moves that pick them; Tryton carries them over to the moves that leave."""
    wanted: dict[str, Decimal] = {}
    for move, quantity in moves:
        wanted[item(move)] = wanted.get(item(move), ZERO) + quantity
    left = Wanted(wanted)
    (shipment,) = yield from of_ids(session, OUT, [id_], FIELDS)
    for move in (yield from of_ids(session, "stock.move", shipment["inventory_moves"] or shipment["outgoing_moves"], MOVE_FIELDS)):
        quantity = left.take(item(move), in_base(move))
        if quantity != in_base(move):
            yield from write(session, "stock.move", "write", [move["id"]], {"quantity": scaled(move, quantity)})


def _give_back(session: Session, id_: int) -> Talk[None]:
    """Undo what was prepared, so that the shipment stands as before."""
    yield from write(session, OUT, "write", [id_], {"reference": None})
    yield from press(session, OUT, "draft", [id_])
    yield from press(session, OUT, "wait", [id_])


def _read_back(session: Session, command: Command, ids: list[int]) -> Talk[Accepted]:
    meant = session.options.carriers.get(command.data.get("carrier", ""))
    shipments = yield from of_ids(session, OUT, ids, (*FIELDS, "carrier.party.code") if meant else FIELDS)
    moves = yield from of_ids(session, "stock.move", (id_ for one in shipments for id_ in one["outgoing_moves"]), MOVE_FIELDS)
    names = tuple(ref(command.system, "shipment", str(one["id"])) for one in shipments)
    states = [f"state of shipment {one['number']}: {one['state']}" for one in shipments if one["state"] != "done"]
    for one in shipments if meant else ():
        there = ((one.get("carrier.") or {}).get("party.") or {}).get("code")
        states += [f"carrier of shipment {one['number']}: meant {meant}, there {there or 'none'}"] if there != meant else []
    return moved(command, names, [move for move in moves if move["state"] == "done"], states)


def moved(command: Command, names: tuple[Ref, ...], moves: list[Record], differs: list[str]) -> Accepted:
    """The outcome of a command that moved goods: what the moves say, against what was meant."""
    there = Wanted({})
    for move in moves:
        there.left[item(move)] = there.left.get(item(move), ZERO) + in_base(move)
    final = {line.line: there.take(line.item, line.quantity) for line in command.lines if line.quantity is not None and not line.charge}
    differs += [
        f"quantity of {line.item}: meant {plain(line.quantity)}, there {plain(final[line.line])}"
        for line in command.lines
        if line.quantity is not None and not line.charge and tidy(exact(line.quantity)) != final[line.line]
    ]
    if there.rest():
        differs.append(f"moved beyond the command: {there.rest()}")
    return Accepted(names, final, tuple(differs))
