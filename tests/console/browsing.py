"""What the browser tests share: a person's browser, and what it saw go wrong."""

import re
import urllib.error
import urllib.parse
import urllib.request
from http.client import HTTPResponse
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import BrowserContext, Page, Route

ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-gpu", "--disable-sync", "--no-first-run",
             "--disable-default-apps"]  # fmt: skip
WATCH = "addEventListener('securitypolicyviolation', (e) => console.error('violated ' + e.violatedDirective + ' ' + e.blockedURI))"


class Seat:
    """A browser context with one page. `wrong` collects requests to elsewhere, violations of the policy and errors."""

    def __init__(self, base: str, context: BrowserContext) -> None:
        self.base = base
        self.context = context
        self.wrong: list[str] = []
        context.add_init_script(WATCH)
        context.route(re.compile(r"^(?!http://127\.0\.0\.1[:/])"), self._elsewhere)
        self.page: Page = self.open()

    def open(self) -> Page:
        """One more tab."""
        page = self.context.new_page()
        page.on("console", lambda message: self.wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        return page

    def go(self, path: str) -> Page:
        """Open a path and wait until the scripts have begun."""
        self.page.goto(self.base + path, wait_until="load")
        return self.page

    def post(self, path: str, **fields: str) -> int:
        """A form sent by hand, with the token of this sign-in; the status of the answer."""
        csrf = self.page.evaluate("() => document.body.dataset.csrf")
        body = urllib.parse.urlencode({"csrf": csrf, **fields}).encode()
        return self._ask(path, body).status

    def get(self, path: str, **headers: str) -> HTTPResponse:
        """A page fetched without the browser, as the same person."""
        return self._ask(path, None, headers)

    def _ask(self, path: str, body: bytes | None, headers: dict[str, str] | None = None) -> HTTPResponse:
        (cookie,) = [c["value"] for c in self.context.cookies() if c["name"] == "tieout"]
        request = urllib.request.Request(
            self.base + path, body, {"Cookie": f"tieout={cookie}", "Sec-Fetch-Site": "same-origin", **(headers or {})}
        )
        try:
            return _OPENER.open(request, timeout=60)  # type: ignore[no-any-return]
        except urllib.error.HTTPError as refused:
            return refused  # type: ignore[return-value]

    def _elsewhere(self, route: Route) -> None:
        if not route.request.url.startswith(("data:", "blob:")):
            self.wrong.append(f"asked {route.request.url}")
        route.abort()


class _Still(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_Still)


RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]},
    "resultTypes": ["violations"],
}
"""WCAG 2.0 to 2.2, A and AA. Only violations are worked out to the end and handed over: a page has thousands of nodes that pass."""
FOUND = "(options) => axe.run(document, options).then((r) => r.violations.map((v) => [v.id, v.nodes.map((n) => n.html.slice(0, 160))]))"


def violations(page: Page) -> list[str]:
    """What axe finds in the page as it stands, in light and in dark: the theme is switched in place, and axe runs for each."""
    page.evaluate(AXE_SCRIPT)
    wrong = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        wrong += [f"{theme} {rule}: {html}" for rule, nodes in page.evaluate(FOUND, RULES) for html in nodes]
    page.emulate_media(color_scheme="light")
    return wrong


def shown(page: Page) -> list[str]:
    """The references of the rows in the page, in their order."""
    found: list[str] = page.evaluate("() => [...document.querySelectorAll('#rows tr')].map((row) => row.dataset.ref)")
    return found


def cursor(page: Page) -> str:
    """The reference of the row that the grid says is active."""
    found: str = page.evaluate(
        "() => document.getElementById(document.getElementById('grid').getAttribute('aria-activedescendant'))?.dataset.ref || ''"
    )
    return found
