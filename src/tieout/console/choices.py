"""What forms offer to choose from: people and teams with how much each has, systems, currencies."""

import msgspec

from tieout.console.visit import Visit


class Choices(msgspec.Struct, frozen=True):
    """`people` are (login, name, open exceptions), whoever asks first; `teams` (name, open exceptions)."""

    people: list[tuple[str, str, int]]
    teams: list[tuple[str, int]]
    systems: list[str]
    currencies: list[str]


def choices(visit: Visit) -> Choices:
    """Read in the snapshot of the visit."""
    people = [(login, name, many) for login, name, many in visit.fetch("people_load")]
    people.sort(key=lambda one: one[0] != visit.person.login)
    loads = dict(visit.fetch("teams_load"))
    for name in visit.desk.configuration.work.table.teams:
        loads.setdefault(name, 0)
    systems = [name for _, name, _ in visit.fetch("systems")]
    currencies = [currency for (currency,) in visit.fetch("open_currencies")] or sorted(visit.person.limit) or ["EUR"]
    return Choices(people, sorted(loads.items()), systems, currencies)
