"""Chance that can be repeated: a stream of its own for every name, so that a new fault or partner never shifts what others draw."""

import hashlib
import random


def share(*names: object) -> float:
    """A number from 0 to 1 that depends on the names alone."""
    text = "/".join(map(str, names)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=7).digest(), "big") / 2**56


def stream(*names: object) -> random.Random:
    """A random stream that depends on the names alone; the first one is the seed."""
    text = "/".join(map(str, names)).encode()
    return random.Random(int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big"))  # noqa: S311 - no secret is made of it
