"""The application of `/api/v1`: its parts, its description, and what goes around every request."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from tieout.api.v1 import audit, cases, commands, ledger, me, systems, work
from tieout.api.v1.bounds import Bounds
from tieout.api.v1.caller import Turns
from tieout.api.v1.problems import ProblemBody, install
from tieout.api.v1.service import Service

PATH = "/api/v1"
VERSION = "1"
ABOUT = """Everything the console does. Send `Authorization: Bearer KEY` with a key of yours.

Lists come in pages: `next` of one is `cursor` of the following. What acts takes an `Idempotency-Key`; what a second person could have
changed wants the `ETag` you saw as `If-Match`. Every refusal is `application/problem+json` with a stable `rule` and the next step."""


def application(service: Service) -> FastAPI:
    """The interface of a project, to be mounted at `PATH`."""
    app = FastAPI(
        title="Tieout", version=VERSION, description=ABOUT, docs_url=None, redoc_url=None, openapi_url="/openapi.json", root_path_in_servers=False,
        servers=[{"url": PATH}],
    )  # fmt: skip
    app.state.service = service
    app.state.turns = Turns()
    for part in (me, cases, work, ledger, commands, systems, audit):
        app.include_router(part.router)
    install(app)
    app.add_middleware(Bounds)
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]
    return app


def _described(app: FastAPI) -> dict[str, Any]:
    """The description: what FastAPI derives, less its own form of a refused request, with ours."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes, servers=app.servers)
        schemas = made["components"]["schemas"]
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        schemas["ProblemBody"] = ProblemBody.model_json_schema()
        app.openapi_schema = made
    return app.openapi_schema
