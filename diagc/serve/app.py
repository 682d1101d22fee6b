"""The page as an application: nothing without the token, nothing to other hosts, nothing read but examples.

The token is in the address that is opened, and comes back with every request; a page of another site knows neither
it nor may read answers. Examples are listed once at the start and asked for by number, so that no path comes in.
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from diagc.limits import MAX_FILE_BYTES
from diagc.serve.work import SECONDS, VIEWS, Child
from diagc.syntax.files import load_source

ASSETS: Final = Path(__file__).parent / "assets"
_TYPES: Final = {"page.js": "text/javascript", "page.css": "text/css", "codemirror.min.js": "text/javascript"}
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
}  # fmt: skip
_KEYS: Final = ("text", "show", "entry", "learning", "machine", "sizes")
_MOST: Final = MAX_FILE_BYTES + 10_000
"""Bytes of a request: a spec and what is asked about it."""


class Page:
    """The state of a running page: its token, its examples, and two children, one for errors and one for the rest."""

    def __init__(self, specs: Path, token: str | None = None, seconds: float = SECONDS) -> None:
        self.token = token or secrets.token_urlsafe(24)
        self.specs = specs
        self.examples: list[Path] = sorted(specs.rglob("*.diag")) if specs.is_dir() else []
        self.errors, self.rest = Child(specs, seconds), Child(specs, seconds)

    def application(self) -> Starlette:
        routes = [
            Route("/", self._page), Route("/asset/{name}", self._asset), Route("/examples", self._examples),
            Route("/example/{number:int}", self._example), Route("/ask", self._ask, methods=["POST"]),
        ]  # fmt: skip
        hosts = Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
        return Starlette(routes=routes, middleware=[hosts])

    def stop(self) -> None:
        self.errors.stop()
        self.rest.stop()

    def _refused(self, request: Request) -> Response | None:
        given = request.headers.get("x-token") or request.query_params.get("token") or ""
        if secrets.compare_digest(given.encode(), self.token.encode()):
            return None
        return PlainTextResponse(
            "open the address that `diagc serve` printed: it ends in ?token=…\n", 403, _HEADERS
        )

    async def _page(self, request: Request) -> Response:
        text = (ASSETS / "page.html").read_text("utf-8").replace("TOKEN", self.token)
        return self._refused(request) or HTMLResponse(text, headers=_HEADERS)

    async def _asset(self, request: Request) -> Response:
        name = request.path_params["name"]
        if refused := self._refused(request):
            return refused
        if name not in _TYPES:
            return PlainTextResponse("no such file\n", 404, _HEADERS)
        text = (
            (ASSETS / name)
            .read_text("utf-8")
            .replace("codemirror.min.js", f"codemirror.min.js?token={self.token}")
        )
        return Response(text, headers=_HEADERS, media_type=_TYPES[name])

    async def _examples(self, request: Request) -> Response:
        names = [str(path.relative_to(self.specs)) for path in self.examples]
        return self._refused(request) or JSONResponse(names, headers=_HEADERS)

    async def _example(self, request: Request) -> Response:
        number: int = request.path_params["number"]
        if refused := self._refused(request):
            return refused
        if number >= len(self.examples):
            return PlainTextResponse("no such example\n", 404, _HEADERS)
        return PlainTextResponse(load_source(self.examples[number], self.specs).text, headers=_HEADERS)

    async def _ask(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MOST:
                return JSONResponse({"failed": f"a spec has at most {MAX_FILE_BYTES:,} bytes"}, 413, _HEADERS)
        question = _question(body)
        if question is None:
            return JSONResponse({"failed": "not a question"}, 400, _HEADERS)
        child = self.rest if question.get("show") else self.errors
        return JSONResponse(await run_in_threadpool(child.ask, question), headers=_HEADERS)


def _question(body: bytes) -> dict[str, str] | None:
    """A question that can be asked, or None."""
    try:
        found: Any = json.loads(body)
        kept: dict[str, Any] = {key: found[key] for key in _KEYS if found.get(key) is not None}
        "".join(kept.values()).encode()  # text, and none that no file could hold
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
    return kept if "text" in kept and kept.get("show") in (None, *VIEWS) else None
