"""The second factor of local accounts: codes of an authenticator app (RFC 6238), and recovery codes for the day it is lost."""

import hmac
import secrets
from base64 import b32encode
from collections.abc import Collection
from datetime import datetime
from hashlib import sha256

import msgspec
import pyotp

from tieout.errors import Forbidden, OperatorError
from tieout.people import audit, throttle
from tieout.people.accounts import Account
from tieout.people.person import Person, Right
from tieout.people.vault import Vault, is_sealed
from tieout.store.database import Connection, fetch, run

STEP_SECONDS = 30
AROUND = 1
"""How many intervals before and after the present one still count: clocks of telephones are not exact."""
RECOVERY_CODES = 10


class WrongCode(OperatorError):
    """The code is not right, was used before, or is of another time; which of them is not said."""


class Second(msgspec.Struct, frozen=True):
    """How the second factor of somebody stands: since when it counts, and how many recovery codes are left."""

    since: datetime | None = None
    recovery_left: int = 0


def second(connection: Connection, person: int) -> Second:
    """The second factor of a person."""
    found = fetch(connection, "second_of", person)
    ((left,),) = fetch(connection, "recovery_left", person)
    return Second(found[0][1] if found else None, left)


def is_needed(connection: Connection, person: Person, roles: Collection[str], *, single_sign_on: bool) -> str:
    """What a sign-in by password still lacks: `second` a code, `enrol` a factor that a role asks for; empty when nothing."""
    if single_sign_on:
        return ""
    if second(connection, person.id).since is not None:
        return "second"
    return "enrol" if any(role in roles for role in person.roles) else ""


def begin(connection: Connection, vault: Vault, person: Person, now: datetime) -> str:
    """A new secret for the app of somebody, in base 32, kept sealed. It counts once a code of it was given to `confirm`."""
    if second(connection, person.id).since is not None:
        raise OperatorError("There is a second factor already.", "Remove it first, with a code of it.")
    secret = pyotp.random_base32()
    run(connection, "begin_second", person.id, vault.seal(secret, _about(person.id)), now)
    return secret


def pending(connection: Connection, vault: Vault, person: int) -> str:
    """The secret that waits for its first code; empty when there is none."""
    found = fetch(connection, "second_of", person)
    return vault.open(found[0][0], _about(person)) if found and found[0][1] is None else ""


def address(secret: str, login: str, company: str) -> str:
    """What an app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=company)


def confirm(connection: Connection, vault: Vault, person: Person, code: str, now: datetime) -> list[str]:
    """Let the factor count from now on; the recovery codes, which are shown now and never again. Raises WrongCode."""
    with connection.transaction():
        run(connection, "lock_person", person.id)
        secret = pending(connection, vault, person.id)
        step = _step(secret, code, now) if secret else 0
        if not step:
            raise _wrong()
        run(connection, "confirm_second", now, step, person.id)
        made = _new_codes(connection, person.id)
        audit.write(connection, person, "second factor set", person.login, {}, now)
    return made


def check(connection: Connection, vault: Vault, account: Account, typed: str, now: datetime) -> None:
    """Take a code of the app or a recovery code, once. Raises WrongCode or TooFast."""
    person = account.person
    throttle.admit(connection, f"second {person.login}", "", now)
    with connection.transaction():
        run(connection, "lock_person", person.id)
        how = _taken(connection, vault, person.id, "".join(typed.split()), now)
        if how:
            audit.write(connection, person, "second factor given", person.login, {"how": how}, now)
    if not how:
        audit.write(connection, None, "second factor refused", person.login, {}, now, who=person.login)
        raise _wrong()
    throttle.forget(connection, f"second {person.login}")


def renew(connection: Connection, vault: Vault, account: Account, typed: str, now: datetime) -> list[str]:
    """Ten new recovery codes in place of the old ones, for whoever gives a code. Raises WrongCode."""
    check(connection, vault, account, typed, now)
    with connection.transaction():
        made = _new_codes(connection, account.person.id)
        audit.write(connection, account.person, "recovery codes renewed", account.person.login, {}, now)
    return made


def remove(connection: Connection, vault: Vault, account: Account, typed: str, roles: Collection[str], now: datetime) -> None:
    """Do without, for whoever gives a code and has no role that asks for one. Raises WrongCode, Forbidden."""
    if any(role in roles for role in account.person.roles):
        raise Forbidden("A role of yours asks for a second factor.", "It can be set anew by an admin, not left out.")
    check(connection, vault, account, typed, now)
    with connection.transaction():
        run(connection, "drop_second", account.person.id)
        run(connection, "drop_recovery", account.person.id)
        audit.write(connection, account.person, "second factor removed", account.person.login, {}, now)


def reset(connection: Connection, who: Account, now: datetime, *, by: Person | None) -> None:
    """Take the factor of somebody who has lost it, and every sign-in with it. Raises Forbidden, also for the own."""
    if by is not None:
        by.need(Right.ADMINISTER)
        if by.id == who.person.id:
            raise Forbidden("Nobody resets the own second factor.", "Ask another admin.")
    with connection.transaction():
        run(connection, "drop_second", who.person.id)
        run(connection, "drop_recovery", who.person.id)
        run(connection, "end_logins", now, who.person.id, b"")
        audit.write(connection, by, "second factor reset", who.person.login, {}, now)


def _taken(connection: Connection, vault: Vault, person: int, typed: str, now: datetime) -> str:
    found = fetch(connection, "second_of", person)
    if not found or found[0][1] is None:
        return ""
    kept, _, last = found[0]
    secret = vault.open(kept, _about(person))
    step = _step(secret, typed, now)
    if step > last:
        if not is_sealed(kept):
            run(connection, "seal_second", vault.seal(secret, _about(person)), person)
        run(connection, "use_second", step, person)
        return "app"
    return "recovery code" if run(connection, "use_recovery", now, person, _hash(typed)) == 1 else ""


def _step(secret: str, typed: str, now: datetime) -> int:
    """The interval whose code this is, 0 for none. Every one is compared, each in constant time."""
    code, made = "".join(typed.split()), pyotp.TOTP(secret, interval=STEP_SECONDS)
    present, found = int(now.timestamp()) // STEP_SECONDS, 0
    for step in range(present - AROUND, present + AROUND + 1):
        if hmac.compare_digest(made.generate_otp(step).encode(), code.encode()):
            found = step
    return found


def _about(person: int) -> str:
    return f"second factor of {person}"


def _new_codes(connection: Connection, person: int) -> list[str]:
    texts = [b32encode(secrets.token_bytes(15)).decode().lower() for _ in range(RECOVERY_CODES)]
    made = ["-".join(text[n : n + 6] for n in range(0, 24, 6)) for text in texts]
    run(connection, "drop_recovery", person)
    run(connection, "give_recovery", person, [_hash(code) for code in made])
    return made


def _hash(code: str) -> bytes:
    return sha256(code.strip().lower().encode()).digest()  # 120 random bits: nothing to guess, so no slow hash


def _wrong() -> WrongCode:
    return WrongCode("The code is not right.", "Wait for the next code of the app and type that, or a recovery code that was not used yet.")
