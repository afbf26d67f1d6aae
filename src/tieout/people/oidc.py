"""Single sign-on by OpenID Connect: the authorization code with PKCE. What a provider says of somebody, proved; not what that person may do.

Signatures and claims are joserfc's to check; what the flow needs besides (state, nonce, verifier, issuer) stands here, each refused by name.
"""

import hashlib
import hmac
import ipaddress
import re
import secrets
import ssl
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpcore
import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tieout.errors import OperatorError
from tieout.store.database import Connection, fetch, run

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
PENDING = timedelta(minutes=10)
SECONDS = 10.0
BODY_MAX = 1024 * 1024
LEEWAY_SECONDS = 60
STATE_COOKIE = "tieout-sign-in"


class SingleSignOnRefused(OperatorError):
    """The provider did not vouch, or what it said does not prove; the person tries again or asks an admin."""


class Provider(msgspec.Struct, frozen=True):
    """Who vouches: the issuer, our client there, and where it sends people back to."""

    issuer: str
    client: str
    secret: str
    redirect: str
    scope: str


class Begun(msgspec.Struct, frozen=True):
    """A sign-in on its way: where the browser goes, and the state that it keeps in a cookie meanwhile."""

    url: str
    state: str


class Vouched(msgspec.Struct, frozen=True):
    """What the provider said of somebody, and where in the console the person was going."""

    issuer: str
    subject: str
    claims: Mapping[str, Any]
    return_to: str


def begin(connection: Connection, provider: Provider, return_to: str, now: datetime) -> Begun:
    """Begin a sign-in. Raises SingleSignOnRefused when the provider cannot be asked."""
    found = _discovered(provider)
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    run(connection, "begin_pending", _hash(state), nonce, verifier, own_path(return_to), now + PENDING)
    challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = urlencode(
        {
            "response_type": "code", "client_id": provider.client, "redirect_uri": provider.redirect, "scope": provider.scope,
            "state": state, "nonce": nonce, "code_challenge": challenge, "code_challenge_method": "S256",
        }
    )  # fmt: skip
    where = _endpoint(provider, found, "authorization_endpoint")
    return Begun(f"{where}{'&' if urlsplit(where).query else '?'}{query}", state)


def complete(connection: Connection, provider: Provider, cookie: str, answer: Mapping[str, str], now: datetime) -> Vouched:
    """What came of it: `answer` is the query that the browser came back with. A state serves once. Raises SingleSignOnRefused."""
    state = answer.get("state", "")
    if not state or not hmac.compare_digest(state.encode(), cookie.encode()):
        raise _refused("This browser began no such sign-in.")
    pending = fetch(connection, "take_pending", _hash(state))
    if not pending or pending[0][3] <= now:
        raise _refused("The sign-in took too long, or came back twice.")
    nonce, verifier, return_to, _ = pending[0]
    if answer.get("error"):
        raise _refused(f"The provider refused: {re.sub(r'[^a-z_]', '', answer['error'])[:60] or 'no reason'}.")
    if answer.get("iss", provider.issuer) != provider.issuer:
        raise _refused("Another provider answered than was asked.")
    found = _discovered(provider)
    tokens = _tokens(provider, found, answer.get("code", ""), verifier)
    claims = _claims(provider, found, str(tokens.get("id_token", "")), nonce, now)
    more = _userinfo(provider, found, str(tokens.get("access_token", "")), claims["sub"])
    return Vouched(provider.issuer, claims["sub"], {**more, **claims}, return_to)


def own_path(text: str) -> str:
    """A path of the console; `/` for whatever leads elsewhere."""
    good = text.startswith("/") and not text.startswith(("//", "/\\")) and len(text) <= 2000 and text.isascii() and text.isprintable()
    return text if good and "\\" not in text else "/"


