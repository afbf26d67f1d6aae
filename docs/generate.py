"""Writes `docs/reference/` from the code, so that it cannot say anything else: `python docs/generate.py` (`--check` only compares)."""

import ast
import importlib
import inspect
import re
import sys
import textwrap
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from tieout import app, flows, settings
from tieout.connectors import Manifest
from tieout.core import account as account_module
from tieout.core.account import Ageing, ClearingAccount, Measure, Take, Within
from tieout.core.evaluate import Tolerance
from tieout.core.facts import Form
from tieout.core.facts import kinds as kinds_module
from tieout.core.facts.kinds import KINDS
from tieout.policy import Match, project, work
from tieout.runtime.configuration import connector, connector_names
from tieout.store.migrate import LEDGER, migrations

FOLDER = Path(__file__).parent / "reference"
NOTE = "<!-- Written by docs/generate.py from the code. Change the code, not this page. -->\n"


def pages() -> dict[str, str]:
    """The text of every reference page, by file name."""
    return {
        "accounts.md": accounts_page(),
        "facts.md": facts_page(),
        "settings.md": settings_page(),
        "commands.md": commands_page(),
        "connectors.md": connectors_page(),
        "store.md": store_page(),
    }


# Accounts ----------------------------------------------------------------------------------------------------------------


def accounts_page() -> str:
    """Every clearing account: its docstring, both sides, what moves it."""
    takes, measures, ageings = (_member_docs(account_module, enum) for enum in (Take, Measure, Ageing))
    out = [
        "# Clearing accounts",
        NOTE,
        "Debits raise an account, credits clear it; what is left on either side is somebody's work. "
        "Deadlines and teams are the defaults: `[[deadlines]]` and `[[tolerances]]` in `tieout.toml` change them "
        "([settings](settings.md)). [Facts](facts.md) lists what moves an account, fact by fact.",
        _table(
            ("code", "account", "left on the debit side", "left on the credit side"),
            ((f"[`{a.code}`](#{_account_anchor(a)})", f"`{a.name}`", a.over.meaning, a.under.meaning) for a in flows.accounts().values()),
        ),
    ]
    flow = ""
    for one in flows.accounts().values():
        if one.flow != flow:
            flow = one.flow
            out += [f"## {flow.replace('_', ' ').capitalize()}", inspect.getdoc(importlib.import_module(f"tieout.flows.{flow}")) or ""]
        out += _account(one, measures)
    out += ["## What a fact gives to an account", "The words in the column *takes* above.", _definitions(takes)]
    out += [
        "## What has to come to zero",
        _definitions(measures),
        "## How an open item ages",
        inspect.getdoc(Ageing) or "",
        _definitions(ageings),
    ]
    return _page(out)


def _account(one: ClearingAccount, measures: dict[str, str]) -> Iterator[str]:
    yield f"### `{one.code}` {one.name}"
    yield from _docstring(one.doc)
    yield _table(
        ("left on", "means", "owed by", "team", "within"),
        ((side, e.meaning, e.owed_by.value, e.team, _within(e.within)) for side, e in (("debit", one.over), ("credit", one.under))),
    )
    moves = [(side, kind, take) for side, kinds in (("debit", one.debit), ("credit", one.credit)) for kind, take in kinds.items()]
    yield _table(
        ("side", "fact", "takes", ""),
        (
            (side, _fact_link(kind.name), take.value, f"with the switch `{one.only_if[kind]}`" if kind in one.only_if else "")
            for side, kind, take in moves
        ),
    )
    must = f"{one.measure.value} must come to zero" if one.measure is not Measure.PRICE else f"price ({_lower(measures['price'])})"
    if one.measure is Measure.BOTH:
        must = "quantity and value must come to zero, judged apart"
    said = [f"Per {one.subject}; {must}; age: {one.ageing.value}."]
    if one.own_due:
        said.append("A deadline that the document itself states counts on the debit side.")
    if one.layers:
        said.append(f"Priced by the debits of {_codes(one.layers)}.")
    if one.upstream:
        said.append(f"The same amount open on {_codes(one.upstream)} is shown there only.")
    if one.explained_by:
        said.append(f"What stands open on {_codes(one.explained_by)} explains a difference here.")
    if one.covered_by:
        said.append(f"What was raised on {_codes(one.covered_by)} for the same goods stands for what would clear it.")
    if one.supplied_by:
        said.append(f"What is still open on {_codes(one.supplied_by)} for the same goods is asked for nowhere else meanwhile.")
    if one.blocked_by:
        said.append(f"Held back while {_codes(one.blocked_by)} is open.")
    yield " ".join(said)


