"""Logs as JSON lines on standard error; they say what happened to the machinery, never what is in a message."""

import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec
import psycopg

from tieout.errors import TieoutError

LOG = logging.getLogger("tieout")
PLACES_MAX = 8


class JsonLines(logging.Formatter):
    """One line: `at`, `level`, `role` (the thread), `event`, the record's own fields; of an error its reason and where it was raised."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON. An exception's own words are left out unless we wrote them: others quote data."""
        shown: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "role": record.threadName,
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            shown["error"] = reason_of(error)
            shown["where"] = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)][
                -PLACES_MAX:
            ]
        return msgspec.json.encode(shown, enc_hook=str).decode()


def start(level: str, stream: TextIO | None = None) -> None:
    """Send the logs of this process to a stream (standard error); libraries speak from warnings on."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    LOG.setLevel(level.upper())


def fields(**named: Any) -> dict[str, dict[str, Any]]:
    """Named values beside an event: `LOG.info("listening", extra=fields(port=8080))`."""
    return {"fields": named}


def reason_of(error: BaseException) -> str:
    """Why something failed, in words that quote no data: our own sentence, the database's on connections, else the kind of error."""
    if isinstance(error, TieoutError):
        return str(error)
    if isinstance(error, psycopg.OperationalError) and error.diag.sqlstate is None:
        said = str(error).strip().splitlines()
        return f"The database cannot be reached: {said[0] if said else 'the connection is lost'}"
    if isinstance(error, psycopg.Error):
        return f"The database refused: {type(error).__name__} {error.diag.sqlstate or ''}".rstrip()
    if isinstance(error, OSError) and error.strerror:
        return f"{type(error).__name__}: {error.strerror}"
    return f"This is our fault: {type(error).__name__}"
