"""How long to wait before a command is tried again: exponential, with full jitter, and never sooner than the target asked.

Full jitter draws from the whole interval: what failed together does not come back together. The chance is given in, so the
same attempt with the same number waits the same time.
"""

BASE = 1.0
CAP = 300.0
DOUBLINGS_MAX = 60


def backoff(attempt: int, chance: float, *, base: float = BASE, cap: float = CAP, asked: float | None = None) -> float:
    """Seconds to wait before attempt `attempt` + 1: `chance` (0 to 1) of `base` doubled per attempt, at most `cap`.

    `attempt` counts from 1. `asked` is what the target wanted (`Failed.retry_after`): then the drawn time comes on top,
    because all who were turned away were told the same. Raises ValueError for numbers outside their range.
    """
    if attempt < 1 or not 0 <= chance <= 1 or base <= 0 or cap < base:
        raise ValueError(f"no backoff for attempt {attempt}, chance {chance}, base {base}, cap {cap}")
    drawn = chance * min(cap, base * 2.0 ** min(attempt - 1, DOUBLINGS_MAX))
    return drawn + max(asked or 0.0, 0.0)
