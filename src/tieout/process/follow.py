"""Follow: bring the event log in step with the ledger, in portions, in a transaction of its own beside the way of a message.

The first time, every root is read once, in the order of the roots; after that, only those that new commits posted on. Each root's part
of the log is made anew from all that was ever said about it, so neither the order of arrival nor a second run changes the outcome.
"""

from tieout.process.model import MODELS, Accounts, kinds, shape
from tieout.store.database import Connection, fetch, fetch_by, run_by

AT_ONCE = 5_000
"""So many statements, or roots of a first fill, are one portion."""
PORTIONS_MAX = 10_000
SETS = "set local enable_hashjoin = on; set local enable_mergejoin = on; set local enable_seqscan = on; set local jit = off; set local work_mem = '64MB'"
"""A writer's session looks single rows up; here whole portions are joined."""


def follow(connection: Connection, accounts: Accounts, *, portions: int = PORTIONS_MAX, at_once: int = AT_ONCE) -> int:
    """Bring the log in step; how many roots were read. While another process does it, nothing."""
    read = 0
    for _ in range(portions):
        with connection.transaction():
            ((mine,),) = fetch(connection, "process_alone")
            if not mine:
                return read
            connection.execute(SETS)
            roots, is_last = _portion(connection, shape(accounts), at_once)
            if roots:
                _log(connection, accounts, roots)
                read += len(roots)
        if is_last:
            return read
    return read


def _portion(connection: Connection, wanted: str, at_once: int) -> tuple[list[str], bool]:
    """The roots to read next, the mark set behind them; whether these are the last for now."""
    mark = fetch(connection, "process_mark")
    if not mark or mark[0][0] != wanted:
        run_by(connection, "process_empty_cases")
        run_by(connection, "process_empty_events")
        run_by(connection, "process_begin", shape=wanted)
        mark = fetch(connection, "process_mark")
    _, seq, root = mark[0][:3]
    if root is not None:
        roots = [ref for (ref,) in fetch_by(connection, "process_roots_after", after=root, most=at_once)]
        run_by(connection, "process_filled", root=roots[-1] if len(roots) == at_once else None)
        return roots, False
    batches = fetch_by(connection, "process_batches", seq=seq, most=at_once)
    if not batches:
        return [], True
    roots = [ref for (ref,) in fetch_by(connection, "process_roots_of", batches=[id_ for id_, _, _ in batches])]
    run_by(connection, "process_heard", seq=batches[-1][1], heard=batches[-1][2])
    return roots, False


def _log(connection: Connection, accounts: Accounts, roots: list[str]) -> None:
    named = {one.name: kinds(one, accounts) for one in MODELS}
    worth = sorted({kind for one in MODELS for kind in one.worth})
    run_by(connection, "process_forget_events", roots=roots)
    run_by(connection, "process_log", roots=roots, kinds=sorted({kind for found in named.values() for kind in found}), worth=worth)
    beside = sorted({type_ for one in MODELS for type_ in one.beside})
    cases = [ref for (ref,) in fetch_by(connection, "process_touched", roots=roots, beside=beside)]
    cases = sorted({*roots, *cases})
    run_by(connection, "process_forget_cases", roots=cases)
    pairs = [(root, one.name) for root in cases for one in MODELS if root.split("/", 2)[1] in one.cases]
    steps = [(name, kind, place) for name, found in named.items() for place, kind in enumerate(found)]
    arguments = {
        "roots": [root for root, _ in pairs], "models_of_roots": [model for _, model in pairs],
        "models": [name for name, _, _ in steps], "kinds": [kind for _, kind, _ in steps], "ranks": [rank for _, _, rank in steps],
        "beside_models": [one.name for one in MODELS for _ in one.beside], "beside_types": [type_ for one in MODELS for type_ in one.beside],
        "worth_models": [one.name for one in MODELS for _ in one.worth], "worth_kinds": [kind for one in MODELS for kind in one.worth],
        "worth_ranks": [n for one in MODELS for n, _ in enumerate(one.worth)],
    }  # fmt: skip
    run_by(connection, "process_cases", **arguments)
