"""`tieout serve` and `tieout worker`: the project at work, until a signal ends it."""

from typing import Annotated

import typer

from tieout.cli.options import open_project
from tieout.errors import OperatorError
from tieout.serving import PEOPLE, RECEIVE, ROLES, roles_of
from tieout.telemetry import logs

PORT = 8477
ALL = ",".join(ROLES)


def serve(
    host: Annotated[
        str, typer.Option("--host", help="Where to listen; any other than loopback needs a key (`tieout keys add`).")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port; 0 takes a free one and logs it.")] = PORT,
    roles: Annotated[str, typer.Option("--roles", help="Which roles run here, with commas between.")] = ALL,
) -> None:
    """Do everything in one process: take messages in over HTTP, look at what falls due, ask systems for news, tell them what they owe.

    POST /v1/messages/SYSTEM takes a document or file of that system (`Authorization: Bearer KEY`); 202 means it is committed.
    POST /v1/webhooks/SYSTEM takes signed webhooks. GET /healthz, /readyz and /metrics say how it is doing.
    Logs are JSON lines on standard error. SIGTERM or Ctrl-C ends it: what is at hand is finished, nothing acknowledged is lost.
    """
    _work(roles, host, port)


def worker(
    roles: Annotated[str, typer.Option("--roles", help=f"Which roles run here, with commas between: {', '.join(ROLES)}.")],
    host: Annotated[str, typer.Option("--host", help="Where to listen, if at all.")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option("--port", min=0, max=65535, help="Serve /healthz, /readyz and /metrics here too.")] = None,
) -> None:
    """Run only some roles, so that several processes or hosts share the work of one database.

    Any number of them may have the same role: what only one may do at a time, such as polling a system, they do in turns.
    """
    listening = [name for name in roles_of(roles) if name in (RECEIVE, PEOPLE)]
    if port is None and listening:
        raise OperatorError(f"{listening[0]} has to listen somewhere.", "Add --port, or use `tieout serve`.")
    _work(roles, host, port)


def _work(roles: str, host: str, port: int | None) -> None:
    from tieout.serving.work import run  # half of the time in which any command starts, and only this one needs it

    wanted = roles_of(roles)
    with open_project() as project:
        logs.start(project.settings.project.log_level)
        run(project, wanted, host, port)
