"""A small project on disk, for tests of the command line: a shop that exports gross prices, an ERP that books net ones."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

SETTINGS = """
[project]
name = "acme"
[systems.shop]
connector = "delimited"
role = "channel"
mapping = "mappings/orders.toml"
[systems.erp]
connector = "canonical"
role = "erp"
states = ["OrderBooked"]
"""
MAPPING = """
[mapping]
system = "shop"
role = "channel"
currency = "USD"
timezone = "UTC"
[[file]]
match = "*.csv"
format = "csv"
header = true
[[file.fact]]
kind = "OrderPlaced"
type = "order"
number = "{order}"
revision = { time = "placed" }
happened = "placed"
[[file.fact.line]]
line = "1"
subject = "{system}/order/{order}"
item = "{sku}"
quantity = "quantity"
value = "quantity * price"
"""
ORDERS = "order,placed,sku,quantity,price,net\n1,2026-03-02T09:00:00,A,10,10,9\n2,2026-03-09T09:00:00,A,1,1,1\n"
BOOKED = (
    '{"kind":"OrderBooked","system":"erp","type":"sales_order","number":"%s","happened":"2026-03-%sT10:00:00Z","currency":"USD",'
    '"links":[["erp/sales_order/%s","shop/order/%s"]],"lines":[{"line":"1","subject":"erp/sales_order/%s","item":"A","quantity":%s,"value":%s}]}\n'
)


def make(folder: Path, more: Mapping[str, str] | None = None) -> Path:
    """The project, with its exports read in, and more of them if named."""
    for name, text in {
        "tieout.toml": SETTINGS, "mappings/orders.toml": MAPPING, "exports/orders.csv": ORDERS,
        "erp.jsonl": BOOKED % ("S1", "02", "S1", "1", "S1", 10, 90) + BOOKED % ("S2", "09", "S2", "2", "S2", 1, 1),
        **(more or {}),
    }.items():  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for place, system in (("exports", "shop"), ("erp.jsonl", "erp")):
        done = run_in(folder, "import", place, "--system", system)
        assert done.returncode == 0, done.stderr
    return folder


def run_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command, standing in a folder."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TIEOUT")} | {"COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-m", "tieout", *arguments], capture_output=True, text=True, check=False, env=environment, cwd=folder
    )
