"""Passwords: Argon2id, and which ones are good enough. A password is never written anywhere, not even in an error."""

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

from tieout.errors import OperatorError

LENGTH_MIN, LENGTH_MAX = 12, 128
STRENGTH_MIN = 3
"""Of zxcvbn's five grades, 0 to 4: what is found in lists of leaked passwords, or is made of them, gets less."""
_LOOKED_AT = 72
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""As OWASP's cheat sheet on password storage asks for: two passes over 19 MiB, some 20 ms. Five times the work would make guessing five times
as dear, and the sign-ins of a hundred people at nine as well; what is easy to guess is refused before."""
NICE = 5
"""How much later than the rest of the process the lane of passwords gets a processor: an office that signs in holds up no message."""
T = TypeVar("T")


def hashed(password: str) -> str:
    """As it is kept."""
    return _aside(lambda: _HASHER.hash(password))


def fits(password: str, kept: str) -> bool:
    """Whether it is the one that is kept. Takes as long when none is kept, so that nobody learns which logins there are."""
    asked = kept or _nobodys()
    try:
        return _aside(lambda: _HASHER.verify(asked, password[:LENGTH_MAX])) and bool(kept)
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Whether it was hashed with other work than today's."""
    return _HASHER.check_needs_rehash(kept)


def refuse_weak(password: str, *about: str) -> None:
    """Raises OperatorError unless it is long and not to be guessed; `about` are words of the person, which do not count."""
    if not LENGTH_MIN <= len(password) <= LENGTH_MAX:
        raise OperatorError(
            f"A password has {LENGTH_MIN} to {LENGTH_MAX} characters; this one has {len(password)}.",
            "Take a phrase of several words; any characters count.",
        )
    found = zxcvbn(
        password[:_LOOKED_AT], user_inputs=["tieout", *(word for text in about for word in (text, *text.replace("@", " ").split()) if word)]
    )
    if found["score"] < STRENGTH_MIN:
        advice = " ".join([found["feedback"]["warning"] or "", *found["feedback"]["suggestions"]]).strip()
        raise OperatorError("The password is too easy to guess.", advice or "Take a longer phrase of words that do not belong together.")


@cache
def _nobodys() -> str:
    return hashed("the password of nobody")


def _aside(work: Callable[[], T]) -> T:
    """Do it in the one lane of passwords: one at a time, and after whatever else wants the processor. The caller waits."""
    return _lane().submit(work).result()


@cache
def _lane() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "passwords", initializer=_step_back)


def _step_back() -> None:
    """Linux knows the priority of a thread; elsewhere the lane is just one lane."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), os.getpriority(os.PRIO_PROCESS, 0) + NICE)
