"""`/process`: how things really go: steps, paths, variants and cases, as the console's map draws them."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import AwareDatetime

from tieout.api.v1.ask import At, Reading
from tieout.api.v1.models import Breach, ProcessCase, ProcessMap, ProcessPath, ProcessStep, ProcessVariant, amount
from tieout.api.v1.page import Cursor, Limit, Page, page_of, place_of
from tieout.api.v1.problems import missing, told
from tieout.process import mined as mining
from tieout.process.mined import Mined
from tieout.process.model import Model, model, rules
from tieout.process.question import Pair, Question
from tieout.store.database import fetch

router = APIRouter(tags=["process"])
STEP = r"[A-Za-z]{1,40}(\.changed|\.withdrawn)?"
VARIANTS_MAX, MAPS_MAX = 200, 64
Name = Annotated[str, Path(pattern="^[a-z0-9]{1,20}$", description="A model, such as `o2c`, `r2c`, `p2p`.", examples=["o2c"])]
Word = Annotated[str, Query(min_length=1, max_length=80, pattern=r"^[^\x00]+$")]
Step = Annotated[str, Query(pattern=f"^{STEP}$")]
Way = Annotated[str, Query(pattern=f"^{STEP}~{STEP}$", examples=["Shipped~Invoiced"])]
Id = Annotated[int, Query(ge=1, le=2**31 - 1)]
SEVERAL = 50


class Asked:
    """The filters of a map; each of `with`, `without` and `follows` holds, of the others any."""

    def __init__(
        self,
        since: Annotated[AwareDatetime | None, Query(description="Cases that began from here on.")] = None,
        until: Annotated[AwareDatetime | None, Query(description="Cases that began before this.")] = None,
        channel: Annotated[list[Word], Query(max_length=SEVERAL)] = [],  # noqa: B006 - FastAPI makes a new one for each request
        warehouse: Annotated[list[Word], Query(max_length=SEVERAL)] = [],  # noqa: B006
        has: Annotated[list[Step], Query(alias="with", max_length=SEVERAL, description="Cases with this step.")] = [],  # noqa: B006
        without: Annotated[list[Step], Query(max_length=SEVERAL)] = [],  # noqa: B006
        starts: Annotated[list[Step], Query(max_length=SEVERAL)] = [],  # noqa: B006
        ends: Annotated[list[Step], Query(max_length=SEVERAL)] = [],  # noqa: B006
        follows: Annotated[list[Way], Query(max_length=SEVERAL, description="Cases that go directly from one step to the other.")] = [],  # noqa: B006
        breaks: Annotated[
            list[Way], Query(max_length=SEVERAL, description="Cases in which the second comes before or without the first.")
        ] = [],  # noqa: B006
        variant: Annotated[list[Id], Query(max_length=SEVERAL)] = [],  # noqa: B006
    ) -> None:
        self._of = (since, until, tuple(channel), tuple(warehouse), tuple(has), tuple(without), tuple(starts), tuple(ends),
                    tuple(map(_pair, follows)), tuple(map(_pair, breaks)), tuple(variant))  # fmt: skip

    def question(self, one: Model) -> Question:
        """What is asked of a model."""
        return Question(one.name, *self._of)


Filters = Annotated[Asked, Depends()]


@router.get("/process/{model}", responses=told(404))
def process_map(ask: Reading, model: Name, filters: Filters) -> ProcessMap:
    """The map of a model: how many cases take which step and path, how long that takes, and where the order of the accounts was broken."""
    one = _model(model)
    with ask.reading() as at:
        found = _mined(at, one, filters.question(one))
        heard, behind = mining.standing(at.session)
    return ProcessMap(
        model=one.name, title=one.title, heard=heard, behind=behind, cases=found.cases,
        worth={currency: str(amount(worth)) for currency, worth in found.sums.items()}, without_worth=found.unpriced,
        median_seconds=_seconds(found.span.half), ninth_decile_seconds=_seconds(found.span.most),
        steps=[ProcessStep(name=step.name, cases=step.cases) for step in found.steps],
        paths=[
            ProcessPath(
                first=path.first, then=path.then, cases=path.cases, passages=path.passages, median_seconds=_seconds(path.span.half),
                ninth_decile_seconds=_seconds(path.span.most), few=path.is_few, slow=path.is_slow,
                deadline=str(path.rule.within) if path.rule else "", account=path.rule.code if path.rule else "",
            ) for path in found.paths
        ],
        variants=[ProcessVariant(id=variant.id, cases=variant.cases, steps=list(variant.steps)) for variant in found.variants[:VARIANTS_MAX]],
        breaches=[Breach(account=breach.rule.code, first=breach.rule.first, then=breach.rule.then, cases=breach.cases) for breach in found.breaches],
    )  # fmt: skip


@router.get("/process/{model}/cases", responses=told(404))
def process_cases(
    ask: Reading, model: Name, filters: Filters,
    at: Annotated[str | None, Query(pattern=f"^({STEP}~)?{STEP}$", description="Only cases with this step, or on this path `Shipped~Invoiced`.")] = None,
    limit: Limit = 100, cursor: Cursor = None,
) -> Page[ProcessCase]:  # fmt: skip
    """The cases that a number of the map counts, the newest first."""
    one = _model(model)
    after = place_of(cursor, tuple[datetime, str])
    with ask.reading() as here:
        pair = _pair(at) if at else None
        _, found = mining.cases(here.session, filters.question(one), here.person.scopes, pair, limit + 1, after=after)
    items, following = page_of(found, limit, lambda row: (row.began, row.root))
    return Page(
        items=[
            ProcessCase(
                subject=row.root, began=row.began, ended=row.ended, channel=row.channel, warehouse=row.warehouse, worth=amount(row.worth),
                currency=row.currency, steps=list(row.steps), open_exceptions=row.exceptions,
            ) for row in items
        ],
        next=following,
    )  # fmt: skip


def _model(name: str) -> Model:
    found = model(name)
    if found is None:
        raise missing("map of that name")
    return found


def _mined(at: At, one: Model, question: Question) -> Mined:
    """Counted once for each state of the event log."""
    known, scopes = at.project.maps, at.person.scopes
    key = (tuple(fetch(at.session, "process_mark")), question, scopes)
    found = known.get(key)
    if found is None:
        found = known[key] = mining.mined(at.session, question, scopes, rules(one, at.project.configuration(at.session).accounts))
        for old in list(known)[:-MAPS_MAX]:
            known.pop(old, None)
    return found


def _pair(text: str) -> Pair:
    first, _, then = text.rpartition("~")
    return first, then


def _seconds(time: timedelta | None) -> int | None:
    return None if time is None else int(time.total_seconds())
