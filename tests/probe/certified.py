"""What a server of TLS needs."""

import ssl
from pathlib import Path

from tests.act.outputs.programs import checked, find


def certified(folder: Path) -> ssl.SSLContext:
    """Return what a server of TLS needs."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    checked(
        find("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
        "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=bad.example",
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
