"""Places in a JSON value: `data.0.number`, or a JSON pointer (`/data/0/number`) where a key holds a dot."""

from decimal import Decimal
from functools import lru_cache
from typing import Any

from tieout.core.values import plain

PARTS_MAX = 20
DIGITS_MAX = 40


class Missing:
    """Nothing stands at the place."""


MISSING = Missing()


class NotText(ValueError):
    """A list or an object stands where one value is needed."""


@lru_cache(maxsize=4096)
def parts_of(path: str) -> tuple[str, ...]:
    """The keys of a path, outermost first; the empty path is the whole value. Raises ValueError."""
    if not path:
        return ()
    pointer = path.startswith("/")
    parts = tuple(path[1:].split("/") if pointer else path.split("."))
    if len(parts) > PARTS_MAX or not all(part.strip() for part in parts):
        raise ValueError(f"{path!r} is no path; write it like 'data.number' or '/data/number'")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in parts) if pointer else parts


def find(value: Any, path: str | tuple[str, ...]) -> Any:
    """What stands at a path, or MISSING."""
    for part in parts_of(path) if isinstance(path, str) else path:
        if isinstance(value, dict):
            value = value.get(part, MISSING)
        elif isinstance(value, list) and part.isdecimal() and int(part[:6]) < len(value):
            value = value[int(part[:6])]
        else:
            return MISSING
    return value


def text_of(value: Any) -> str:
    """One value as text: nothing and null are empty, numbers are exact. Raises NotText for a list or object."""
    if value is None or value is MISSING:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if value.bit_length() < 4 * DIGITS_MAX else "a number that is too long"
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        return plain(value) if isinstance(exponent, int) and abs(exponent) + len(value.as_tuple().digits) < DIGITS_MAX else str(value)
    raise NotText("a list or object stands where one value is needed")
