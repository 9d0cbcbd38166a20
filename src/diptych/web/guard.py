"""What every request passes: the right host, the same origin for entries, safe headers."""

from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from diptych.web.entry import say_fault

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
SAFE_HEADERS = {
    "content-security-policy": "default-src 'self'; script-src 'self'; style-src 'self';"
    " img-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """Refuses foreign hosts (400) and entries from other sites (403); adds safe headers.

    A page of another site that the browser has open, or a name that points here by DNS
    rebinding, can so neither read the board nor write to it.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str]) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SAFE_HEADERS.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store")
            await send(message)

        refusal = self._refuse(scope["method"], Headers(scope=scope))
        await (refusal or self._app)(scope, receive, send_safely)

    def _refuse(self, method: str, headers: Headers) -> JSONResponse | None:
        host = headers.get("host", "")
        if strip_port(host) not in self._hosts:
            fault = say_fault(
                "host",
                f"this board does not answer to the name {host!r:.80}",
                "open it by the address that was printed when it was started",
            )
            return JSONResponse(fault, status_code=400)
        if method in ("GET", "HEAD") or _same_site(headers, host):
            return None
        fault = say_fault(
            "origin", "entries are taken from the board's own page only", "open the board itself"
        )
        return JSONResponse(fault, status_code=403)


def _same_site(headers: Headers, host: str) -> bool:
    """A browser says where a request comes from; a program without a browser says nothing."""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    from_here = origin is None or origin.split("://")[-1].lower() == host.lower()
    return from_here and site in (None, "same-origin")


def strip_port(host: str) -> str:
    """The host without its port, in lower case ("[::1]:80" -> "[::1]")."""
    head, colon, tail = host.lower().rpartition(":")
    return head if colon and tail.isdecimal() and not head.endswith(":") else host.lower()
