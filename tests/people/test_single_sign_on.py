"""Single sign-on against a real OpenID provider process: the way in, what groups become, and every lie on the way."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from provider_process import IS_THERE, WHY_NOT, Provider, is_token, provider, query_of
from tieout.errors import SettingsError
from tieout.people import accounts, audit, keys, oidc, sessions, vouched
from tieout.people.oidc import SingleSignOnRefused, begin, complete, own_path
from tieout.people.person import Role
from tieout.people.vouched import Groups, provision
from tieout.settings import load
from tieout.store.session import Session

pytestmark = pytest.mark.skipif(not IS_THERE, reason=WHY_NOT)
GROUPS = Groups(
    "preferred_username",
    "groups",
    {"analysts": ["analyst"], "leads": ["analyst", "approver"]},
    {"team": {}, "channel": {"web-shop": ["web"], "all-shops": ["*"]}, "warehouse": {}},
)
MINE = {"preferred_username": "Ana", "name": "Ana Moreno", "email": "ana@example.com"}


@pytest.fixture(scope="module")
def there() -> Iterator[Provider]:
    with provider() as running:
        yield running


@pytest.fixture
def ours(there: Provider) -> oidc.Provider:
    return oidc.Provider(there.issuer, "tieout", "s3cret/+", "http://127.0.0.1:8477/sign-in/oidc/callback", "openid profile email")


def now() -> datetime:
    return datetime.now(UTC)


def through(connection: Session, there: Provider, ours: oidc.Provider, subject: str, return_to: str = "/") -> oidc.Vouched:
    begun = begin(connection, ours, return_to, now())
    return complete(connection, ours, begun.state, there.approve(begun.url, subject), now())


def test_somebody_new_gets_the_roles_and_scopes_of_the_groups(connection: Session, there: Provider, ours: oidc.Provider) -> None:
    there.user("s1", **MINE, groups=["leads", "web-shop", "football"])
    found = through(connection, there, ours, "s1", "/exceptions?class=SNI%2B")
    assert (found.subject, found.return_to) == ("s1", "/exceptions?class=SNI%2B")
    account = provision(connection, found, GROUPS, now())
    person = account.person
    assert (person.login, person.name, person.email) == ("ana", "Ana Moreno", "ana@example.com")
    assert person.roles == {Role.ANALYST, Role.APPROVER}
    assert (person.scopes.channels, person.scopes.teams) == ({"web"}, frozenset())
    token = sessions.begin(connection, person.id, now(), how="single sign-on")
    assert sessions.person_of(connection, token, now()) == person


def test_what_the_browser_is_sent_with_is_bound_to_it(connection: Session, there: Provider, ours: oidc.Provider) -> None:
    begun = begin(connection, ours, "/", now())
    asked = query_of(begun.url)
    ((verifier, kept),) = connection.execute("select verifier, state from sign_in_pending").fetchall()
    assert asked["code_challenge"] == urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    assert (asked["code_challenge_method"], asked["response_type"], asked["redirect_uri"]) == ("S256", "code", ours.redirect)
    assert is_token(asked["state"])
    assert is_token(asked["nonce"])
    assert bytes(kept) == hashlib.sha256(begun.state.encode()).digest()


def test_groups_that_change_change_roles_and_scopes_at_the_next_sign_in(connection: Session, there: Provider, ours: oidc.Provider) -> None:
    there.user("s1", **MINE, groups=["leads", "web-shop"])
    first = provision(connection, through(connection, there, ours, "s1"), GROUPS, now())
    there.user("s1", **{**MINE, "preferred_username": "renamed"}, groups=["analysts", "all-shops"])
    second = provision(connection, through(connection, there, ours, "s1"), GROUPS, now())
    assert (second.person.id, second.person.login, second.person.roles) == (first.person.id, "ana", {Role.ANALYST})
    assert second.person.scopes.is_all
    there.user("s1", **MINE, groups=["analysts"])
    third = provision(connection, through(connection, there, ours, "s1"), GROUPS, now())
    assert not third.person.scopes.sees(channel="web")
    followed = [one.detail for one in audit.actions(connection, action="follow groups")]
    assert [(one["roles"], one["channels"]) for one in followed][1:] == [(["analyst"], []), (["analyst", "approver"], ["web"])]


def test_somebody_whose_groups_are_gone_is_out_at_once(connection: Session, there: Provider, ours: oidc.Provider) -> None:
    there.user("s1", **MINE, groups=["analysts", "web-shop"])
    account = provision(connection, through(connection, there, ours, "s1"), GROUPS, now())
    token = sessions.begin(connection, account.person.id, now())
    key = keys.add(connection, account.person, "script", now() + timedelta(days=90), now())
    assert keys.person_of(connection, key, now()) is not None
    there.user("s1", **MINE, groups=["football"])
    with pytest.raises(SingleSignOnRefused, match="in no group that may use this"):
        provision(connection, through(connection, there, ours, "s1"), GROUPS, now())
    assert sessions.person_of(connection, token, now()) is None
    assert keys.person_of(connection, key, now()) is None
    there.user("s1", **MINE, groups=["analysts", "web-shop"])
    assert provision(connection, through(connection, there, ours, "s1"), GROUPS, now()).disabled is None


def test_keys_rest_when_nobody_has_vouched_for_long(connection: Session, there: Provider, ours: oidc.Provider) -> None:
    there.user("s1", **MINE, groups=["analysts"])
    account = provision(connection, through(connection, there, ours, "s1"), GROUPS, now())
    key = keys.add(connection, account.person, "script", now() + timedelta(days=90), now())
    assert keys.person_of(connection, key, now() + keys.VOUCHED_FOR - timedelta(minutes=5)) is not None
    assert keys.person_of(connection, key, now() + keys.VOUCHED_FOR) is None


def test_whom_an_admin_disabled_the_provider_does_not_let_in(connection: Session, there: Provider, ours: oidc.Provider) -> None:
    there.user("s1", **MINE, groups=["analysts"])
    account = provision(connection, through(connection, there, ours, "s1"), GROUPS, now())
    accounts.disable(connection, account, now(), by=None, why="suspended")
    with pytest.raises(SingleSignOnRefused, match="The account is disabled"):
        provision(connection, through(connection, there, ours, "s1"), GROUPS, now())


def test_a_local_account_is_not_taken_over(connection: Session, there: Provider, ours: oidc.Provider) -> None:
    accounts.add(connection, "ana", "The local Ana", now(), by=None)
    there.user("s1", **MINE, groups=["leads"])
    with pytest.raises(SingleSignOnRefused, match="never taken over"):
        provision(connection, through(connection, there, ours, "s1"), GROUPS, now())
    assert accounts.account(connection, "ana").person.roles == frozenset()


def test_a_state_serves_once_for_the_browser_that_has_it_and_not_for_long(connection: Session, there: Provider, ours: oidc.Provider) -> None:
    there.user("s1", **MINE, groups=["leads"])
    begun = begin(connection, ours, "/", now())
    answer = there.approve(begun.url, "s1")
    for cookie in ("", "x", begun.state[:-1]):
        with pytest.raises(SingleSignOnRefused, match="This browser began no such sign-in"):
            complete(connection, ours, cookie, answer, now())
    complete(connection, ours, begun.state, answer, now())
    with pytest.raises(SingleSignOnRefused, match="or came back twice"):
        complete(connection, ours, begun.state, answer, now())
    late = begin(connection, ours, "/", now())
    with pytest.raises(SingleSignOnRefused, match="took too long"):
        complete(connection, ours, late.state, there.approve(late.url, "s1"), now() + oidc.PENDING)


def test_a_code_of_another_sign_in_does_not_do(connection: Session, there: Provider, ours: oidc.Provider) -> None:
    there.user("s1", **MINE, groups=["leads"])
    victim, attacker = (begin(connection, ours, "/", now()) for _ in range(2))
    stolen = there.approve(attacker.url, "s1")
    with pytest.raises(SingleSignOnRefused, match="InvalidClaimError"):
        complete(connection, ours, victim.state, {**stolen, "state": victim.state}, now())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"code": "made-up"}, "The provider answered 400 at /oauth2/token"),
        ({"error": "access_denied<script>"}, "The provider refused: access_deniedscript"),
        ({"iss": "https://evil.example.com"}, "Another provider answered"),
    ],
)
def test_an_answer_that_was_tampered_with_is_refused(
    connection: Session, there: Provider, ours: oidc.Provider, change: dict[str, str], said: str
) -> None:
    begun = begin(connection, ours, "/", now())
    with pytest.raises(SingleSignOnRefused, match=said):
        complete(connection, ours, begun.state, {**there.approve(begun.url, "s1"), **change}, now())


def test_a_denial_at_the_provider_is_told(connection: Session, there: Provider, ours: oidc.Provider) -> None:
    begun = begin(connection, ours, "/", now())
    answer = there.approve(begun.url, "s1", action="deny")
    with pytest.raises(SingleSignOnRefused, match="The provider refused: access_denied"):
        complete(connection, ours, begun.state, {"state": begun.state, **answer}, now())


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        ({"client": "another"}, None),
        ({"audience": "another"}, "does not prove: InvalidClaimError"),
        ({"late": timedelta(hours=2)}, "does not prove: ExpiredTokenError"),
        ({"signature": True}, "does not prove: BadSignatureError"),
        ({"none": True}, "does not prove"),
    ],
)
def test_a_token_that_does_not_prove_is_refused(
    connection: Session, there: Provider, ours: oidc.Provider, monkeypatch: pytest.MonkeyPatch, lie: dict[str, object], said: str | None
) -> None:
    """The provider's own token, looked at as another client, later, or changed on the way."""
    there.user("s1", **MINE, groups=["leads"])
    begun = begin(connection, ours, "/", now())
    answer = there.approve(begun.url, "s1")
    got = oidc._tokens

    def changed(*arguments: object) -> dict[str, object]:
        tokens = got(*arguments)  # type: ignore[arg-type]
        head, body, signature = tokens["id_token"].split(".")
        if "signature" in lie:
            signature = ("A" if signature[0] != "A" else "B") + signature[1:]
        if "none" in lie:
            head, signature = urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode(), ""
        return {**tokens, "id_token": f"{head}.{body}.{signature}"}

    monkeypatch.setattr(oidc, "_tokens", changed)
    asked = msgspec.structs.replace(ours, client="another") if "audience" in lie else ours
    if "audience" in lie:
        monkeypatch.setattr(oidc, "_tokens", lambda provider, *rest: got(ours, *rest))
    at = now() + lie["late"] if isinstance(lie.get("late"), timedelta) else now()  # type: ignore[operator]
    if "late" in lie:
        connection.execute("update sign_in_pending set ends = ends + interval '1 day'")
    if said is None:
        assert complete(connection, ours, begun.state, answer, at).subject == "s1"
        return
    with pytest.raises(SingleSignOnRefused, match=said):
        complete(connection, asked, begun.state, answer, at)


