"""Take the pictures of the console for the guides: the day of examples/day, served, in a light and a dark theme. Needs Chromium."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "tests" / "console"), str(HERE.parent / "tests")]

from browsing import ARGUMENTS  # noqa: E402
from console_day import ORDER, Console, day  # noqa: E402
from playwright.sync_api import Browser, sync_playwright  # noqa: E402

WIDTH, HEIGHT = 1440, 960
PICTURES = {
    "tower": ("/", "ana"), "wall": ("/?wall=1", "ana"), "transactions": ("/transactions", "ana"), "transaction": (f"/transactions/{ORDER}", "ana"),
    "process": ("/process/o2c", "ana"), "process-path": ("/process/o2c?at=Allocated~Shipped", "ana"),
    "lifecycle": ("/lifecycles/order_to_cash", "ana"), "connectors": ("/connectors", "chen"), "audit": ("/audit", "bo"), "operations": ("/operations", "ana"),
}  # fmt: skip
"""Name -> page and who looks."""
PRESSED = {
    "exceptions": ("/exceptions", "ana", ()), "pane": ("/exceptions", "ana", ("j", "j", "Space")), "causes": ("/exceptions?group=cause", "ana", ()),
    "bulk": ("/exceptions", "ana", ("Control+Shift+A", "s", "Control+Enter")), "edit": ("/exceptions?kind=quarantine", "ana", ("e",)),
    "exception": ("/exceptions?kind=quarantine", "ana", ("o",)), "settings": ("/settings/profile", "ana", ()), "keys": ("/help/keys", "ana", ()),
    "approvals": ("/approvals", "bo", ()), "sign-in": ("/sign-in", "", ()),
}  # fmt: skip
"""Name -> page, who looks, and the keys that are pressed."""


def main() -> None:
    """Write every picture anew."""
    folder, here = Path(tempfile.mkdtemp()), Path.cwd()
    os.chdir(folder)  # so that the files are named as somebody would name them, and not by where these pictures were taken
    try:
        with day(Path("day")) as console, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
            ask(browser, console)
            for theme in ("light", "dark"):
                for name, (path, who, keys) in PRESSED.items():
                    take(browser, console, path, who, theme, HERE / "images" / f"{name}-{theme}.png", keys=keys)
                for name, (path, who) in PICTURES.items():
                    take(browser, console, path, who, theme, HERE / "images" / f"{name}-{theme}.png")
                take(browser, console, lineage_of(console), "ana", theme, HERE / "images" / f"lineage-{theme}.png", part="#lineage")
            browser.close()
    finally:
        os.chdir(here)
        shutil.rmtree(folder, ignore_errors=True)


def lineage_of(console: Console) -> str:
    """The order's first statement with one field lit."""
    ((fact,),) = console.sql(
        "select f.id from fact f join posting p on p.root = %s and p.entries::json->>0 = f.identity where f.kind = 'OrderPlaced' limit 1", ORDER
    )
    return f"/transactions/{ORDER}?event={fact}&field=l1-quantity"


def ask(browser: Browser, console: Console) -> None:
    """Ana accepts a difference that is over her limit, so that an approval waits."""
    ((ref,),) = console.sql("select ref from work where kind = 'balance' and state <> 'resolved' order by worth desc, id limit 1")
    context = browser.new_context()
    context.add_cookies([{"name": "tieout", "value": console.tokens["ana"], "domain": "127.0.0.1", "path": "/"}])
    page = context.new_page()
    page.goto(f"{console.base}/exceptions/{ref}/accept")
    page.get_by_label("Reason").select_option("agreed")
    page.get_by_label("In words").fill("agreed with the vendor by telephone")
    page.get_by_role("button", name="Accept").click()
    page.locator("[data-said]", has_text=str(ref)).wait_for()
    context.close()


def take(
    browser: Browser, console: Console, path: str, who: str, theme: str, file: Path, part: str = "", keys: tuple[str, ...] = ()
) -> None:  # fmt: skip
    """One picture of a page, or of a part of it; after some keys were pressed."""
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="dark" if theme == "dark" else "light")
    if who:
        context.add_cookies([{"name": "tieout", "value": console.tokens[who], "domain": "127.0.0.1", "path": "/"}])
    page = context.new_page()
    page.goto(console.base + path, wait_until="load")
    page.locator("main").wait_for()
    for key in ("", *keys):
        if key:
            page.keyboard.press(key)
        page.wait_for_timeout(700)
    if part:
        page.locator(part).screenshot(path=str(file))
    else:
        page.screenshot(path=str(file))
    context.close()
    print(f"wrote {file.name}")


if __name__ == "__main__":
    main()
