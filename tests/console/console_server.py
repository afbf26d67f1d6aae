"""The console of a test, served on a socket of its own."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from tieout.api.server import listen
from tieout.console.app import application
from tieout.console.desk import Desk


@contextmanager
def serving(desk: Desk, port: int = 0) -> Iterator[str]:
    """The address of a console that is served while the block lasts."""
    listening = listen("127.0.0.1", port)
    server = uvicorn.Server(
        uvicorn.Config(application(desk), lifespan="off", log_config=None, access_log=False, ws="none", timeout_graceful_shutdown=1)
    )
    running = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    running.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        running.join(5)
        desk.pool.close()
        listening.close()
