"""The process map's URL: which cases it is of, how much of it is drawn, what is looked at closely and what is set against it. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from tieout.console import filters, urls
from tieout.console.filters import Chip
from tieout.console.urls import MOMENT, Field, Grammar, State, Term
from tieout.process.model import END, START, words
from tieout.process.question import Pair, Question

STEP = r"[A-Za-z]{1,40}(\.changed|\.withdrawn)?"
PATH = f"{STEP}~{STEP}"
FILTERS = (
    Field("began", "began", MOMENT), Field("channel", "channel", pattern=r".{1,80}"), Field("warehouse", "warehouse", pattern=r".{1,80}"),
    Field("with", "with", pattern=STEP), Field("without", "without", pattern=STEP), Field("starts", "starts with", pattern=STEP),
    Field("ends", "ends with", pattern=STEP), Field("follows", "directly", pattern=PATH), Field("breaks", "wrong way round", pattern=PATH),
    Field("variant", "variant", pattern=r"[1-9]\d{0,8}"),
)  # fmt: skip
VIEW = (
    Field("a", "A", pattern=r"[1-9]\d{0,8}"), Field("b", "B", pattern=r"[1-9]\d{0,8}"), Field("against", "against", choices=("previous",)),
    Field("at", "at", pattern=f"({STEP}~)?{STEP}"), Field("show", "show", choices=("cases", "median", "most")),
    Field("steps", "steps", pattern=r"[1-9]\d{0,2}"), Field("paths", "paths", pattern=r"[1-9]\d{0,3}"),
    Field("csv", "CSV", choices=("paths", "steps", "variants")),
)  # fmt: skip
SORTS = ("-cases", "cases", "path", "-median", "median", "-most", "most", "-spent")


def grammar(model: str, part: str = "") -> Grammar:
    """The language of a model's map, or of the list of its cases."""
    return Grammar(f"/process/{model}{part}", FILTERS + VIEW, SORTS)


def one(state: State, name: str) -> str:
    """The value of what there can be one of."""
    found = state.term(name)
    return found.values[-1] if found is not None else ""


def several(state: State, name: str) -> tuple[str, ...]:
    """All values of a filter."""
    found = state.term(name)
    return found.values if found is not None else ()


def put(grammar: Grammar, state: State, **values: str) -> State:
    """The same with one value, or none, for some names."""
    terms = [term for term in state.terms if term.name not in values]
    order = [field.name for field in grammar.fields]
    terms += [Term(name, (value,)) for name, value in values.items() if value]
    return msgspec.structs.replace(state, terms=tuple(sorted(terms, key=lambda term: order.index(term.name))))


def pair(text: str) -> Pair:
    """What `at`, `follows` or `breaks` names: a path, or a step behind an empty first."""
    first, _, then = text.rpartition("~")
    return first, then


def question(model: str, state: State, now: datetime, zone: str) -> Question:
    """What a state asks for."""
    began = one(state, "began")
    since, until = urls.moments(began, now, zone) if began else (None, None)
    return Question(
        model, since, until, several(state, "channel"), several(state, "warehouse"), several(state, "with"), several(state, "without"),
        several(state, "starts"), several(state, "ends"), tuple(map(pair, several(state, "follows"))), tuple(map(pair, several(state, "breaks"))),
        tuple(map(int, several(state, "variant"))),
    )  # fmt: skip


def compared(asked: Question, state: State, now: datetime) -> tuple[Question, Question | None]:
    """The two questions that are set against each other: variant A and B, or the period and the one before it; the second may be none."""
    a, b = one(state, "a"), one(state, "b")
    if a and b:
        return msgspec.structs.replace(asked, variants=(int(a),)), msgspec.structs.replace(asked, variants=(int(b),))
    if one(state, "against") and asked.since is not None:
        span: timedelta = (asked.until or now) - asked.since
        return asked, msgspec.structs.replace(asked, since=asked.since - span, until=asked.since)
    return asked, None


def chips(language: Grammar, state: State) -> list[Chip]:
    """The filters that are on, in words, and what is ignored."""
    made = []
    for term in state.terms:
        field = language.field(term.name)
        if field not in FILTERS or field is None:
            continue
        for value in term.values:
            said = f"not {_said(language, term.name, value)}" if term.is_not else _said(language, term.name, value)
            made.append(Chip(field.title, said, urls.url(language, urls.without(state, term, value))))
    for ignored in state.ignored:
        rest = msgspec.structs.replace(state, ignored=tuple(other for other in state.ignored if other != ignored))
        made.append(Chip(ignored[0], ignored[1], urls.url(language, rest), wrong=True))
    return made


def fewer(language: Grammar, state: State) -> list[tuple[Chip, State]]:
    """Each filter that is on, with what is asked without it."""
    made = []
    for term in state.terms:
        if (field := language.field(term.name)) in FILTERS and field is not None:
            rest = urls.without(state, term)
            said = ", ".join(_said(language, term.name, value) for value in term.values)
            made.append((Chip(field.title, f"not {said}" if term.is_not else said, urls.url(language, rest)), rest))
    return made


def _said(language: Grammar, name: str, value: str) -> str:
    if name in ("with", "without", "starts", "ends"):
        return words(value)
    if name in ("follows", "breaks"):
        first, then = pair(value)
        return f"{words(first)} → {words(then)}" if name == "follows" else f"{words(then)} before {words(first)}"
    return filters.words(language, name, value)


def offers(language: Grammar, state: State, at: Pair) -> list[tuple[str, str]]:
    """The filters that a step or path offers, in words, each with the map it leads to."""
    first, then = at
    plain = put(language, state, at="")
    if first:
        found = [("Only cases that go this path", "follows", f"{first}~{then}")] if first != START and then != END else []
        found += [("Only cases that start so", "starts", then)] if first == START else []
        found += [("Only cases that end so", "ends", first)] if then == END else []
    else:
        found = [("With", "with", then), ("Without", "without", then), ("Starts with it", "starts", then), ("Ends with it", "ends", then)]
    return [(said, urls.url(language, urls.adding(language, plain, name, value))) for said, name, value in found]


def period(began: str, presets: Sequence[str]) -> str:
    """Which of the offered periods is chosen; `own` for another one."""
    return began if began in presets else "own" if began else ""
