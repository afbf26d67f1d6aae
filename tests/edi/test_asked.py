"""What partners ask for, as the settings say it; a document that is none is refused with the key that names it."""

from datetime import date

import pytest

from tieout.connectors import System
from tieout.connectors.asked import asked_by, asked_of, is_described, ships_for_us
from tieout.core.values import Role
from tieout.errors import SettingsError
from tieout.policy import CompanyPolicy
from tieout.runtime.configuration import Configuration


def edi(**partners: object) -> System:
    return System("edi", "x12", Role.PARTNER, options={"partners": partners})


def test_a_partner_asks_by_the_names_of_its_trade() -> None:
    system = edi(BigBox={"takes": ["855", "DESADV"]}, Silent={})
    assert asked_by(system, "bigbox", date(2026, 3, 2)) == ("acknowledgment", "ship_notice")
    assert asked_by(system, "SILENT", date(2026, 3, 2)) == asked_by(system, "nobody", date(2026, 3, 2)) == ()
    assert asked_of(system) == {"acknowledgment", "ship_notice"}
    assert is_described(system, "silent") and not is_described(system, "nobody")


def test_nothing_is_asked_before_the_day() -> None:
    system = edi(BIGBOX={"takes": ["810"], "takes_from": date(2026, 3, 2)})
    assert [asked_by(system, "BIGBOX", date(2026, 3, day)) for day in (1, 2)] == [(), ("invoice",)]


def test_a_vendor_ships_for_us_only_if_that_is_said() -> None:
    assert [ships_for_us(edi(ACME=said), "acme") for said in ({}, {"drop_ships": False}, {"drop_ships": True})] == [False, False, True]


@pytest.mark.parametrize(
    ("takes", "what", "next_step"),
    [
        (["856", "865"], "`systems.edi.options.partners.BIGBOX.takes` names '865'.", "85"),
        (["invoice"], "`systems.edi.options.partners.BIGBOX.takes` names 'invoice'.", ""),
        ("856", "`systems.edi.options.partners.BIGBOX.takes` is '856', not a list of documents.", '["855", "856", "810"]'),
        ([856], "`systems.edi.options.partners.BIGBOX.takes` is [856], not a list of documents.", '["855", "856", "810"]'),
        (856, "`systems.edi.options.partners.BIGBOX.takes` is 856, not a list of documents.", '["855", "856", "810"]'),
    ],
)
def test_what_is_no_document_is_refused_when_the_project_is_opened(takes: object, what: str, next_step: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Configuration([edi(BIGBOX={"takes": takes})], CompanyPolicy({}))
    assert what in str(refused.value) and next_step in str(refused.value)
