"""The one key map: what each key does and where. The help dialog, the manual, the page's attributes and the tests are made from it."""

from collections.abc import Mapping

import msgspec

EVERYWHERE, LISTS, ITEMS, TIMELINE, MAPS = "everywhere", "lists", "items", "timeline", "maps"
SCOPES = {EVERYWHERE: "Everywhere", LISTS: "In lists", ITEMS: "On an item or a selection", TIMELINE: "On a transaction", MAPS: "On a map"}
OWN = (TIMELINE, MAPS)
"""Scopes of one kind of page, where a key means this, and elsewhere something else."""


class Key(msgspec.Struct, frozen=True):
    """A key or a sequence: `name` is what it does, `keys` how it is written (alternatives), `says` how it is explained."""

    name: str
    scope: str
    keys: tuple[str, ...]
    says: str

    @property
    def is_single(self) -> bool:
        """True for what can be typed by accident: it works outside of text fields alone, and can be switched off or changed."""
        return not any("Ctrl" in key for key in self.keys) and self.name not in FIXED


FIXED = frozenset(("close", "down", "up", "page-down", "page-up", "extend-down", "extend-up", "peek", "open", "map-left", "map-right",
                   "map-up", "map-down"))  # fmt: skip
"""Keys that a grid, a map or a dialog has to have whatever a person prefers; they do nothing outside of one."""

KEYS = (
    Key("palette", EVERYWHERE, ("Ctrl+K",), "Find a page, a saved view, a command or any ID"),
    Key("search", EVERYWHERE, ("/",), "Search on this page"),
    Key("help", EVERYWHERE, ("?",), "Show the keys"),
    Key("go-tower", EVERYWHERE, ("g t",), "Go to the control tower"),
    Key("go-exceptions", EVERYWHERE, ("g e",), "Go to the exceptions"),
    Key("go-approvals", EVERYWHERE, ("g a",), "Go to the approvals"),
    Key("go-transactions", EVERYWHERE, ("g x",), "Go to the transactions"),
    Key("go-process", EVERYWHERE, ("g p",), "Go to the process map"),
    Key("go-lifecycles", EVERYWHERE, ("g l",), "Go to the lifecycles"),
    Key("go-connectors", EVERYWHERE, ("g c",), "Go to the connectors"),
    Key("rail", EVERYWHERE, ("[",), "Hide or show the rail"),
    Key("fresh", EVERYWHERE, (".",), "Show what is new"),
    Key("utc", EVERYWHERE, ("u",), "Show all times in UTC, or in your zone again"),
    Key("copy-link", EVERYWHERE, ("Shift+L",), "Copy the link of what is shown"),
    Key("close", EVERYWHERE, ("Escape",), "Close what is on top"),
    Key("submit", EVERYWHERE, ("Ctrl+Enter",), "Submit the open form"),
    Key("down", LISTS, ("j", "ArrowDown"), "Next row"),
    Key("up", LISTS, ("k", "ArrowUp"), "Previous row"),
    Key("page-down", LISTS, ("PageDown",), "One page down"),
    Key("page-up", LISTS, ("PageUp",), "One page up"),
    Key("first", LISTS, ("Ctrl+Home",), "First row"),
    Key("last", LISTS, ("Ctrl+End",), "Last row"),
    Key("select", LISTS, ("x",), "Select the row, or not"),
    Key("extend-down", LISTS, ("Shift+J", "Shift+ArrowDown"), "Select down"),
    Key("extend-up", LISTS, ("Shift+K", "Shift+ArrowUp"), "Select up"),
    Key("select-loaded", LISTS, ("Ctrl+A",), "Select all rows that are loaded"),
    Key("select-all", LISTS, ("Ctrl+Shift+A",), "Select all that match"),
    Key("claim", LISTS, ("Shift+C",), "Claim the most urgent that nobody has"),
    Key("peek", LISTS, (" ",), "Show the item beside the list"),
    Key("open", LISTS, ("Enter", "o"), "Open the item"),
    Key("filter", LISTS, ("f",), "Add a filter"),
    Key("clear", LISTS, ("Shift+F",), "Remove all filters"),
    Key("save-view", LISTS, ("v",), "Save the view"),
    Key("export", LISTS, ("Ctrl+E",), "Download as CSV"),
    Key("assign", ITEMS, ("a",), "Assign"),
    Key("mine", ITEMS, ("Shift+A",), "Assign to me"),
    Key("snooze", ITEMS, ("s",), "Snooze"),
    Key("tag", ITEMS, ("t",), "Tag"),
    Key("comment", ITEMS, ("c",), "Comment"),
    Key("retry", ITEMS, ("r",), "Retry"),
    Key("edit", ITEMS, ("e",), "Edit and replay"),
    Key("approve", ITEMS, ("y",), "Approve"),
    Key("reject", ITEMS, ("n",), "Reject"),
    Key("diff", ITEMS, ("d",), "Show the differences, or only them"),
    Key("history", ITEMS, ("h",), "Show the history"),
    Key("merge", ITEMS, ("m",), "Merge into a cause"),
    Key("undo", ITEMS, ("z",), "Undo"),
    Key("event-next", TIMELINE, ("]",), "Next event; Enter shows its lineage"),
    Key("event-previous", TIMELINE, ("[",), "Previous event"),
    Key("map-in", MAPS, ("+",), "Larger"),
    Key("map-out", MAPS, ("-",), "Smaller"),
    Key("map-fit", MAPS, ("0",), "As large as fits, or full size again"),
    Key("map-left", MAPS, ("ArrowLeft",), "Move to the left"),
    Key("map-right", MAPS, ("ArrowRight",), "Move to the right"),
    Key("map-up", MAPS, ("ArrowUp",), "Move up"),
    Key("map-down", MAPS, ("ArrowDown",), "Move down"),
    Key("map-table", MAPS, ("t",), "Show the same as a table"),
)

