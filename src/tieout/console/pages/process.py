"""`/process/{model}`: how things really go, mined from what was stated: steps, paths, variants, times, and where the order was broken."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec
from starlette.responses import RedirectResponse, Response

from tieout.console import asking, sheet, urls
from tieout.console.app import page
from tieout.console.figures import Figure
from tieout.console.filters import Chip
from tieout.console.graph import process as graph
from tieout.console.pages.transactions import address
from tieout.console.svg.bars import Bar, bars
from tieout.console.urls import Grammar, State
from tieout.console.visit import Refusal, Visit
from tieout.people.person import Right
from tieout.process import mined as mining
from tieout.process.mined import BOUNDS, FEW, Close, Mined, Path
from tieout.process.model import MODELS, Model, Rule, differs, model, rules, words
from tieout.process.question import Pair, Question
from tieout.report.markup import Markup
from tieout.store.session import Session

PERIODS = {"-7d..": "Last 7 days", "-30d..": "Last 30 days", "-90d..": "Last 90 days"}
SHOWS = {"": "Cases + median", "cases": "Cases", "median": "Median", "most": "9 of 10 within"}
VARIANTS_SHOWN, LONGEST_SHOWN, ROWS = 8, 6, 100
SPREAD = 300.0
"""As wide as the panel."""
Sorter = Callable[[Path], Any]


def first(visit: Visit) -> Response:
    """Order to cash."""
    return RedirectResponse(f"/process/{MODELS[0].name}", 302)


def show(visit: Visit) -> Response:
    """The map of a model, or one of its tables as CSV."""
    one = _model(visit)
    language = asking.grammar(one.name)
    state = urls.read(language, visit.query)
    if wanted := _canonical(visit, language, state):
        return RedirectResponse(wanted, 302)
    asked, other = asking.compared(_question(visit, one, state), state, visit.desk.ledger(visit.connection).now)
    began = asking.one(state, "began")
    figure = _mined(visit, one, asked, began)
    found: Mined = figure.value
    if kind := asking.one(state, "csv"):
        visit.person.need(Right.EXPORT)
        return _csv(f"{one.name}-{figure.at:%Y-%m-%dT%H%M}Z", found, kind, state.sort)
    beside: Mined | None = _mined(visit, one, other, f"{began} {asking.one(state, 'against')}").value if other is not None else None
    at = asking.pair(asking.one(state, "at")) if asking.one(state, "at") else None
    chosen = _chosen(state, [found, *([beside] if beside else [])])
    faces = graph.Faces(found, beside, asking.one(state, "show") or "both")
    picture = _picture(visit, one, language, state, chosen, faces, at)
    closely = _close(visit, one, asked, began, at) if at and found.cases else None
    close: Close | None = closely.value if closely is not None else None
    dimensions = visit.desk.of_log(f"process dimensions {one.name}", visit.connection, _dimensions(one.name)).value
    scopes = visit.person.scopes
    return visit.show(
        "pages/process.html", title=one.title, one=one, models=MODELS, found=found, other=beside, figure=figure, picture=picture, chosen=chosen,
        faces=faces, at=at, close=close, closely=closely, behind=mining.standing(visit.connection)[1],
        fewer=() if found.cases else _fewer(visit, one, state),
        all_steps=len({s.name for s in (*found.steps, *(beside.steps if beside else ()))}),
        all_paths=len({p.pair for p in (*found.paths, *(beside.paths if beside else ()))}),
        language=language, state=state, chips=asking.chips(language, state), periods=PERIODS, shows=SHOWS,
        period=asking.period(began, list(PERIODS)), given=lambda name: asking.one(state, name), words=words, differs=differs, few=FEW,
        channels=[c for c in dimensions[0] if scopes.sees(channel=c)], warehouses=[w for w in dimensions[1] if scopes.sees(warehouse=w)],
        here=lambda **more: urls.url(language, asking.put(language, state, **more)), spoken=graph.spoken, sentence=graph.sentence,
        cases_at=lambda pair: _cases_link(one, state, pair), offers=asking.offers(language, state, at) if at else (),
        histogram=_histogram(close, at) if close and at else "", variants_shown=VARIANTS_SHOWN, longest=_longest(found, at=LONGEST_SHOWN),
        rows=_sorted(found.paths, state.sort), sorts=_sorts(language, state), kept=_kept(state), steps_default=graph.STEPS, paths_default=graph.PATHS,
        address=address, breach=lambda rule: _breach(language, state, rule),
    )  # fmt: skip


def cases(visit: Visit) -> Response:
    """The cases of a map, or of one of its steps or paths: as many as the map says."""
    one = _model(visit)
    language = asking.grammar(one.name, "/cases")
    state = urls.read(language, visit.query)
    if wanted := urls.redirect(language, visit.query):
        return RedirectResponse(wanted, 302)
    asked = _question(visit, one, state)
    at = asking.pair(asking.one(state, "at")) if asking.one(state, "at") else None
    if asking.one(state, "csv"):
        visit.person.need(Right.EXPORT)
        many, rows = mining.cases(visit.connection, asked, visit.person.scopes, at, CSV_MAX, 0)
        lines = [
            (r.root, r.began, r.ended, r.channel, r.warehouse, r.worth, r.currency, " > ".join(map(words, r.steps)), r.exceptions) for r in rows
        ]
        return sheet.sheet(f"cases-{one.name}-{visit.now:%Y-%m-%dT%H%M}Z", CASE_HEADS, lines)
    many, rows = visit.timed("db", mining.cases, visit.connection, asked, visit.person.scopes, at, ROWS, state.offset)
    _, behind = mining.standing(visit.connection)
    map_of = asking.grammar(one.name)
    return visit.show(
        "pages/process_cases.html", title=f"{one.title}: cases", one=one, many=many, rows=rows, at=at, state=state, words=words, behind=behind,
        chips=asking.chips(language, state), back=urls.url(map_of, msgspec.structs.replace(state, offset=0)), spoken=graph.spoken,
        csv=urls.url(language, asking.put(language, state, csv="paths")), size=ROWS,
        address=address, go=lambda offset: urls.url(language, msgspec.structs.replace(state, offset=max(offset, 0))),
    )  # fmt: skip


CSV_MAX = 100_000
CASE_HEADS = ("case", "began", "last step", "channel", "warehouse", "worth", "currency", "steps", "open exceptions")


# What is asked -----------------------------------------------------------------------------------------------------------


def _model(visit: Visit) -> Model:
    found = model(visit.argument("model"))
    if found is None:
        raise Refusal(404, "There is no such map", f"There are: {', '.join(one.name for one in MODELS)}.")
    return found


def _canonical(visit: Visit, language: Grammar, state: State) -> str:
    """Where the query is canonical: dates of the form become a range, what is the default is dropped."""
    given = dict(visit.query)
    rest = [(name, value) for name, value in visit.query if name not in ("from", "to")]
    if "from" in given or "to" in given:
        rest = [pair for pair in rest if pair[0] != "began"] + [("began", f"{given.get('from', '')}..{given.get('to', '')}")] * any(
            (given.get("from"), given.get("to"))
        )
        state = urls.read(language, rest)
    for name, usual in (("steps", graph.STEPS), ("paths", graph.PATHS)):
        if asking.one(state, name) == str(usual):
            state = asking.put(language, state, **{name: ""})
    wanted = urls.write(language, state)
    return "" if list(wanted) == visit.query else urls.link(language.path, wanted)


def _question(visit: Visit, one: Model, state: State) -> Question:
    return asking.question(one.name, state, visit.desk.ledger(visit.connection).now, visit.zone)


def _rules(visit: Visit, one: Model) -> tuple[Rule, ...]:
    return rules(one, visit.desk.configuration.accounts)


def _mined(visit: Visit, one: Model, asked: Question, period: str) -> Figure:
    """The figures of a question; those of before are shown with their time while newer ones are worked out. A period is known by its words."""
    scopes, found = visit.person.scopes, _rules(visit, one)
    name = f"process {_named(visit, asked, period)}"
    figure: Figure = visit.timed("db", visit.desk.of_log, name, visit.connection, lambda session: mining.mined(session, asked, scopes, found))
    return figure


def _dimensions(name: str) -> Callable[[Session], tuple[list[str], list[str]]]:
    return lambda session: mining.dimensions(session, name)


def _close(visit: Visit, one: Model, asked: Question, period: str, at: Pair) -> Figure:
    scopes = visit.person.scopes
    name = f"process at {at} {_named(visit, asked, period)}"
    figure: Figure = visit.timed("db", visit.desk.of_log, name, visit.connection, lambda session: mining.close(session, asked, scopes, at))
    return figure


def _fewer(visit: Visit, one: Model, state: State) -> list[Chip]:
    """For an empty map: each filter with how many cases one gets without it."""
    scopes, session = visit.person.scopes, visit.connection
    found = asking.fewer(asking.grammar(one.name), state)
    return [msgspec.structs.replace(chip, many=mining.many(session, _question(visit, one, rest), scopes)) for chip, rest in found]


def _named(visit: Visit, asked: Question, period: str) -> str:
    """What a figure is remembered by: the question with its period in words, and what the person may see."""
    timeless = msgspec.structs.replace(asked, since=None, until=None)
    return f"{period} {visit.zone} {timeless} {sorted(visit.person.scopes.arguments().items())}"


# What is shown -----------------------------------------------------------------------------------------------------------


def _chosen(state: State, found: Sequence[Mined]) -> graph.Shown:
    return graph.shown(found, int(asking.one(state, "steps") or graph.STEPS), int(asking.one(state, "paths") or graph.PATHS))


def _picture(
    visit: Visit, one: Model, language: Grammar, state: State, chosen: graph.Shown, faces: graph.Faces, at: Pair | None
) -> graph.Picture | None:  # fmt: skip
    if not chosen.steps:
        return None
    told = f"{faces.one.cases:,} cases. {' '.join(f'{words(name)}.' for name in chosen.spine)}"

    def address(pair: Pair) -> str:
        wanted = "~".join(pair) if pair[0] else pair[1]
        return urls.url(language, asking.put(language, state, at=wanted))

    made: graph.Picture = visit.timed("graph", graph.draw, f"{one.title}, as a map", told, chosen, faces, address, at)
    return made


def _cases_link(one: Model, state: State, pair: Pair | None) -> str:
    language = asking.grammar(one.name, "/cases")
    names = [field.name for field in asking.FILTERS]
    plain = State(tuple(term for term in state.terms if term.name in names), sort=language.sorts[0])
    if (a := asking.one(state, "a")) and asking.one(state, "b"):
        plain = asking.put(language, plain, variant=a)
    at = "" if pair is None else "~".join(pair) if pair[0] else pair[1]
    return urls.url(language, asking.put(language, plain, at=at))


def _breach(language: Grammar, state: State, rule: Rule) -> str:
    return urls.url(language, urls.adding(language, asking.put(language, state, at=""), "breaks", f"{rule.first}~{rule.then}"))


def _kept(state: State) -> list[tuple[str, str]]:
    """What the form of the filters leaves as it is."""
    mine = ("began", "channel", "warehouse", "show", "steps", "paths")
    pairs = [(term.key, value) for term in state.terms if term.key not in mine for value in term.values]
    return pairs + ([("sort", state.sort)] if state.sort != asking.SORTS[0] else [])


def _histogram(close: Close, at: Pair) -> Markup:
    names = [
        "under 10 m",
        *(f"{graph.spoken(low)} – {graph.spoken(high)}" for low, high in pairwise(BOUNDS)),
        f"over {graph.spoken(BOUNDS[-1])}",
    ]
    rows = [Bar(name, Decimal(many)) for name, many in zip(names, close.bars, strict=True)]
    least = next((n for n, bar in enumerate(close.bars) if bar), 0)
    most = max((n for n, bar in enumerate(close.bars) if bar), default=0)
    return bars("spread", "How long it took", "passages", rows[max(least - 1, 0) : most + 2], width=SPREAD).svg


def _longest(found: Mined, at: int) -> list[Path]:
    """Where the time goes: the paths on which cases spent most time in all."""
    return sorted((path for path in found.paths if path.spent), key=lambda path: -path.spent)[:at]


# The table ---------------------------------------------------------------------------------------------------------------

KEYS: dict[str, Sorter] = {
    "cases": lambda path: path.cases, "path": lambda path: (words(path.first), words(path.then)), "median": lambda path: path.span.half or timedelta(-1),
    "most": lambda path: path.span.most or timedelta(-1), "spent": lambda path: path.spent,
}  # fmt: skip


def _sorted(paths: Sequence[Path], sort: str) -> list[Path]:
    return sorted(paths, key=KEYS[sort.lstrip("-")], reverse=sort.startswith("-"))


def _sorts(language: Grammar, state: State) -> dict[str, tuple[str, str]]:
    """For each column that sorts: the map with the table sorted by it (the other way round if it is already), and how it is sorted now."""
    made = {}
    for name in ("path", "cases", "median", "most"):
        usual = name if name == "path" else f"-{name}"
        turned = f"-{usual}" if not usual.startswith("-") else usual[1:]
        wanted = turned if state.sort == usual and turned in language.sorts else usual
        now = "" if state.sort.lstrip("-") != name else "descending" if state.sort.startswith("-") else "ascending"
        made[name] = (urls.url(language, urls.changed(state, sort=wanted)), now)
    return made


def _csv(name: str, found: Mined, kind: str, sort: str) -> Response:
    rows: list[tuple[sheet.Value, ...]]
    if kind == "steps":
        return sheet.sheet(f"steps-{name}", ("step", "name", "cases"), [(s.name, words(s.name), s.cases) for s in found.steps])
    if kind == "variants":
        rows = [(v.id, v.cases, " > ".join(map(words, v.steps))) for v in found.variants]
        return sheet.sheet(f"variants-{name}", ("variant", "cases", "steps"), rows)
    heads = ("from", "to", "cases", "passages", "median seconds", "9 of 10 within seconds", "deadline", "account", "slow", "few")
    rows = [
        (p.first, p.then, p.cases, p.passages, _seconds(p.span.half), _seconds(p.span.most), str(p.rule.within) if p.rule else "",
         p.rule.code if p.rule else "", "slow" if p.is_slow else "", "few" if p.is_few else "")
        for p in _sorted(found.paths, sort)
    ]  # fmt: skip
    return sheet.sheet(f"paths-{name}", heads, rows)


def _seconds(time: timedelta | None) -> int | None:
    return None if time is None else int(time.total_seconds())


routes = [page("/process", first), page("/process/{model}", show), page("/process/{model}/cases", cases)]
