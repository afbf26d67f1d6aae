"""Payloads that others wrote: each is read or refused politely, and how many of each is printed."""

from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from corpus_folder import CORPUS
from tieout.connectors import Document, Refused, System, camt, shopify
from tieout.core.facts import Fact
from tieout.core.values import Role

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus at {CORPUS}; set TIEOUT_CORPUS"),
]


def outcomes(connector: ModuleType, files: list[Path], role: Role) -> Counter[str]:
    """How often each kind of fact and each rule came out of the files."""
    system = System(connector.MANIFEST.name, connector.MANIFEST.name, role)
    found: Counter[str] = Counter()
    for path in files:
        with path.open("rb") as stream:
            for one in connector.split(stream, path.name, system):
                results = [one.refusal] if isinstance(one, Refused) else list(connector.translate(one, system))
                found.update(r.kind if isinstance(r, Fact) else r.rule for r in results)
                assert isinstance(one, Document | Refused)
    return found


def test_shopify_payloads() -> None:
    files = sorted(CORPUS.glob("04-payloads/shopify-*/**/*.json"))
    assert files

    found = outcomes(shopify, files, Role.CHANNEL)

    print(f"\n{len(files)} Shopify files: {dict(found)}")
    assert {"OrderPlaced", "Shipped", "Refunded", "shopify/topic"} <= set(found)


def test_bank_messages() -> None:
    files = sorted(CORPUS.glob("07-bank-settlement/camt-genkgo/**/*.xml"))
    files += sorted(CORPUS.glob("07-bank-settlement/iso20022-*/**/*.xml"))
    assert files

    found = outcomes(camt, files, Role.BANK)

    print(f"\n{len(files)} bank files: {dict(found)}")
    assert {"CashReceived", "CashPaid", "camt/unknown", "camt/balance"} <= set(found)
