"""Rules 23 to 26 against a hostile target, over thousands of seeded histories; and each naive rule, shown to break.

What is promised, and checked while it happens: no document is made twice for one intent; what we have made together never
exceeds what was owed; one open command per subject; decided twice, there is nothing new; what was refused is not asked again
for the same sums; what is sent is owed at that moment. And in the end, when everything works again: nothing is left owed,
nothing is under way, there are as many documents as intents, and only a clerk can have invoiced too much.

A failure names seed and manner: `History(seed, MANNERS[manner]).run()` plays it again.
"""

import pytest
from history import Broken, History, Naive
from target import Manner

from servers import MORE

MANNERS = {
    "echoes our key": Manner(echoes=True),
    "echoes our key, takes parts": Manner(echoes=True, parts=0.3),
    "names its document": Manner(names=True),
    "names its document, takes parts": Manner(names=True, parts=0.3),
    "names its document, knows our key again": Manner(names=True, knows_again=True),
    "names nothing": Manner(),
    "names nothing, takes parts": Manner(parts=0.3),
    "names nothing, knows our key again, takes parts": Manner(knows_again=True, parts=0.2),
    "a warehouse, echoes our key": Manner(echoes=True, is_gradual=True),
    "a warehouse, names its release, takes parts": Manner(names=True, is_gradual=True, parts=0.3),
    "a warehouse, names nothing": Manner(is_gradual=True),
}
HISTORIES = 200 * MORE
"""Per manner."""


@pytest.mark.parametrize("manner", MANNERS)
def test_rules_23_to_26_every_history_comes_to_rest_with_as_many_documents_as_intents(manner: str) -> None:
    for seed in range(HISTORIES):
        try:
            History(seed, MANNERS[manner]).run()
        except Broken as broken:
            pytest.fail(f"History({seed}, MANNERS[{manner!r}]): {broken}")


def test_without_a_clerk_and_corrections_everything_is_invoiced_exactly_once() -> None:
    for seed in range(100 * MORE):
        history = History(seed, MANNERS["names its document, takes parts"], has_clerk=False, has_corrections=False).run()
        invoiced = {item: sum(d.lines.get(item, 0) for d in history.target.documents) for item in history.shipped}
        assert invoiced == history.shipped, seed


@pytest.mark.parametrize(
    ("rule", "naive", "manner", "promise"),
    [
        (23, Naive.ANSWER_AS_PROOF, "echoes our key", {"never more"}),
        (23, Naive.QUANTITY_AS_KEY, "names its document, knows our key again", {"as many documents as intents", "quiet"}),
        (23, Naive.QUANTITY_AS_KEY, "echoes our key", {"quiet"}),
        (23, Naive.FINAL_IGNORED, "echoes our key, takes parts", {"quiet"}),
        (25, Naive.REFUSAL_FORGOTTEN, "names its document", {"refused"}),
        (25, Naive.NO_SECOND_LOOK, "names its document", {"look again"}),
        (26, Naive.TIMEOUT_AS_FAILURE, "names its document", {"once", "never more", "as many documents as intents"}),
        (26, Naive.PROBE_TOO_EARLY, "names its document", {"once", "never more", "as many documents as intents"}),
        (26, Naive.DEAD_KEY, "names its document", {"once", "never more", "as many documents as intents"}),
        (26, Naive.LATER_ANSWER_ENDS_DOUBT, "names its document, knows our key again", {"never more", "as many documents as intents"}),
    ],
)
def test_the_naive_rule_breaks(rule: int, naive: Naive, manner: str, promise: set[str]) -> None:
    """What each of rules 23, 25 and 26 is for: without it, histories that are fine otherwise break, and only in this way."""
    broken = set()
    for seed in range(60):
        try:
            History(seed, MANNERS[manner], naive).run()
        except Broken as fault:
            broken.add(str(fault).partition(":")[0])
    assert broken, f"rule {rule} seems needless: {naive.value}"
    assert broken <= promise
