"""Mixes of faults as users write them: what is wrong with one is said by its file, the fault and the next step."""

import pytest

from tieout.errors import SettingsError
from tieout.simulate.mix import default_mix, parse

LOST = "[faults.lost]\nrate = 0.1\n"


def test_a_mix_without_faults_is_one() -> None:
    assert parse("", "mix.toml") == parse("[faults]\n", "mix.toml") == []
    assert len(default_mix()) > 90


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[faults.lots]\nrate = 0.1\n", "Did you mean 'lost'?"),
        ("[faults.lost]\nrate = 1.5\n", "`rate` is 1.5"),
        ("[faults.lost]\nrate = -0.1\n", "from 0 to 1"),
        ("[faults.lost]\nrate = nan\n", "`rate` is nan"),
        ("[faults.lost]\nrate = true\n", "`rate` is True"),
        ('[faults.lost]\npapers = ["invoice"]\n', "has no `rate`"),
        ("[faults]\nlost = 3\n", "faults.lost is 3"),
        ("faults = 3\n", "`faults` is no table"),
        ("[fault.lost]\nrate = 0.1\n", "fault is no table of a mix"),
        (LOST + 'papers = ["invoic"]\n', "Choose from booking,"),
        (LOST + "papers = []\n", "Choose from booking,"),
        (LOST + "papers = 3\n", "Choose from booking,"),
        (LOST + "hours = 3\n", "hours is no parameter of it"),
        ("[faults.price_differs]\nrate = 0.1\npercent_max = -5\n", "not below zero"),
        ('[faults.price_differs]\nrate = 0.1\npercent_max = "5"\n', "Write it like 20"),
        ("[faults.lost\n", "is no TOML"),
    ],
)
def test_what_is_wrong_with_a_mix_is_said(text: str, said: str) -> None:
    with pytest.raises(SettingsError) as told:
        parse(text, "mix.toml")
    assert said in str(told.value)
    assert "mix.toml" in str(told.value)
