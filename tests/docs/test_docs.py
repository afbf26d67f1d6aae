"""The documentation is true: the reference is what the code says, links lead somewhere, examples work."""

import importlib.util
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tieout import flows
from tieout.connectors import delimited
from tieout.core.facts import Fact
from tieout.core.facts.kinds import KINDS

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
REFERENCE = ROOT / "docs" / "reference"
TUTORIAL = ROOT / "docs" / "tutorial" / "find-money.md"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)


def load_generator():
    spec = importlib.util.spec_from_file_location("generate_docs", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate = load_generator()
GENERATED = generate.pages()


def name(path):
    return path.relative_to(ROOT).as_posix()


def read(path):
    return path.read_text("utf-8")


def blocks(path, language):
    return [text for found, text in FENCE.findall(read(path)) if found == language]


def headings(text):
    return re.findall(r"^#+ (.*)$", FENCE.sub("", text), re.M)


def anchors(path):
    """The anchors GitHub makes of a page's headings."""
    found = set()
    for heading in headings(read(path)):
        slug = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()).replace(" ", "-")
        n = 0
        while (unique := f"{slug}-{n}" if n else slug) in found:
            n += 1
        found.add(unique)
    return found


@pytest.mark.parametrize("page", sorted(GENERATED))
def test_reference_is_what_the_code_says(page):
    assert read(REFERENCE / page) == GENERATED[page], "run `make docs`"


def test_no_page_of_the_reference_is_left_over():
    assert {path.name for path in REFERENCE.glob("*.md")} == set(GENERATED)


def test_every_account_has_its_section_with_why_when_and_what():
    sections = GENERATED["accounts.md"].split("\n### ")
    for account in flows.accounts().values():
        (section,) = [s for s in sections if s.startswith(f"`{account.code}` {account.name}\n")]
        for label in ("*Why it matters:*", "*Clears when:*", "*What to do:*"):
            assert label in section, f"{account.name} does not say {label}"
        for expectation in (account.over, account.under):
            assert expectation.meaning in section
            assert expectation.team in section


def test_every_fact_type_has_its_section():
    found = headings(GENERATED["facts.md"])
    assert [kind for kind in KINDS if kind not in found] == []


def test_every_setting_has_its_row():
    sections = dict(part.split("\n", 1) for part in GENERATED["settings.md"].split("\n## ")[1:])
    for heading, struct, _ in generate.SECTIONS:
        for field in struct.__struct_fields__:
            assert f"\n| `{field}` |" in sections[f"`{heading}`"], f"{heading} {field}"


def test_every_command_has_its_section_and_says_what_it_does():
    root = generate.command_line()
    assert root is not None, "the command line cannot be loaded"
    found = headings(GENERATED["commands.md"])
    for path, command in generate.commands(root):
        assert f"tieout {path}" in found
        assert command.help, f"tieout {path} has no help"


def test_commands_that_the_pages_show_exist():
    root = generate.command_line()
    assert root is not None, "the command line cannot be loaded"
    known = {path for path, _ in generate.commands(root)}
    options = {path: {o for p in c.params for o in (*p.opts, *p.secondary_opts)} for path, c in generate.commands(root)}
    for page in PAGES:
        for block in blocks(page, "sh"):
            for line in re.findall(r"^tieout ([^#\n]*)", block, re.M):
                words = line.split()
                path = " ".join(words[:2]) if " ".join(words[:2]) in known else words[0]
                assert path in known, f"{name(page)}: tieout {line}"
                strange = {w for w in words if w.startswith("--")} - options[path]
                assert not strange, f"{name(page)}: tieout {path} has no {strange}"


def test_every_table_of_the_store_has_its_section_and_a_word_about_it():
    sections = GENERATED["store.md"].split("\n## ")[1:]
    tables = {m for _, _, sql in generate.migrations() for m in re.findall(r"create (?:table|view) (\w+)", sql)}
    assert {section.split()[0] for section in sections} == tables


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page):
    text = FENCE.sub("", read(page))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{name(page)} links to {target}"
        if anchor:
            assert anchor in anchors(file), f"{name(page)} links to {target}"


def test_every_page_is_reached_from_the_index():
    linked, todo = set(), [ROOT / "docs" / "index.md"]
    while todo:
        page = todo.pop()
        if page in linked or not page.exists():
            continue
        linked.add(page)
        targets = re.findall(r"\]\(([^)\s#]+\.md)", FENCE.sub("", read(page)))
        todo += [(page.parent / target).resolve() for target in targets if ":" not in target]
    assert [name(page) for page in PAGES if "docs" in page.parts and page not in linked] == []


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "python")], ids=name)
def test_python_examples_compile(page):
    for number, block in enumerate(blocks(page, "python"), 1):
        compile(block, f"{name(page)} example {number}", "exec")


def test_make_targets_that_the_pages_show_exist():
    targets = set(re.findall(r"^([a-z-]+):", read(ROOT / "Makefile"), re.M))
    shown = {t for page in PAGES for t in re.findall(r"^make ([a-z-]+)", "\n".join(blocks(page, "sh")), re.M)}
    assert {"demo", "test"} <= shown <= targets


def test_tutorial_mapping_reads_the_tutorial_files():
    (mapping,) = blocks(TUTORIAL, "toml")
    system = delimited.system_of(mapping, "erp.toml")
    files = blocks(TUTORIAL, "csv")
    names = re.findall(r"`exports/([\w-]+\.csv)`", read(TUTORIAL))
    facts = []
    for file, text in zip(names, files, strict=True):
        for document in delimited.split(io.BytesIO(text.encode()), f"exports/{file}", system):
            facts += delimited.translate(document, system)
    assert [fact for fact in facts if not isinstance(fact, Fact)] == []
    kinds = [fact.kind for fact in facts]
    assert (kinds.count("OrderBooked"), kinds.count("Shipped"), kinds.count("Invoiced")) == (4, 4, 3 + 1)


