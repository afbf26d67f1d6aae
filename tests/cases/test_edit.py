"""Edit and replay: a correction is a message of its own that takes the original's place, and the original stays as it came."""

import hashlib
from typing import Any

import pytest

from analysts import join, later, not_invoiced, shown, target
from tieout.cases import edit, resolve
from tieout.cases.follow import follow
from tieout.cases.item import Target
from tieout.cases.listing import Item
from tieout.cases.resolve import Said
from tieout.errors import Forbidden, OperatorError
from tieout.runtime.intake import replay as replay_all
from world import NOW, World, line, say, text

TYPO = Said("typo", "the date was mistyped")


def broken(number: str = "1") -> tuple[str, str]:
    """A message that cannot be read, and how it should have been."""
    good = text(say("OrderBooked", "erp", number, 0, [line(1, f"shop/order/{number}", "A", 2, "20.00")])).decode().strip()
    return good.replace('"happened": "2026-03-02T09:00:00Z"', '"happened": "yesterday"'), good


def quarantined(world: World, raw: str) -> Item:
    world.apply([raw.encode() + b"\n"])
    follow(world.connection, world.configuration, NOW)
    (item,) = shown(world, "kind=quarantine").values()
    return item


def replayed(world: World, person: Any, item: Item, raw: str, wanted: str) -> int:
    return edit.replay(
        world.connection, world.configuration, person, target(item), hashlib.sha256(raw.encode()).hexdigest(), wanted, NOW, TYPO
    )  # fmt: skip


def test_the_correction_is_a_child_and_the_ledger_closes_the_original(world: World) -> None:
    ana = join(world, "ana", "analyst", limit="100")
    raw, good = broken()
    item = quarantined(world, raw)
    seen = edit.draft(world.connection, world.configuration, ana, item.id, NOW)
    assert (seen.raw, seen.hash, seen.statements[0].reason != "") == (raw, hashlib.sha256(raw.encode()).hexdigest(), True)
    tried = edit.trial(world.connection, world.configuration, ana, item.id, good, NOW)
    assert (tried.refused, len(tried.statements)) == ("", 1)
    assert world.connection.execute("select count(*) from message").fetchone() == (1,)
    child = replayed(world, ana, item, raw, good)
    assert shown(world, "kind=quarantine") == {}
    assert world.quarantine() == []
    stored = world.connection.execute(
        "select raw, meta->>'tieout.parent', meta->>'tieout.edited_by' from message where id = %s", [child]
    ).fetchone()
    assert stored == (good.encode(), str(item.message), "ana")
    assert world.connection.execute("select raw from message where id = %s", [item.message]).fetchone() == (raw.encode(),)
    assert world.net()["shop/order/1 TBK A EA"] == -2
    with pytest.raises(OperatorError, match="about no message"):
        replayed(world, ana, item, raw, good)


def test_reading_everything_again_leaves_the_edit_in_its_place(world: World) -> None:
    ana = join(world, "ana", "analyst", limit="100")
    raw, good = broken()
    item = quarantined(world, raw)
    replayed(world, ana, item, raw, good)
    before = world.hash()
    replay_all(world.connection, world.configuration, everything=True)
    assert (world.hash(), world.quarantine()) == (before, [])


def test_what_cannot_be_read_still_is_not_kept(world: World) -> None:
    ana = join(world, "ana", "analyst", limit="100")
    raw, good = broken()
    item = quarantined(world, raw)
    with pytest.raises(OperatorError, match="It cannot be read"):
        replayed(world, ana, item, raw, raw.replace("yesterday", "tomorrow"))
    with pytest.raises(OperatorError, match="as it came"):
        replayed(world, ana, item, raw, raw)
    assert world.connection.execute("select count(*) from message").fetchone() == (1,)
    assert good


def test_a_number_that_changes_is_sensitive_and_has_a_limit(world: World) -> None:
    ana = join(world, "ana", "analyst", limit="5")
    raw, good = broken()
    item = quarantined(world, raw)
    with pytest.raises(Forbidden, match="over the limit of ana"):
        replayed(world, ana, item, raw, good)


def test_a_second_editor_is_told(world: World) -> None:
    ana = join(world, "ana", "analyst", limit="100")
    raw, good = broken()
    item = quarantined(world, raw)
    resolve.retry(world.connection, world.configuration, ana, [target(item)], NOW, Said("again"))
    with pytest.raises(OperatorError, match="you edited 1"):
        replayed(world, ana, item, raw, good)


def test_what_is_resolved_cannot_be_edited(world: World) -> None:
    ana = join(world, "ana", "analyst", limit="100")
    item = not_invoiced(world, "1")["1"]
    world.apply([say("Invoiced", "erp", "I1", 5, [line(1, "shop/order/1", "A", 1, "10.00")])])
    follow(world.connection, world.configuration, later(1))
    with pytest.raises(OperatorError, match="about no message"):
        edit.draft(world.connection, world.configuration, ana, item.id, later(1))


def test_what_a_balance_and_its_command_rest_on_is_edited_in_the_message_that_said_it(world: World) -> None:
    ana = join(world, "ana", "analyst", limit="100")
    world.apply([say("OrderPlaced", "shop", "1", 0, [line(1, "shop/order/1", "A", 2, "20.00")])])
    world.apply([say("OrderPlaced", "shop", "2", 0, [line(1, "shop/order/2", "A", 2, "20.00")])])
    world.apply([say("Shipped", "wms", "S1", 2, [line(1, "shop/order/1", "A", 3)])])
    world.apply([say("Shipped", "wms", "S2", 2, [line(1, "shop/order/2", "A", 2)])])
    world.complete(24 * 30)
    follow(world.connection, world.configuration, later(24 * 30))
    item = next(iter(shown(world, "root=shop/order/1").values()))
    found = edit.sources(world.connection, world.configuration, ana, item.id)
    assert {one.kind for one in found} == {"OrderPlaced", "Shipped"}
    shipment = next(one for one in found if one.kind == "Shipped")
    seen = edit.draft(world.connection, world.configuration, ana, item.id, later(1), shipment.message)
    text = seen.raw.replace('"quantity":3', '"quantity":2').replace('"quantity": 3', '"quantity": 2')
    columns, refused = edit.check(world.connection, world.configuration, ana, item.id, text, shipment.message)
    assert refused == "" and {field.value for field in columns[0].fields if field.path == "line 1 quantity"} == {"2"}
    with pytest.raises(OperatorError, match="does not rest on message"):
        edit.draft(world.connection, world.configuration, ana, item.id, later(1), shipment.message + 1000)
    wanted_target = Target(item.id, item.version)
    child = edit.replay(
        world.connection,
        world.configuration,
        ana,
        wanted_target,
        seen.hash,
        text,
        later(24 * 31),
        Said("typo", "2 were counted"),
        shipment.message,
    )
    assert world.connection.execute("select meta->>'tieout.parent' from message where id = %s", [child]).fetchone() == (str(shipment.message),)
    nets = world.net()
    assert nets and {key: net for key, net in nets.items() if key.startswith("shop/order/1 ")} == {
        key.replace("order/2 ", "order/1 "): net for key, net in nets.items() if key.startswith("shop/order/2 ")
    }, "as if it had been stated right"
