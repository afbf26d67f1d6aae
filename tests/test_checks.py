"""The checks of `make check` find what they are for, and say so when they could not look."""

import importlib.util
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

CHECKS = Path(__file__).parents[1] / "checks"
needs_detect_secrets = pytest.mark.skipif(importlib.util.find_spec("detect_secrets") is None, reason="pip install 'tieout[dev]'")


def run(program: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, program], capture_output=True, text=True, cwd=folder, env={**os.environ, **environment}, check=False)


def copied(name: str, folder: Path) -> str:
    """The check as part of another project, which it then looks at."""
    (folder / "checks").mkdir()
    (folder / "checks" / name).write_text((CHECKS / name).read_text())
    return str(folder / "checks" / name)


@needs_detect_secrets
def test_nothing_that_is_checked_in_looks_like_a_secret() -> None:
    done = run(str(CHECKS / "secret_scan.py"), CHECKS.parent)
    assert done.returncode == 0, done.stdout


@needs_detect_secrets
@pytest.mark.parametrize(
    "planted",
    [
        "AKIA" + "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(16)),
        "-----BEGIN RSA " + "PRIVATE KEY-----",
        f"tieoutp_{secrets.token_hex(6)}_{secrets.token_urlsafe(32)}",
        f"ghp_{secrets.token_hex(18)}",
    ],
    ids=["aws", "private key", "ours", "github"],
)
@pytest.mark.parametrize("where", ["src", "tests"])
def test_a_planted_secret_is_found_wherever_it_is(tmp_path: Path, planted: str, where: str) -> None:
    check = copied("secret_scan.py", tmp_path)
    (tmp_path / where).mkdir()
    (tmp_path / where / "settings.py").write_text(f'first = 1\nkey = "{planted}"\n')
    done = run(check, tmp_path)
    assert done.returncode == 1
    assert f"{where}/settings.py:2: " in done.stdout
    assert planted not in done.stdout


@pytest.mark.parametrize(
    ("answer", "strict", "code", "said"),
    [
        (
            '{"dependencies": [{"name": "a", "version": "1", "vulns": []}, {"name": "tieout", "skip_reason": "x"}]}',
            "",
            0,
            "1 packages looked at, 0 with",
        ),
        (
            '{"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}]}',
            "",
            1,
            "a 1: CVE-1. Fixed in: 2.",
        ),
        ('{"dependencies": [{"name": "a", "skip_reason": "not found"}]}', "", 0, "COULD NOT LOOK at 1 of the installed packages"),
        ('{"dependencies": [{"name": "a", "skip_reason": "not found"}]}', "1", 1, "COULD NOT LOOK at 1 of the installed packages"),
        ("no network", "", 0, "COULD NOT LOOK at any of the installed packages"),
        ("no network", "1", 1, "COULD NOT LOOK at any of the installed packages"),
    ],
)
def test_dependencies_are_judged_by_what_the_database_says(tmp_path: Path, answer: str, strict: str, code: int, said: str) -> None:
    check = copied("dependency_scan.py", tmp_path)
    (tmp_path / "stand_in").mkdir()
    (tmp_path / "stand_in" / "pip_audit.py").write_text(f"print({answer!r})")
    done = run(check, tmp_path, PYTHONPATH=str(tmp_path / "stand_in"), TIEOUT_STRICT=strict)
    assert (done.returncode, said in done.stdout) == (code, True), done.stdout
