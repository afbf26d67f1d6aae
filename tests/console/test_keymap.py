"""The key map: one meaning for each key, for everybody's choice."""

import pytest

from tieout.console.keymap import KEYS, Choice, clashes, keys_of, shown


def test_every_key_means_one_thing() -> None:
    assert clashes(Choice()) == []
    assert len({key.name for key in KEYS}) == len(KEYS)


def test_no_sequence_starts_with_a_key_that_means_something_alone() -> None:
    written = {keys for key in KEYS for keys in key.keys}
    assert [keys for keys in written if " " in keys.strip() and keys.split(" ")[0] in written] == []


def test_single_letters_can_be_switched_off() -> None:
    left = {keys for key in keys_of(Choice(single=False)) for keys in key.keys}
    assert "Ctrl+K" in left
    assert left.isdisjoint(("a", "y", "g e", "/", "?", "x", ".", "[", "Shift+A"))


def test_a_changed_key_takes_the_place_of_the_old() -> None:
    changed = {key.name: key.keys for key in keys_of(Choice(changed={"assign": "w"}))}
    assert changed["assign"] == ("w",)


@pytest.mark.parametrize(("changed", "part"), [({"assign": "s"}, "Snooze"), ({"dance": "w"}, "'dance'")])
def test_a_choice_that_means_two_things_is_told(changed: dict[str, str], part: str) -> None:
    (told,) = clashes(Choice(changed=changed))
    assert part in told


def test_caps_are_what_is_printed_on_the_keys() -> None:
    assert shown("Ctrl+Shift+A") == ["Ctrl", "Shift", "A"]
    assert shown("g e") == ["g", "e"]
    assert shown(" ") == ["Space"]
