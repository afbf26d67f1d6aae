"""The fault that the how-to adds strikes, and says of itself what the auditor finds."""

import re
from dataclasses import replace
from pathlib import Path

from tieout.simulate.faults import Fault, Parameters, fault
from tieout.simulate.mix import parse
from tieout.simulate.story import Plan, orders, plan, price_of
from tieout.simulate.truth import Expected, Outcome, Truth
from tieout.simulate.world import FIRST_DAY

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "add-a-fault.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.M | re.S)


def test_the_fault_of_the_how_to_strikes() -> None:
    known = {each.__name__: each for each in (Plan, Parameters, fault, price_of, Expected, Outcome, Truth) if hasattr(each, "__name__")}
    known["Parameters"] = Parameters
    exec(blocks("python")[0], known)
    added = known["over_shipment"]
    assert isinstance(added, Fault)
    (order,) = orders("how-to", FIRST_DAY, 0, 1)
    struck = plan("how-to", order)
    before = sum(line.quantity or 0 for line in struck.one("shipment").lines)
    truth = added.strike(struck, added.parameters)
    assert truth is not None
    (expected,) = truth.expected
    assert sum(line.quantity or 0 for line in struck.one("shipment").lines) == before - expected.quantity["EA"]


def test_the_mix_of_the_how_to_is_read() -> None:
    (share,) = parse(blocks("toml")[0].replace("pieces_max = 5\n", ""), "how-to")
    assert replace(share, parameters={}).rate == 0.004
