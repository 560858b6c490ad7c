"""Labels: which columns, which spellings, what is dropped, what is refused."""

import gzip
from pathlib import Path

import pytest

from unflux.evaluate.labels import read_labels
from unflux.model.errors import UnfluxError


def told(path: Path) -> dict[str, tuple[str | None, ...]]:
    table, _ = read_labels(path)
    return {row["domain"]: tuple(row.values())[1:] for row in table.to_pylist()}


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_names_become_registrable_domains_and_flux_wins(tmp_path: Path) -> None:
    path = write(
        tmp_path / "labels.csv",
        "\ufeffDomain,label,kind,family,source\n"
        "WWW.A.example.,Fast-Flux,slow-flux,net one,lab\n"
        "b.a.example,benign,,,\n"
        "c.example,CDN,,,\n"
        "c.example,benign,portal,,\n"
        "d.example,fastflux,,,\n"
        "x.d.example,fastflux,double-flux,,\n",
    )
    labels, drops = read_labels(path)
    assert told(path) == {
        "a.example": ("fastflux", "slow-flux", "net one", "lab"),
        "c.example": ("benign", "portal", None, None),
        "d.example": ("fastflux", "double-flux", None, None),
    }
    assert labels["domain"].to_pylist() == sorted(told(path))
    assert dict(drops) == {"domains with several labels: fastflux or else the last was taken": 2}


def test_what_cannot_be_used_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_bytes(
        b"domain,label\ngood.example,benign\nshort.example\nlong.example,benign,x\n"
        b"a..example,benign\n\xff\xfe,benign\nempty.example,\nwordy.example," + b"x" * 65 + b"\n"
    )
    assert told(path) == {"good.example": ("benign", None, None, None)}
    _, drops = read_labels(path)
    assert drops["label rows with too few or too many fields"] == 2
    assert drops["labels that are empty or longer than 64 characters"] == 2
    assert drops["labels whose name is no domain name"] >= 1


def test_labelled_records_count_by_their_answers(tmp_path: Path) -> None:
    text = (
        "ts,qname,rrtype,rdata,ttl,label,query,section\n"
        "1,edge.example,A,192.0.2.1,60,fastflux,www.a.example,ans\n"
        "1,ns1.b.example,A,192.0.2.2,60,malicious,c.example,add\n"
        "1,d.example,,,,unknown,d.example,NXDOMAIN\n"
    )
    path = tmp_path / "records.csv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    assert told(path) == {"a.example": ("fastflux", None, None, None)}


def test_the_folder_of_real_records_names_its_column_otherwise(tmp_path: Path) -> None:
    path = write(tmp_path / "l.csv", 'regdomain,label,why,family\na.example,malicious,"x, y",f\n')
    assert told(path) == {"a.example": ("malicious", None, "f", None)}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "found: nothing"),
        ("a.example\nb.example\n", "found: 'a.example'"),
        ("name,\x1b[31mlabel\n", r"found: 'name', '\\x1b\[31mlabel'"),
        ("domain,Domain,label\n", "domain is there twice"),
        ("domain,label\n", "no usable label"),
    ],
)
def test_what_holds_no_labels_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UnfluxError, match=says):
        read_labels(write(tmp_path / "labels.csv", text))


def test_what_cannot_be_opened_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.csv.gz"
    broken.write_bytes(b"\x1f\x8bnot gzip")
    for path in (tmp_path / "none.csv", tmp_path, broken):
        with pytest.raises(UnfluxError, match="labels cannot be read"):
            read_labels(path)
