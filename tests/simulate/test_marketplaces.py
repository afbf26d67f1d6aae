"""The marketplaces' part of the drill: a clean world is silent, each of its faults is found to the cent, and nothing else is."""

from collections import Counter
from pathlib import Path

import pytest
from drilling import played, told
from test_world import audited, plain

from servers import Server
from tieout.simulate.faults import faults
from tieout.simulate.mix import Share, default_mix
from tieout.simulate.partners import settlement
from tieout.simulate.settling import Settlement
from tieout.simulate.truth import Outcome
from tieout.simulate.world import World

OURS = [kind for kind in faults() if faults()[kind].on == "settlement"]
OF_ORDERS = (
    "sale_not_settled", "tax_withheld_wrongly", "event_missing", "marketplace_refund_twice", "marketplace_goodwill",
    "marketplace_refund_not_credited", "credit_without_refund",
)  # fmt: skip


def only(*kinds: str, rate: float) -> list[Share]:
    """Some faults of the mix, each at one rate."""
    return [Share(share.kind, rate, share.parameters) for share in default_mix() if share.kind in kinds]


def test_the_report_foots_to_the_cent_with_tax_fees_reserve_and_refunds() -> None:
    seen: Counter[str] = Counter()
    for day in World("foots", 4, 200, []).unfold():
        for plan in day.plans:
            if isinstance(plan, Settlement):
                (file,) = settlement.write(plan.all("settlement"), day.end)
                head, total, *rows = [line.split("\t") for line in file.data.decode().splitlines()]
                amount, what = head.index("amount"), head.index("amount-description")
                assert sum(cents(row[amount]) for row in rows) == cents(total[head.index("total-amount")])
                seen.update(row[what] for row in rows)
    assert all(
        seen[name] for name in ("Principal", "Tax", "Commission", "RefundCommission", "Current Reserve Amount", "TransactionTotalAmount")
    )
    assert seen["Tax"] == seen["MarketplaceFacilitatorTax-Principal"]


def cents(text: str) -> int:
    return int(text.replace(".", ""))


def test_clean_marketplaces_end_at_nothing_by_the_auditor_over_many_seeds() -> None:
    for seed in range(12):
        events, balances = audited(World(f"market {seed}", 2, 60, []))
        assert (events, plain(balances)) == ([], {}), seed


@pytest.mark.parametrize("kind", [*OURS, *OF_ORDERS])
def test_a_fault_of_a_marketplace_says_of_itself_what_the_papers_show(kind: str) -> None:
    world = World("each", 3, 80, only(kind, rate=1.0))
    events, _ = audited(world)
    stands: dict[str, list[tuple[str, int, int] | None]] = {}
    for event in events:
        stand = event.stand
        stands.setdefault(event.case, []).append(None if stand is None else (stand.owner, stand.quantity, stand.cents or 0))
    assert world.truths
    for truth in world.truths:
        for expected in truth.expected:
            wanted = (expected.owner, sum(expected.quantity.values()), expected.cents or 0)
            assert wanted in stands.get(expected.case, []), truth
            assert truth.corrected is None or stands[expected.case][-1] is None, truth
        if truth.outcome is Outcome.HEALED:
            assert not [case for case in stands if truth.subject in case], truth


@pytest.mark.parametrize("seed", ["a", "b"])
def test_every_fault_of_marketplaces_is_found_and_nothing_else(server: Server, tmp_path: Path, seed: str) -> None:
    mix = only(*OF_ORDERS, rate=0.12) + only(*OURS, rate=0.16)
    grade = played(server, tmp_path, World(f"markets {seed}", 4, 120, mix))
    assert grade.is_clean, told(grade)
    assert sum(kind.found for kind in grade.kinds.values()) > 15
