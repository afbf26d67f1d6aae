"""Any system that writes CSV, TSV, fixed-width or Parquet files, read by a mapping; there is no code per system."""

from tieout.connectors import Manifest, Option, System
from tieout.connectors.delimited.check import DECISIONS, parse
from tieout.connectors.delimited.preview import Preview, preview
from tieout.connectors.delimited.split import split
from tieout.connectors.delimited.translate import translate
from tieout.core.facts.kinds import KINDS

__all__ = ["MANIFEST", "Preview", "preview", "split", "states", "states_of", "system_of", "translate"]

MANIFEST = Manifest(
    name="delimited",
    title="CSV, TSV, fixed-width and Parquet files by a mapping",
    states=tuple(name for name in KINDS if name not in DECISIONS or name == "Listed"),
    contracts={"mapping": "contracts/mapping.schema.json"},
    options=(Option("mapping", "text", "", "the text of the mapping file (TOML); see docs/how-to/write-a-mapping.md"),),
)


def system_of(mapping_text: str, where: str = "mapping") -> System:
    """The system a mapping describes, for a project whose settings do not name it. Raises SettingsError."""
    about = parse(mapping_text, where).mapping
    return System(
        about.system,
        MANIFEST.name,
        about.role,
        timezone=about.timezone or "UTC",
        currency=about.currency or "USD",
        lines=about.lines,
        options={"mapping": mapping_text},
    )


def states(mapping_text: str, where: str = "mapping") -> tuple[str, ...]:
    """The kinds of fact a mapping can state, sorted. Raises SettingsError."""
    entries = parse(mapping_text, where).file
    listed = {"Listed"} if any(entry.list for entry in entries) else set()
    return tuple(sorted(listed.union(fact.kind for entry in entries for fact in entry.fact)))


def states_of(system: System) -> tuple[str, ...]:
    """The kinds of fact this system's mappings can state; none before it has a mapping."""
    text = system.options.get("mapping", "")
    return states(text, f"mapping of {system.name}") if text else ()
