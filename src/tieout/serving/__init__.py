"""A project at work: which roles there are. What they need stands in `serving.work`, which only who serves has to load."""

from tieout.errors import OperatorError

RECEIVE, APPLY, TICK, WORK, POLL, DISPATCH, PEOPLE, CONSOLE = "receive", "apply", "tick", "work", "poll", "dispatch", "people", "console"
ROLES = (RECEIVE, APPLY, TICK, WORK, POLL, DISPATCH, PEOPLE, CONSOLE)


def roles_of(text: str) -> tuple[str, ...]:
    """The roles that a list with commas names. Raises OperatorError."""
    named = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    strange = [name for name in named if name not in ROLES]
    if strange or not named:
        raise OperatorError(f"There is no role {', '.join(strange) or 'named'}.", f"The roles are {', '.join(ROLES)}.")
    if APPLY in named and RECEIVE not in named:
        raise OperatorError(f"{APPLY} writes what {RECEIVE} takes in, in the same process.", f"Write --roles {RECEIVE} to have both.")
    return (*named, APPLY) if RECEIVE in named and APPLY not in named else named
