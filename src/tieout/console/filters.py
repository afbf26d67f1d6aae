"""The chips of a list: each filter that is on, in words, with the list one gets without it."""

from datetime import datetime

import msgspec

from tieout.console import urls
from tieout.console.queries_exceptions import GRAMMAR, Figures, Reading
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


def without(reading: Reading, figures: Figures) -> list[Chip]:
    """For an empty list: each filter with the number one gets by removing it."""
    made = []
    for term in reading.state.terms:
        rest = urls.without(reading.state, term)
        field = GRAMMAR.field(term.name)
        value = ", ".join(words(GRAMMAR, term.name, one) for one in term.values)
        made.append(
            Chip(
                field.title if field else term.name,
                f"not {value}" if term.is_not else value,
                urls.url(GRAMMAR, rest),
                many=reading.beside(rest).figures().total,
            )
        )
    return made


def sentence(state: State, now: datetime) -> str:
    """A filter in words, for print and files."""
    said = [f"{chip.name} {chip.value}" for chip in chips(GRAMMAR, state) if not chip.wrong]
    return ", ".join(said) or "all that are open"
