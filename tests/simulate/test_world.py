"""The simulated world by itself: the same seed is the same world, and the auditor agrees with what faults say of themselves."""

from collections.abc import Iterable
from importlib.resources import files

from drilling import thick

from tieout.simulate.auditor import Auditor, Event
from tieout.simulate.faults import faults
from tieout.simulate.mix import Share, default_mix
from tieout.simulate.paper import Paper
from tieout.simulate.partners import partners
from tieout.simulate.rules import customers_of, grace_of, quiet_of, under
from tieout.simulate.truth import Outcome
from tieout.simulate.world import World


def bytes_of(world: World) -> list[bytes]:
    """Everything that is sent, file by file."""
    sent = []
    for day in world.unfold():
        for system, partner in partners().items():
            papers = [paper for paper in day.papers if paper.system == system and "inside" not in paper.more]
            sent += [file.data for file in partner.write(papers, day.end)] if papers else []
    return sent


def audited(world: World) -> tuple[list[Event], dict[tuple[str, str, str, str], int]]:
    """What the auditor sees of a world."""
    settings = files("tieout.simulate").joinpath("project/tieout.toml").read_text()
    auditor, events = Auditor(under(settings), grace_of(settings), quiet_of(settings), customers_of(settings)), []
    auditor.hear([], world.start)
    for day in world.unfold():
        for plan in day.plans:
            auditor.begin(plan)
        events += auditor.hear(day.papers, day.end, day.silent)
    return events, auditor.close()


def plain(balances: dict[tuple[str, str, str, str], int]) -> dict[tuple[str, str, str, str], int]:
    """Without what plain sums cannot show: a receipt has no value, what a vendor supplies is never reserved, movements explain a count."""
    return {name: amount for name, amount in balances.items() if name[1] not in ("TAL", "STC") and (name[1], name[3]) != ("PMT", "$")}


def test_the_same_seed_is_the_same_world_to_the_byte() -> None:
    assert bytes_of(World("a", 2, 40, thick(5))) == bytes_of(World("a", 2, 40, thick(5)))
    assert bytes_of(World("a", 2, 40, [])) != bytes_of(World("b", 2, 40, []))


def without(papers: Iterable[Paper], orders: set[int]) -> list[tuple[object, ...]]:
    return [(p.system, p.kind, p.number, p.happened, p.delivered) for p in papers if p.of >= 0 and p.of not in orders]


def test_a_fault_that_is_added_leaves_all_other_orders_as_they_were() -> None:
    mix = [share for share in thick(8) if faults()[share.kind].on == "order" and "market" not in share.kind]
    few, all_ = World("a", 2, 80, mix[:-1]), World("a", 2, 80, mix)
    fewer, more = list(few.unfold()), list(all_.unfold())
    struck = {plan.order.index for day in more for plan in day.plans if plan.fault == mix[-1].kind}
    assert struck
    for before, after in zip(fewer, more, strict=True):
        assert without(before.papers, struck) == without(after.papers, struck)


def test_a_clean_world_ends_at_nothing_by_the_auditor() -> None:
    for seed in range(5):
        events, balances = audited(World(str(seed), 3, 60, []))
        assert events == []
        assert plain(balances) == {}


def test_what_faults_say_of_themselves_the_auditor_finds_in_the_papers() -> None:
    seen = set()
    for seed in range(4):
        world = World(f"truth {seed}", 3, 120, thick(8))
        events, _ = audited(world)
        stands: dict[str, list[Event]] = {}
        for event in events:
            stands.setdefault(event.case, []).append(event)
        for truth in world.truths:
            seen.add(truth.kind)
            for expected in truth.expected:
                shown = [event.stand for event in stands.get(expected.case, []) if event.stand is not None]
                assert any(
                    (stand.owner, stand.quantity, stand.cents or 0) == (expected.owner, sum(expected.quantity.values()), expected.cents or 0)
                    for stand in shown
                ), (truth, shown)
            if truth.outcome is Outcome.HEALED:
                assert not [case for case in stands if case.split(" ", 1)[1].split("#")[0] == truth.subject], truth
            if truth.corrected is not None:
                assert all(stands[expected.case][-1].stand is None for expected in truth.expected), truth
    assert seen >= {kind for kind, fault in faults().items() if fault.on == "order"}


def test_the_default_mix_has_every_fault_there_is() -> None:
    shares: list[Share] = default_mix()
    assert {share.kind for share in shares} == set(faults())
    assert all(0 < share.rate <= 0.05 for share in shares)
