"""Events by webhook: receivers that take, refuse, fail, ask to wait, lead away and hang."""

import hashlib
import hmac
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest
from tests.act.outputs.programs import checked, find, free_port

from unflux.engine.waiting import Letter
from unflux.model.errors import UsageError
from unflux.watch import webhook
from unflux.watch.outlet import SendFailedError, SendRefusedError
from unflux.watch.webhook import Target, WebhookCourier

SECRET = b"0123456789abcdef"
LETTER = Letter(id="e-0123456789abcdef", content='{"schema":"unflux/event/1"}')


class Receiver:
    """A server that answers as it is told, and remembers what it got."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/hook?token=1"
        self.answer: tuple[int, dict[str, str]] = (204, {})
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.raw: bytes | None = None


@contextmanager
def receiving(context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    receiver = Receiver(0)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append((self.path, dict(self.headers), body))
            if receiver.raw is not None:
                self.wfile.write(receiver.raw)
                return
            status, headers = receiver.answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    receiver.url = receiver.url.replace(":0/", f":{server.server_port}/")
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


def courier(url: str, context: ssl.SSLContext | None = None) -> WebhookCourier:
    return WebhookCourier(Target.scan(url), SECRET, context)


def test_an_event_is_posted_signed_with_the_key_that_tells_copies() -> None:
    with receiving() as receiver:
        courier(receiver.url).send(LETTER)
        ((path, headers, body),) = receiver.got
    assert path == "/hook?token=1"
    assert body == LETTER.content.encode()
    assert headers["Idempotency-Key"] == LETTER.id
    expected = hmac.new(SECRET, body, hashlib.sha256).hexdigest()
    assert headers["X-Unflux-Signature"] == f"sha256={expected}"
    assert headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("status", "headers", "after_s"),
    [
        (500, {}, None), (503, {"Retry-After": "120"}, 120.0), (429, {"Retry-After": "-1"}, None),
        (503, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0), (401, {}, None),
        (404, {"Retry-After": "x" * 5000}, None),
        (503, {"Retry-After": "Wed, 21 Oct 99999999999999999999 07:28:00 GMT"}, None),
        (503, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 +999999999999999"}, None),
        (302, {"Location": "http://127.0.0.1:1/"}, None),
    ],
)  # fmt: skip
def test_what_may_be_mended_is_tried_again(
    status: int, headers: dict[str, str], after_s: float | None
) -> None:
    with receiving() as receiver:
        receiver.answer = status, headers
        with pytest.raises(SendFailedError, match=f"answered {status}") as failed:
            courier(receiver.url).send(LETTER)
        assert failed.value.after_s == after_s
        assert len(receiver.got) == 1  # no redirect is followed


@pytest.mark.parametrize("status", [400, 413, 422])
def test_an_event_that_is_refused_is_not_tried_again(status: int) -> None:
    with receiving() as receiver:
        receiver.answer = status, {}
        with pytest.raises(SendRefusedError):
            courier(receiver.url).send(LETTER)


@pytest.mark.parametrize("raw", [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 2\r\n", b"HTTP/1.1 200 OK\r\n"])
def test_what_is_no_answer_is_a_failure(raw: bytes) -> None:
    with receiving() as receiver:
        receiver.raw = raw
        try:
            courier(receiver.url).send(LETTER)
        except SendFailedError:
            return
        assert raw.startswith(b"HTTP/1.1 200")  # a head that ends with the connection


def test_nobody_there_is_a_failure() -> None:
    with pytest.raises(SendFailedError, match="refused"):
        courier(f"http://127.0.0.1:{free_port()}/").send(LETTER)


@pytest.mark.slow
def test_a_receiver_that_hangs_or_drips_holds_nobody_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(webhook, "SILENCE_S", 0.5)
    monkeypatch.setattr(webhook, "REQUEST_S", 1.5)

    class Dripping(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            for octet in b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50:
                try:
                    self.wfile.write(bytes([octet]))
                except OSError:
                    return
                pause.wait(0.2)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    pause = Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Dripping)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        with pytest.raises(SendFailedError):
            courier(f"http://127.0.0.1:{server.server_port}/").send(LETTER)
    finally:
        pause.set()
        server.shutdown()
        server.server_close()


@pytest.mark.slow
def test_certificates_are_checked_by_name_and_by_who_made_them(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    checked(
        find("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
        "-keyout", key, "-out", certificate, "-subj", "/CN=localhost",
        "-addext", "subjectAltName=DNS:localhost",
    )  # fmt: skip
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(certificate, key)
    trusting = ssl.create_default_context(cafile=certificate)
    with receiving(served) as receiver:
        by_name = receiver.url.replace("http://127.0.0.1", "https://localhost")
        courier(by_name, trusting).send(LETTER)
        with pytest.raises(SendFailedError, match="certificate does not hold"):
            courier(by_name, ssl.create_default_context()).send(LETTER)
        with pytest.raises(SendFailedError, match="certificate does not hold"):
            courier(by_name.replace("localhost", "127.0.0.1"), trusting).send(LETTER)
        assert len(receiver.got) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1/", "http://hooks.example/", "ftp://127.0.0.1/", "https://", "x",
        "https://a:b@hooks.example/", "https://hooks.example/#x", "https://hooks.example:x/",
        "https://hooks.example/\r\nX: y", "https://hooks.example/ü", "https://[::1/",
        "https://hooks.example/a b",
    ],
)  # fmt: skip
def test_a_url_that_could_tell_others_or_mean_something_else_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="--webhook"):
        Target.scan(url)


def test_the_name_of_a_receiver_holds_no_secret_and_tells_two_apart() -> None:
    names = {courier(f"https://hooks.example/{path}").name for path in ("s3cret", "other")}
    assert len(names) == 2
    assert all(name.startswith("webhook hooks.example ") for name in names)
    assert not any("s3cret" in name for name in names)
