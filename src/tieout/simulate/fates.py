"""What may happen to a request on its way to a simulated system, and to the answer on its way back. Plain data."""

from dataclasses import dataclass

from tieout.simulate.truth import Truth

DOWN, GATEWAY, LIMITED, SLOW, UNANSWERED, LATE, REFUSED, INSIDE, SILENT, REJECTS = (
    "down",
    "gateway",
    "limited",
    "slow",
    "unanswered",
    "late",
    "refused",
    "inside",
    "silent",
    "rejects",
)
"""Hung up on before anything is done; done, and a gateway says that it took too long; too many requests; answered slowly; done, and
hung up on; done only after the sender has given up; refused with a reason; not done, which stands inside an answer of success;
for a document its group is never acknowledged, or it is rejected."""
ALWAYS = 1_000_000
LOCKED = "LOCKED"
"""The code of an error that goes away by itself."""


@dataclass(slots=True)
class Fate:
    """One thing that happens to the next `times` requests that tell a system to do `what` (anything if empty).

    `code` and `reason` are the system's words where it says some; `seconds` how long a limited sender is to wait, or how much later
    a late request is done, by the world's time.
    """

    how: str
    what: str = ""
    times: int = 1
    code: str = ""
    reason: str = ""
    seconds: int = 60
    truth: Truth | None = None
    """What should come of it, where that names what Tieout has yet to number."""

    @property
    def refuses(self) -> bool:
        """Whether what it strikes is never done."""
        return self.how in (REFUSED, INSIDE) and self.code != LOCKED

    def strikes(self, what: str) -> bool:
        """Whether it strikes this request; it is used up by that."""
        if self.times < 1 or self.what not in ("", what):
            return False
        self.times -= 1
        return True
