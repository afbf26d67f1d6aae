"""Our own style and scripts, read once, named by their content and sent compressed."""

import gzip
import hashlib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
FOREVER = "public, max-age=31536000, immutable"


class Asset(msgspec.Struct, frozen=True):
    """One file as it is sent."""

    type_: str
    raw: bytes
    packed: bytes


@cache
def assets() -> dict[str, Asset]:
    """All files under `static/` by their path."""
    return dict(_read(files("tieout.console").joinpath("static"), ""))


@cache
def mark() -> str:
    """The digest of all assets together: modules name one another by relative paths, so they change their address together."""
    digest = hashlib.sha256()
    for path, asset in sorted(assets().items()):
        digest.update(path.encode() + b"\0" + asset.raw)
    return digest.hexdigest()[:16]


def url(path: str) -> str:
    """Where an asset is served. Raises KeyError when there is none of that name."""
    assets()[path]
    return f"/static/{mark()}/{path}"


def _read(folder: Traversable, prefix: str) -> list[tuple[str, Asset]]:
    found = []
    for item in folder.iterdir():
        if item.is_dir():
            found += _read(item, f"{prefix}{item.name}/")
        elif (type_ := TYPES.get(item.name.rpartition(".")[2])) is not None:
            raw = item.read_bytes()
            found.append((prefix + item.name, Asset(type_, raw, gzip.compress(raw, 9, mtime=0))))
    return found


async def _send(request: Request) -> Response:
    """An asset; under another mark than today's it is sent too, but not to be kept."""
    asset = assets().get(request.path_params["path"])
    if asset is None:
        return Response("There is no such file.", 404, media_type="text/plain")
    headers = {"Cache-Control": FOREVER if request.path_params["mark"] == mark() else "no-store", "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(asset.packed, headers={**headers, "Content-Encoding": "gzip", "Content-Type": asset.type_})
    return Response(asset.raw, headers={**headers, "Content-Type": asset.type_})


route = Route("/static/{mark}/{path:path}", _send, methods=["GET"])