def test_tutorial_commands_give_what_the_tutorial_says(tmp_path, monkeypatch):
    """Its own commands, on its own files, in its own order, on an embedded server."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TIEOUT_DATABASE", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))

    def tieout(*words):
        done = subprocess.run([sys.executable, "-m", "tieout", *words], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def cases():
        return {case["case"]: case["value"] for case in json.loads(tieout("cases", "--json"))}

    tieout("init", "books")
    monkeypatch.chdir(tmp_path / "books")
    project = Path("tieout.toml").read_text("utf-8")
    Path("tieout.toml").write_text(re.sub(r"^\[systems\.shop\]\n(?:.+\n)+", "", project, flags=re.M), "utf-8")
    Path("mappings/erp.toml").write_text(blocks(TUTORIAL, "toml")[0], "utf-8")
    names = re.findall(r"`(exports/[\w-]+\.csv)`", read(TUTORIAL))
    late = names.pop()
    *texts, late_text = blocks(TUTORIAL, "csv")
    for file, text in zip(names, texts, strict=True):
        Path(file).write_text(text, "utf-8")
    shown = [line.split() for block in blocks(TUTORIAL, "sh") for line in re.findall(r"^tieout (import exports.*)", block, re.M)]
    dry, first, second = shown
    tieout(*dry)
    assert "11 posted" in tieout(*first)
    assert "11 duplicates" in tieout(*first)
    found = {
        "SNI+ erp/sales_order/SO-1002#1": {"USD": "516"},
        "TSH+ erp/sales_order/SO-1003#1": {"USD": "98"},
        "TBL+ erp/sales_order/SO-1001#2": {"USD": "3"},
    }
    assert cases() == found
    assert all(f"`{case}`" in read(TUTORIAL) for case in found)
    Path(late).write_text(late_text, "utf-8")
    tieout(*second)
    del found["SNI+ erp/sales_order/SO-1002#1"]
    assert cases() == found


def test_new_account_of_the_how_to_is_a_valid_account():
    fact, account = blocks(ROOT / "docs" / "how-to" / "add-a-clearing-account.md", "python")
    words = {}
    exec("from tieout.core.facts import FactType\nfrom tieout.core.facts.order import *\nfrom tieout.core.values import Role\n" + fact, words)
    made = re.sub(r"from tieout.core.facts.order import .*", "from tieout.core.facts.order import OrderCancelled, OrderPlaced", account)
    exec(made, words)
    assert words["to_confirm"].code not in flows.accounts()
    assert words["to_confirm"].doc == words["__doc__"]
    assert {"Why it matters", "Clears when", "What to do"} <= {line.partition(":")[0] for line in words["to_confirm"].doc.splitlines()}


def rules():
    """(number, cell with the code) of each rule that ARCHITECTURE.md says is implemented."""
    rows = re.findall(r"^\| (\d+) \| [^|]* \| ([^|]*) \|$", read(ROOT / "ARCHITECTURE.md"), re.M)
    return [(int(number), code) for number, code in rows]


def test_every_rule_is_in_the_table_once():
    assert [number for number, _ in rules()] == [*range(1, 36)]


def test_code_of_every_rule_exists():
    for number, code in rules():
        folder = ""
        for path in re.findall(r"`([\w/.]+(?:/|\.py|\.sql))`", code):
            folder = path.rpartition("/")[0] if "/" in path else folder
            full = path if "/" in path else f"{folder}/{path}"
            assert (ROOT / "src" / "tieout" / full).exists(), f"rule {number}: {path}"


@pytest.mark.parametrize("number", [number for number, _ in rules()])
def test_every_rule_has_a_test_that_bears_its_number(number):
    tests = "\n".join(read(path) for path in (ROOT / "tests").rglob("test_*.py"))
    assert re.search(rf"^def test_rules?_(?:\d+_and_)?{number}_", tests, re.M)


MACHINE_PATH = re.compile(r"(?<![\w./{}<>])/(?:home|root|tmp|work|mnt|Users)/\w+")
PRIVATE_HOST = re.compile(r"https?://(?!127\.0\.0\.1)[^\s)\"'>]*(?:registry|artifactory|nexus|proxy|mirror|devpi|localhost|\d+\.\d+\.\d+\.\d+)")
SHIPPED = sorted(
    path
    for folder in ("docs", "src")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".py", ".md", ".sql", ".toml", ".json", ".html", ".css"} and "fixtures" not in path.parts
)


def test_what_we_ship_names_no_machine_and_no_private_host():
    for path in [*SHIPPED, *PAGES]:
        for pattern in (MACHINE_PATH, PRIVATE_HOST):
            assert not pattern.search(read(path)), f"{name(path)}: {pattern.search(read(path))[0]}"


def test_pages_speak_of_the_project_alone():
    for page in PAGES:
        if page.name not in ("connectors.md", "security.md"):
            assert not re.search(r"\bsessions?\b", read(page), re.I), name(page)


def test_pages_and_sources_lead_nowhere_outside_the_project():
    for path in [*SHIPPED, *PAGES]:
        assert not re.search(r"(?<![\w/])(?:\.\./)*shared/\w", read(path)), name(path)


def test_licence_is_the_whole_apache_licence():
    text = read(ROOT / "LICENSE")
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
