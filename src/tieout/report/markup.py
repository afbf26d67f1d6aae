"""HTML by construction: text is escaped unless it is already markup, so no data can become a tag."""

import html
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from tieout.core.values import MINOR_DIGITS, plain

VOID = frozenset(("meta", "br", "col"))


class Markup(str):
    """Text that is HTML already; templates that escape ask `__html__` and leave it as it is."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


Child = str | Markup | None | Iterable["Child"]


def esc(text: object) -> Markup:
    """Any value as escaped text."""
    return text if isinstance(text, Markup) else Markup(html.escape(str(text)))


def join(children: Child) -> Markup:
    """Children one after the other, escaped where they are plain text."""
    if children is None:
        return Markup("")
    if isinstance(children, str):
        return esc(children)
    return Markup("".join(join(child) for child in children))


def h(tag: str, *children: Child, **attributes: str | float | bool | None) -> Markup:
    """One element: `h("td", text, cls="num")`; `cls` is class, a trailing or inner `_` becomes `-`, None leaves an attribute out."""
    written = "".join(
        f" {name}" if value is True else f' {name}="{html.escape(str(value))}"'
        for name, value in ((_attribute(n), v) for n, v in attributes.items())
        if value is not None and value is not False
    )
    if tag in VOID:
        return Markup(f"<{tag}{written}>")
    return Markup(f"<{tag}{written}>{join(children)}</{tag}>")


def _attribute(name: str) -> str:
    return "class" if name == "cls" else name.rstrip("_").replace("_", "-")


def count(number: int) -> Markup:
    """A count with grouped digits; the plain number stays readable by machines."""
    return h("data", f"{number:,}", value=number)


def amount(text: str | Decimal, unit: str = "", *, money: bool = False) -> Markup:
    """An exact number with grouped digits and its unit; money has at least the currency's own decimals, no digit is dropped."""
    exact = text if isinstance(text, str) else plain(text)
    shown = h("data", grouped(exact, unit if money else None), value=exact, cls="amount")
    return join([shown, " ", h("span", unit, cls="unit")]) if unit else shown


def grouped(exact: str, currency: str | None) -> str:
    """`1234.5` as `1,234.50` (of a currency) or `1,234.5` (`currency` None)."""
    sign, digits = ("−", exact[1:]) if exact.startswith("-") else ("", exact)
    whole, _, rest = digits.partition(".")
    least = 0 if currency is None else MINOR_DIGITS.get(currency, 2)
    rest = rest.ljust(least, "0")
    return f"{sign}{int(whole):,}" + (f".{rest}" if rest else "")


def moment(at: datetime | None, zone: str) -> Markup:
    """A time with its zone."""
    if at is None:
        return h("span", "–", cls="muted")
    local = at.astimezone(ZoneInfo(zone))
    return h("time", f"{local:%Y-%m-%d %H:%M} ", h("span", f"{local:%Z}", cls="unit"), datetime=at.isoformat())


def age(since: datetime, now: datetime) -> str:
    """How long ago, in the unit a person would use."""
    seconds = int((now - since).total_seconds())
    if seconds < 0:
        return "ahead"
    if seconds < 2 * 3600:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h" if seconds < 2 * 86400 else f"{seconds // 86400:,} days"


def table(caption: str, heads: Iterable[tuple[str, str]], rows: Iterable[Child], *, cls: str = "") -> Markup:
    """A table that scrolls inside its own box; `heads` are (text, class)."""
    return h(
        "div",
        h("table",
          h("caption", caption),
          h("thead", h("tr", [h("th", text, scope="col", cls=kind or None) for text, kind in heads])),
          h("tbody", rows), cls=cls or None),
        cls="scroll", tabindex=0, role="region", aria_label=caption,
    )  # fmt: skip
