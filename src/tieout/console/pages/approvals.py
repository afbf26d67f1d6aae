"""`/approvals`: what waits for a second person, with what exactly will happen; nobody decides the own request, and nothing approves itself."""

from urllib.parse import urlencode

from starlette.responses import Response

from tieout.cases import held as helds
from tieout.cases import request as requests
from tieout.console import cards, urls
from tieout.console.app import act, page
from tieout.console.cards import Card
from tieout.console.visit import Refusal, Visit
from tieout.errors import Forbidden, OperatorError
from tieout.people.person import Right

TABS = {"": "Waiting for me", "mine": "I requested", "all": "All that wait", "done": "Done"}


def listed(visit: Visit) -> Response:
    """What waits for me, what I asked for, all that wait, what is done; of one policy and within an amount, if that is asked for."""
    query = dict(visit.query)
    tab = query.get("show", "") if query.get("show", "") in TABS else ""
    found = cards.over(visit) if tab == "done" else [card for card in cards.waiting(visit) if _is_in(visit, card, tab)]
    policies = sorted({card.policy for card in found})
    policy, amount = query.get("policy", ""), query.get("amount", "").strip()
    shown = [card for card in found if (not policy or card.policy == policy) and _fits(card, amount)]
    elsewhere = 0 if tab or shown else sum(card.proposer == visit.person.login for card in cards.waiting(visit))
    return visit.show(
        "pages/approvals.html", title="Approvals", cards=shown, tab=tab, tabs=TABS, sums=cards.sums(shown), policies=policies, policy=policy,
        amount=amount, total=len(found), oldest=min((card.asked for card in shown), default=None), elsewhere=elsewhere,
        lost=[card for card in shown if card.lost], urlencode=urlencode,
        together=together_of(shown) if not tab and visit.desk.configuration.work.table.approve_together else [],
    )  # fmt: skip


def together_of(found: list[Card]) -> list[tuple[str, int]]:
    """The policies of which several decisions wait, with how many."""
    made: dict[str, int] = {}
    for card in found:
        if not card.is_command and not card.why_not:
            made[card.policy] = made.get(card.policy, 0) + 1
    return [(policy, many) for policy, many in sorted(made.items()) if many > 1]


def one(visit: Visit) -> Response:
    """One request as a page of its own."""
    return visit.show("pages/approval.html", title=f"Request {visit.argument('id')}", card=_card(visit), tab="", as_of=None)


def ask(visit: Visit) -> Response:
    """The confirmation, what will happen once more, with Cancel under the fingers; or the question to whoever asked."""
    shown, decision = _card(visit), visit.argument("decision")
    if decision == "question":
        return visit.show(
            "pages/question.html", title=f"Ask about {shown.ref}", card=shown, block="dialog" if visit.fragment == "dialog" else "",
        )  # fmt: skip
    if decision == "approve" and shown.why_not:
        raise Forbidden(f"You cannot approve this: {shown.why_not}.", "Somebody else has to decide.")
    return visit.show(
        "pages/decide.html", title=f"{'Approve' if decision == 'approve' else 'Reject'} {shown.ref}", card=shown, agrees=decision == "approve",
        block="dialog" if visit.fragment == "dialog" else "",
    )  # fmt: skip


def decide(visit: Visit) -> Response:
    """The decision, which binds to the hash of what was shown; or the question, after which it goes on waiting."""
    key, decision = visit.argument("id"), visit.argument("decision")
    if decision == "question":
        return _ask_about(visit, key)
    if decision not in ("approve", "reject"):
        raise Refusal(404, "There is no such decision", "A request is approved or rejected.")
    connection, configuration, note = visit.connection, visit.desk.configuration, visit.field("note")[:500]
    with visit.desk.one_writer:
        if key.startswith("EX-"):
            told = helds.answer(
                connection,
                configuration,
                visit.person,
                _number(key[3:]),
                visit.field("hash"),
                visit.now,
                agrees=decision == "approve",
                note=note,
            )
        else:
            told = requests.answer(
                connection, configuration, visit.person, _number(key), visit.field("hash"), visit.now, agrees=decision == "approve", note=note
            )
    return visit.done(f"{told}.", "/approvals", next_="/approvals")


def _ask_about(visit: Visit, key: str) -> Response:
    visit.person.need(Right.COMMENT)
    if not visit.field("text").strip():
        raise OperatorError("A question has words.", "Write what you want to know.")
    whom = requests.ask_about(visit.connection, visit.person, _number(key), visit.field("text"), visit.now)
    return visit.done(f"{whom} is asked; the request goes on waiting.", "/approvals", next_="/approvals")


def _is_in(visit: Visit, card: Card, tab: str) -> bool:
    if tab == "mine":
        return card.proposer == visit.person.login
    return tab == "all" or not card.why_not


def _fits(card: Card, amount: str) -> bool:
    """Whether what a card is about lies in a range of amounts, `100..500`; what is no range leaves all."""
    written = urls.canonical(urls.Field("amount", "amount", urls.NUMBER), amount)
    if not written:
        return True
    low, high = urls.numbers(written)
    return card.amount is not None and (low is None or card.amount >= low) and (high is None or card.amount <= high)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def _card(visit: Visit) -> Card:
    found = cards.one(visit, visit.argument("id"))
    if found is None:
        raise Refusal(404, f"There is no request {visit.argument('id')[:20]}", "It is decided, or outside of what you may see.")
    return found


routes = [
    page("/approvals", listed), page("/approvals/{id}", one), page("/approvals/{id}/{decision}", ask),
    act("/approvals/{id}/{decision}", decide, needs=Right.READ),
]  # fmt: skip
