"""Where the documents of the outside world lie that are too many, or not ours, to be kept here."""

import os
from pathlib import Path

CORPUS = Path(os.environ.get("TIEOUT_CORPUS") or Path(__file__).parents[1] / "corpus")
"""The folder that TIEOUT_CORPUS names, else `corpus/` beside `tests/`; without it the tests that read from it are skipped."""