_SHOWN = {
    " ": "Space",
    "ArrowDown": "↓",
    "ArrowUp": "↑",
    "ArrowLeft": "←",
    "ArrowRight": "→",
    "Escape": "Esc",
    "PageDown": "PgDn",
    "PageUp": "PgUp",
}


def shown(keys: str) -> list[str]:
    """The caps of a key or sequence as a person reads them: `Ctrl+Shift+A` gives three."""
    caps = [keys] if keys in (" ", "+") else [cap for part in keys.split(" ") for cap in part.split("+")]
    return [_SHOWN.get(cap, cap) for cap in caps]


class Choice(msgspec.Struct, frozen=True):
    """How a person wants the keys: single letters or none, and some under other keys."""

    single: bool = True
    changed: Mapping[str, str] = {}


def keys_of(choice: Choice) -> list[Key]:
    """The key map of a person: without single keys if these are switched off, with what was changed."""
    kept = [key for key in KEYS if choice.single or not key.is_single or _reaches(choice, key)]
    return [msgspec.structs.replace(key, keys=(choice.changed[key.name],)) if key.name in choice.changed else key for key in kept]


def _reaches(choice: Choice, key: Key) -> bool:
    """True when what is a single letter by default was given a key that nobody types by accident."""
    return "Ctrl" in choice.changed.get(key.name, "")


def clashes(choice: Choice) -> list[str]:
    """What is wrong with a choice of keys, in sentences; empty when every key means one thing."""
    names = {key.name for key in KEYS}
    found = [f"There is no command {name!r}." for name in choice.changed if name not in names]
    owners: dict[tuple[str, str], Key] = {}
    for key in keys_of(choice):
        for keys in key.keys:
            other = owners.setdefault((key.scope if key.scope in OWN else "", keys), key)
            if other is not key:
                found.append(f"{' '.join(shown(keys))} would mean both “{other.says}” and “{key.says}”.")
    return found


def attribute(choice: Choice) -> str:
    """The map for every page: keys to names, as JSON."""
    return msgspec.json.encode({keys: key.name for key in keys_of(choice) if key.scope not in OWN for keys in key.keys}).decode()


def own_attributes(choice: Choice) -> dict[str, str]:
    """The maps for pages with keys of their own, by scope; on those pages they go before the keys of all pages."""
    return {
        scope: msgspec.json.encode({keys: key.name for key in keys_of(choice) if key.scope == scope for keys in key.keys}).decode()
        for scope in OWN
    }


def by_scope(choice: Choice) -> list[tuple[str, list[tuple[Key, list[list[str]]]]]]:
    """For the help: each scope's title with its keys and their caps."""
    return [
        (title, [(key, [shown(keys) for keys in key.keys]) for key in keys_of(choice) if key.scope == scope])
        for scope, title in SCOPES.items()
    ]  # fmt: skip
