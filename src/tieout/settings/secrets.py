"""The secrets of systems, fetched from where they lie."""

from collections.abc import Mapping
from pathlib import Path

from tieout.connectors import Secrets
from tieout.errors import SettingsError
from tieout.settings.folder import FILE
from tieout.settings.tables import Settings


def secrets_of(settings: Settings, name: str, folder: Path, environment: Mapping[str, str]) -> Secrets:
    """The secrets of a system, fetched from where they lie. Raises SettingsError naming the place, never the secret."""
    places = settings.systems[name].secrets if name in settings.systems else {}
    return {secret: secret_at(place, f"systems.{name}.secrets.{secret}", folder, environment) for secret, place in places.items()}


def secret_at(place: str, key: str, folder: Path, environment: Mapping[str, str]) -> str:
    """The secret that lies at `env:NAME` or `file:PATH`; `key` names the setting. Raises SettingsError."""
    kind, _, where = place.partition(":")
    named = f"{FILE}: `{key}`"
    if kind == "env":
        text = environment.get(where, "")
        if not text:
            raise SettingsError(f"{named}: the environment variable {where} is not set.", "Set it for this process and start it again.")
        return text
    try:
        text = (folder / where).read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as bad:
        why = bad.strerror if isinstance(bad, OSError) else "it is no text"
        raise SettingsError(f"{named}: {where} cannot be read: {why}.", "Put the secret there, readable by this user.") from bad
    if not text:
        raise SettingsError(f"{named}: {where} is empty.", "Put the secret there, readable by this user.")
    return text
