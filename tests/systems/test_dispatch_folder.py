"""Commands that become documents: written once, dropped whole, and taken in like any other message of that system."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from lane_driver import FAST, order, play, settled, states

from ground_rules import PlainRules
from tieout.connectors import System
from tieout.core.attempt import Target
from tieout.core.circuit import Rules
from tieout.core.lane import Limits
from tieout.core.values import Role
from tieout.runtime.configuration import Driving
from tieout.runtime.dispatch import Dispatcher
from world import SYSTEMS, World

EDI = System("edi", "x12", Role.VENDOR, options={"identifiers": ["ZZ:US"], "partners": {"ACME": {}}})
KNOWN = Target(timedelta(seconds=1), timedelta(hours=1), timedelta(milliseconds=20), timedelta(milliseconds=200))


def dispatching(world: World, folder: Path) -> Dispatcher:
    return Dispatcher(
        lambda: world.database.session(writer=True), world.configuration, lambda name: {},
        limits={"edi": Limits(rate=FAST, circuit=Rules(faults_max=1000, percent=101))}, folders={"edi": folder},
    )  # fmt: skip


def test_each_command_is_one_document_in_the_folder_and_one_message_in_the_ledger(world_of: Callable[..., World], tmp_path: Path) -> None:
    world = world_of(systems={**SYSTEMS, "edi": EDI})
    world.configuration.driving = Driving(PlainRules(systems={Role.ERP: "edi"}), {"edi": KNOWN})
    placed = [{**order(n), "links": [[f"shop/order/{n}", f"erp/purchase_order/P{n}"]]} for n in range(1, 4)]
    world.apply(placed)
    folder = tmp_path / "out"
    running = dispatching(world, folder)
    play(world, running, lambda: bool(world.connection.execute("select 1 from lane where fault = 'folder'").fetchall()))
    assert states(world).keys() <= {"queued", "sending"}, "no folder yet: nothing has left us, and it is tried again"
    folder.mkdir()
    play(world, running, lambda: settled(world))
    assert running.close()
    assert set(states(world)) <= {"accepted", "confirmed"}
    written = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert [raw[6:].count(b"ST*850*") for raw in written.values()] == [1, 1, 1]
    assert sorted(name.rsplit("_", 1)[1] for name in written) == ["000000001.edi", "000000002.edi", "000000003.edi"]
    kept = {bytes(raw) for (raw,) in world.connection.execute("select m.raw from message m where m.contract = 'x12'").fetchall()}
    assert kept == set(written.values()), "what went out is kept as a message of that system"
