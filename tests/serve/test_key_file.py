import base64
import subprocess
from pathlib import Path

import dns.name
import dns.tsig
import pytest
from tests.act.outputs.programs import find

from unflux.model.errors import UnfluxError
from unflux.serve.key_file import read_keys, scan_keys

SECRET = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


def key(name: str = '"policy"', algorithm: str = "hmac-sha256", secret: str = SECRET) -> str:
    return f'key {name} {{\n\talgorithm {algorithm};\n\tsecret "{secret}";\n}};\n'


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["hmac-sha256", "hmac-sha384", "hmac-sha512"])
def test_what_binds_own_tool_makes_is_read(tmp_path: Path, algorithm: str) -> None:
    made = subprocess.run(
        [find("tsig-keygen"), "-a", algorithm, "a-b.example"], capture_output=True, check=True
    )
    path = tmp_path / "keys"
    path.write_bytes(made.stdout)
    path.chmod(0o600)
    (read,) = read_keys(path).values()
    assert read.name == dns.name.from_text("a-b.example")
    assert read.algorithm == dns.name.from_text(algorithm)


def test_keys_and_remarks() -> None:
    text = f"// one\n# two /\n/* three\n{key('nobody')} */\n{key()}{key('Other.', 'HMAC-SHA512')}"
    keys = scan_keys(text)
    assert [k.to_text() for k in keys] == ["policy.", "other."]
    assert keys[dns.name.from_text("policy")].secret == b"0123456789abcdef" * 2
    assert keys[dns.name.from_text("other")].algorithm == dns.tsig.HMAC_SHA512


@pytest.mark.parametrize("secret", ["//" + SECRET[2:], SECRET[:9] + "//" + SECRET[11:]])
def test_slashes_in_a_secret_begin_no_remark(secret: str) -> None:
    (read,) = scan_keys(key(secret=secret)).values()
    assert read.secret == base64.b64decode(secret)


def test_a_secret_without_quotes() -> None:
    secret = SECRET[:9] + "//" + SECRET[11:]
    (read,) = scan_keys(key().replace(f'"{SECRET}"', secret)).values()
    assert read.secret == base64.b64decode(secret)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no key"),
        ("# nothing", "holds no key"),
        (key() + "options { };", "from line 5 on it is not key"),
        (key()[:-6], "it is not key"),
        (key() + key("policy."), "two keys of the name policy."),
        (key(algorithm="hmac-md5"), "'hmac-md5', not one of hmac-sha256"),
        (key(algorithm="hmac-sha1"), "'hmac-sha1', not one of"),
        (key(secret="AAAA"), "shorter than 16 octets"),
        (key(secret="A" * 41), "none"),
        (key(name='"a..b"'), "none"),
    ],
)
def test_anything_else_is_refused_and_no_secret_is_told(text: str, said: str) -> None:
    with pytest.raises(UnfluxError, match=said) as raised:
        scan_keys(text)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o660, 0o602, 0o601])
def test_a_file_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keys"
    path.write_text(key())
    path.chmod(mode)
    with pytest.raises(UnfluxError, match=f"its mode is {mode:03o}"):
        read_keys(path)
    path.chmod(0o640)
    assert len(read_keys(path)) == 1


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnfluxError, match=f"{tmp_path}/keys: cannot be read"):
        read_keys(tmp_path / "keys")
