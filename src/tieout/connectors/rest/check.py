"""Rest mapping text to a checked Mapping, or a SettingsError with key, rule and next step; no address is asked here."""

import ipaddress
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import urlsplit

import msgspec

from tieout.connectors import System
from tieout.connectors.delimited.check import check_file
from tieout.connectors.rest.access import SECRET
from tieout.connectors.rest.mapping import ActMapping, Auth, ErrorRule, Mapping, Poll, Record, Test
from tieout.connectors.rest.path import parts_of
from tieout.connectors.rest.plan import entry_of
from tieout.connectors.rest.template import EACH, LINE, NotATemplate, Place, parsed, parsed_body, places_of
from tieout.connectors.rest.values import is_known, is_of_line
from tieout.core.command import Act
from tieout.declared import Wrong, nearest, read
from tieout.errors import SettingsError

GUIDE = "docs/how-to/connect-your-own-erp-by-rest.md lists every key."
TIMEOUT_MAX = 600
PAGES_MAX = 5_000
ENTRIES_MAX = 50
ACTS = tuple(act.value for act in Act)


def mapping_of(system: System) -> Mapping:
    """The checked mapping of a system. Raises SettingsError when there is none or it is wrong."""
    text = system.options.get("mapping")
    if not isinstance(text, str):
        raise SettingsError(f"System {system.name} has no mapping.", "Name a mapping file for it in the settings.")
    return parse(text, f"mapping of {system.name}", str(system.options.get("base", "")))


def base_of(system: System) -> str:
    """Where the interface is, without a slash at the end; the option `base` wins over the mapping."""
    return str(system.options.get("base", "") or mapping_of(system).rest.base).rstrip("/")


def address(base: str, url: str) -> str:
    """The absolute address of a path below the base."""
    return base + url


@lru_cache(maxsize=64)
def parse(text: str, where: str = "mapping", base: str = "") -> Mapping:
    """Read and check a mapping; `base` is what the settings say instead of it. Raises SettingsError."""
    mapping = read(text, where, Mapping, GUIDE)
    try:
        _check_api(mapping, base)
        _check_auth(mapping.auth)
        for key, rules in (("error", mapping.error), *((f"act: {name}: error", act.error) for name, act in mapping.act.items())):
            for number, rule in enumerate(rules, start=1):
                _check_error(rule, f"{key} {number}")
        for name, act in mapping.act.items():
            _check_act(name, act, f"act: {name}")
        _check_names("record", [record.name for record in mapping.record])
        for record in mapping.record:
            _check_record(record, f"record {record.name!r}")
        _check_names("poll", [poll.name for poll in mapping.poll])
        for poll in mapping.poll:
            _check_poll(poll, f"poll {poll.name!r}", [record.name for record in mapping.record])
    except Wrong as wrong:
        raise SettingsError(f"{where}: {wrong.key}: {wrong.rule}.", wrong.next_step or GUIDE) from None
    return mapping


def _check_api(mapping: Mapping, base: str) -> None:
    for stated in (mapping.rest.base, base):
        if stated:
            _check_base(stated, mapping)
    if not mapping.rest.base and not base:
        raise Wrong("rest: base", "say where the interface is", "Write it like 'https://erp.example.com/api'.")
    if not 1 <= mapping.rest.timeout <= TIMEOUT_MAX:
        raise Wrong("rest: timeout", f"a time-out is 1 to {TIMEOUT_MAX} seconds")


