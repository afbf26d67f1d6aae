"""Reads the fixtures that connectors bring along: `fixtures/<name>/input.*`, `system.toml`, `expected.json`."""

import importlib
import io
import json
import os
import pkgutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

import tieout.connectors
from tieout.connectors import Document, Refused, System
from tieout.core.facts import Fact, Refusal, Statement
from tieout.core.values import Role

WRITE = os.environ.get("TIEOUT_WRITE_EXPECTED") == "1"


class Fixture(msgspec.Struct, frozen=True):
    connector: str
    folder: Path

    def __str__(self) -> str:
        return f"{self.connector}/{self.folder.name}"

    @property
    def input(self) -> Path:
        return next(iter(sorted(self.folder.glob("input.*"))))

    @property
    def module(self) -> ModuleType:
        return connector(self.connector)

    def system(self) -> System:
        """The System fields of `system.toml`; `[options_from]` names files whose text becomes an option."""
        path = self.folder / "system.toml"
        stated: dict[str, Any] = tomllib.loads(path.read_text()) if path.exists() else {}
        options = dict(stated.pop("options", {}))
        for name, file in stated.pop("options_from", {}).items():
            options[name] = (self.folder / file).read_text()
        role = Role(stated.pop("role", "erp"))
        return System(**{"name": self.connector, "connector": self.connector, "role": role, "options": options, **stated})


def connector_names() -> list[str]:
    return sorted(found.name for found in pkgutil.iter_modules(tieout.connectors.__path__) if found.ispkg)


def connector(name: str) -> ModuleType:
    return importlib.import_module(f"tieout.connectors.{name}")


def home(name: str) -> Path:
    return Path(str(connector(name).__file__)).parent


def fixtures() -> list[Fixture]:
    return [
        Fixture(name, folder)
        for name in connector_names()
        for folder in sorted((home(name) / "fixtures").glob("*"))
        if folder.is_dir() and any(folder.glob("input.*"))
    ]


def documents(fixture: Fixture, raw: bytes) -> list[Document | Refused]:
    return list(fixture.module.split(io.BytesIO(raw), fixture.input.name, fixture.system()))


def statements(fixture: Fixture, raw: bytes) -> Iterator[Statement]:
    system = fixture.system()
    for document in documents(fixture, raw):
        if isinstance(document, Refused):
            yield document.refusal
        else:
            yield from fixture.module.translate(document, system)


def shown(statement: Statement) -> dict[str, Any]:
    """A statement as `expected.json` writes it: a fact without its source, a refusal by its rule."""
    if isinstance(statement, Refusal):
        return {"refusal": statement.rule}
    plain = msgspec.structs.replace(statement, source=None)
    written: dict[str, Any] = json.loads(msgspec.json.encode(plain))
    return written


def read_back(written: dict[str, Any]) -> Fact:
    return msgspec.convert(written, Fact, strict=False)
