"""Passwords: Argon2id, and which ones are good enough. A password is never written anywhere, not even in an error."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

from tieout.errors import OperatorError

LENGTH_MIN, LENGTH_MAX = 12, 128
STRENGTH_MIN = 3
"""Of zxcvbn's five grades, 0 to 4: what is found in lists of leaked passwords, or is made of them, gets less."""
_LOOKED_AT = 72
_HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)


def hashed(password: str) -> str:
    """As it is kept."""
    return _HASHER.hash(password)


def fits(password: str, kept: str) -> bool:
    """Whether it is the one that is kept. Takes as long when none is kept, so that nobody learns which logins there are."""
    try:
        return _HASHER.verify(kept or _nobodys(), password[:LENGTH_MAX]) and bool(kept)
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Whether it was hashed with less work than today's."""
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
