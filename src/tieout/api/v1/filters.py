"""The filters of cases as OpenAPI describes them: each a query parameter that may be repeated for OR."""

from typing import Any

from tieout.cases.filter import NAMES, RANGES, VALUES_MAX

_DAY = r"[1-9][0-9]{3}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)"
_TIME = r"(T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])?)?"
_MOMENT = rf"(now|[+-]?[0-9]{{1,4}}[mhdw]|{_DAY}{_TIME})"
_NUMBER = r"[0-9]{1,12}(\.[0-9]{1,6})?"


def _range(of: str) -> str:
    return rf"^({of}|{of}\.\.({of})?|\.\.{of})$"


_WORD = {"type": "string", "pattern": "^[^\\u0000]+$", "maxLength": 200}
_WHOLE = {"type": "string", "pattern": "^[0-9]{1,18}$"}
_NAMED = {"type": "string", "pattern": "^[0-9]{1,18}$"}
_FLAG = {"type": "string", "enum": ["yes", "no"]}
SPECIAL: dict[str, dict[str, Any]] = {
    **{name: {"type": "string", "pattern": _range(_MOMENT)} for name in RANGES},
    "value": {"type": "string", "pattern": _range(_NUMBER)},
    "priority": _WHOLE,
    "message": _WHOLE,
    "cause": _NAMED,
    "operation": _NAMED,
    "q": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9 _#-]*$", "maxLength": 200},
    "overdue": _FLAG,
    "acknowledged": _FLAG,
    "resolved": _FLAG,
}
WORDS = {
    **dict.fromkeys(RANGES, "A time or a range of times, `a..b`, open on either side; also relative: `..4h`, `-7d..`."),
    "value": "A range of what it is worth, `500..`.",
    "q": "Words, searched by their beginnings.",
    "owner": "A login; `me` for yourself, `none` for nobody.",
    "watching": "A login; `me` for yourself.",
}


def _parameter(name: str) -> dict[str, Any]:
    items = SPECIAL.get(name, _WORD)
    schema = {"type": "array", "items": items, "minItems": 1, "maxItems": 1 if "enum" in items else VALUES_MAX}
    return {
        "name": name, "in": "query", "required": False, "style": "form", "explode": True, "schema": schema,
        "description": WORDS.get(name, "Any of the values."),
    }  # fmt: skip


FILTERS: list[dict[str, Any]] = [_parameter(name) for name in NAMES]
"""`not.` in front of a name excludes what it means."""
EXTRA: dict[str, Any] = {"parameters": FILTERS}
