"""What every response of the console carries, asked of the real server."""

import gzip
import re
import urllib.error
import urllib.request
from http.client import HTTPResponse

from console_server import serving

from tieout.console import assets
from tieout.console.desk import Desk
from tieout.store.database import Database
from tieout.store.pool import Pool

EXACT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types console"
)


def asked(url: str, **headers: str) -> HTTPResponse:
    try:
        return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20)
    except urllib.error.HTTPError as refused:
        return refused  # type: ignore[return-value]


def test_every_response_forbids_what_is_not_ours(database: Database) -> None:
    with serving(Desk(Pool(database.connect), "Test")) as base:
        for path in ("/help/keys", "/nowhere", assets.url("app.css"), "/static/0/none.css"):
            answer = asked(base + path)
            assert answer.headers["Content-Security-Policy"] == EXACT
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Referrer-Policy"] == "same-origin"
            assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
            assert answer.headers["Permissions-Policy"] == "camera=(), microphone=(), geolocation=()"


def test_assets_are_kept_for_ever_under_their_mark_and_pages_never(database: Database) -> None:
    with serving(Desk(Pool(database.connect), "Test")) as base:
        style = asked(base + assets.url("app.css"), **{"Accept-Encoding": "gzip"})
        assert style.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert gzip.decompress(style.read()) == assets.assets()["app.css"].raw
        assert asked(base + "/static/0000/app.css").headers["Cache-Control"] == "no-store"
        page = asked(base + "/help/keys")
        assert page.headers["Cache-Control"] == "private, no-cache"
        assert re.fullmatch(r"db;dur=[\d.]+, render;dur=[\d.]+, app;dur=[\d.]+", page.headers["Server-Timing"])
        assert asked(base + "/help/keys", **{"If-None-Match": page.headers["ETag"]}).status == 304


def test_scripts_and_style_stay_small() -> None:
    packed = {path: len(asset.packed) for path, asset in assets.assets().items()}
    assert sum(size for path, size in packed.items() if path.endswith(".js")) <= 25_000
    assert sum(size for path, size in packed.items() if path.endswith(".css")) <= 12_000
