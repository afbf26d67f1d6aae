"""Templates and how values look in them: counts, money, times. Everything is escaped unless it is markup already."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from tieout.console import assets, keymap
from tieout.console.banners import span
from tieout.core.values import MINOR_DIGITS, plain
from tieout.report.picture import words


@cache
def environment() -> Environment:
    """The templates of the console, with the filters below."""
    made = Environment(
        loader=PackageLoader("tieout.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {"count": count, "money": money, "exact": exact, "ago": ago, "clock": clock, "raw": raw, "words": words, "size": size}
    made.globals |= {"asset": assets.url, "caps": keymap.shown, "scopes": keymap.SCOPES, "late_by": span}
    return made


def count(number: int | None) -> str:
    """A count with grouped digits; what is not known is a dash."""
    return "–" if number is None else f"{number:,}"


def money(value: Decimal | None, currency: str = "") -> Markup:
    """An amount with the decimals of its currency, grouped, with a true minus; unknown is a dash that says so."""
    if value is None:
        return Markup('<span class="unknown" title="not known">–</span>')
    return Markup('<data value="{}">{}</data>{}').format(
        plain(value), grouped(value, currency), Markup(" <small>{}</small>").format(currency) if currency else ""
    )


def size(bytes_: int) -> str:
    """How large a file is, in the unit a person would use."""
    if bytes_ < 1024:
        return f"{bytes_} bytes"
    return f"{bytes_ / 1024:,.0f} kB" if bytes_ < 1024 * 1024 else f"{bytes_ / 1024 / 1024:,.1f} MB"


def exact(value: Decimal | None) -> str:
    """A quantity with grouped digits, no digit dropped or added."""
    return "–" if value is None else grouped(value, None)


def grouped(value: Decimal, currency: str | None) -> str:
    """Digits in groups, with at least the decimals of a currency."""
    sign, digits = ("−", plain(-value)) if value < 0 else ("", plain(value))
    whole, _, rest = digits.partition(".")
    rest = rest.ljust(0 if currency is None else MINOR_DIGITS.get(currency, 2), "0")
    return f"{sign}{int(whole):,}" + (f".{rest}" if rest else "")


def clock(left: timedelta) -> str:
    """How long is left, or by how much it is over: `41 m`, `3 h 05`, `−2 d 4 h`."""
    minutes = int(abs(left).total_seconds()) // 60
    sign = "−" if left < timedelta(0) else ""
    if minutes < 60:
        return f"{sign}{minutes} m"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{sign}{hours} h {minutes:02}"
    days, hours = divmod(hours, 24)
    return f"{sign}{days} d {hours} h" if days < 10 else f"{sign}{days:,} d"


def ago(at: datetime, now: datetime) -> str:
    """How long ago, in the unit a person would use."""
    seconds = int((now - at).total_seconds())
    if seconds < 0:
        return f"in {clock(timedelta(seconds=-seconds))}"
    if seconds < 60:
        return "just now"
    return f"{clock(timedelta(seconds=seconds))} ago"


def zone_name(zone: str, at: datetime) -> str:
    """How a zone is called at a moment, the same wherever it is named: `CET`, `CDT`; `UTC-03` where it has no name of its own."""
    name = f"{at.astimezone(ZoneInfo(zone)):%Z}"
    return name if name[:1].isalpha() else f"UTC{name}"


def moments(zone: str, now: datetime, *, utc: bool) -> Callable[[datetime | None], Markup]:
    """How one person reads times: in their zone with its name, UTC on hover and focus; `utc` shows that instead.

    A bare one stands under a head that names the zone of today; of the other half of the year it says its own.
    """
    shown = "UTC" if utc else zone
    head = zone_name(shown, now)

    def moment(at: datetime | None, *, seconds: bool = False, bare: bool = False) -> Markup:
        if at is None:
            return Markup('<span class="unknown" title="not known">–</span>')
        form = "%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M"
        here, there, local = at.astimezone(ZoneInfo(shown)), at.astimezone(ZoneInfo("UTC")), at.astimezone(ZoneInfo(zone))
        name = zone_name(shown, at)
        bare = bare and name == head
        unit = "" if bare else Markup(" <small>{}</small>").format(name)
        return Markup('<time datetime="{}" title="{} UTC" data-local="{} {}"{}>{}{}</time>').format(
            there.isoformat(), f"{there:{form}}", f"{local:{form}}", zone_name(zone, at), Markup(" data-bare") if bare else "", f"{here:{form}}", unit
        )  # fmt: skip

    return moment


def lines(text: str) -> Markup:
    """Text of people with its line breaks, escaped."""
    return Markup("<br>").join(escape(line) for line in text.splitlines())


def raw(text: str) -> Markup:
    """Text exactly as it is: a carriage return, which a page would swallow, is written as a reference."""
    return Markup(escape(text).replace("\r", "&#13;"))  # noqa: S704 - it is escaped
