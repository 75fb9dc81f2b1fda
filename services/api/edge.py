"""The edge: what is true of every request before and after its route. Host allowlist, body size, rate limit, security
headers, metrics. Plain ASGI, so that event streams pass through untouched.
"""

import time
from collections.abc import Callable, Iterable
from math import ceil

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.api.errors import problem
from services.api.metrics import Metrics
from services.api.rate import RateLimit

LARGEST_BODY = 1024 * 1024  # a strategy file has at most 256 KB; JSON may double every character
UNLIMITED = ("/livez", "/readyz", "/metrics")
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"interest-cohort=()"),
)
PRIVATE = (b"cache-control", b"no-store")
POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
API = "/api/v1"  # routers do not know where they are mounted
PAGES = ("/docs", "/redoc")  # these two load scripts; every other answer is data


class Edge:
    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Iterable[str],
        limit: RateLimit,
        metrics: Metrics,
        caller: Callable[[Request], str],
    ) -> None:
        self.app = app
        self.hosts = frozenset(host.lower() for host in hosts)
        self.limit = limit
        self.metrics = metrics
        self.caller = caller

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started_s = time.perf_counter()
        status = 500

        async def dress(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *_headers(scope["path"], message["headers"])]
            await send(message)

        try:
            await self._answer(scope, receive, dress)
        finally:
            route = _route(scope)
            method = scope["method"] if scope["method"] in ("GET", "POST", "DELETE", "HEAD") else "other"
            self.metrics.requests.labels(method, route, str(status)).inc()
            if not route.endswith("/events"):
                self.metrics.request_seconds.labels(method, route).observe(time.perf_counter() - started_s)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        path = scope["path"]
        host = host_of(request.headers.get("host", ""))
        if host not in self.hosts and "*" not in self.hosts and host != _own_address(scope):
            refused = problem(400, "unknown-host", f"this server is not called {host or 'nothing'!r}", path)
            await refused(scope, receive, send)
            return
        if b"%00" in scope.get("raw_path", b"") or b"%00" in scope["query_string"]:
            refused = problem(422, "invalid-request", "a path or query holds no NUL character", path)
            await refused(scope, receive, send)
            return
        if path not in UNLIMITED:
            wait_s = self.limit.wait_s(self.caller(request), time.monotonic())
            if wait_s > 0.0:
                headers = {"Retry-After": str(ceil(wait_s))}
                refused = problem(429, "too-many-requests", f"ask again in {wait_s:.3f} s", path, headers)
                await refused(scope, receive, send)
                return
        await self.app(scope, _at_most(LARGEST_BODY, receive), send)


def host_of(header: str) -> str:
    """The name in a Host header, without its port: `[::1]:8000` -> `[::1]`."""
    name, _, port = header.rpartition(":")
    return (name if name and port.isdigit() else header).lower()


def _own_address(scope: Scope) -> str:
    """The address that the caller came to, as a Host header spells it. No name in a page can stand for it: Prometheus,
    which finds pods by their addresses, is let in without knowing any.
    """
    address = str((scope.get("server") or ("",))[0])
    return f"[{address}]" if ":" in address else address


def _route(scope: Scope) -> str:
    """The route's template, never the path: paths are unbounded."""
    template: str = getattr(scope.get("route"), "path", "none")
    return API + template if scope["path"].startswith(API) and not template.startswith((API, "none")) else template


def _headers(path: str, given: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    names = {name.lower() for name, _ in given}
    wanted = [*HEADERS, PRIVATE] if path in PAGES else [*HEADERS, PRIVATE, POLICY]
    return [header for header in wanted if header[0] not in names]


def _at_most(limit: int, receive: Receive) -> Receive:
    """The request's body, refused as soon as it passes the limit."""
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise HTTPException(413, f"a request has at most {limit} bytes")
        return message

    return counted
