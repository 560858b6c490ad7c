"""The pages /metrics and /health, by HTTP on a thread of its own, for few clients at a time."""

import json
import socket
from collections.abc import Callable
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import BoundedSemaphore, Thread, Timer
from types import TracebackType
from typing import Any, Final, Self

from prometheus_client import CONTENT_TYPE_LATEST

from unflux.watch.metrics import Metrics
from unflux.watch.status import Status

CLIENTS: Final = 4
"""At a time; more are turned away. Chosen: 2026-11-24; a scraper, a health check, two by hand."""
REQUEST_S: Final = 5.0
"""From the opening of a connection to its end."""


class StatusPage:
    """Serves the pages on a socket that listens, while its block runs."""

    def __init__(self, listening: socket.socket, look: Callable[[], Status]) -> None:
        self._server = _Server(listening, look)
        self._thread = Thread(target=self._server.serve_forever, name="status", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, listening: socket.socket, look: Callable[[], Status]) -> None:
        super().__init__(listening.getsockname()[:2], _Pages, bind_and_activate=False)
        self.socket.close()  # made by the parent, and never bound
        self.socket = listening
        self.look = look
        self.metrics = Metrics(look)
        self._room = BoundedSemaphore(CLIENTS)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection if there is room."""
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection to its end, which comes in time whatever the client does."""
        late = Timer(REQUEST_S, _shut, [request])
        late.daemon = True
        late.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            late.cancel()
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that went is no event."""


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it has gone


class _Pages(BaseHTTPRequestHandler):
    server: _Server
    server_version = "unflux"
    sys_version = ""

    def do_GET(self) -> None:
        if self.path == "/metrics":
            self._send(HTTPStatus.OK, CONTENT_TYPE_LATEST, self.server.metrics.compose())
        elif self.path == "/health":
            status = self.server.look()
            code = HTTPStatus.OK if status.failure is None else HTTPStatus.SERVICE_UNAVAILABLE
            self._send(code, "application/json", json.dumps(asdict(status)).encode() + b"\n")
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing: requests are hostile text."""

    def _send(self, code: HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
