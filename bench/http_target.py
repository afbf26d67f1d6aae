"""A target as fast as Python makes one: answers every POST with a new number. `python -m bench.http_target` prints its port, and on
each line of standard input how many requests came and when each did.
"""

import asyncio
import json
import sys
import threading
import time
from typing import Any, ClassVar


class Wire(asyncio.Protocol):
    """Keep-alive, content-length, no more."""

    times: ClassVar[dict[str, float]] = {}
    transport: Any

    def connection_made(self, transport: Any) -> None:
        self.data = b""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.data += data
        while (end := self.data.find(b"\r\n\r\n") + 4) > 3:
            head = self.data[:end].lower()
            at = head.find(b"content-length:")
            size = int(head[at + 15 : head.find(b"\r", at)]) if at >= 0 else 0
            if len(self.data) < end + size:
                return
            body, self.data = self.data[end : end + size], self.data[end + size :]
            self.times.setdefault(body.decode(), time.time())
            answer = b'{"number": "D%d"}' % len(self.times)
            self.transport.write(b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)


def report() -> None:
    for _ in sys.stdin:
        print(json.dumps(Wire.times), flush=True)
        Wire.times.clear()


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Wire, "127.0.0.1", 0, backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)
    threading.Thread(target=report, daemon=True).start()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
