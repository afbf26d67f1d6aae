"""Documents dropped into an outbox folder: a reader of the folder sees a whole file or none, whatever dies in between."""

import os
import tempfile
from pathlib import Path

from tieout.core.command import Accepted, Failed

FAULT = "folder"


def drop(folder: Path, name: str, raw: bytes) -> Accepted | Failed:
    """Put a file into a folder: written beside under a name with a leading dot, forced to disk, then renamed.

    The same file again is no second one. A file of that name with other bytes is left alone and the drop fails: a control
    number must not mean two documents. Whoever empties the folder takes what has no leading dot.
    """
    target = folder / name
    try:
        if target.exists():
            return Accepted() if target.read_bytes() == raw else _failed(folder, f"{name} is there already, with other content")
        handle, path = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
            Path(path).replace(target)
        except OSError:
            Path(path).unlink(missing_ok=True)
            raise
        _sync(folder)
    except OSError as bad:
        return _failed(folder, bad.strerror or str(bad))
    return Accepted()


def _sync(folder: Path) -> None:
    """Force the folder's entry to disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _failed(folder: Path, why: str) -> Failed:
    return Failed(FAULT, f"The document cannot be put into {folder}: {why}. Make the folder writable for Tieout; it is tried again.")
