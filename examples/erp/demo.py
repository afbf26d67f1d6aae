"""Drive a real ERP: start a Tryton, play a distributor's day through Tieout, ask Tryton itself what is there, and compare.

`FAULTS=1` goes on with what must not hurt: Tryton killed in the middle, lost answers, requests that come too late.
"""

import json
import os
import shutil
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from examples.erp import faults
from examples.erp.audit import Audit, audit, orders
from examples.erp.clerk import Clerk
from examples.erp.company import Company
from examples.erp.day import LEFT_OPEN, STUCK, Day
from examples.erp.proxy import BadLine
from examples.erp.rpc import Rpc
from examples.erp.tryton import CLERK, CLERK_PASSWORD, NotHere, Tryton, build, environment
from examples.erp.warehouse import Warehouse

OUT = Path("demo-out")
FOLDER, SUMMARY = OUT / "erp", OUT / "erp-summary.json"
TIMES = "TIEOUT_FAULTS"
"""How often each fault is made to happen with FAULTS=1; 20 if nothing is said."""


class Demo:
    """The console, the clock, and what is written down at the end."""

    def __init__(self) -> None:
        self.console = Console(highlight=False, soft_wrap=True)
        self.began = time.perf_counter()
        self.summary: dict[str, Any] = {}

    def say(self, text: str) -> None:
        """One line with the time since the beginning."""
        self.console.print(f"[dim]{time.perf_counter() - self.began:6.1f} s[/]  {text}")

    def run(self) -> bool:
        """The whole demo; true when it came out as it has to."""
        shutil.rmtree(FOLDER, ignore_errors=True)
        if not (environment() / "installed").exists():
            self.say("Installing Tryton into a folder of its own (once; some minutes with a slow network) ...")
        build()
        started = time.perf_counter()
        with Tryton.start(FOLDER / "tryton", queued=True) as tryton, Warehouse() as warehouse:
            self.summary["start_seconds"] = round(time.perf_counter() - started, 1)
            self.say(f"Tryton is up on port {tryton.port}: database northgate, user clerk, password {CLERK_PASSWORD}.")
            good = self.day(tryton, warehouse)
            if os.environ.get("FAULTS"):
                good = self.misfortunes(int(os.environ.get(TIMES) or 20)) and good
        self.summary["seconds"] = round(time.perf_counter() - self.began, 1)
        SUMMARY.write_text(json.dumps(self.summary, indent=2, default=str) + "\n")
        return good

    def day(self, tryton: Tryton, warehouse: Warehouse) -> bool:
        """Play the day; compare; let people correct; compare again."""
        with Company(FOLDER, tryton, warehouse) as company:
            company.open()
            clerk = Clerk(_clerk(tryton))
            day = Day(company, clerk, self.say)
            day.play()
            self.say("Every feed has reported to the end of the day. Tryton is asked, by other means, what is there:")
            found, cases = audit(clerk.rpc, company.connection), company.look()
            stuck = sorted(number for number, one in orders(clerk.rpc, company.references()).items() if not one.is_through)
            good = self.compared(found, "") and self.tied_out(day.expected, cases) and stuck == STUCK
            self.summary |= _figures(found) | {
                "exceptions_expected": len(day.expected), "exceptions_found": len(cases), "expected": day.expected, "found": cases,
                "orders": len(company.references()),
                "not_booked_shipped_and_invoiced_once": stuck, "commands": dict(company.states()), "refused": dict(company.commands("refused")),
                "seen_within_one_poll": day.seen_at_once,
            }  # fmt: skip
            self.say("People put right what went wrong; nobody tells Tieout.")
            day.correct()
            found, cases = audit(clerk.rpc, company.connection), company.look()
            good = self.compared(found, "after the corrections ") and self.tied_out(LEFT_OPEN, cases) and good
            self.summary["after_correction"] = _figures(found) | {"expected": LEFT_OPEN, "found": cases, "commands": dict(company.states())}
        return good and all(day.seen_at_once.values())

    def misfortunes(self, times: int) -> bool:
        """What must not hurt, each with a Tryton and a ledger of its own."""
        self.say("Tryton is killed in the middle of its work (kill -9), orders pile up, it is started again.")
        with (
            Tryton.start(FOLDER / "killed" / "tryton", queued=True) as tryton,
            Warehouse() as warehouse,
            Company(FOLDER / "killed", tryton, warehouse, schema="northgate_killed") as company,
        ):
            company.open()
            killed = faults.killed_in_the_middle(company, partial(_clerk, tryton), self.say)
            good = self.told("killed", company, killed)
        self.say(f"A bad line: {times} answers are lost, {times} requests arrive after we have stopped waiting.")
        with (
            Tryton.start(FOLDER / "line" / "tryton", queued=True) as tryton,
            Warehouse() as warehouse,
            BadLine(tryton, cuts=times, delays=times) as line,
            Company(FOLDER / "line", tryton, warehouse, line=line, schema="northgate_line") as company,
        ):
            company.open()
            spoiled = faults.on_a_bad_line(company, line, partial(_clerk, tryton), self.say)
            return self.told("bad_line", company, spoiled) and line.is_over and good

    def told(self, name: str, company: Company, story: faults.Story) -> bool:
        """Say and write down what came of a fault."""
        found = audit(_clerk(company.tryton), company.connection)
        self.summary[name] = {
            "orders": story.orders, "not_exactly_once": len(story.wrong), **story.told, **_figures(found), "wrong": story.wrong,
        }  # fmt: skip
        verdict = "[red]not[/]" if story.wrong else "[green]each[/]"
        self.say(f"   {story.orders} orders: {verdict} booked once, shipped once and invoiced once in Tryton.")
        return self.compared(found, "") and not story.wrong

    def compared(self, found: Audit, when: str) -> bool:
        """Say how Tryton and the ledger compare."""
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(found.documents.items()))
        colour = "red" if found.differences else "green"
        self.say(f"   {when}{found.made} documents ({kinds}): {found.compared} figures compared, [{colour}]{found.equal} equal[/]")
        for difference in found.differences:
            self.console.print(f"            {difference}")
        return not found.differences

    def tied_out(self, expected: dict[str, str], cases: dict[str, str]) -> bool:
        """Say what does not tie out, and whether that is just what has to."""
        self.say(f"   exceptions: {len(expected)} expected, {len(cases)} found")
        for name in sorted({*expected, *cases}):
            mark = (
                "[green]as expected[/]"
                if name in expected and name in cases
                else "[red]missing[/]"
                if name in expected
                else "[red]unexpected[/]"
            )
            self.console.print(f"            {mark}  {name}  {cases.get(name, '')}  [dim]{expected.get(name, '')}[/]")
        return expected.keys() == cases.keys()


def _clerk(tryton: Tryton) -> Rpc:
    """Tryton, asked by somebody who is not Tieout."""
    return Rpc(tryton.url, CLERK, CLERK_PASSWORD)


def _figures(found: Audit) -> dict[str, Any]:
    return {
        "made": found.made, "compared": found.compared, "equal": found.equal, "documents": dict(found.documents),
        "differences": found.differences,
    }  # fmt: skip


def main() -> None:
    """Run it, and end with an error when it did not come out."""
    demo = Demo()
    try:
        good = demo.run()
    except NotHere as reason:
        raise SystemExit(f"{reason}\nThe demo needs Tryton from PyPI once; check the network and run it again.") from reason
    figures = demo.summary
    demo.console.print(
        f"\n{figures['equal']} of {figures['compared']} figures agree, {figures['exceptions_found']} of {figures['exceptions_expected']} "
        f"expected exceptions are open. It took {figures['seconds']:.0f} s; all of it is in {SUMMARY}. Look around:"
    )
    demo.console.print(f"  .venv/bin/tieout -p {FOLDER} cases\n  .venv/bin/tieout -p {FOLDER} explain shop/order/1009")
    if not good:
        raise SystemExit("Something did not come out as it has to: see above.")


if __name__ == "__main__":
    main()
