"""What cannot be accepted at all: a problem document (RFC 9457) that names source, rule and next step."""

import msgspec
from starlette.responses import Response


class Problem(Exception):
    """A request that ends here. `rule` is stable (`http/too-large`); nothing of the request was kept."""

    def __init__(self, status: int, rule: str, detail: str, next_step: str, *, retry_after: int = 0, closes: bool = False) -> None:
        super().__init__(detail)
        self.status = status
        self.rule = rule
        self.detail = detail
        self.next_step = next_step
        self.retry_after = retry_after
        self.closes = closes
        self.headers: dict[str, str] = {}

    def response(self, source: str) -> Response:
        """As it is answered; `source` is the path it came to."""
        body = {
            "type": "about:blank",
            "title": TITLES.get(self.status, "Refused"),
            "status": self.status,
            "detail": self.detail,
            "source": source,
            "rule": self.rule,
            "next_step": self.next_step,
        }
        headers = {"cache-control": "no-store", **self.headers}
        if self.retry_after:
            headers["retry-after"] = str(self.retry_after)
        if self.status == 401:
            headers["www-authenticate"] = "Bearer"
        if self.closes:
            headers["connection"] = "close"
        return Response(msgspec.json.encode(body), self.status, headers, "application/problem+json")


TITLES = {
    400: "Bad request",
    401: "Not authorised",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    408: "Too slow",
    409: "Conflict",
    411: "Length required",
    412: "Changed meanwhile",
    413: "Too large",
    415: "Unsupported encoding",
    422: "Not as described",
    428: "Which version?",
    429: "Too many requests",
    500: "Our fault",
    503: "Not now",
}
