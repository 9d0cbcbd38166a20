"""Serves the board of a planned case until it is stopped."""

import errno
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import uvicorn

from diptych.model import EdgeError
from diptych.pipeline.theatre_day import open_day
from diptych.web.app import Heading, create_app, local_now
from diptych.web.guard import LOOPBACK

GRACE_SECONDS = 2
"""How long open streams may last once the server is asked to stop."""


def serve_board(
    case: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8420,
    announce: Callable[[str], None] = lambda line: None,
    notice: str = "",
) -> None:
    """Serve the board of `case`; returns when stopped by a signal.

    `announce` gets the address. Raises InputError if the case has no schedule, EdgeError
    if the record cannot be opened or the port is taken.
    """
    with open_day(case) as day, _listen(host, port) as listener:
        heading = Heading(case=case.resolve().name, notice=notice)
        app = create_app(day, local_now, heading=heading, hosts=hosts_of(host))
        announce(f"board of {heading.case}: http://{_address(host)}:{port}/ (stop with Ctrl-C)")
        serve_app(app, listener)


def serve_app(app: object, listener: socket.socket) -> None:
    """Serve an application on an open socket until a signal comes; Ctrl-C is a proper end."""
    with suppress(KeyboardInterrupt):
        uvicorn.Server(make_config(app)).run(sockets=[listener])


def make_config(app: object) -> uvicorn.Config:
    """Settings of the server: quiet, and streams are cut off soon after it is asked to stop."""
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def hosts_of(host: str) -> tuple[str, ...]:
    """The names that a board bound to `host` answers to.

    A board bound to all addresses cannot know its names beforehand: it answers to this
    machine's name and addresses.
    """
    if host not in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        return (*LOOPBACK, _address(host))
    name = socket.gethostname()
    found = {str(entry[4][0]) for entry in socket.getaddrinfo(name, None)}
    return (*LOOPBACK, name, *(_address(each) for each in sorted(found)))


def _address(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET
        )
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        raise EdgeError(
            f"port {port} of {host} cannot be used ({'it is taken' if taken else error})",
            remedy="stop the other program, or choose another one with --port",
        ) from error
