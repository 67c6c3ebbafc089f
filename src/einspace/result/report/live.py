"""Live: the report of a run on this machine's own address, which follows the search. It reads, and nothing can be changed through it."""

import errno
import json
import sys
from collections.abc import Callable, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import inf
from threading import Lock, Thread
from time import monotonic, time
from types import TracebackType
from typing import Any, Self

from einspace.echo import escaped
from einspace.errors import RunError, SettingError
from einspace.result.report.album import Album
from einspace.result.report.frame import framed, waiting
from einspace.result.report.page import content
from einspace.result.result import Result
from einspace.result.words import at_work
from einspace.trial import Trial

HOST, PORT = "127.0.0.1", 8321
"""The address of the page, which this machine alone can reach."""

PAUSE = 1.0
"""Seconds for which the last state is served without a new look at the run, at least."""

REST = 10.0
"""Pause after a look at the run, as a multiple of the time that it took, since the process of the search makes the page."""


class LiveReport:
    """Serves a run's report at `address`, from a thread within a `with` block, or from this one by `serve`.

    Args:
        read: Gives the run's result; a RunError means that there is nothing to read yet, or for the moment.
        run: The run's name.
        port: The port, 0 for any that is free. Raises SettingError for one that cannot be opened.
        now: Gives lines on what the workers are at; None: the trials that run, from the result.
    """

    def __init__(self, read: Callable[[], Result], run: str, port: int = PORT, now: Callable[[], Sequence[str]] | None = None) -> None:
        self._read = read
        self._run = run
        self._now = now
        self._running: tuple[Trial, ...] = ()
        self._lock = Lock()
        self._album: Album | None = None
        self._latest = ("", waiting(run))
        self._next = -inf
        try:
            self._server = _Server((HOST, port), _handler(self))
        except (OSError, OverflowError) as error:
            used = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
            why = "is in use" if used else f"cannot be opened: {getattr(error, 'strerror', None) or error}"
            raise SettingError(f"the port {port} of {HOST} {why}; --port takes another one, and 0 any that is free") from None
        self._thread: Thread | None = None

    @property
    def port(self) -> int:
        """The port that it has."""
        return self._server.server_port

    @property
    def address(self) -> str:
        """The address to open in a browser."""
        return f"http://{HOST}:{self.port}/"

    def latest(self) -> tuple[str, str]:
        """The version of the page's main part, and that part, made again after `PAUSE` seconds or `REST` times as long as it took."""
        with self._lock:
            began = monotonic()
            if began >= self._next:
                rest = REST if self._look() else 0.0  # one that failed may only have waited for a server
                self._next = monotonic() + max(PAUSE, rest * (monotonic() - began))
            return self._latest

    def now(self) -> list[str]:
        """Lines on the trials that the workers train."""
        if self._now is not None:
            return [escaped(line) for line in self._now()]
        self.latest()
        return [escaped(at_work(trial, max(0.0, time() - trial.started))) for trial in self._running]

    def page(self) -> str:
        """The whole page."""
        return framed(f"{self._run}, live", self.latest()[1], live=True)

    def serve(self) -> None:
        """Serve until this thread is interrupted."""
        try:
            self._server.serve_forever()
        finally:
            self._server.server_close()

    def __enter__(self) -> Self:
        self._thread = Thread(target=self.serve, name="einspace-live", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        if self._thread is not None:
            self._thread.join()

    def _look(self) -> bool:
        """Look at the run, and say whether it could be read."""
        try:
            result = self._read()
        except RunError:  # of a search that has not begun, or a database that is away: the last state stays
            return False
        self._running = result.running
        version = f'"{result.state}"'
        if version != self._latest[0]:
            self._album = self._album or Album(tuple(result.settings["input"]))
            self._latest = version, content(result, self._album)
        return True


class _Server(ThreadingHTTPServer):
    """A server that is silent about a browser that leaves in the middle of an answer, for a traceback would bury the search's lines."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print the traceback of any other error than a lost connection."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler(live: LiveReport) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers requests for the page, its main part and the workers' trials, and for nothing else."""

        server_version = "einspace"
        sys_version = ""
        timeout = 30.0  # seconds for one that connects and asks nothing

        def do_GET(self) -> None:
            hosts = self.headers.get_all("Host", [])
            if hosts not in ([f"{HOST}:{live.port}"], [f"localhost:{live.port}"]):  # a foreign page, by a host name of its own
                self.send_error(HTTPStatus.FORBIDDEN)
            elif self.path == "/":
                self._send(live.page())
            elif self.path == "/now":
                self._send(json.dumps(live.now()), kind="application/json")
            elif self.path == "/main":
                version, main = live.latest()
                if version and self.headers.get("If-None-Match") == version:
                    self.send_response(HTTPStatus.NOT_MODIFIED)
                    self.end_headers()
                else:
                    self._send(main, version)
            else:
                self.send_error(HTTPStatus.NOT_FOUND)

        def _send(self, text: str, version: str = "", kind: str = "text/html; charset=utf-8") -> None:
            body = text.encode()
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            if version:
                self.send_header("ETag", version)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing: a line for each request would bury the search's lines."""

    return Handler
