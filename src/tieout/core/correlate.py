"""Identifiers to subjects: which references name the same business transaction, and what that transaction is called (rule 19)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from tieout.core.values import Ref, ref_parts

ROOT_TYPES = frozenset(
    ("order", "sales_order", "purchase_order", "invoice", "vendor_invoice", "return", "stock", "parcel", "freight", "group",
     "settlement", "payout", "remittance")
)  # fmt: skip
"""Types of reference that can name a subject by themselves; every other (a delivery, a bank entry) waits for a link."""

SIZE_MAX = {"order": 40, "sales_order": 40}
SIZE_MAX_DEFAULT = 20
"""How many other references one reference may be linked to; beyond it nothing merges through it and a case opens."""


class Components(msgspec.Struct, frozen=True):
    """The root of every linked reference, and the references that are linked too often to be believed."""

    root: dict[Ref, Ref]
    overloaded: tuple[Ref, ...]


def size_max(reference: str) -> int:
    """The most links a reference of this type may carry."""
    return SIZE_MAX.get(ref_parts(reference)[1], SIZE_MAX_DEFAULT)


def names_subject(reference: str) -> bool:
    """True when the reference can be a root by itself."""
    return ref_parts(reference)[1] in ROOT_TYPES


class Precedence:
    """The order in which references claim the name of a component: by system as the settings list them, then by text."""

    def __init__(self, systems: Sequence[str]) -> None:
        self.rank: Mapping[str, int] = {name: n for n, name in enumerate(systems)}

    def __call__(self, reference: str) -> tuple[bool, int, str]:
        """Sort key: the least member names the root; only a reference that can name a subject is preferred."""
        system, type_, _ = ref_parts(reference)
        return type_ not in ROOT_TYPES, self.rank.get(system, len(self.rank)), reference


def components(links: Iterable[tuple[Ref, Ref]], precedence: Precedence) -> Components:
    """Connected components of `identifies` links.

    A function of the set of links alone: a reference with more different neighbours than its type allows is
    overloaded, and all of its links are ignored, whatever the order in which they came.
    """
    pairs = {(a, b) if a < b else (b, a) for a, b in links if a != b}
    neighbours: dict[Ref, set[Ref]] = defaultdict(set)
    for a, b in pairs:
        neighbours[a].add(b)
        neighbours[b].add(a)
    overloaded = {node for node, near in neighbours.items() if len(near) > size_max(node)}
    parent: dict[Ref, Ref] = {node: node for node in neighbours}

    def find(node: Ref) -> Ref:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for a, b in sorted(pairs):
        if a in overloaded or b in overloaded:
            continue
        low, high = sorted((find(a), find(b)), key=precedence)
        parent[high] = low
    return Components({node: find(node) for node in parent}, tuple(sorted(overloaded)))