def _within(within: Within) -> str:
    return re.sub(r"^1 (.*)days", r"1 \1day", str(within))


def _account_anchor(one: ClearingAccount) -> str:
    return f"{one.code.lower()}-{one.name}"


def _codes(codes: Iterable[str]) -> str:
    known = flows.accounts()
    return ", ".join(f"[`{code}`](#{_account_anchor(known[code])})" for code in codes)


# Facts -------------------------------------------------------------------------------------------------------------------


def facts_page() -> str:
    """Every fact type, by business object."""
    manifests = _manifests()
    out = [
        "# Facts",
        NOTE,
        "A fact is one business statement in the past tense. A *change* adds to what was said before; a *state* replaces its "
        "predecessor by as-of instant. Which connector *can* state a fact is said here; which system is believed for it, the settings say.",
    ]
    for file in kinds_module.FILES:
        out += [f"## {file.__name__.rsplit('.', 1)[1].rstrip('_').capitalize()}", inspect.getdoc(file) or ""]
        for kind in (k for k in KINDS.values() if getattr(file, k.name, None) is k):
            moved = [
                (side, a) for a in flows.accounts().values() for side, kinds in (("debits", a.debit), ("credits", a.credit)) if kind in kinds
            ]
            by = [name for name, manifest in manifests.items() if kind.name in manifest.states]
            out.append(f"### {kind.name}")
            out.append(f"{_sentence(kind.act)} Speaker: {kind.speaker.value}. Object: {kind.object}.")
            if kind.form is Form.STATE:
                out.append("A *state*: it replaces its predecessor by as-of instant and is never summed over time.")
            links = [f"{side} [`{a.code}` {a.name}](accounts.md#{_account_anchor(a)})" for side, a in moved]
            out.append(f"Moves: {'; '.join(links)}." if links else "Moves no account.")
            out.append("Connectors: " + (", ".join(f"[{name}](connectors.md#{name})" for name in by) + "." if by else "none."))
    return _page(out)


# Settings ----------------------------------------------------------------------------------------------------------------

SECTIONS = (
    ("[project]", settings.ProjectTable, None),
    ("[systems.NAME]", settings.SystemTable, None),
    ("[systems.NAME.sending]", settings.SendingTable, None),
    ("[channels.NAME]", settings.ChannelTable, None),
    ("[calendars.NAME]", settings.CalendarTable, None),
    ("[[tolerances]]", settings.ToleranceTable, Tolerance),
    ("[[deadlines]]", settings.DeadlineTable, Match),
    ("[policy]", project.PolicyTable, None),
    ("[[waits]]", project.WaitTable, Match),
    ("[people.NAME]", project.PersonTable, None),
    ("[[delegations]]", project.DelegationTable, None),
    ("[sign_in]", settings.SignInTable, None),
    ("[work]", work.WorkTable, None),
    ("[work.mail]", work.MailTable, None),
    ("[work.teams.NAME]", work.TeamTable, None),
    ("[[work.chains.NAME]]", work.StepTable, None),
)


def settings_page() -> str:
    """Every table and key of `tieout.toml`."""
    known = {f.encode_name for f in msgspec.structs.fields(settings.Settings)}
    shown = {re.sub(r"[\[\]]|\..*", "", heading) for heading, _, _ in SECTIONS}
    if known != shown:
        raise SystemExit(f"docs/generate.py does not show the settings tables {sorted(known ^ shown)}")
    out = [
        "# Settings",
        NOTE,
        f"A project is a folder with a `{settings.FILE}`. Unknown keys are refused, with the nearest known one. "
        f"The environment variable `{app.DATABASE_VARIABLE}`, if set, takes the place of `project.database`. "
        "Options of a connector stand in [connectors](connectors.md).",
    ]
    for heading, struct, beside in SECTIONS:
        out += [f"## `{heading}`", _flat(inspect.getdoc(struct))]
        if beside is not None:
            out.append(_flat(inspect.getdoc(beside)))
        if beside is Tolerance:
            out.append(_flat(inspect.getdoc(Match)))
        hints = get_type_hints(struct)
        out.append(
            _table(
                ("key", "type", "without it"),
                ((f"`{f.encode_name}`", _type(hints[f.name]), _default(f)) for f in msgspec.structs.fields(struct)),
            )
        )
    return _page(out)


