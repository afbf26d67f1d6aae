"""The crew of a lane: some threads that deliver the tasks of one system. Knows no database."""

import threading
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue

from tieout.core.command import Failed
from tieout.runtime.delivery import Delivery
from tieout.runtime.task import Ending, Result, Task, lost
from tieout.telemetry.traces import Traces, Untraced


class Crew:
    """Threads for one system. `done` is called in them with every result; it must not block. Each conversation is a span of `traces`."""

    def __init__(self, name: str, delivery: Delivery, done: Callable[[Result], None], traces: Traces | None = None) -> None:
        self.size = delivery.size
        self._delivery = delivery
        self._done = done
        self._traces = traces or Untraced()
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._work, name=f"{name}-{n}", daemon=True) for n in range(delivery.size)]
        for thread in self._threads:
            thread.start()

    def give(self, tasks: Sequence[Task]) -> None:
        """Hand over tasks in the order in which they are to begin."""
        for task in tasks:
            self._tasks.put(task)

    def stop(self) -> None:
        """Begin nothing more; what had not begun comes back as a failure that never left us. Does not wait."""
        self._stopped.set()
        for _ in self._threads:
            self._tasks.put(None)

    def join(self, seconds: float) -> bool:
        """Wait for what is under way; True when all of it has ended. Then the connections are closed."""
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0.0))
        over = not any(thread.is_alive() for thread in self._threads)
        if over:
            self._delivery.close()
        return over

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            wait = task.starts - time.monotonic()
            if wait > 0:
                self._stopped.wait(wait)
            began = time.monotonic()
            outcome = self._outcome(task)
            self._done(Result(task, outcome, time.monotonic() - began))

    def _outcome(self, task: Task) -> Ending:
        if self._stopped.is_set():
            return Failed("stopped", "The dispatcher was stopped before it was sent; it is taken again.")
        if not task.is_held:
            return lost(task)
        command = task.command
        with self._traces.span(task.move.value, task.trace, system=command.system, act=command.act.value, command=task.key) as task.trace:
            return self._delivery.deliver(task)
