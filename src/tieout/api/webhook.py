"""Signatures of webhooks, checked on the raw bytes before anything reads them: Shopify's HMAC, and Standard Webhooks."""

import base64
import binascii
import hmac
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from hashlib import sha256

import msgspec

from tieout.api.problem import Problem

TOLERANCE_SECONDS = 300
"""How far a Standard Webhook's time may be from ours: what is older may be a recording."""
KEY_MAX = 200
SHOPIFY_KEPT = ("x-shopify-topic", "x-shopify-shop-domain", "x-shopify-api-version", "x-shopify-triggered-at", "x-shopify-webhook-id")


class Webhook(msgspec.Struct, frozen=True):
    """A webhook that is what it says: the sender's key of the delivery, and the headers that belong to the message."""

    key: str
    meta: dict[str, str]


def shopify(headers: Mapping[str, str], body: bytes, secrets: Iterable[str], now: datetime) -> Webhook:
    """By `X-Shopify-Hmac-Sha256`. Raises Problem."""
    stated = _bytes(headers.get("x-shopify-hmac-sha256", ""))
    _need(any(_same(secret.encode(), body, [stated]) for secret in secrets))
    return Webhook(_key(headers, "x-shopify-webhook-id"), {name: headers[name] for name in SHOPIFY_KEPT if name in headers})


def standard(headers: Mapping[str, str], body: bytes, secrets: Iterable[str], now: datetime) -> Webhook:
    """By `webhook-id`, `webhook-timestamp` and the `v1` entries of `webhook-signature`. Raises Problem."""
    id_, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    stated = [_bytes(part[3:]) for part in headers.get("webhook-signature", "").split()[:10] if part.startswith("v1,")]
    signed = f"{id_}.{stamp}.".encode() + body
    _need(any(_same(_secret(secret), signed, stated) for secret in secrets))
    if not (stamp.isdecimal() and abs(now.timestamp() - int(stamp[:15])) <= TOLERANCE_SECONDS):
        detail = f"The webhook's time is more than {TOLERANCE_SECONDS} seconds from ours."
        raise Problem(401, "webhook/time", detail, "Set the clock of the sender, and of this host.")
    return Webhook(_key(headers, "webhook-id"), {"webhook-timestamp": stamp})


SCHEMES: dict[str, Callable[[Mapping[str, str], bytes, Iterable[str], datetime], Webhook]] = {"shopify": shopify, "standard": standard}


def _same(secret: bytes, signed: bytes, stated: Iterable[bytes]) -> bool:
    """True when one of the signatures stated is right; each is compared in constant time."""
    right = hmac.new(secret, signed, sha256).digest()
    return any(hmac.compare_digest(right, one) for one in stated)


def _secret(text: str) -> bytes:
    """The bytes of a `whsec_` secret; any other text is used as it is."""
    return (_bytes(text[6:]) if text.startswith("whsec_") else b"") or text.encode()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return b""


def _need(good: bool) -> None:
    if not good:
        detail = "The signature of the webhook does not fit its bytes."
        raise Problem(401, "webhook/signature", detail, "Compare the secret here with the sender's; `webhook` in `secrets` names its place.")


def _key(headers: Mapping[str, str], name: str) -> str:
    key = headers.get(name, "")
    if len(key) > KEY_MAX or not (key.isascii() and key.isprintable()):
        raise Problem(400, "webhook/id", f"The header {name} is no id.", f"Send 1 to {KEY_MAX} printable characters.")
    return key
