"""Any system with a JSON interface over HTTP, driven and asked by a mapping; there is no code per system.

`send` and `poll` are modules: what they do is said by the mapping in the option `mapping`.
"""

from tieout.connectors import Manifest, Option, System
from tieout.connectors.delimited.check import DECISIONS
from tieout.connectors.rest import poll, send
from tieout.connectors.rest.access import SECRET
from tieout.connectors.rest.check import mapping_of
from tieout.connectors.rest.records import split, translate
from tieout.core.command import Act
from tieout.core.facts.kinds import KINDS

__all__ = ["MANIFEST", "acts_of", "poll", "secrets_of", "send", "split", "states_of", "translate"]

MANIFEST = Manifest(
    name="rest",
    title="JSON over HTTP by a mapping",
    states=tuple(name for name in KINDS if name not in DECISIONS),
    contracts={"mapping": "contracts/mapping.schema.json"},
    options=(
        Option("mapping", "text", "", "the text of the mapping file (TOML); see docs/how-to/connect-your-own-erp-by-rest.md"),
        Option("base", "text", "what the mapping says", "where the interface is, where it differs from the mapping (a test system)"),
    ),
    acts=tuple(Act),
)


def states_of(system: System) -> tuple[str, ...]:
    """The kinds of fact this system's mapping can state; none before it has one. Raises SettingsError."""
    if not system.options.get("mapping"):
        return ()
    return tuple(sorted({fact.kind for record in mapping_of(system).record for fact in record.fact}))


def secrets_of(system: System) -> tuple[str, ...]:
    """The secrets that this system's conversations need, by name. Raises SettingsError."""
    needed = SECRET[mapping_of(system).auth.scheme]
    return (needed,) if needed else ()


def acts_of(system: System) -> tuple[Act, ...]:
    """The acts this system's mapping can do. Raises SettingsError."""
    return tuple(Act(name) for name in sorted(mapping_of(system).act))
