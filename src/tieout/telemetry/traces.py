"""Traces from message to command: spans of OpenTelemetry if `tieout[otel]` is installed and told where to send them, else nothing.

A span is named to others by its `traceparent` (W3C Trace Context), which is kept with the message; so a command that is
decided much later can go on in the trace of the message that caused it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol

from tieout.telemetry.logs import LOG

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import SpanContext

TRACEPARENT = "traceparent"
ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_FORM = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


class Traces(Protocol):
    """Makes spans. `is_recording` says whether it is worth finding out which trace something belongs to."""

    is_recording: bool

    def span(self, name: str, parent: str = "", links: Sequence[str] = (), **attributes: str | int) -> AbstractContextManager[str]:
        """A span for a `with` block, which is given its traceparent; `parent` and `links` are others' traceparents."""
        ...

    def close(self) -> None:
        """Send what is left."""
        ...


class Untraced:
    """No spans; a trace that somebody else began is handed on."""

    is_recording = False

    @contextmanager
    def span(self, name: str, parent: str = "", links: Sequence[str] = (), **attributes: str | int) -> Iterator[str]:
        """Hands the parent on."""
        yield parent

    def close(self) -> None:
        """Nothing is left."""


class Traced:
    """Spans by the SDK, sent in the background by an exporter."""

    is_recording = True

    def __init__(self, exporter: "SpanExporter") -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        self._provider = TracerProvider(resource=Resource.create({"service.name": "tieout"}))
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("tieout")

    @contextmanager
    def span(self, name: str, parent: str = "", links: Sequence[str] = (), **attributes: str | int) -> Iterator[str]:
        """A span that ends with the block; an error in it is marked, without its words."""
        from opentelemetry.trace import Link, NonRecordingSpan, Status, StatusCode, set_span_in_context

        above = _context(parent)
        linked = [Link(each) for text in links if (each := _context(text)) is not None]
        within = set_span_in_context(NonRecordingSpan(above)) if above is not None else None
        span = self._tracer.start_span(name, context=within, links=linked, attributes=attributes)
        try:
            own = span.get_span_context()
            yield f"00-{own.trace_id:032x}-{own.span_id:016x}-{own.trace_flags:02x}"
        except BaseException as error:
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise
        finally:
            span.end()

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


def _context(traceparent: str) -> "SpanContext | None":
    from opentelemetry.trace import SpanContext, TraceFlags

    found = _FORM.fullmatch(traceparent)
    if found is None:
        return None
    context = SpanContext(int(found[1], 16), int(found[2], 16), is_remote=True, trace_flags=TraceFlags(int(found[3], 16)))
    return context if context.is_valid else None


def traceparent_of(text: str) -> str:
    """A caller's traceparent if it is one, else nothing."""
    return text if _FORM.fullmatch(text) else ""


def traces_of(environment: Mapping[str, str]) -> Traces:
    """Real traces if the usual variables of OpenTelemetry name an endpoint and the extra is installed."""
    if not any(environment.get(name) for name in ENDPOINTS):
        return Untraced()
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        return Traced(OTLPSpanExporter())
    except ImportError:
        LOG.warning("traces are asked for and cannot be made: pip install 'tieout[otel]'")
        return Untraced()
