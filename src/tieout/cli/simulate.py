"""`tieout simulate`: the simulated partners as real endpoints on loopback, so that an integration can be tried against them."""

import time
from pathlib import Path
from typing import Annotated

import typer

from tieout.cli import show
from tieout.errors import OperatorError
from tieout.simulate.endpoints import Endpoints
from tieout.simulate.live import Live
from tieout.simulate.mix import mix_of
from tieout.simulate.world import World


def simulate(
    seed: Annotated[str, typer.Option("--seed", help="Any text; the same seed is always the same world.")] = "1",
    days: Annotated[int, typer.Option("--days", min=1, max=365, help="On how many days orders are placed.")] = 30,
    orders_per_day: Annotated[int, typer.Option("--orders-per-day", min=1, max=100_000, help="How many orders each day.")] = 100,
    faults: Annotated[Path | None, typer.Option("--faults", help="Which faults, how often (TOML); else all there are.")] = None,
    speed: Annotated[float, typer.Option("--speed", min=0.001, help="How many times as fast as real time the world runs.")] = 60.0,
    waits: Annotated[
        bool, typer.Option("--waits", help="Shop, inside sales and portal orders are booked, shipped and billed only if you say so.")
    ] = False,
    misbehave: Annotated[float, typer.Option("--misbehave", min=0.0, max=1.0, help="Share of what is told that goes wrong.")] = 0.0,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port on loopback; 0 takes a free one.")] = 8478,
) -> None:
    """Serve a distributor's partners over HTTP until Ctrl-C: what each has sent, and an ERP, a warehouse and a shop that can be told something.

    GET /SYSTEM?after=N lists the files a system has sent, GET /SYSTEM/NAME gives one. POST /erp/sales_orders, /erp/invoices, /erp/credits
    and /wms/releases tell, and the shop answers GraphQL about fulfilments. See docs/how-to/run-a-fire-drill.md.
    """
    live = Live(World(seed, days, orders_per_day, mix_of(faults), is_driven=waits), time.monotonic, speed)
    try:
        endpoints = Endpoints(live.books, live, misbehave, port)
    except OSError as bad:
        raise OperatorError(f"Nobody can listen on port {port}: {bad.strerror}.", "Name another with --port, or 0 for a free one.") from bad
    show.notes.print(f"The world runs at {endpoints.url} until Ctrl-C.", markup=False)
    try:
        endpoints.serve_forever()
    finally:
        endpoints.server_close()
