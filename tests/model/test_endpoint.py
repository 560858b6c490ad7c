import pytest

from unflux.model.endpoint import Endpoint
from unflux.model.errors import UsageError


@pytest.mark.parametrize(
    ("text", "written", "is_loopback"),
    [
        ("127.0.0.1:5300", "127.0.0.1:5300", True),
        ("127.9.9.9", "127.9.9.9:53", True),
        ("[::1]:5300", "[::1]:5300", True),
        ("::1", "[::1]:53", True),
        ("[::1]", "[::1]:53", True),
        ("192.0.2.1:65535", "192.0.2.1:65535", False),
        ("[2001:db8::1]:1", "[2001:db8::1]:1", False),
        ("0.0.0.0:53", "0.0.0.0:53", False),
        ("[::]:53", "[::]:53", False),
        ("[::ffff:127.0.0.1]:53", "[::ffff:127.0.0.1]:53", False),
    ],
)
def test_an_endpoint_is_scanned(text: str, written: str, is_loopback: bool) -> None:
    endpoint = Endpoint.scan(text, 53)
    assert str(endpoint).endswith(written.rpartition(":")[2])
    assert Endpoint.scan(written, 1) == endpoint
    assert endpoint.is_loopback is is_loopback


@pytest.mark.parametrize(
    "text",
    ["", "localhost:53", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:x", "127.0.0.1:", "[::1]:",
     ":53", "127.0.0.1:-1", "1:2:3", "[127.0.0.1:53"],
)  # fmt: skip
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not ADDRESS:PORT"):
        Endpoint.scan(text, 53)
