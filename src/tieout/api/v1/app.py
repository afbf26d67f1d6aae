"""The application of `/api/v1`: its parts, its description, and what goes around every request."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from tieout.api.v1 import (
    approvals,
    audit,
    bulk,
    cases,
    causes,
    commands,
    deciding,
    edit,
    exports,
    files,
    ledger,
    me,
    owners,
    people,
    process,
    systems,
    views,
    work,
)  # fmt: skip
from tieout.api.v1.bounds import Bounds
from tieout.api.v1.caller import Turns
from tieout.api.v1.problems import ProblemBody, install
from tieout.api.v1.project import Project

PATH = "/api/v1"
VERSION = "1"
ABOUT = """Everything the console does. Send `Authorization: Bearer KEY` with a key of yours.

Lists come in pages: `next` of one is `cursor` of the following. What acts takes an `Idempotency-Key`; what a second person could have
changed wants the `ETag` you saw as `If-Match`. Every refusal is `application/problem+json` with a stable `rule` and the next step."""

PARTS = (
    me, people, owners, causes, cases, work, bulk, deciding, approvals, edit, exports, files, views, ledger, process, commands, systems, audit,
)  # fmt: skip
"""The parts of the interface, in the order in which its description lists them and paths are tried."""


def application(project: Project) -> FastAPI:
    """The interface of a project, to be mounted at `PATH`."""
    app = FastAPI(
        title="Tieout", version=VERSION, description=ABOUT, docs_url=None, redoc_url=None, openapi_url="/openapi.json", root_path_in_servers=False,
        servers=[{"url": PATH}],
    )  # fmt: skip
    app.state.project = project
    app.state.turns = Turns()
    for part in PARTS:
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
        for operation in (one for methods in made["paths"].values() for one in methods.values()):
            for parameter in operation.get("parameters", ()):
                parameter["schema"] = _without_null(parameter["schema"])
        app.openapi_schema = made
    return app.openapi_schema


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter is there or left out; none can be null."""
    some = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    return {**{name: value for name, value in schema.items() if name != "anyOf"}, **some[0]} if len(some) == 1 else schema
