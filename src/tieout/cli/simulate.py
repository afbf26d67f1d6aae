"""`tieout simulate`: the simulated partners as real endpoints on loopback, so that an integration can be tried against them."""

import time
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from tieout.api.server import listen
from tieout.cli import show
from tieout.simulate.endpoints import application
from tieout.simulate.live import Live
from tieout.simulate.mix import mix_of
from tieout.simulate.world import World


def simulate(
    seed: Annotated[str, typer.Option("--seed", help="Any text; the same seed is always the same world.")] = "1",
    days: Annotated[int, typer.Option("--days", min=1, max=365, help="On how many days orders are placed.")] = 30,
    orders_per_day: Annotated[int, typer.Option("--orders-per-day", min=1, max=100_000, help="How many orders each day.")] = 100,
    faults: Annotated[Path | None, typer.Option("--faults", help="Which faults, how often (TOML); else all there are.")] = None,
    speed: Annotated[float, typer.Option("--speed", min=0.001, help="How many times as fast as real time the world runs.")] = 60.0,
    waits: Annotated[bool, typer.Option("--waits", help="ERP and warehouse do nothing by themselves: they wait to be told.")] = False,
    misbehave: Annotated[float, typer.Option("--misbehave", min=0.0, max=1.0, help="Share of what is told that goes wrong.")] = 0.0,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port on loopback; 0 takes a free one.")] = 8478,
) -> None:
    """Serve a distributor's partners over HTTP until Ctrl-C: what each has sent, and an ERP and a warehouse that can be told something.

    GET /SYSTEM?after=N lists the files a system has sent, GET /SYSTEM/NAME gives one. POST /erp/sales_orders, /erp/invoices and
    /wms/releases tell. See docs/how-to/run-a-fire-drill.md.
    """
    live = Live(World(seed, days, orders_per_day, mix_of(faults)), time.monotonic, speed, waits=waits)
    listening = listen("127.0.0.1", port)
    show.notes.print(f"The world runs at http://127.0.0.1:{listening.getsockname()[1]} until Ctrl-C.", markup=False)
    config = uvicorn.Config(application(live, misbehave), ws="none", lifespan="off", log_config=None, access_log=False, server_header=False)
    try:
        uvicorn.Server(config).run(sockets=[listening])
    finally:
        listening.close()
