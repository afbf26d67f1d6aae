"""`/lifecycles`: what a status means, who owns it, what leads on and when a person is needed; drawn from the clearing accounts."""

from collections.abc import Mapping

from starlette.responses import RedirectResponse, Response

from tieout.console import sheet
from tieout.console.app import page
from tieout.console.graph.lifecycle import Lifecycle, Live, Status, Who, lifecycle
from tieout.console.visit import Refusal, Visit
from tieout.core.act import Act
from tieout.core.values import Role, Side
from tieout.people.person import Right
from tieout.policy.driving import Driving
from tieout.report.picture import flow_title
from tieout.runtime.configuration import Configuration, states_of
from tieout.store.database import fetch
from tieout.store.session import Session


def first(visit: Visit) -> Response:
    """The first flow that anything is connected to."""
    flows = flows_of(visit.desk.configuration)
    return RedirectResponse(f"/lifecycles/{flows[0] if flows else 'order_to_cash'}", 302)


def show(visit: Visit) -> Response:
    """One lifecycle: the drawing and the table, from one set of states."""
    flow, configuration = visit.argument("flow"), visit.desk.configuration
    if flow not in flows_of(configuration):
        raise Refusal(404, "There is no such lifecycle", f"There are: {', '.join(flows_of(configuration))}.")
    found = visit.timed("db", of, visit, flow)
    if ("csv", "1") in visit.query:
        visit.person.need(Right.EXPORT)
        return sheet.sheet(f"lifecycle-{flow}", HEADS, [_row(status) for status in found.statuses])
    return visit.show(
        "pages/lifecycle.html", title=found.title, found=found, flows=[(name, flow_title(name)) for name in flows_of(configuration)], flow=flow,
        docs={code: account.doc for code, account in configuration.accounts.items()}, debit=Side.DEBIT,
    )  # fmt: skip


def flows_of(configuration: Configuration) -> list[str]:
    """The flows there are, in their order."""
    return list(dict.fromkeys(account.flow for account in configuration.accounts.values()))


def of(visit: Visit, flow: str) -> Lifecycle:
    """The lifecycle of a flow with what stands there now: subjects from the ledger's sums, exceptions from the work."""
    configuration = visit.desk.configuration
    here = visit.desk.of_ledger("standing", visit.connection, _standing).value
    overdue = dict(fetch(visit.connection, "open_by_class"))
    live = {
        (code, side): Live(here.get((code, side), 0), overdue.get(f"{code}{'+' if side is Side.DEBIT else '-'}", 0))
        for code in configuration.accounts
        for side in Side
    }
    return lifecycle(flow, tuple(configuration.accounts.values()), who_of(configuration), live)


def _standing(session: Session) -> Mapping[tuple[str, Side], int]:
    return {(code, Side.DEBIT if is_debit else Side.CREDIT): count for code, is_debit, count in fetch(session, "standing_by_account")}


def who_of(configuration: Configuration) -> Who:
    """Which systems have which role, which may be told what, and who states which fact."""
    systems = configuration.systems.values()
    told: dict[Act, tuple[str, ...]] = {}
    rules = configuration.driving.rules if configuration.driving is not None else None
    for one in rules.systems if isinstance(rules, Driving) else ():
        for act in one.acts | one.stand_in:
            told[act] = (*told.get(act, ()), one.name)
    states: dict[str, tuple[str, ...]] = {}
    for system in systems:
        for kind in states_of(system):
            states[kind] = (*states.get(kind, ()), system.name)
    return Who({role.value: tuple(s.name for s in systems if s.role is role) for role in Role}, told, states)


HEADS = (
    "status", "class", "means", "owned by", "systems", "entered by", "next step", "stated by", "leads to", "deadline", "team", "command",
    "held back by", "a person is needed", "here", "overdue",
)  # fmt: skip


def _row(status: Status) -> tuple[str | int, ...]:
    step = status.steps[0] if status.steps else None
    return (
        status.name, status.clas, status.means, status.owner, " ".join(status.systems), " ".join(status.entered_by), step.fact if step else "",
        step.speaker if step else "", " ".join(step.leads_to) if step else "", status.deadline, status.team, status.command,
        " ".join(status.held_by), status.person, status.live.here, status.live.overdue,
    )  # fmt: skip


routes = [page("/lifecycles", first), page("/lifecycles/{flow}", show)]
