"""What the settings say about one Tryton, typed; and how its names are written in ours."""

import re
from collections.abc import Mapping
from decimal import Decimal

import msgspec

from tieout.connectors import Option, System
from tieout.core.values import Ref, exact, plain, ref
from tieout.errors import SettingsError

KEY = re.compile(r"[A-Za-z_]+[+-] ([^/\s]+/[^/\s]+/.+) \d{1,9}")
"""A command's key, as we leave it on the documents we make: account and side, group, running number."""
CUT = re.compile(r"(.+) = (\d{1,18}:\d[\d.]*(?:, \d{1,18}:\d[\d.]*)*)")
"""The same on an amendment, with what it takes out: line of the sale and quantity."""


class Options(msgspec.Struct, frozen=True):
    """The options of a system; see `OPTIONS` for their meaning."""

    url: str = ""
    login: str = ""
    orders: dict[str, str] = {}
    returns: dict[str, str] = {}
    units: dict[str, str] = msgspec.field(default_factory=lambda: {"u": "EA", "dz": "DZ"})
    charges: dict[str, str] = msgspec.field(default_factory=lambda: {"freight": "FREIGHT", "discount": "DISCOUNT"})
    warehouses: dict[str, str] = {}
    carriers: dict[str, str] = {}
    party: str = ""
    payment_method: str = ""
    invoice_method: str = "fulfillment"
    accept_warnings: tuple[str, ...] = ("no_carrier",)
    overlap: int = 300
    page: int = 100
    timeout: int = 120


OPTIONS = (
    Option("url", "text", "", "address of the database: `https://erp.example.com/production/`"),
    Option("login", "text", "", "the user Tieout works as; its `password` (or a `session`, `login:id:key`) is a secret"),
    Option("orders", "table", "{}", "what a sale's reference names, by its beginning: `{'' = 'shop/order', 'PO' = 'edi/order'}`"),
    Option("returns", "table", "{}", "the same for returns: `{'' = 'shop/return'}`"),
    Option("units", "table", "u = EA, dz = DZ", "Tryton's unit symbols and our codes; any other is taken in capitals"),
    Option("charges", "table", "freight = FREIGHT, discount = DISCOUNT", "charges and the product codes that stand for them"),
    Option("warehouses", "table", "{}", "Tryton's warehouse codes and the names other systems use"),
    Option(
        "carriers", "table", "{}", "the carriers that a policy names and the codes of their parties in Tryton (module `stock_shipment_cost`)"
    ),
    Option("party", "text", "", "code of the party that an order without a known customer is booked for"),
    Option("payment_method", "text", "", "name of the method that cash is applied by; needed when there are several"),
    Option("invoice_method", "text", "fulfillment", "how the sales that we book are invoiced: `fulfillment`, `order` or `manual`"),
    Option("accept_warnings", "list", "no_carrier", "endings of the warnings that may be skipped; any other is a refusal"),
    Option("overlap", "seconds", "300", "how far each poll looks back before the last one; no transaction may take longer"),
    Option("page", "number", "100", "records per call of a poll"),
    Option("timeout", "seconds", "120", "how long to wait for an answer to a call that changes something; others wait 30 at most"),
)


def options_of(system: System) -> Options:
    """The options of a system. Raises SettingsError."""
    try:
        found = msgspec.convert(system.options, Options)
    except msgspec.ValidationError as wrong:
        raise SettingsError(
            f"The options of system {system.name!r} are wrong: {wrong}.", "See the reference of the connector tryton."
        ) from wrong
    if found.overlap < 0 or not 1 <= found.page <= 1000 or not 1 <= found.timeout <= 3600:
        rule = "`overlap` is not negative, `page` is 1 to 1000 and `timeout` 1 to 3600"
        raise SettingsError(f"System {system.name!r}: {rule}.", "Correct `tieout.toml`.")
    return found


def unit_code(symbol: str | None, options: Options) -> str:
    """Our code of a unit symbol; no unit is a piece."""
    return options.units.get(symbol, symbol.strip().upper()) if symbol and symbol.strip() else "EA"


def unit_symbols(code: str, options: Options) -> tuple[str, ...]:
    """The symbols that a code of ours may have in Tryton."""
    return (*(symbol for symbol, known in options.units.items() if known == code), code.lower(), code)


def warehouse_name(code: str | None, options: Options) -> str:
    """The name other systems use for a warehouse."""
    return options.warehouses.get(code, code) if code else ""


def key_in(*texts: str | None) -> str:
    """The command key that stands in a text of a document; empty when people wrote it."""
    return next((text for text in texts if text and KEY.fullmatch(text)), "")


def cut_text(key: str, cuts: Mapping[int, Decimal]) -> str:
    """The description of an amendment that takes quantities out of lines."""
    return f"{key} = " + ", ".join(f"{line}:{plain(quantity)}" for line, quantity in cuts.items())


def cut_in(text: str | None) -> tuple[str, dict[int, Decimal]]:
    """The key and the cuts that stand in the description of an amendment; nothing when people wrote it. Raises ValueError."""
    found = CUT.fullmatch(text or "")
    if found is None or not KEY.fullmatch(found.group(1)):
        return "", {}
    pairs = (pair.split(":") for pair in found.group(2).split(", "))
    return found.group(1), {int(line): exact(quantity) for line, quantity in pairs}


def transaction(key: str, reference: str | None, named: Mapping[str, str]) -> Ref | None:
    """What a document belongs to: the group of the command that made it, else what its reference names."""
    ours = KEY.fullmatch(key)
    if ours:
        return Ref(ours.group(1))
    for start in sorted(named, key=len, reverse=True):
        if reference and reference.strip() and reference.startswith(start):
            system, _, type_ = named[start].partition("/")
            return ref(system, type_, reference)
    return None
