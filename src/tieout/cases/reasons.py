"""Reason codes: why people resolve an exception as they do. A table; every resolution names one of its action."""

from tieout.errors import OperatorError

REASONS: dict[str, dict[str, str]] = {
    "accept": {
        "rounding": "a rounding difference", "immaterial": "not worth the work", "agreed": "agreed with the partner", "goodwill": "given as goodwill",
        "freight": "freight or fee differs as usual", "damaged": "damaged or lost, and accepted", "duplicate": "stated twice in the source",
        "other": "another reason, in words",
    },
    "ignore": {
        "known": "known, and being worked on elsewhere", "test": "a test document", "waiting": "waits for the partner", "expected": "will clear by itself",
        "other": "another reason, in words",
    },
    "link": {
        "renumbered": "the system gave it another number", "typo": "the number was mistyped", "merged": "two documents were merged",
        "other": "another reason, in words",
    },
    "match": {
        "remittance": "the remittance says so", "phone": "the customer said so", "amount": "the amount fits nothing else",
        "other": "another reason, in words",
    },
    "edit": {
        "typo": "mistyped in the source", "unit": "the unit of measure was wrong", "code": "a code was wrong or missing", "partner": "the partner confirmed it",
        "format": "the format was broken", "other": "another reason, in words",
    },
    "retry": {"fixed": "the cause is fixed", "again": "worth another try", "mapping": "the mapping was corrected", "other": "another reason, in words"},
    "correct": {"owed": "it is owed", "other": "another reason, in words"},
    "ask": {"missing": "something is missing", "unclear": "something is unclear", "confirm": "it needs a confirmation", "other": "another reason, in words"},
    "take back": {"mistake": "a mistake", "changed": "the matter has changed", "other": "another reason, in words"},
}  # fmt: skip
"""Action -> code -> what it means."""


def check(action: str, code: str, why: str) -> None:
    """Raises OperatorError unless the code is one of the action's; `other` needs words."""
    known = REASONS[action]
    if code not in known:
        raise OperatorError(f"{code!r} is no reason to {action}.", f"Reasons are: {', '.join(known)}.")
    if code == "other" and not why.strip():
        raise OperatorError("Another reason needs words.", "Write why.")
    if len(why) > 1000:
        raise OperatorError("A reason has at most 1000 characters.", "Write the rest as a comment.")
