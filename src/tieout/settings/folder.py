"""Where the files of a project are: its folder, or one laid over it."""

from pathlib import Path
from typing import NamedTuple, Protocol

FILE = "tieout.toml"


class Folder(Protocol):
    """Where the files are that settings name: a path, or one folder laid over another."""

    def __truediv__(self, name: str, /) -> Path:
        """The file of that name."""
        ...


class Overlay(NamedTuple):
    """A folder laid over a project's: a file that it has takes the place of the project's of the same name.

    `settings`, if named, stands for `tieout.toml`.
    """

    above: Path | None
    below: Path
    settings: Path | None = None

    def __truediv__(self, name: str, /) -> Path:
        """The file of that name, from above if it is there."""
        if name == FILE and self.settings is not None:
            return self.settings
        if self.above is not None and (self.above / name).is_file():
            return self.above / name
        return self.below / name
