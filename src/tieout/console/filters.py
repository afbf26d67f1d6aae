"""The chips of a list: each filter that is on, in words, with the list one gets without it."""

from datetime import datetime

import msgspec

from tieout.console import urls
from tieout.console.queries_exceptions import GRAMMAR, Reading
from tieout.console.urls import MOMENT, Grammar, State

_UNITS = {"m": "min", "h": "h", "d": "days"}


class Chip(msgspec.Struct, frozen=True):
    """One filter value; `without` is the URL of the list without it, `wrong` when it is ignored."""

    name: str
    value: str
    without: str
    wrong: bool = False
    many: int | None = None


def chips(grammar: Grammar, state: State) -> list[Chip]:
    """All chips of a state, those that are ignored last."""
    made = []
    for term in state.terms:
        field = grammar.field(term.name)
        title = field.title if field is not None else term.name
        for value in term.values:
            said = f"not {words(grammar, term.name, value)}" if term.is_not else words(grammar, term.name, value)
            made.append(Chip(title, said, urls.url(grammar, urls.without(state, term, value))))
    for pair in state.ignored:
        rest = msgspec.structs.replace(state, ignored=tuple(other for other in state.ignored if other != pair))
        made.append(Chip(pair[0], pair[1], urls.url(grammar, rest), wrong=True))
    return made


def words(grammar: Grammar, name: str, value: str) -> str:
    """A value as a person would say it."""
    field = grammar.field(name)
    if field is None or ".." not in value:
        return {"none": "nobody"}.get(value, value) if name == "owner" else value
    low, _, high = value.partition("..")
    said = _moment if field.kind == MOMENT else str
    if not low:
        return f"until {said(high)}" if field.kind == MOMENT else f"up to {high}"
    if not high:
        return f"from {said(low)}"
    return f"{said(low)} to {said(high)}"


def _moment(text: str) -> str:
    if text == "now" or "-" in text[1:]:
        return text
    number, unit = text.lstrip("-")[:-1], _UNITS[text[-1]]
    return f"{number} {unit} ago" if text.startswith("-") else f"in {number} {unit}"


def at(state: State, offset: int) -> State:
    """The same list from another row on."""
    return msgspec.structs.replace(state, offset=max(offset, 0))


class Nothing(msgspec.Struct, frozen=True):
    """Why a list is empty: how many there are without any filter, what each chip leaves out, and what is due next if it is about what is due."""

    total: int
    chips: list[Chip]
    is_about_due: bool
    next_due: datetime | None


def nothing(reading: Reading) -> Nothing:
    """For an empty list: each chip with the number one gets by removing it."""
    made, due = [], [term for term in reading.state.terms if term.name == "due"]
    for term in reading.state.terms:
        for value in term.values:
            rest = urls.without(reading.state, term, value)
            said = words(GRAMMAR, term.name, value)
            field = GRAMMAR.field(term.name)
            made.append(
                Chip(
                    field.title if field else term.name,
                    f"not {said}" if term.is_not else said,
                    urls.url(GRAMMAR, rest),
                    many=reading.beside(rest).figures().total,
                )
            )
    next_due = reading.beside(urls.without(reading.state, due[0])).figures().next_due if due else None
    return Nothing(reading.beside(urls.cleared(reading.state)).figures().total, made, bool(due), next_due)


def sentence(state: State, now: datetime) -> str:
    """A filter in words, for print and files."""
    said = [f"{chip.name} {chip.value}" for chip in chips(GRAMMAR, state) if not chip.wrong]
    return ", ".join(said) or "all that are open"
