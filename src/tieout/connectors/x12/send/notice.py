"""Ship notices out (856): the tree of shipment, orders, packs and items."""

import re
from decimal import Decimal

from tieout.connectors.x12.send.draft import Draft, Unsendable, plain_text
from tieout.core.facts import Line
from tieout.core.values import ZERO, exact, plain, ref_parts
from tieout.formats.x12 import Row

PACK = "pack "
CONTENT = re.compile(r"(\S{1,20}) ([0-9]{1,10}(?:\.[0-9]{1,5})?)")
WITH_PACKS, WITHOUT_PACKS = "0001", "0004"
SSCC = re.compile(r"[0-9]{18}|[0-9]{20}")
"""A serial shipping container code, with or without its application identifier."""


class Tree:
    """HL segments in the making: numbers run up, a parent is told of its children."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.levels: list[tuple[str, str]] = []
        self.at: list[int] = []

    def level(self, code: str, parent: int = 0) -> int:
        """Begin a level under another; its number."""
        self.levels.append((code, str(parent or "")))
        self.at.append(len(self.rows))
        self.rows.append(())
        return len(self.levels)

    def done(self) -> list[Row]:
        """All rows, with HL04 saying who has children."""
        parents = {parent for _, parent in self.levels}
        for number, ((code, parent), at) in enumerate(zip(self.levels, self.at, strict=True), 1):
            self.rows[at] = ("HL", str(number), parent, code, "1" if str(number) in parents else "0")
        return self.rows


def ship_notice(draft: Draft) -> list[Row]:
    """856: `shipment` (our number), `shipped`, `carrier` (SCAC) and `tracking` from the data, the ship-to party as `ship_to…`.

    Packs are the data `pack <SSCC or parcel>` with what is in them, as `1 6, 2 4`: line numbers with quantities. They
    must hold exactly what was shipped; without any, items stand below the order.
    """
    draft.need_goods()
    packs = _packs(draft)
    shape = WITH_PACKS if packs else WITHOUT_PACKS
    shipment = draft.text("shipment", "our shipment number")
    rows: list[Row] = [("BSN", "00", shipment, draft.made_day, draft.made.strftime("%H%M"), shape)]
    tree = Tree()
    top = tree.level("S")
    tree.rows += _shipment(draft)
    named = [(draft.line_name(line, position), line) for position, line in enumerate(draft.goods, 1)]
    for number, lines in _by_order(draft, named):
        order = tree.level("O", top)
        tree.rows.append(("PRF", number))
        if not packs:
            for name, line in lines:
                _item(draft, tree, order, name, line, exact(draft.quantity(line)))
        for pack, content in packs.items():
            inside = [(name, line) for name, line in lines if name in content]
            if inside:
                parent = tree.level("P", order)
                tree.rows.append(("MAN", "GM" if SSCC.fullmatch(pack) else "CP", pack))
                for name, line in inside:
                    _item(draft, tree, parent, name, line, content[name])
    shipped = sum((line.quantity or ZERO for line in draft.goods), ZERO)
    return [*rows, *tree.done(), ("CTT", str(len(tree.levels)), plain(shipped))]


def _shipment(draft: Draft) -> list[Row]:
    data = draft.command.data
    rows: list[Row] = [("TD5", "", "2", data["carrier"].strip())] if data.get("carrier", "").strip() else []
    rows += [("REF", "CN", number.strip()) for number in data.get("tracking", "").split(",") if number.strip()]
    moment = draft.instant("shipped")
    rows += [("DTM", "011", *moment)] if moment else []
    return rows + draft.warehouse("SF") + draft.parties("ST", "ship_to")


def _item(draft: Draft, tree: Tree, parent: int, name: str, line: Line, quantity: Decimal) -> None:
    tree.level("I", parent)
    tree.rows.append(("LIN", name, *draft.item(line, "VN")))
    tree.rows.append(("SN1", name, plain(quantity), line.unit))


def _by_order(draft: Draft, named: list[tuple[str, Line]]) -> list[tuple[str, list[tuple[str, Line]]]]:
    """The lines per purchase order: each line's own subject if it is an order of this partner, else the command's one order."""
    found: dict[str, list[tuple[str, Line]]] = {}
    for name, line in named:
        owner, type_, number = ref_parts(line.subject)
        if owner == draft.system.name and type_ == "order":
            partner, _, own = number.rpartition(":")
            if partner and partner != draft.partner.name:
                raise Unsendable(f"Line {line.line} is for {partner}, the notice goes to {draft.partner.name}.", "One notice has one receiver.")
            found.setdefault(own, []).append((name, line))
        else:
            found.setdefault(draft.purchase_order(), []).append((name, line))
    return list(found.items())


def _packs(draft: Draft) -> dict[str, dict[str, Decimal]]:
    packs: dict[str, dict[str, Decimal]] = {}
    held: dict[str, Decimal] = {}
    for key, said in draft.command.data.items():
        if not key.startswith(PACK):
            continue
        inside = packs.setdefault(plain_text(key.removeprefix(PACK)), {})
        for part in said.split(","):
            match = CONTENT.fullmatch(part.strip())
            if match is None:
                raise Unsendable(f"The data `{key}` is {said!r}.", "Write what the pack holds as line numbers with quantities: 1 6, 2 4.")
            inside[match[1]] = exact(match[2])
            held[match[1]] = held.get(match[1], ZERO) + exact(match[2])
    shipped: dict[str, Decimal] = {}
    for position, line in enumerate(draft.goods, 1):
        name = draft.line_name(line, position)
        if packs and name in shipped:
            raise Unsendable(f"Line {name} stands twice; packs cannot say which of them they hold.", "Issue one command per order.")
        shipped[name] = exact(draft.quantity(line))
    if packs and held != shipped:
        wrong = sorted(name for name in held.keys() | shipped.keys() if held.get(name) != shipped.get(name))
        raise Unsendable(f"The packs do not hold what was shipped: line {', '.join(wrong)} differs.", "Correct the packs or the lines.")
    return packs
