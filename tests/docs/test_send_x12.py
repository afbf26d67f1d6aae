"""The page on sending X12 is true: its settings are valid, its document is what is written, its tables are what the code does."""

import json
import re
import tomllib
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import jsonschema

from tieout.connectors import Numbers, System, x12
from tieout.connectors.x12 import send
from tieout.core.command import Act, Command, Rejected
from tieout.core.facts import Line
from tieout.core.values import Role, Side, ref

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/send-x12.md").read_text("utf-8")
BLOCKS = {kind: re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.M | re.S) for kind in ("toml", "text", "python")}
SETTINGS = tomllib.loads(BLOCKS["toml"][0])["systems"]["edi"]
EDI = System("edi", "x12", Role.PARTNER, timezone=SETTINGS["timezone"], options=SETTINGS["options"])
ORDER = ref("edi", "order", "BIGBOX:4500884")


def answer(item: str, quantity: int, value: int) -> Command:
    line = Line("1", ORDER, item, "1", Decimal(quantity), "EA", Decimal(value))
    return Command(
        Act.ACKNOWLEDGE_ORDER, "edi", "TBK", Side.DEBIT, ORDER, 1, (line,), currency="USD",
        references=(ref("erp", "sales_order", "SO-70009"),), data={"order_date": "2025-06-09"},
    )  # fmt: skip


def made(asked: Command) -> bytes | Rejected:
    return send.document(asked, EDI, Numbers(1, 1, 1, datetime(2025, 6, 10, 13, 5, tzinfo=UTC)))


def test_the_settings_are_valid() -> None:
    schema = json.loads((Path(str(x12.__file__)).parent / "contracts/options.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(SETTINGS["options"])


def test_the_document_is_what_is_written() -> None:
    raw = made(answer("KETTLE", 40, 1000))
    assert isinstance(raw, bytes)
    assert raw.decode().replace("~", "~\n") == BLOCKS["text"][1]


def test_the_sentences_are_what_is_said() -> None:
    said = [made(answer("MUG", 3, 10)), made(answer("MUG*BLUE", 1, 1))]
    assert [one.reason for one in said if isinstance(one, Rejected)] == BLOCKS["text"][0].splitlines()


def test_the_table_of_sets_is_what_is_sent() -> None:
    told = {act: (code, roles) for act, code, roles in re.findall(r"^\| `(\w+)` \| (\d{3}) .*?\| (.*?) \|$", PAGE, re.M)}
    assert told == {str(act): (form.code, ", ".join(form.roles) or "any") for act, form in send.FORMS.items()}


def test_the_examples_are_python() -> None:
    for block in BLOCKS["python"]:
        compile(block, "send-x12.md", "exec")
