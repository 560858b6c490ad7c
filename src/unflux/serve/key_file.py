"""The file of TSIG keys, as BIND writes and reads them (``tsig-keygen``, ``named.conf``)."""

import base64
import binascii
import re
from pathlib import Path
from typing import Final

import dns.exception
import dns.name
import dns.tsig

from unflux.model.errors import UnfluxError
from unflux.model.private_file import read_private

Keys = dict[dns.name.Name, dns.tsig.Key]

ALGORITHMS: Final = {
    "hmac-sha256": dns.tsig.HMAC_SHA256,
    "hmac-sha384": dns.tsig.HMAC_SHA384,
    "hmac-sha512": dns.tsig.HMAC_SHA512,
}
"""RFC 8945 section 6, without those that it does not recommend."""

MIN_SECRET_OCTETS: Final = 16
"""RFC 8945 section 8 wants the length of the hash; BIND's oldest tools made 128 bits."""

MAX_FILE_OCTETS: Final = 1 << 20

_TOKEN: Final = re.compile(
    r"""(?P<remark>/\*.*?\*/|//[^\n]*|\#[^\n]*)|"[^"\n]*"|[^\s"{};]+""", re.DOTALL
)
"""A remark begins where a token may; slashes within a secret begin none."""
_WORD: Final = r'"?([^\s"{};]+)"?'
_KEY: Final = re.compile(
    rf"\s*key\s+{_WORD}\s*\{{\s*algorithm\s+{_WORD}\s*;\s*secret\s+\"?([A-Za-z0-9+/=]+)\"?\s*;\s*\}}"
    r"\s*;?\s*"
)


def read_keys(path: Path) -> Keys:
    """Return the keys of a file by name; raises UnfluxError, which never holds a secret.

    Nobody but its owner and group may read the file, and nobody but its owner may write it.
    """
    text = read_private(path, MAX_FILE_OCTETS).decode("ascii", "replace")
    try:
        return scan_keys(text)
    except UnfluxError as error:
        message = f"{path}: {error}"
        raise UnfluxError(message) from error


def scan_keys(text: str) -> Keys:
    """Return the keys of a text of ``key "NAME" { algorithm NAME; secret "BASE64"; };``."""
    text = _TOKEN.sub(lambda token: " " if token["remark"] else token[0], text)
    keys: Keys = {}
    at = 0
    while at < len(text.rstrip()):
        found = _KEY.match(text, at)
        if found is None:
            line = text.count("\n", 0, at) + 1
            message = f'from line {line} on it is not key "NAME" {{ algorithm A; secret "S"; }};'
            raise UnfluxError(message)
        key = _compose_key(*found.groups())
        if key.name in keys:
            message = f"it holds two keys of the name {key.name}"
            raise UnfluxError(message)
        keys[key.name] = key
        at = found.end()
    if not keys:
        message = "it holds no key"
        raise UnfluxError(message)
    return keys


def _compose_key(name_text: str, algorithm: str, secret_text: str) -> dns.tsig.Key:
    try:
        name = dns.name.from_text(name_text).canonicalize()
        secret = base64.b64decode(secret_text, validate=True)
    except (dns.exception.DNSException, UnicodeError, binascii.Error) as error:
        message = f"the key {name_text!r} has a name or a secret that is none"
        raise UnfluxError(message) from error
    if algorithm.lower() not in ALGORITHMS:
        message = f"the key {name_text!r} is of {algorithm!r}, not one of {', '.join(ALGORITHMS)}"
        raise UnfluxError(message)
    if len(secret) < MIN_SECRET_OCTETS:
        message = f"the secret of {name_text!r} is shorter than {MIN_SECRET_OCTETS} octets"
        raise UnfluxError(message)
    return dns.tsig.Key(name, secret, ALGORITHMS[algorithm.lower()])
