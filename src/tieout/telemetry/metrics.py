"""The figures of a running process, as Prometheus reads them; labels are names from the settings, never data."""

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

TYPE = CONTENT_TYPE_LATEST
SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


class Metrics:
    """One registry per process; the roles count in it, `/metrics` shows it."""

    def __init__(self) -> None:
        disable_created_metrics()
        self.registry = made = CollectorRegistry()
        self.messages = Counter(
            "tieout_messages", "Messages taken in, by what became of them: kept or repeated.", ["system", "outcome"], registry=made
        )
        self.quarantined = Counter("tieout_statements_quarantined", "Statements that could not be read.", ["system"], registry=made)
        self.refused = Counter("tieout_requests_refused", "Requests refused before anything was kept, by rule.", ["rule"], registry=made)
        self.batch_seconds = Histogram("tieout_batch_seconds", "Seconds to apply one batch.", ["role"], buckets=SECONDS, registry=made)
        self.restarts = Counter("tieout_role_restarts", "Times a role failed and was started again.", ["role"], registry=made)
        self.poll_faults = Counter("tieout_poll_faults", "Polls that failed, by fault.", ["system", "fault"], registry=made)
        self.last_poll = Gauge("tieout_last_poll_timestamp_seconds", "When the last good poll ended.", ["system"], registry=made)
        self.queue_depth = Gauge("tieout_queue_depth", "Deliveries that wait for their commit.", registry=made)
        self.role_up = Gauge("tieout_role_up", "1 if a role of this process works.", ["role"], registry=made)
        self.database_up = Gauge("tieout_database_up", "1 if the database answered when this was read.", registry=made)
        self.watermark_age = Gauge(
            "tieout_feed_watermark_age_seconds", "How long ago the moment lies to which a feed is complete.", ["system"], registry=made
        )
        self.commands = Gauge("tieout_commands", "Commands that have not come to an end.", ["system", "state"], registry=made)
        self.command_age = Gauge(
            "tieout_oldest_command_age_seconds", "How long ago the oldest command was decided that is not taken yet.", ["system"], registry=made
        )
        self.circuit_closed = Gauge("tieout_circuit_closed", "1 if the system is told things, 0 if it is spared.", ["system"], registry=made)
        self.open_cases = Gauge("tieout_open_cases", "Open cases by class: account and side.", ["class"], registry=made)

    def set_all(self, gauge: Gauge, values: Mapping[str, float] | Mapping[tuple[str, ...], float]) -> None:
        """Set a gauge for every label value, or tuple of them, and forget those that are no more."""
        gauge.clear()
        for label, value in values.items():
            gauge.labels(*(label if isinstance(label, tuple) else (label,))).set(value)

    def text(self) -> bytes:
        """All of it, in the text format."""
        return generate_latest(self.registry)

    def names(self) -> Iterable[str]:
        """The names as `/metrics` shows them."""
        for family in self.registry.collect():
            yield family.name + ("_total" if family.type == "counter" else "")