def _check_base(base: str, mapping: Mapping) -> None:
    key = "rest: base"
    try:
        parts = urlsplit(base)
        _ = parts.port
    except ValueError as bad:
        raise Wrong(key, f"{base!r} is no address: {bad}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or not base.isascii():
        raise Wrong(key, f"{base!r} is no address without query", "Write it like 'https://erp.example.com/api'.")
    if parts.username is not None:
        raise Wrong(key, "the address holds a user", "Write it in [auth]; its password is a secret of the system.")
    if parts.scheme == "http" and mapping.auth.scheme != "none" and not mapping.rest.plain_http and not _is_this_machine(parts.hostname):
        raise Wrong(key, "credentials would travel unencrypted", "Use https; or write `plain_http = true` where the network is trusted.")


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_auth(auth: Auth) -> None:
    needs = {"basic": ("user",), "header": ("name",), "query": ("name",), "oauth2": ("token_url", "client_id")}
    for name in needs.get(auth.scheme, ()):
        if not getattr(auth, name):
            secret = f"; its secret is `{SECRET[auth.scheme]}`"
            raise Wrong(f"auth: {name}", f"the scheme {auth.scheme!r} needs it", f"Write `{name}` in [auth]{secret}.")
    if auth.token_url and not auth.token_url.startswith(("/", "https://", "http://")):
        raise Wrong("auth: token_url", f"{auth.token_url!r} is neither a path nor an address", "Write it like '/oauth/token'.")
    if auth.token_url.startswith("http://") and not _is_this_machine(urlsplit(auth.token_url).hostname or ""):
        raise Wrong("auth: token_url", "the secret would travel unencrypted", "Use https.")


def _check_error(rule: ErrorRule, key: str) -> None:
    if not rule.status and rule.when is None:
        raise Wrong(key, "the rule would fit every answer", "Give it `status`, `when` or both.")
    for status in rule.status:
        good = 100 <= status <= 599 if isinstance(status, int) else status in ("1xx", "2xx", "3xx", "4xx", "5xx")
        if not good:
            raise Wrong(f"{key}: status", f"{status!r} is no status", "Write 422 or '4xx'.")
    if rule.when is not None:
        _check_test(rule.when, f"{key}: when")
    for path in rule.reason:
        _check_path(path, f"{key}: reason")


def _check_test(test: Test, key: str) -> None:
    _check_path(test.path, f"{key}: path")
    if sum(each is not None for each in msgspec.structs.astuple(test)[1:]) != 1:
        raise Wrong(key, f"the test of {test.path!r} needs exactly one of equals, not_equals, in, empty, not_empty")


def _check_path(path: str, key: str) -> None:
    try:
        parts_of(path)
    except ValueError as bad:
        raise Wrong(key, str(bad)) from None


def _check_act(name: str, act: ActMapping, key: str) -> None:
    if name not in ACTS:
        raise Wrong(key, "there is no such act", nearest(name, ACTS) or f"There are {', '.join(ACTS)}.")
    if act.idempotency is None and act.probe is None:
        raise Wrong(
            key,
            "when an answer is lost nobody could say whether it was done",
            "Give it a `probe`, or `idempotency` if the target knows a second attempt by its key.",
        )
    texts = [(f"{key}: headers: {header}", text) for header, text in act.headers.items()]
    _check_url(act.url, f"{key}: url", ())
    if act.probe is not None:
        _check_url(act.probe.url, f"{key}: probe: url", ())
        texts.append((f"{key}: probe: equals", act.probe.equals))
        _check_path(act.probe.path, f"{key}: probe: path")
        _check_path(act.probe.records, f"{key}: probe: records")
    for where, text in texts:
        _check_places(_text(text, where), where, ())
    if act.body:
        _check_body(act.body, f"{key}: body", ())
    if act.read_back is not None:
        _check_url(act.read_back.url, f"{key}: read_back: url", ("document",))
        _check_body(act.read_back.expect, f"{key}: read_back: expect", ("document",))
    if act.success is not None:
        _check_test(act.success, f"{key}: success")
    for place in (*act.documents, *(act.probe.documents if act.probe else ())):
        _check_path(place.path, f"{key}: documents")
        if not place.type or "/" in place.type:
            raise Wrong(f"{key}: documents", f"{place.type!r} is no document type", "Write it like 'sales_order'.")


def _check_url(url: str, key: str, more: tuple[str, ...]) -> None:
    if not url.startswith("/"):
        raise Wrong(key, f"{url!r} is not below the base", "Write it like '/orders/{reference.shop.order}'.")
    if not url.isascii() or any(c <= " " for c in url) or "#" in url:
        raise Wrong(key, f"{url!r} holds what an address cannot", "Percent-encode it.")
    _check_places(_text(url, key), key, more)


def _text(text: str, key: str) -> Iterable[Place]:
    try:
        return places_of(parsed(text))
    except NotATemplate as bad:
        raise Wrong(key, f"{text!r}: {bad}") from None


def _check_places(places: Iterable[Place], key: str, more: tuple[str, ...]) -> None:
    for place in places:
        if not is_known(place.name, more):
            raise Wrong(key, f"a command has no {place.name!r} here", GUIDE)


def _check_body(text: str, key: str, more: tuple[str, ...]) -> None:
    try:
        body = parsed_body(text)
    except NotATemplate as bad:
        raise Wrong(key, str(bad)) from None
    for place, in_line in _places_in(body, in_line=False):
        if place.name.startswith(LINE) and not in_line:
            raise Wrong(key, f"{place.name!r} stands outside of a line", f'Put "{EACH}": "lines" into the object around it.')
        if not is_of_line(place.name):
            _check_places([place], key, more)


def _places_in(value: object, *, in_line: bool) -> Iterator[tuple[Place, bool]]:
    """The places of a body, and whether they stand in an object that is repeated per line."""
    if isinstance(value, Place):
        yield value, in_line
    elif isinstance(value, dict):
        for item in value.values():
            yield from _places_in(item, in_line=in_line or EACH in value)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _places_in(item, in_line=in_line)


def _check_names(what: str, names: list[str]) -> None:
    if len(names) > ENTRIES_MAX:
        raise Wrong(what, f"there are at most {ENTRIES_MAX}")
    for name in names:
        if not name or not name.replace("_", "").replace("-", "").isalnum() or names.count(name) > 1:
            raise Wrong(f"{what} {name!r}", "a name is given once, of letters, digits, '-' and '_'")


def _check_record(record: Record, key: str) -> None:
    for fact in record.fact:
        if not fact.number:
            raise Wrong(f"{key}: {fact.kind}", "a record's fact needs a `number`", "Name the path of the document's number or id.")
        for line in fact.line:
            _check_path(line.each, f"{key}: {fact.kind}: line: each")
            if line.each.startswith("/"):
                raise Wrong(f"{key}: {fact.kind}: line: each", "a list is named with dots", "Write it like 'data.lines'.")
    try:
        entry = entry_of(record)
    except Wrong as wrong:
        raise Wrong(f"{key}: {wrong.key}", wrong.rule, "In an amount a path stands in braces: {lines.qty} * {lines.price}.") from None
    check_file(entry, key)
    for column in entry.columns:
        _check_path(column, key)


def _check_poll(poll: Poll, key: str, records: list[str]) -> None:
    if poll.record not in records:
        raise Wrong(f"{key}: record", f"there is no [[record]] {poll.record!r}", nearest(poll.record, records) or GUIDE)
    names = [place.name for place in _text(poll.url, f"{key}: url")]
    known = ("cursor", "page", "offset")
    if not poll.url.startswith("/") or not set(names) <= set(known):
        raise Wrong(f"{key}: url", "a poll's address is a path with {cursor}, {page} or {offset}", "Write it like '/orders?since={cursor}'.")
    paging = poll.paging
    rules = (
        ("{cursor} needs `cursor`", "cursor" in names and poll.cursor is None),
        ("`cursor` is not used", poll.cursor is not None and "cursor" not in names),
        ("{page} and {offset} need `paging.size`", bool({"page", "offset"} & set(names)) and not (paging and paging.size)),
        ("`pages_max` is 1 to 5,000", not 1 <= poll.pages_max <= PAGES_MAX),
    )
    for rule, broken in rules:
        if broken:
            raise Wrong(f"{key}: url" if "pages" not in rule else key, rule)
    _check_path(poll.records, f"{key}: records")
    if poll.cursor is not None:
        _check_path(poll.cursor.path, f"{key}: cursor: path")
        if (poll.cursor.overlap or 0) < 0 or (poll.cursor.overlap and poll.cursor.kind == "token"):
            raise Wrong(f"{key}: cursor: overlap", "an overlap is seconds or numbers, and not for tokens")
        if not poll.cursor.first:
            raise Wrong(f"{key}: cursor: first", "say where the first poll begins", "Write it like '2026-01-01T00:00:00Z'.")
    if paging is not None and sum((bool(paging.next), paging.link, bool(paging.token), bool(paging.size))) != 1:
        raise Wrong(f"{key}: paging", "give exactly one of `next`, `link`, `token` and `size`")
    if paging is not None and bool(paging.token) != bool(paging.parameter):
        raise Wrong(f"{key}: paging", "`token` and `parameter` belong together")
    for place in _text(poll.key, f"{key}: key"):
        _check_path(place.name, f"{key}: key")
