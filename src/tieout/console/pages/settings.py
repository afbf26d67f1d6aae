"""`/settings`: how somebody wants the console: theme, density, zone, keys; where one is signed in; the saved views."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

import msgspec
from starlette.responses import Response

from tieout.console import keymap, shell, urls
from tieout.console.app import act, page
from tieout.console.keymap import KEYS, SCOPES, Choice
from tieout.console.views import views_of
from tieout.console.visit import Refusal, Visit
from tieout.people import accounts, sessions


def profile(visit: Visit) -> Response:
    """Theme, density, zone; what one may do; where one is signed in."""
    return visit.show(
        "pages/settings_profile.html", title="Profile", at="profile", zones=sorted(available_timezones()),
        sign_ins=sessions.sign_ins(visit.connection, visit.person, visit.now),
    )  # fmt: skip


def keep_profile(visit: Visit) -> Response:
    """Keep them; a value that is none of the choices is refused."""
    changed = {
        "theme": visit.field("theme"), "density": visit.field("density"), "utc": visit.field("utc") == "1",
        "plain_table": visit.field("plain_table") == "1",
    }  # fmt: skip
    _keep(visit, changed, zone=visit.field("zone") or None)
    return visit.done("Your settings are kept.", "/settings/profile", next_="/settings/profile")


def keys(visit: Visit) -> Response:
    """Every key, to be changed."""
    return visit.show("pages/settings_keys.html", title="Keys", at="keys", all=KEYS, scopes=SCOPES, wrong=[], changed=visit.preferences.keys)


def keep_keys(visit: Visit) -> Response:
    """Keep what was changed; nothing is kept while a key would mean two things."""
    single = visit.field("single_keys") == "1"
    changed = {}
    for key in KEYS:
        wanted = " ".join(visit.field(f"key-{key.name}").split())
        if wanted and wanted not in key.keys:
            changed[key.name] = wanted
    wrong = keymap.clashes(Choice(single, changed))
    if wrong:
        return visit.show("pages/settings_keys.html", 422, title="Keys", at="keys", all=KEYS, scopes=SCOPES, wrong=wrong, changed=changed)
    _keep(visit, {"single_keys": single, "keys": changed})
    return visit.done("Your keys are kept; they work from the next page on.", "/settings/keys")


def views(visit: Visit) -> Response:
    """The views that one may open, and which is opened first."""
    return visit.show(
        "pages/settings_views.html",
        title="Views",
        at="views",
        views=views_of(visit, urls.State()),
        teams=sorted(visit.desk.configuration.work.table.teams),
    )


def end_others(visit: Visit) -> Response:
    """Every other sign-in ends."""
    sessions.end_all(visit.connection, visit.person, visit.now, keep=visit.token)
    return visit.done("You are signed out everywhere else.", "/settings/profile", next_="/settings/profile")


def _keep(visit: Visit, changed: Mapping[str, Any], *, zone: str | None = None) -> None:
    wanted = {**msgspec.to_builtins(visit.preferences), **changed}
    try:
        kept = msgspec.to_builtins(msgspec.convert(wanted, shell.Preferences))
    except msgspec.ValidationError as bad:
        raise Refusal(422, "That is none of the choices", f"Nothing was kept: {bad}.") from bad
    accounts.set_preferences(visit.connection, visit.person, kept, visit.now, zone=zone)


routes = [
    page("/settings/profile", profile), act("/settings/profile", keep_profile), page("/settings/keys", keys), act("/settings/keys", keep_keys),
    page("/settings/views", views), act("/settings/sign-outs", end_others),
]  # fmt: skip
