"""A task: one command on its way to its system in this process, held by a lease; and what came of it."""

import time
from collections.abc import Generator
from datetime import datetime

import msgspec

from tieout.connectors import Secrets
from tieout.core.attempt import Move
from tieout.core.command import Absent, Accepted, Call, Command, Failed, Outcome, Rejected, Reply
from tieout.telemetry.traces import TRACEPARENT

Ending = Outcome | Absent
Talk = Generator[Call, Reply, Accepted | Rejected | Failed | Absent]


class Task(msgspec.Struct):
    """A command that this process holds: `fence` is the number it was taken with, `starts` and `ends` bound it on the monotonic
    clock: it begins no earlier, and no write leaves us later, because by then somebody else may hold it. `trace` is the traceparent of
    the message that caused it, then of the conversation itself, where traces are made."""

    key: str
    fence: int
    move: Move
    command: Command
    secrets: Secrets
    at: datetime
    starts: float
    ends: float
    calls: int = 0
    wrote: bool = False
    trace: str = ""

    @property
    def is_held(self) -> bool:
        """True while nobody else can have taken the command."""
        return time.monotonic() < self.ends


class Result(msgspec.Struct, frozen=True):
    """What came of a task, and how many seconds it took."""

    task: Task
    outcome: Ending
    seconds: float


def guarded(talk: Talk, task: Task) -> Talk:
    """The conversation of a task, cut off before any write that would leave us after the lease has ended."""
    try:
        call = next(talk)
        while True:
            if call.writes:
                if not task.is_held:
                    return lost(task)
                task.wrote = True
            task.calls += 1
            reply = yield _traced(call, task.trace)
            call = talk.send(reply)
    except StopIteration as end:
        ending: Ending = end.value
        return ending
    finally:
        talk.close()


def _traced(call: Call, trace: str) -> Call:
    """The call as a part of the trace, for whoever keeps one at the other end."""
    return msgspec.structs.replace(call, headers={**call.headers, TRACEPARENT: trace}) if trace else call


def lost(task: Task) -> Failed:
    """The lease ended before the task was done."""
    return Failed("lease", "The lease ended while the command waited for its turn or an answer; it is taken again.", task.wrote)