def _type(hint: Any) -> str:
    if get_origin(hint) in (Union, UnionType):
        return " or ".join(_type(part) for part in get_args(hint) if part is not type(None))
    if get_origin(hint) is tuple:
        return f"list of {_type(get_args(hint)[0])}"
    if get_origin(hint) is dict:
        return "table"
    if inspect.isclass(hint) and issubclass(hint, msgspec.Struct):
        return "table"
    if inspect.isclass(hint) and issubclass(hint, str) and hint is not str:
        return ", ".join(f"`{member.value}`" for member in hint)  # type: ignore[attr-defined]
    return {"str": "text", "int": "whole number", "bool": "true or false", "date": "date", "time": "time"}.get(hint.__name__, hint.__name__)


def _default(field: Any) -> str:
    if field.required:
        return "required"
    value = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
    if value in (None, "", (), {}) or isinstance(value, msgspec.Struct):
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`[{', '.join(map(str, value))}]`"
    return f"`{value}`"


# Commands ----------------------------------------------------------------------------------------------------------------


def commands_page() -> str:
    """Every command of `tieout`, as its own help says it."""
    out = ["# Commands", NOTE]
    root = command_line()
    if root is None:
        return _page([*out, "This build has no command line."])
    out.append(_help(root.help))
    if own := _parameters(root):
        out += ["Options before the command:", own]
    out += ["## Exit codes", "Errors, by whose fault it is:", "```text\n" + _error_tree() + "\n```"]
    for path, command in commands(root):
        out += [f"## tieout {path}", _help(command.help)]
        if own := _parameters(command):
            out.append(own)
    return _page(out)


def command_line() -> Any:
    """The root command of `tieout.cli`, or None where there is none."""
    try:
        cli = importlib.import_module("tieout.cli")
    except ModuleNotFoundError:
        return None
    if not hasattr(cli, "app"):
        return None
    return importlib.import_module("typer.main").get_command(cli.app)


