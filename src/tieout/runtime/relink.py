"""Relink: keep every reference pointing at its root as links come, change and go (rule 19)."""

from collections.abc import Collection, Iterable

from tieout.core.correlate import SIZE_MAX_DEFAULT, components
from tieout.core.values import Ref
from tieout.runtime.batch import Batch, Change, Subject
from tieout.store import rows
from tieout.store.database import copy_rows, fetch, run
from tieout.store.sql import sql

Link = tuple[str, str, str]
REGION_MAX = 50_000


def update(batch: Batch, changes: dict[str, Change]) -> set[str]:
    """Apply the changed links; the identities whose postings may move because of it."""
    added: list[Link] = []
    removed: list[str] = []
    gone: set[str] = set()
    stored = _stored(batch, changes)
    for identity, change in changes.items():
        before = stored.get(identity, {})
        after = {pair: None for pair in change.after.links if pair[0] != pair[1]} if change.after is not None else {}
        if before.keys() == after.keys():
            continue
        if before:
            removed.append(identity)
            gone.update(ref for pair in before for ref in pair)
        added += [(identity, a, b) for a, b in after]
    if not added and not removed:
        return set()
    named, hard = _attach(batch, added)
    if hard or removed:
        batch.need_exclusive()
    batch.link_rows += [rows.link_row(i.encode(), a.encode(), b.encode()) for i, a, b in added]
    users = {identity for (identity,) in fetch(batch.connection, "waiting_on", named)} if named else set()
    if hard or removed:
        users |= _regroup(batch, hard | gone, removed)
    return users


def _stored(batch: Batch, changes: dict[str, Change]) -> dict[str, dict[tuple[str, str], None]]:
    """The links that stand, of what was said before; a version that was void has left none behind."""
    again = [identity for identity, change in changes.items() if change.before is not None and change.before.links]
    found: dict[str, dict[tuple[str, str], None]] = {}
    for identity, a, b in fetch(batch.connection, "links_of", again) if again else ():
        found.setdefault(identity, {})[a, b] = None
    return found


def _attach(batch: Batch, added: Iterable[Link]) -> tuple[list[str], set[str]]:
    """Name references that nobody has seen yet; what would join or rename roots is left, as the set of references.

    A root counts the references that are other names of it, so no reference of a small component can have too many links;
    in a larger one every link is looked at anew.
    """
    named: list[str] = []
    hard: set[str] = set()
    precedence = batch.configuration.precedence
    for _, a, b in added:
        root_a, root_b = _root(batch, a), _root(batch, b)
        if root_a is not None and root_a == root_b:
            if batch.subjects[root_a].links > SIZE_MAX_DEFAULT:
                hard |= {a, b}
            continue
        if root_a is not None and root_b is not None:
            hard |= {a, b}
            continue
        if root_a is None and root_b is None:
            root, other = (a, b) if precedence(a) < precedence(b) else (b, a)
            batch.subjects[root] = Subject(None, {}, {}, 0, 0, new=True, touched=True)
            named.append(root)
        else:
            root, other = (root_a, b) if root_a is not None else (root_b, a)  # type: ignore[assignment]
            if precedence(other) < precedence(root):
                hard |= {a, b}
                continue
        batch.subjects[other] = Subject(root, {}, {}, 0, 0, new=True, touched=True)
        named.append(other)
        subject = batch.subjects[root]
        subject.links += 1
        subject.touched = True
        if subject.links > SIZE_MAX_DEFAULT:
            hard |= {a, b}
    return named, hard


def _root(batch: Batch, reference: str) -> str | None:
    subject = batch.subjects.get(reference)
    return None if subject is None else subject.alias or reference


def _regroup(batch: Batch, seeds: set[str], removed: list[str]) -> set[str]:
    """Work out the components around some references anew, from all links that stand; who has to post again."""
    connection = batch.connection
    if removed:
        run(connection, "delete_links", removed)
    copy_rows(connection, "link", batch.link_rows)
    batch.link_rows.clear()
    region, links = region_of(batch, seeds)
    batch.load_subjects(region)
    found = components(links, batch.configuration.precedence)
    changed: dict[str, str] = {}
    roots: set[str] = set()
    for reference in region:
        old = _root(batch, reference) or reference
        new = found.root.get(Ref(reference), Ref(reference))
        if new != old or reference not in batch.subjects:
            changed[reference] = new
            roots.add(old)
    for reference, root in changed.items():
        subject = batch.subjects.setdefault(reference, Subject(None, {}, {}, 0, 0, new=True))
        subject.alias = None if root == reference else root
        subject.touched = True
        batch.subjects.setdefault(root, Subject(None, {}, {}, 0, 0, new=True)).touched = True
    if changed:
        run(connection, "rename_roots", list(changed), list(changed.values()))
    sizes: dict[str, int] = {}
    for a, b in links:
        sizes[a] = sizes.get(a, 0) + 1
        sizes[b] = sizes.get(b, 0) + 1
    members: dict[str, int] = {}
    for reference in region:
        root = _root(batch, reference) or reference
        members[root] = members.get(root, 0) + 1
    for reference in region:
        batch.subjects[reference].links = max(sizes.get(reference, 0), members.get(reference, 0) - 1)
    _note_overloads(batch, region, found.overloaded, sizes)
    batch.moved_roots |= roots
    standing = batch.effective(roots)
    users = {posting.identity for postings in standing.values() for posting in postings}
    return users | {identity for (identity,) in fetch(connection, "waiting_on", list(changed))}


def region_of(batch: Batch, seeds: Collection[str]) -> tuple[set[str], set[tuple[Ref, Ref]]]:
    """All references reachable from some, and the links among them."""
    region, frontier = set(seeds), set(seeds)
    links: set[tuple[Ref, Ref]] = set()
    while frontier and len(region) < REGION_MAX:
        near = batch.connection.execute(sql("links_near").encode(), {"refs": sorted(frontier)}).fetchall()
        links |= {(Ref(min(a, b)), Ref(max(a, b))) for a, b in near}
        frontier = {ref for pair in near for ref in pair} - region
        region |= frontier
    return region, links


def _note_overloads(batch: Batch, region: set[str], overloaded: tuple[Ref, ...], sizes: dict[str, int]) -> None:
    run(batch.connection, "delete_overloads", list(region))
    if overloaded:
        run(batch.connection, "set_overloads", list(overloaded), [sizes[ref] for ref in overloaded])
