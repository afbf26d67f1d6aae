"""One folder per outside system: manifest, contracts, translate, fixtures, quality. Nothing outside the folder changes when one is added.

A connector does two things, both pure: `split` cuts a stream of bytes into documents (the messages that are kept
for ever), `translate` reads one document into statements (facts, or refusals with a reason a partner understands).
"""

from collections.abc import Generator, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, BinaryIO, Protocol

import msgspec

from tieout.core.command import Absent, Act, Call, Command, Failed, Outcome, Polled, Rejected, Reply
from tieout.core.facts import Refusal, Statement
from tieout.core.values import Role

DOCUMENT_MAX = 16 * 1024 * 1024
"""Largest document kept as one message, in bytes; a longer one is refused."""


class Document(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A piece of input that is kept unchanged as one message.

    `line` (1-based) and `byte` (0-based) say where it starts in `origin`; `contract` names what it is believed to be
    (`x12/850`, `shopify/orders`, a mapping's file entry); `key` is the sender's own id for this delivery, used to
    deduplicate it (else the content is the key). `meta` is what `split` knew and `translate` needs: a header line, HTTP headers.
    """

    raw: bytes
    origin: str
    line: int = 1
    byte: int = 0
    contract: str = ""
    key: str = ""
    meta: dict[str, str] = {}


class Refused(msgspec.Struct, frozen=True):
    """A piece of input that could not even be cut into a document; `document` holds the bytes that are kept (the first part, if too long)."""

    document: Document
    refusal: Refusal


class System(msgspec.Struct, frozen=True):
    """An outside system as the settings describe it.

    `timezone` is the IANA zone of its local times, `entity` our legal entity it works for, `lines` whether its line
    references are the root document's line numbers, `states` the only fact types it is believed for (all if empty),
    `ignore` those it is not believed for (another system states them). `options` belong to the connector: its manifest
    says which there are. `silent`: what it states counts, and nobody waits for it (people who correct).
    """

    name: str
    connector: str
    role: Role
    timezone: str = "UTC"
    currency: str = "USD"
    entity: str = ""
    lines: bool = False
    states: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    options: dict[str, Any] = {}
    silent: bool = False

    def believes(self, kind: str) -> bool:
        """True when statements of this kind count."""
        return kind not in self.ignore and (not self.states or kind in self.states)


class Option(msgspec.Struct, frozen=True):
    """One option of a connector, for the reference and for checking the settings."""

    name: str
    type: str
    default: str
    meaning: str


class Manifest(msgspec.Struct, frozen=True):
    """What a connector is: its name, title, the fact types it can state, its contracts (name -> JSON Schema file), options,
    and the acts its `send` can do."""

    name: str
    title: str
    states: tuple[str, ...]
    contracts: dict[str, str] = {}
    options: tuple[Option, ...] = ()
    acts: tuple[Act, ...] = ()


class Connector(Protocol):
    """A connector module (`tieout.connectors.<name>`) has these three names."""

    MANIFEST: Manifest

    def split(self, stream: BinaryIO, origin: str, system: System) -> Iterator[Document | Refused]:
        """Cut a stream into documents, reading it in bounded pieces."""
        ...

    def translate(self, document: Document, system: System) -> Iterable[Statement]:
        """Read one document into statements. Pure; never raises on bad input."""
        ...


Conversation = Generator[Call, Reply, Outcome]
"""Yields calls, is given their replies, returns the outcome."""
Secrets = Mapping[str, str]
"""The secrets of one system by option name, resolved by the runtime; never stored, never logged."""


class Sender(Protocol):
    """What a connector's `send` module has when it drives its system (sans-I/O: the runtime does the calls)."""

    def send(self, command: Command, system: System, secrets: Secrets) -> Conversation:
        """Do the command and read it back. Raises nothing on a bad reply: it returns Rejected or Failed."""
        ...

    def probe(self, command: Command, system: System, secrets: Secrets) -> Generator[Call, Reply, Outcome | Absent]:
        """Look whether an attempt of unknown outcome succeeded: Accepted (it is there), Absent, or Failed."""
        ...


class Address(msgspec.Struct, frozen=True):
    """Between whom an outgoing document goes: the pair has its own control numbers, which begin at `first`."""

    sender: str
    receiver: str
    first: int = 1


class Numbers(msgspec.Struct, frozen=True):
    """What the runtime gives to a document: control numbers of its interchange, group and set, and the instant it is made (UTC)."""

    interchange: int
    group: int
    set: int
    made: datetime


class Writer(Protocol):
    """What a connector's `send` module has when its system takes documents instead of calls. The runtime numbers and delivers them."""

    def address(self, command: Command, system: System) -> Address | Rejected:
        """Between whom the command's document goes, or why it cannot be written."""
        ...

    def document(self, command: Command, system: System, numbers: Numbers) -> bytes | Rejected:
        """The document, byte for byte the same for the same numbers, or why it cannot be written."""
        ...


class Poller(Protocol):
    """What a connector's `poll` module has when its system has to be asked for news."""

    def poll(self, system: System, secrets: Secrets, cursor: str, found: list[Document]) -> Generator[Call, Reply, Polled | Failed]:
        """Ask for what changed since `cursor` (empty: from the beginning), overlapping the window; append the documents.

        Failed when an answer is none; what was found until then is good, and the old cursor stays.
        """
        ...
