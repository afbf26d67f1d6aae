"""Named SQL: each statement stands in a file under `store/sql/` after a line `-- name: …`."""

from functools import cache
from importlib.resources import files


@cache
def statements() -> dict[str, str]:
    """All statements by name. Raises ValueError if a name is used twice."""
    found: dict[str, str] = {}
    for file in sorted(files("tieout.store").joinpath("sql").iterdir(), key=lambda f: f.name):
        for block in file.read_text("utf-8").split("-- name: ")[1:]:
            name, _, text = block.partition("\n")
            if name.strip() in found:
                raise ValueError(f"two statements are named {name.strip()}")
            found[name.strip()] = text.strip()
    return found


def sql(name: str) -> str:
    """One statement."""
    return statements()[name]
