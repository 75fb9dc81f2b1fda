"""The edge: what is true of every request and every answer. Host allowlist, same origin, security headers."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from flask import Flask, Request, Response, abort, request

# No inline script and no inline style: element.style set by a script is allowed, text that becomes style is not.
# lightweight-charts adds a style element for its logo, which is switched off in favour of our own attribution. Plotly
# puts its rules into the style sheet `plotly.js-style-global` when the page already has one, and leaves out its maps'
# when the page has an element with their id. Plotly draws hatches and exports through data: images.
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
HEADERS = {
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in POLICY.items()),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with no-referrer, browsers send `Origin: null` with our own forms
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def install(app: Flask, allowed_hosts: Iterable[str]) -> None:
    """Refuse strangers before, and dress answers after, every view."""
    hosts = frozenset(host.lower() for host in allowed_hosts)

    @app.before_request
    def refuse() -> None:
        if "*" not in hosts and host_name(request.host) not in hosts:
            abort(400, f"This server is not called {request.host!r}. Its names: PAPERFOLD__DASHBOARD__ALLOWED_HOSTS.")
        if request.method not in ("GET", "HEAD", "OPTIONS") and not is_same_origin(request):
            abort(403, "The form was sent from another site.")

    @app.after_request
    def dress(answer: Response) -> Response:
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        answer.headers.setdefault("Cache-Control", "no-store")
        return answer


def host_name(header: str) -> str:
    """The name in a Host header, without its port: `[::1]:8080` -> `[::1]`."""
    name, _, port = header.rpartition(":")
    return (name if name and port.isdigit() else header).lower()


def is_same_origin(asked: Request) -> bool:
    """Whether the browser says that one of our own pages sent this. Programs say neither, and need a CSRF token."""
    site = asked.headers.get("Sec-Fetch-Site")
    if site not in (None, "same-origin", "none"):  # none: a form that its reader sends again
        return False
    origin = asked.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc.lower() == asked.host.lower()


def is_https(asked: Request) -> bool:
    """Whether the browser came by https, also through a proxy that ends it. Believed only to make cookies stricter."""
    return asked.is_secure or asked.headers.get("X-Forwarded-Proto", "").lower() == "https"
