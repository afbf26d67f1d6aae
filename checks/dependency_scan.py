"""Asks the advisory database of PyPI about every installed package. Where it cannot be asked, it says so, and that nothing was looked at.

`TIEOUT_STRICT=1` makes that a failure too; continuous integration sets it.
"""

import json
import os
import subprocess
import sys
from typing import Any

SECONDS = 300
OWN = "tieout"


def main() -> int:
    """1 when an installed package has a known vulnerability."""
    packages, fault = asked()
    bad = [one for one in packages if one.get("vulns")]
    for one in bad:
        for flaw in one["vulns"]:
            fixed = ", ".join(flaw.get("fix_versions", ())) or "none yet"
            sys.stdout.write(f"{one['name']} {one['version']}: {flaw['id']}. Fixed in: {fixed}.\n")
    unseen = [one["name"] for one in packages if "skip_reason" in one and one["name"] != OWN]
    looked = len(packages) - len(unseen)
    if fault or unseen:
        why = fault or "the package index here knows no advisories"
        sys.stdout.write(f"COULD NOT LOOK at {len(unseen) or 'any'} of the installed packages: {why}. Nothing is known of them.\n")
    sys.stdout.write(f"{max(looked - 1, 0)} packages looked at, {len(bad)} with a known vulnerability\n")
    return 1 if bad or ((fault or unseen) and os.environ.get("TIEOUT_STRICT")) else 0


def asked() -> tuple[list[dict[str, Any]], str]:
    """What pip-audit says of each package, and why it could not say anything."""
    command = [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off", "--timeout", "15"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        return json.loads(done.stdout)["dependencies"], ""
    except subprocess.TimeoutExpired:
        return [], "the advisory database did not answer in time"
    except (ValueError, KeyError):
        lines = done.stderr.strip().splitlines()
        return [], f"pip-audit said: {lines[-1][:200] if lines else 'nothing'}"


if __name__ == "__main__":
    sys.exit(main())
