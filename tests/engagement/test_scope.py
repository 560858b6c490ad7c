"""Scopes: what they hold, and every mistake named."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from unflux.engagement.scope import Scope, read_scope
from unflux.model.errors import UnfluxError

NOW = datetime(2026, 11, 24, tzinfo=UTC)
EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "scope.toml"
HEAD = 'allowed_by = "me"\ncontact = "abuse@isp.example"\nuntil = 2026-11-25T00:00:00Z\ntotal = 5\n'


def read(tmp_path: Path, text: str) -> Scope:
    path = tmp_path / "scope.toml"
    path.write_text(text.replace('"me"', '"me, myself"'))
    return read_scope(path, NOW)


def test_the_documented_example_holds_what_it_says_and_nothing_else() -> None:
    scope = read_scope(EXAMPLE, NOW)
    for address in ("192.0.2.0", "192.0.2.255", "2001:db8:64::1"):
        assert scope.holds_address(address)
    for address in ("192.0.3.0", "2001:db8:65::1", "::ffff:192.0.2.1", "127.0.0.1"):
        assert not scope.holds_address(address)
    for name in ("bad.example", "www.bad.example", "a\\.b.bad.example"):
        assert scope.holds_name(name)
    for name in ("example", "notbad.example", "bad.example.org", "www\\.bad.example", "."):
        assert not scope.holds_name(name)
    assert [str(resolver) for resolver in scope.resolvers] == ["192.0.2.53:53", "[2001:db8::53]:53"]
    assert (scope.rate_per_s, scope.total) == (5.0, 20_000)


def test_a_scope_of_nothing_touches_nothing(tmp_path: Path) -> None:
    scope = read(tmp_path, HEAD)
    assert not scope.holds_address("192.0.2.1")
    assert not scope.holds_name("bad.example")
    assert scope.resolvers == ()


def test_a_translator_may_be_spoken_to_as_widely_as_who_is_behind_it(tmp_path: Path) -> None:
    scope = read(tmp_path, HEAD + 'prefixes = ["64:ff9b::a00:0/104"]')
    assert scope.holds_address("64:ff9b::a01:203")
    assert not scope.holds_address("64:ff9b::b01:203")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "allowed_by = None"), ("x", "no TOML"), (HEAD + "rate = 3", "rate: no such key"),
        (HEAD.replace("total = 5", ""), "total = None"), (HEAD + "rate_per_s = 0", "rate_per_s"),
        (HEAD.replace("total = 5", "total = true"), "total = True"),
        (HEAD + "rate_per_s = nan", "rate_per_s = nan"), (HEAD + 'prefixes = "all"', "no list"),
        (HEAD + 'prefixes = ["0.0.0.0/0"]', "wider than /8"),
        (HEAD + 'prefixes = ["::/0"]', "wider than /24"),
        (HEAD + 'prefixes = ["::ffff:0:0/96"]', "holds IPv4 addresses"),
        (HEAD + 'prefixes = ["::ffff:8.8.8.8"]', "holds IPv4 addresses"),
        (HEAD + 'prefixes = ["::/24"]', "holds IPv4 addresses"),
        (HEAD + 'prefixes = ["64:ff9b::/96"]', "wider than /8 of IPv4"),
        (HEAD + 'prefixes = ["64:ff00::/24"]', "wider than /8 of IPv4"),
        (HEAD + 'prefixes = ["192.0.2.1/24"]', "host bits"), (HEAD + "names = [1]", "no list"),
        (HEAD + 'names = ["example"]', "below a top level domain"),
        (HEAD + 'names = ["."]', "name"),
        (HEAD + 'resolvers = ["dns.example"]', "ADDRESS:PORT"),
        (HEAD.replace("-25T", "-23T"), "its time was over"),
        (HEAD.replace("00Z", "00"), "no moment with an offset"),
        (HEAD.replace("2026-11-25T00:00:00Z", "9999-12-31T23:59:59-05:00"), "in no year"),
        (HEAD.replace("abuse@isp.example", "a\\r\\nHost: b"), "printable"),
    ],
)  # fmt: skip
def test_every_mistake_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(UnfluxError, match=named):
        read(tmp_path, text)


def test_a_file_that_everybody_may_write_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scope.toml"
    path.write_text(HEAD)
    path.chmod(0o666)
    with pytest.raises(UnfluxError, match="who may be touched"):
        read_scope(path, NOW)
