"""A document instead of the API: what the warehouse's own system does not take while it is down is written as a 940 for another, once."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from lane_driver import FAST, dispatcher, play, states
from test_fallbacks import nobody

from policy_world import command, govern, table
from tieout.connectors import System
from tieout.core.circuit import Rules
from tieout.core.lane import Limits
from tieout.core.values import Role
from tieout.policy.project import DrivenTable
from world import SYSTEMS, World, line, say

FALLBACKS = """
version = "1"
[[fallback]]
act = "release_shipment"
system = "wms"
circuit_open = ">= 0 min"
use_system = "threepl"
"""
THREEPL = System(
    "threepl", "x12", Role.WMS,
    options={"identifiers": ["ZZ:NORTHWIND"], "partners": {"3PLEAST": {"qualifier": "ZZ", "first_control_number": 800}}},
)  # fmt: skip
DRIVEN = {
    "wms": DrivenTable(Role.WMS, drive=("release_shipment",)),
    "threepl": DrivenTable(Role.WMS, stand_in=("release_shipment",)),
}
ADDRESS = {"ship_to": "Corner Cafe", "ship_to_street": "1 Main St", "ship_to_city": "Austin", "ship_to_state": "TX", "ship_to_zip": "78701"}


def test_the_release_goes_as_a_document_once_its_api_is_down(world_of: Callable[..., World], tmp_path: Path) -> None:
    wms = System("wms", "wms_json", Role.WMS, options={"url": nobody()})
    world = world_of(systems={**SYSTEMS, "wms": wms, "threepl": THREEPL})
    govern(world, table('result = "pass"'), fallbacks=FALLBACKS, systems=DRIVEN)
    for n in range(5):
        shop, erp = f"shop/order/{n}", f"erp/sales_order/S{n}"
        world.apply([
            say("OrderPlaced", "shop", n, 0, [line(1, shop, "KETTLE", 6, 60)], customer="C1", warehouse="W1", data=ADDRESS),
            say("OrderBooked", "erp", f"S{n}", 1, [line(1, erp, "KETTLE", 6, 60)], links=[[erp, shop]]),
        ])  # fmt: skip
    touchy = Limits(concurrency=2, rate=FAST, circuit=Rules(faults_max=2, wait=timedelta(seconds=1)))
    running = dispatcher(world, limits_by={"wms": touchy, "threepl": Limits(rate=FAST)}, folders={"threepl": tmp_path})
    play(world, running, lambda: states(world) == {"cancelled": 5, "accepted": 5}, seconds=60)
    assert running.close()
    files = sorted(tmp_path.iterdir())
    assert len(files) == 5
    assert all(b"ST*940" in file.read_bytes() and b"CORNER CAFE" in file.read_bytes().upper() for file in files)
    assert command(world, "TSH+ shop/order/3 2").data == ADDRESS