def _discovered(provider: Provider) -> dict[str, Any]:
    found = _json(_asked("GET", f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"))
    if found.get("issuer") != provider.issuer:
        raise _refused("The provider names itself by another issuer than the settings.")
    return found


def _tokens(provider: Provider, found: Mapping[str, Any], code: str, verifier: str) -> dict[str, Any]:
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": provider.redirect, "client_id": provider.client, "code_verifier": verifier,
    }  # fmt: skip
    headers = {"content-type": "application/x-www-form-urlencoded"}
    if provider.secret and "client_secret_basic" in found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]):
        pair = f"{quote(provider.client, safe='')}:{quote(provider.secret, safe='')}"
        headers["authorization"] = "Basic " + b64encode(pair.encode()).decode()
    elif provider.secret:
        form["client_secret"] = provider.secret
    return _json(_asked("POST", _endpoint(provider, found, "token_endpoint"), headers, urlencode(form).encode()))


def _claims(provider: Provider, found: Mapping[str, Any], token: str, nonce: str, now: datetime) -> dict[str, Any]:
    """The claims of the ID token, once signature, issuer, audience, times and nonce are right."""
    try:
        keys = KeySet.import_key_set(_json(_asked("GET", _endpoint(provider, found, "jwks_uri"))))  # type: ignore[arg-type]
        read = jwt.decode(token, keys, algorithms=list(ALGORITHMS))
        rules = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()), leeway=LEEWAY_SECONDS, iss={"essential": True, "value": provider.issuer},
            aud={"essential": True, "value": provider.client}, exp={"essential": True}, iat={"essential": True},
            sub={"essential": True}, nonce={"essential": True, "value": nonce},
        )  # fmt: skip
        rules.validate(read.claims)
    except (JoseError, ValueError, KeyError, TypeError) as bad:
        raise _refused(f"The provider's token does not prove: {type(bad).__name__}.") from bad
    claims = dict(read.claims)
    if not isinstance(claims["sub"], str) or not claims["sub"] or claims.get("azp", provider.client) != provider.client:
        raise _refused("The provider's token is for somebody else.")
    return claims


def _userinfo(provider: Provider, found: Mapping[str, Any], token: str, subject: str) -> dict[str, Any]:
    """What the provider tells besides; about the same person, or nothing."""
    if not found.get("userinfo_endpoint") or not token:
        return {}
    told = _json(_asked("GET", _endpoint(provider, found, "userinfo_endpoint"), {"authorization": f"Bearer {token}"}))
    if told.get("sub") != subject:
        raise _refused("The provider tells of somebody else.")
    return told


def _endpoint(provider: Provider, found: Mapping[str, Any], name: str) -> str:
    """An address that the provider names: https, unless the provider itself is on this host."""
    where = found.get(name)
    parts = urlsplit(where) if isinstance(where, str) else None
    if parts is None or not parts.hostname or (parts.scheme != "https" and not _both_here(parts.hostname, provider.issuer)):
        raise _refused(f"The provider names no safe {name}.")
    return str(where)


def _both_here(host: str, issuer: str) -> bool:
    return _is_here(host) and _is_here(urlsplit(issuer).hostname or "")


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _asked(method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> bytes:
    """The body of a 200; redirects are not followed, and there is an end to time and size."""
    sent: dict[bytes | str, bytes | str] = {"accept": "application/json"}
    sent.update(headers or {})
    try:
        with (
            httpcore.ConnectionPool(ssl_context=ssl.create_default_context()) as pool,
            pool.stream(
                method, url, headers=sent, content=body or None,
                extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), SECONDS)},
            ) as answer,
        ):  # fmt: skip
            parts: list[bytes] = []
            for part in answer.iter_stream():
                parts.append(part)
                if sum(map(len, parts)) > BODY_MAX:
                    raise _refused("The provider says too much.")
            if answer.status != 200:
                raise _refused(f"The provider answered {answer.status} at {urlsplit(url).path[:100]}.")
            return b"".join(parts)
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError, ValueError) as bad:
        raise _refused(f"The provider cannot be reached: {type(bad).__name__}.") from bad


def _json(body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError as bad:
        raise _refused("The provider's answer is no JSON object.") from bad


def _refused(what: str) -> SingleSignOnRefused:
    return SingleSignOnRefused(what, "Try to sign in again; if it stays, an admin compares [sign_in] with the provider.")


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
