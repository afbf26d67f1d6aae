"""What the clock does to the work: snoozes end, acknowledgements run out, chains escalate. It never resolves anything."""

from datetime import datetime

from tieout.runtime.batch import Connection
from tieout.runtime.configuration import Configuration


def move(connection: Connection, configuration: Configuration, now: datetime) -> None:
    """Do whatever has come due."""
