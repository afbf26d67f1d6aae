"""Looks for secrets in everything that is checked in: known forms of keys, what is too random to be words, and keys of our own."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from detect_secrets import SecretsCollection
from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.settings import transient_settings

ROOT = Path(__file__).parents[1]
OURS = re.compile(r"\btieoutp?_[0-9a-f]{12}_[A-Za-z0-9_-]{43}\b")
TOO_EAGER = {"KeywordDetector", "IPPublicDetector"}
"""Settings named `secret` or `password` hold the place where one lies (`env:NAME`), which `tieout.settings` makes sure of."""
BY_CHANCE = {"Base64HighEntropyString", "HexHighEntropyString"}
INVENTED = ("tests/", "examples/", "bench/")
"""Made-up keys and hashes stand there on purpose; only the forms of real services' keys are looked for."""
FILTERS = tuple(
    f"detect_secrets.filters.{name}"
    for name in (
        "allowlist.is_line_allowlisted", "heuristic.is_indirect_reference", "heuristic.is_likely_id_string", "heuristic.is_potential_uuid",
        "heuristic.is_sequential_string", "heuristic.is_templated_secret",
    )
)  # fmt: skip
BINARY = {".png", ".xlsx", ".parquet", ".gz", ".zip", ".svg"}


def main() -> int:
    """1 when something looks like a secret."""
    files = tracked()
    found = sorted({*known_forms(files), *our_keys(files)})
    for name, line, kind in found:
        sys.stdout.write(f"{name}:{line}: {kind}. Take it out and change it; if it is none, end the line with `pragma: allowlist secret`.\n")
    sys.stdout.write(f"{len(files)} files, {len(found)} that look like secrets\n")
    return 1 if found else 0


def tracked() -> list[str]:
    """What is checked in, or what is there where there is no repository."""
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607
    names = done.stdout.split("\n") if done.returncode == 0 else [str(path.relative_to(ROOT)) for path in ROOT.rglob("*")]
    hidden = (name for name in names if name and not name.startswith((".venv", "demo-out", "bench-out")))
    return [name for name in hidden if Path(name).suffix not in BINARY and (ROOT / name).is_file()]


def known_forms(files: list[str]) -> Iterator[tuple[str, int, str]]:
    """What detect-secrets finds."""
    plugins = {plugin.__name__ for plugin in get_mapping_from_secret_type_to_class().values()} - TOO_EAGER
    for chosen, wanted in ((plugins, False), (plugins - BY_CHANCE, True)):
        collection = SecretsCollection(root=str(ROOT))
        with transient_settings(
            {"plugins_used": [{"name": name} for name in sorted(chosen)], "filters_used": [{"path": path} for path in FILTERS]}
        ):
            for name in files:
                if name.startswith(INVENTED) == wanted:
                    collection.scan_file(name)
        for name, secret in collection:
            yield name, secret.line_number, secret.type


def our_keys(files: list[str]) -> Iterator[tuple[str, int, str]]:
    """Access keys of Tieout itself."""
    for name in files:
        for number, line in enumerate((ROOT / name).read_text("utf-8", "replace").splitlines(), 1):
            if OURS.search(line):
                yield name, number, "A key of Tieout"


if __name__ == "__main__":
    sys.exit(main())
