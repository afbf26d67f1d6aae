"""What happened to an exception, in words: each event of its history as the end of a sentence that begins with who it was."""

from collections.abc import Callable, Mapping
from typing import Any

Detail = Mapping[str, Any]
_PLAIN = {
    "opened": "opened it", "reopened": "opened it again", "resolved": "closed it: its cause is gone", "moved": "moved it to another transaction",
    "acknowledged": "acknowledged it", "woken": "ended the snooze", "undone": "took back the change before", "regressed": "saw it come back after its fix",
    "approval asked": "asked for approval", "approval approved": "approved it", "approval denied": "rejected the request",
    "accepted": "accepted the difference",
    "approval withdrawn": "withdrew the request", "approval void": "found the request changed: it is void", "approval returned": "let the request lapse",
    "approval question": "asked about the request", "decertified": "no longer stands behind the approval", "linked": "linked it",
    "taken back": "took the decision back",
    "edited": "edited the message and replayed it",
}  # fmt: skip


def said(event: str, detail: Detail) -> str:
    """An event in words."""
    if event in _SAID:
        return _SAID[event](detail)
    return _PLAIN.get(event, event)


def text(event: str, detail: Detail) -> str:
    """What somebody wrote with it: the comment, the reason; empty when nothing."""
    return str(detail.get("text") or detail.get("why") or detail.get("note") or "")


def _changed(detail: Detail) -> str:
    was, worth, currency = detail.get("was"), detail.get("worth"), detail.get("currency", "")
    if was is not None and worth is not None and was != worth:
        return f"said {worth} {currency} instead of {was}".rstrip()
    return "said something new about it"


def _assigned(detail: Detail) -> str:
    after = detail.get("after") or detail
    whom = after.get("person") or after.get("to") or after.get("team")
    return f"gave it to {whom}" if whom else "gave it to nobody"


def _tagged(detail: Detail) -> str:
    return f"tagged it {', '.join((detail.get('after') or {}).get('tags', []))}".rstrip()


_SAID: dict[str, Callable[[Detail], str]] = {
    "changed": _changed,
    "assigned": _assigned,
    "tagged": _tagged,
    "commented": lambda _: "wrote",
    "attached": lambda detail: f"attached {detail.get('name', 'a file')}",
    "file removed": lambda detail: f"removed the file {detail.get('name', '')}".rstrip(),
    "snoozed": lambda _: "snoozed it",
    "prioritised": lambda detail: f"gave it priority {(detail.get('after') or {}).get('priority', '')}".rstrip(),
    "escalated": lambda detail: f"escalated it to {detail.get('to', 'the next step')}",
}
