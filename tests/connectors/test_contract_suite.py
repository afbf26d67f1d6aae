"""What every connector must do, whoever wrote it; a new folder under `connectors/` is picked up by itself."""

import json
import random
import re
import tomllib
from pathlib import Path

import jsonschema
import msgspec
import pytest
from fixture_files import WRITE, Fixture, connector, connector_names, documents, fixtures, home, shown, statements

from tieout.connectors import DOCUMENT_MAX, Document, Manifest, Refused
from tieout.core.facts import Fact, Refusal
from tieout.core.facts.kinds import KINDS
from tieout.core.values import normalise, ref_parts, tidy

LEVELS = ("tried", "tested", "proven")
MUTATIONS = 60
each_connector = pytest.mark.parametrize("name", connector_names())
each_fixture = pytest.mark.parametrize("fixture", fixtures(), ids=str)


@each_connector
def test_manifest_says_what_the_connector_is(name: str) -> None:
    manifest = connector(name).MANIFEST

    assert isinstance(manifest, Manifest)
    assert manifest.name == name
    assert manifest.title and not manifest.title.endswith(".")
    assert manifest.states and set(manifest.states) <= set(KINDS)
    assert len({option.name for option in manifest.options}) == len(manifest.options)
    assert all(option.type and option.meaning for option in manifest.options)


@each_connector
def test_contracts_are_valid_json_schemas_that_travel_with_the_package(name: str) -> None:
    manifest = connector(name).MANIFEST

    for contract, file in manifest.contracts.items():
        path = home(name) / file
        assert path.is_file(), f"{name}: contract {contract} names {file}, which is not there"
        jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text()))
    if not manifest.contracts:
        assert quality(name).get("contract"), f"{name}: no contracts; say in quality.toml which standard it reads"


@each_connector
def test_quality_file_is_honest_and_complete(name: str) -> None:
    stated = quality(name)

    for key in ("covered", "not_covered", "tested_against"):
        assert isinstance(stated.get(key), list) and stated[key], f"{name}: quality.toml lacks [quality] {key}"
        assert all(isinstance(entry, str) and entry for entry in stated[key])
    assert stated.get("level") in LEVELS, f"{name}: quality.toml level is one of {LEVELS}"


@each_connector
def test_connector_brings_good_and_bad_fixtures(name: str) -> None:
    mine = [fixture for fixture in fixtures() if fixture.connector == name]
    assert mine, f"{name}: there is no fixtures/<name>/input.*"

    results = [one for fixture in mine for one in statements(fixture, fixture.input.read_bytes())]

    assert any(isinstance(one, Fact) for one in results), f"{name}: no fixture shows a fact"
    assert any(isinstance(one, Refusal) for one in results), f"{name}: no fixture shows a refusal"


@each_fixture
def test_fixture_translates_to_its_expected_statements(fixture: Fixture) -> None:
    results = [shown(one) for one in statements(fixture, fixture.input.read_bytes())]

    path = fixture.folder / "expected.json"
    if WRITE:
        path.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    assert path.is_file(), f"{fixture}: expected.json is missing (TIEOUT_WRITE_EXPECTED=1 writes it; then read it)"
    assert results == json.loads(path.read_text())


@each_fixture
def test_facts_keep_the_rules_of_facts(fixture: Fixture) -> None:
    states = fixture.module.MANIFEST.states

    for fact in statements(fixture, fixture.input.read_bytes()):
        if isinstance(fact, Refusal):
            continue
        assert fact.kind in states
        assert fact.type and fact.number and fact.number == normalise(fact.number)
        assert "/" not in fact.system + fact.type + fact.partner
        assert fact.happened.utcoffset() is not None and not fact.happened.utcoffset()
        assert len({line.line for line in fact.lines}) == len(fact.lines)
        numbers = [fact.total, *(n for line in fact.lines for n in (line.quantity, line.value))]
        assert all(str(n) == str(tidy(n)) for n in numbers if n is not None)
        if any(line.value is not None for line in fact.lines) or fact.total is not None:
            assert re.fullmatch("[A-Z]{3}", fact.currency)
        for reference in [line.subject for line in fact.lines] + [end for pair in fact.links for end in pair]:
            system, type_, number = ref_parts(reference)
            assert system and type_ and number == normalise(number)