def commands(group: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """All commands below a group that are not hidden, with their path: `audit verify`."""
    for name, command in getattr(group, "commands", {}).items():
        if command.hidden:
            continue
        yield f"{path}{name}", command
        yield from commands(command, f"{path}{name} ")


def _parameters(command: Any) -> str:
    rows = []
    for p in command.params:
        if getattr(p, "hidden", False) or p.name in ("install_completion", "show_completion"):
            continue
        is_argument = p.param_type_name == "argument"
        name = f"`{(p.metavar or p.name).upper()}`" if is_argument else ", ".join(f"`{o}`" for o in (*p.opts, *p.secondary_opts))
        flag = getattr(p, "is_flag", False)
        default = p.default
        if callable(default) or default in (None, False, (), [], "") or flag or "UNSET" in repr(default).upper():
            default = ""
        takes = "" if flag or is_argument else f" `{(p.metavar or p.name).upper()}`"
        meaning = _help(getattr(p, "help", "") or "").replace("\n", " ")
        rows.append((name + takes, meaning, "required" if p.required else (f"`{default}`" if default != "" else "")))
    return _table(("", "meaning", "without it"), rows) if rows else ""


def _help(text: str | None) -> str:
    plain = inspect.cleandoc(text or "").replace("\b\n", "")
    return re.sub(r"\[/?(?:bold|dim|italic|cyan|green|yellow|red)[^\]]*\]", "", plain).replace(r"\[", "[")


def _error_tree() -> str:
    return (inspect.getdoc(importlib.import_module("tieout.errors")) or "").split("\n\n")[1]


# Connectors --------------------------------------------------------------------------------------------------------------


def connectors_page() -> str:
    """Manifest, options and quality of every connector."""
    out = [
        "# Connectors",
        NOTE,
        "Levels: *tried* on fixtures and samples; *tested* also by fuzzing and all documented cases; *proven* in daily use. "
        "[Add a connector](../how-to/add-a-connector.md) says how to make one.",
    ]
    for name, manifest in _manifests().items():
        module = connector(name)
        folder = Path(inspect.getfile(module)).parent  # type: ignore[arg-type]
        quality = tomllib.loads((folder / "quality.toml").read_text("utf-8"))["quality"]
        out += [f"## {name}", f"{manifest.title}. Level: *{quality['level']}*.", _flat(inspect.getdoc(module))]
        out.append("States: " + ", ".join(_fact_link(kind) for kind in manifest.states) + ".")
        if "contract" in quality:
            out.append(f"Contract: {quality['contract']}.")
        elif manifest.contracts:
            out.append("Contracts (JSON Schema): " + ", ".join(f"`{c}`" for c in manifest.contracts) + ".")
        if manifest.options:
            out.append(
                _table(
                    ("option", "type", "default", "meaning"),
                    ((f"`{o.name}`", o.type, f"`{o.default}`" if o.default else "none", o.meaning) for o in manifest.options),
                )
            )
        for key, title in (("covered", "Covered"), ("not_covered", "Not covered"), ("tested_against", "Tested against")):
            out += [f"**{title}**", "\n".join(f"- {text}" for text in quality[key])]
    return _page(out)


def _manifests() -> dict[str, Manifest]:
    return {name: connector(name).MANIFEST for name in connector_names()}


# Store -------------------------------------------------------------------------------------------------------------------


def store_page() -> str:
    """Tables and views of the newest schema, with the comments of the migrations."""
    out = [
        "# Store",
        NOTE,
        "The tables of a project's schema in PostgreSQL, as the migrations make them; `migration` itself keeps which were applied. "
        "Tables marked *append-only* refuse UPDATE, DELETE and TRUNCATE by a trigger, and the application's role has no right to them. "
        "Reading them by plain SQL is welcome; writing is not.",
    ]
    text = "\n".join(sql for _, _, sql in migrations())
    found = re.finditer(r"((?:^--[^\n]*\n)*)^create table (\w+) \(\n(.*?)^\)[^;]*;", text, re.M | re.S)
    views = dict(re.findall(r"comment on view (\w+) is '(.*?)';", text, re.S))
    for comment, name, body in (m.groups() for m in found):
        out += [f"## {name}", ("*Append-only.* " if name in LEDGER else "") + " ".join(re.findall(r"^-- ?(.*)$", comment, re.M))]
        columns = [line.strip().rstrip(",") for line in body.splitlines()]
        columns += re.findall(rf"^alter table {name} add column (?:if not exists )?([^;]*);", text, re.M)
        pairs = (c.split(" ", 1) for c in columns if c and not c.startswith(("check", "primary", "unique", "constraint", "--")))
        out.append(_table(("column", "type"), ((f"`{c}`", _column(rest)) for c, rest in pairs)))
        rules = [c for c in columns if c.startswith("check (")]
        out += [f"Always: `{rule[7:-1]}`." for rule in rules]
        indexes = re.findall(rf"create (unique )?index \w+ on {name} (\(.*)\s*;", text)
        if indexes:
            out.append("Indexes: " + ", ".join(f"`{columns}`{' (unique)' if unique else ''}" for unique, columns in indexes) + ".")
    for name in re.findall(r"^create (?:or replace )?view (\w+)", text, re.M):
        out += [f"## {name} (view)", views.get(name, "")]
    return _page(out)


def _column(rest: str) -> str:
    return rest.replace(' collate "C"', "").replace(" not null", "")


# Text --------------------------------------------------------------------------------------------------------------------


def _member_docs(module: Any, enum: Any) -> dict[str, str]:
    """The strings under the members of an enumeration; Python keeps them in the source only."""
    tree = ast.parse(inspect.getsource(module))
    body = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == enum.__name__).body
    found = {}
    for member, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(member, ast.Assign) and isinstance(member.value, ast.Constant):
            is_doc = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            found[str(member.value.value)] = str(after.value.value) if is_doc else ""  # type: ignore[union-attr]
    return found


def _docstring(text: str) -> Iterator[str]:
    """An account's docstring as paragraphs, with its labels (why, clears when, what to do) set off."""
    head, _, rest = inspect.cleandoc(text).partition("\n\n")
    yield f"**{head}**"
    for part in re.split(r"\n(?=[A-Z][a-z]+(?: [a-z]+){1,2}: )", rest):
        label, colon, said = part.partition(": ")
        yield f"*{label}:* {_flat(said)}" if colon else _flat(part)


def _definitions(found: dict[str, str]) -> str:
    return "\n".join(f"- *{name}*" + (f": {_lower(_flat(text))}" if text else "") for name, text in found.items())


def _fact_link(name: str) -> str:
    return f"[{name}](facts.md#{name.lower()})"


def _flat(text: str | None) -> str:
    return "\n\n".join(" ".join(part.split()) for part in (text or "").split("\n\n"))


def _lower(text: str) -> str:
    return (text[:1].lower() + text[1:]).rstrip(".")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines)


def _page(parts: Iterable[str]) -> str:
    return textwrap.dedent("\n\n".join(part.rstrip() for part in parts if part)) + "\n"


def main() -> int:
    """Write the pages, or with `--check` name those that are out of date."""
    stale = []
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        path = FOLDER / name
        if path.exists() and path.read_text("utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            path.write_text(text, "utf-8")
    print(("out of date: " if "--check" in sys.argv else "written: ") + (", ".join(stale) or "nothing"))
    return int(bool(stale) and "--check" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
