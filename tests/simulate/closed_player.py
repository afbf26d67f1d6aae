"""Tieout as a process of its own that a driven drill is played to, to be killed: `python closed_player.py FOLDER`; one request and one answer a line."""

import sys
from datetime import timedelta
from pathlib import Path

import msgspec

from tieout.app import opened
from tieout.simulate.driving import sending
from tieout.simulate.grade import Shown
from tieout.simulate.player import Within
from tieout.simulate.scenario import Step

LEASE = timedelta(seconds=2.5)
"""How long a killed dispatcher's work is left alone."""


class Request(msgspec.Struct):
    """Deliveries of a moment, and how the exceptions of damaged files are called."""

    steps: list[Step]
    at: int
    damaged: dict[str, str]


class Answer(msgspec.Struct):
    """Whether something is left to be sent, and the exceptions that stand."""

    is_busy: bool
    cases: dict[str, Shown]


def main(folder: Path) -> None:
    with opened(folder) as project, sending(project, LEASE) as out:
        player = Within(project, folder, out)
        for line in sys.stdin.buffer:
            request = msgspec.json.decode(line, type=Request)
            is_busy = player.play(request.steps, request.at)
            answer = Answer(is_busy, player.cases(request.damaged, {}))
            sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