def test_a_provider_that_is_another_or_away_is_told(connection: Session, there: Provider, ours: oidc.Provider) -> None:
    with pytest.raises(SingleSignOnRefused, match="names itself by another issuer"):
        begin(connection, msgspec.structs.replace(ours, issuer=there.issuer + "/"), "/", now())
    with pytest.raises(SingleSignOnRefused, match="cannot be reached: ConnectError"):
        begin(connection, msgspec.structs.replace(ours, issuer="http://127.0.0.1:9"), "/", now())


@pytest.mark.parametrize("elsewhere", ["https://evil.example.com", "//evil.example.com", "/\\evil", "/a\\b", "javascript:x", "", "/\n", "/é"])
def test_nobody_is_sent_elsewhere_afterwards(elsewhere: str) -> None:
    assert own_path(elsewhere) == "/"
    assert own_path("/exceptions/EX-1?x=1") == "/exceptions/EX-1?x=1"


SETTINGS = """
[sign_in]
address = "https://tieout.example.com"
issuer = "https://id.example.com/realms/cupline"
client = "tieout"
secret = "env:OIDC_SECRET"

[sign_in.roles]
"analysts" = ["analyst"]
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("https://id.", "http://id.", "is not https"),
        ('client = "tieout"\n', "", "without a `client`"),
        ('address = "https://tieout.example.com"\n', "", "without an `address`"),
        ("env:OIDC_SECRET", "the-secret", "does not say where the secret lies"),
        ('["analyst"]', '["king"]', "gives 'analysts' the role 'king'"),
        ('"analysts" = ["analyst"]', "", "no group has a role"),
        ("example.com/realms", "example.com/", None),
    ],
)
def test_settings_that_could_not_work_are_refused(tmp_path: Path, old: str, new: str, said: str | None) -> None:
    (tmp_path / "tieout.toml").write_text(SETTINGS.replace(old, new))
    if said is None:
        assert load(tmp_path).sign_in.roles == {"analysts": ("analyst",)}
        return
    with pytest.raises(SettingsError, match=said) as bad:
        load(tmp_path)
    assert "the-secret" not in str(bad.value)


def test_the_word_for_single_sign_on_is_in_the_record(connection: Session, there: Provider, ours: oidc.Provider) -> None:
    there.user("s1", **MINE, groups=["analysts"])
    provision(connection, through(connection, there, ours, "s1"), GROUPS, now())
    assert {one.who for one in audit.actions(connection)} == {vouched.WHO}
