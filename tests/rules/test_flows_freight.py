"""Freight: what a carrier asks for a shipment against what it was rated at."""

from decimal import Decimal

from world import World, line

BOL = "*/freight/BOL1"


def rated(world: World, value: str, at: float = 0) -> None:
    world.say("FreightRated", "erp", "BOL1", at, [line(1, BOL, value=Decimal(value), charge="freight")])


def invoiced(world: World, number: str, value: str, at: float, **more: object) -> None:
    lines = [line(1, BOL, value=Decimal(value) - 10, charge="freight"), line(2, BOL, value=10, charge="fuel")]
    world.say("FreightInvoiced", "carrier", number, at, lines, **more)


def freight_cases(world: World, hours: float) -> dict[str, object]:
    return {name: case for name, case in world.complete(hours).items() if name.startswith("FTM")}


def test_an_invoice_at_the_rate_leaves_nothing_whatever_comes_first(world: World) -> None:
    invoiced(world, "F1", "120", 0)
    assert world.of("FTM") == {f"{BOL}  $USD": -120}
    rated(world, "120", 5)
    assert world.of("FTM") == {}
    assert freight_cases(world, 24 * 60) == {}


def test_what_is_charged_above_the_rate_is_a_case_to_the_cent(world: World) -> None:
    rated(world, "120")
    invoiced(world, "F1", "124.17", 24)
    assert freight_cases(world, 24 * 2) == {}
    assert freight_cases(world, 24 * 6) == {f"FTM- {BOL}": ({}, {"USD": "-4.17"})}


def test_freight_invoiced_twice_is_open_in_full(world: World) -> None:
    rated(world, "120")
    invoiced(world, "F1", "120", 24)
    invoiced(world, "F2", "120", 30)
    assert freight_cases(world, 24 * 6) == {f"FTM- {BOL}": ({}, {"USD": "-120"})}


def test_a_corrected_invoice_replaces_the_one_of_its_number(world: World) -> None:
    rated(world, "120")
    invoiced(world, "F1", "140", 24, revision=1)
    invoiced(world, "F1", "120", 48, revision=2)
    assert world.of("FTM") == {}
    assert freight_cases(world, 24 * 60) == {}


def test_freight_that_nobody_invoices_is_a_case_after_its_time(world: World) -> None:
    rated(world, "120")
    assert freight_cases(world, 24 * 29) == {}
    assert freight_cases(world, 24 * 31) == {f"FTM+ {BOL}": ({}, {"USD": "120"})}


def test_currencies_of_freight_never_net(world: World) -> None:
    rated(world, "120")
    invoiced(world, "F1", "120", 24, currency="CAD")
    assert world.of("FTM") == {f"{BOL}  $CAD": -120, f"{BOL}  $USD": 120}