@each_fixture
def test_refusals_say_where_why_and_what_next(fixture: Fixture) -> None:
    for refusal in statements(fixture, fixture.input.read_bytes()):
        if isinstance(refusal, Refusal):
            assert_is_helpful(refusal)


@each_fixture
def test_documents_are_pieces_of_the_input_in_order(fixture: Fixture) -> None:
    """Raw bytes are kept unchanged; between documents stands only punctuation, or what documents repeat in `meta`."""
    raw = fixture.input.read_bytes()
    end = 0

    for one in documents(fixture, raw):
        document = one.document if isinstance(one, Refused) else one
        assert len(document.raw) <= DOCUMENT_MAX
        assert document.origin == fixture.input.name
        assert document.byte >= end
        assert raw[document.byte : document.byte + len(document.raw)] == document.raw
        assert document.line == 1 + raw.count(b"\n", 0, document.byte)
        assert is_punctuation(raw[end : document.byte], document), f"bytes {end} to {document.byte} are lost"
        end = document.byte + len(document.raw)
        if isinstance(one, Refused):
            return
    assert is_punctuation(raw[end:], None), f"the bytes from {end} on are lost"


@each_fixture
def test_documents_honour_their_contract(fixture: Fixture) -> None:
    """Every JSON document that gives facts satisfies the published schema it claims to follow."""
    contracts = fixture.module.MANIFEST.contracts
    for document in documents(fixture, fixture.input.read_bytes()):
        if isinstance(document, Refused) or document.contract not in contracts:
            continue
        results = list(fixture.module.translate(document, fixture.system()))
        if all(isinstance(one, Fact) for one in results) and document.raw[:1] in b"{[":
            schema = json.loads((home(fixture.connector) / contracts[document.contract]).read_text())
            jsonschema.Draft202012Validator(schema).validate(json.loads(document.raw))


@each_fixture
def test_translation_is_pure(fixture: Fixture) -> None:
    raw = fixture.input.read_bytes()
    assert [shown(one) for one in statements(fixture, raw)] == [shown(one) for one in statements(fixture, raw)]


@each_fixture
def test_damaged_input_never_raises(fixture: Fixture) -> None:
    """Cut off, overwritten, doubled or emptied: the answer is facts or refusals that a partner understands."""
    raw = fixture.input.read_bytes()
    rng = random.Random(str(fixture))

    for n in range(MUTATIONS):
        for statement in statements(fixture, damaged(raw, n, rng)):
            if isinstance(statement, Refusal):
                assert_is_helpful(statement)
            else:
                msgspec.json.encode(statement)


def damaged(raw: bytes, n: int, rng: random.Random) -> bytes:
    at = rng.randrange(len(raw) + 1)
    if n % 4 == 0:
        return raw[:at]
    if n % 4 == 1:
        return raw[:at] + bytes([rng.randrange(256)]) + raw[at + 1 :]
    if n % 4 == 2:
        return raw[:at] + raw[at + rng.randrange(40) :]
    return raw[:at] + rng.choice((b'"', b"{", b"[", b"\x00", b"<", b"~*", b"9" * 400, b"1e999", b"\xff\xfe")) + raw[at:]


def assert_is_helpful(refusal: Refusal) -> None:
    assert refusal.source.origin
    assert re.fullmatch(r"[a-z0-9_]+/[a-z0-9_-]+", refusal.rule), refusal.rule
    assert refusal.reason.strip().endswith((".", "!", "?", ")")), refusal.reason
    assert refusal.next_step.strip()
    assert len(refusal.reason) < 2000


def is_punctuation(gap: bytes, following: Document | None) -> bool:
    text = re.sub(rb"[\s,\[\]\x00\xef\xbb\xbf]+", b"", gap)
    return not text or following is None or any(text in re.sub(rb"\s", b"", v.encode()) for v in following.meta.values())


def quality(name: str) -> dict[str, object]:
    path = Path(home(name)) / "quality.toml"
    assert path.is_file(), f"{name}: quality.toml is missing"
    section = tomllib.loads(path.read_text()).get("quality", {})
    assert section, f"{name}: quality.toml lacks the section [quality]"
    return dict(section)
