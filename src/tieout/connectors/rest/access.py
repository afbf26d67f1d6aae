"""How we show who we are: every call of a conversation goes through `Access`, which signs it and renews an expired token once."""

from base64 import b64encode
from collections.abc import Generator
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from tieout.connectors import Secrets
from tieout.connectors.rest.answers import NotJson, hidden, json_of
from tieout.connectors.rest.mapping import Auth
from tieout.connectors.rest.path import NotText, find, text_of
from tieout.core.command import Call, Failed, Reply

SECRET = {"none": "", "basic": "password", "bearer": "token", "header": "api_key", "query": "api_key", "oauth2": "client_secret"}
"""The secret that each scheme takes."""
TOKEN = "access_token"  # noqa: S105  the name of a secret, not one
"""The secret under which the runtime may hand a token in that it kept from `token`."""

Asked = Generator[Call, Reply, Reply | Failed]


class Token(msgspec.Struct, frozen=True):
    """An access token, and the seconds it is good for, if the server said so."""

    value: str
    seconds: int | None = None

    def __repr__(self) -> str:
        return f"<Token for {self.seconds} seconds>"


class Access:
    """Signs the calls of one conversation with one system."""

    def __init__(self, auth: Auth, base: str, timeout: float, secrets: Secrets) -> None:
        self._auth, self._base, self._timeout, self._secrets = auth, base, timeout, secrets
        self._token = secrets.get(TOKEN, "") if auth.scheme == "oauth2" else ""
        self._renewable = True

    @property
    def known(self) -> Secrets:
        """All secrets of this conversation, the token fetched in it too: what no reason may repeat."""
        return {**self._secrets, TOKEN: self._token}

    def ask(self, call: Call) -> Asked:
        """The answer to a call with our credentials; an expired token is fetched anew once."""
        lacking = SECRET[self._auth.scheme]
        if lacking and not self._secrets.get(lacking) and not self._token:
            return Failed("credentials", f"The secret `{lacking}` is not set. Set it for this system.")
        if self._auth.scheme != "oauth2":
            return (yield self._signed(call))
        if not self._token and (failed := (yield from self._renew())) is not None:
            return failed
        reply = yield self._signed(msgspec.structs.replace(call, judges=(*call.judges, 401)))
        if reply.status != 401 or not self._renewable:
            return reply
        if (failed := (yield from self._renew())) is not None:
            return failed
        return (yield self._signed(call))

    def _renew(self) -> Generator[Call, Reply, Failed | None]:
        self._renewable = False
        fetched = yield from token(self._auth, self._base, self._timeout, self._secrets)
        if isinstance(fetched, Failed):
            return fetched
        self._token = fetched.value
        return None

    def _signed(self, call: Call) -> Call:
        auth, secret = self._auth, self._secrets.get(SECRET[self._auth.scheme], "")
        header, url = {}, call.url
        match auth.scheme:
            case "basic":
                header = {"Authorization": _basic(auth.user, secret)}
            case "bearer":
                header = {"Authorization": f"Bearer {secret}"}
            case "header":
                header = {auth.name: secret}
            case "query":
                url += f"{'&' if '?' in url else '?'}{quote(auth.name, safe='')}={quote(secret, safe='')}"
            case "oauth2":
                header = {"Authorization": f"Bearer {self._token}"}
        return msgspec.structs.replace(call, url=url, headers={**call.headers, **header})


def token(auth: Auth, base: str, timeout: float, secrets: Secrets) -> Generator[Call, Reply, Token | Failed]:
    """Fetch an OAuth 2 access token by client credentials (RFC 6749, 4.4).

    A runtime that keeps it for its lifetime hands it in as the secret `access_token`, and saves a call per conversation.
    """
    secret = secrets.get("client_secret", "")
    if not secret:
        return Failed("credentials", "The secret `client_secret` is not set. Set it for this system.")
    form = {"grant_type": "client_credentials", "scope": auth.scope, "audience": auth.audience}
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    if auth.client == "basic":
        headers["Authorization"] = _basic(quote(auth.client_id, safe=""), quote(secret, safe=""))
    else:
        form |= {"client_id": auth.client_id, "client_secret": secret}
    body = urlencode({name: text for name, text in form.items() if text}).encode()
    url = auth.token_url if urlsplit(auth.token_url).scheme else base + auth.token_url
    call = Call("POST", url, headers, body, timeout=timeout, judges=(401, 403))
    reply = yield call
    try:
        value = json_of(reply)
        found, seconds = text_of(find(value, "access_token")), text_of(find(value, "expires_in"))
        words = text_of(find(value, "error_description")) or text_of(find(value, "error"))
    except (NotJson, NotText):
        found = seconds = words = ""
    if reply.status != 200 or not found:
        said = hidden(words[:200], secrets) or "no token in the answer"
        return Failed("credentials", f"{call.shown} was answered {reply.status}: {said}. Check client id, secret and scope.")
    return Token(found, int(seconds[:9]) if seconds.isdecimal() else None)


def _basic(user: str, secret: str) -> str:
    return "Basic " + b64encode(f"{user}:{secret}".encode()).decode()
