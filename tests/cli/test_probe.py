"""``unflux probe``: who is meant, and what is refused before anything is sent."""

from pathlib import Path

import pytest
from tests.cli.conftest import Run

SCOPE = """\
allowed_by = "the test"
contact = "abuse@isp.example"
until = 2099-01-01T00:00:00Z
total = 100
prefixes = ["192.0.2.0/24"]
names = ["bad.example", "flux0.example"]
"""


@pytest.fixture
def permit(tmp_path: Path) -> tuple[object, ...]:
    path = tmp_path / "scope.toml"
    path.write_text(SCOPE)
    path.chmod(0o600)
    return "--scope", path, "--ledger", tmp_path / "ledger.jsonl"


def test_it_says_what_would_be_sent(run: Run, permit: tuple[object, ...]) -> None:
    targets = ("192.0.2.7", "192.0.2.7", "192.0.2.8", "198.51.100.1")
    ran = run("probe", *targets, "--name", "WWW.Bad.example.", *permit)
    assert ran.status == 0
    assert ran.out.split() == ["192.0.2.7", "192.0.2.8"]
    assert "allowed by the test until 2099-01-01T00:00:00Z" in ran.err
    assert "www.bad.example: 2 addresses within the scope, at most 64 requests; 100 are left" in (
        ran.err
    )
    assert "left alone, being outside the scope: 198.51.100.1" in ran.err


def test_a_name_beyond_the_scope_would_not_be_asked_for(
    run: Run, permit: tuple[object, ...]
) -> None:
    told = run("probe", "192.0.2.7", "--name", "good.example", *permit)
    assert "good.example is below no name of the scope: nothing would be sent" in told.err
    sent = run("probe", "192.0.2.7", "--name", "good.example", *permit, "--send")
    assert sent.status == 1
    assert "good.example is below no name of the scope" in sent.err
    beyond = run("probe", "198.51.100.1", "--name", "bad.example", *permit, "--send")
    assert beyond.status == 1
    assert "the scope holds none of the addresses" in beyond.err


@pytest.mark.slow
def test_the_addresses_of_a_domain_come_out_of_a_store(
    run: Run, permit: tuple[object, ...], records: Path, routes: Path, tmp_path: Path
) -> None:
    store = tmp_path / "dns.unflux"
    assert run("scan", records, "--store", store, "--asn", routes).status == 0
    ran = run("probe", "www.flux0.example", "--store", store, *permit)
    assert ran.status == 0
    assert "0 addresses within the scope" in ran.err
    assert "outside the scope: 10." in ran.err
    unseen = run("probe", "bad.example", "--store", store, *permit)
    assert unseen.status == 1
    assert "no address of bad.example was seen" in unseen.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["192.0.2.7"], "--name says which name"),
        (["192.0.2.7", "nonsense"], "'nonsense' is no address"),
        (["bad.example"], "--store says where its addresses are kept"),
        (["bad.example", "--store", "absent"], "there is no such store"),
        (["192.0.2.7", "--name", "a..b"], "'a..b' is not a domain name"),
        (["192.0.2.7", "--name", "bad.example", "--markers", "m"], "wants --send"),
        (["192.0.2.7", "--name", "bad.example", "--rounds", "0"], "--rounds"),
    ],
)
def test_wrong_usage_is_said(
    run: Run, permit: tuple[object, ...], words: list[str], said: str
) -> None:
    ran = run("probe", *words, *permit)
    assert ran.status == 2
    assert said in ran.err


def test_without_a_scope_nothing_is_done(run: Run, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    options = ("--scope", tmp_path / "absent", "--ledger", ledger, "--send")
    ran = run("probe", "192.0.2.7", "--name", "bad.example", *options)
    assert ran.status == 1
    assert "absent" in ran.err
    assert not ledger.exists()
