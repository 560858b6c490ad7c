"""Names that would like to be something else: a line, a rule, a formula, a folder, a wildcard."""

from random import Random

import dns.name
from hypothesis import strategies as st

from unflux.model.names import name_to_text

CRAFTED = (
    b'"; local-zone: "com." refuse #', b"bad\nexample. CNAME", b"a;b", b"$INCLUDE", b"@",
    b"=1+1", b"+cmd|' /C calc'!A0", b"-rf", b"a b", b"a.b", b"\\", b"\\032", b"'", b"(", b")",
    b"{}", b"#", b"/etc/passwd", b"..", b"<script>alert(1)</script>", b"%0a", b"\x00", b"\x1b[31m",
    b"\xff\xfe", "bücher".encode(), b"\r\n", b"\t", b"|", b"`id`", b"$(id)", b"*", b"a*b", b"--",
    b"addAction(AllRule(),DropAction())", b'")os.execute("id")--', b"server=/#/127.0.0.1", b",",
    b"rpz-ip", b"0", b"in", b"x" * 63, b"_dmarc", b"-", b"a-", b"}", b"flush ruleset",
)  # fmt: skip
"""Labels, each as octets."""


def _name(*labels: bytes) -> str:
    return name_to_text(dns.name.Name((*labels, b"")))


def crafted_names() -> list[str]:
    """Return names with each crafted label as the domain's own, as the top, and alone below one."""
    made = [_name(label, b"example") for label in CRAFTED]
    made += [_name(b"bad", label) for label in CRAFTED]
    rng = Random(5)
    for _ in range(60):
        labels = [bytes(rng.randrange(256) for _ in range(rng.randrange(1, 20))) for _ in range(2)]
        made.append(_name(*labels))
    made.append(_name(*[b"a" * 49] * 5))  # 255 octets
    return sorted({name.lower() for name in made if name == name.lower()})


def _too_long(labels: list[bytes]) -> bool:
    return sum(len(label) + 1 for label in labels) + 1 > 255


HOSTILE_NAMES = (
    st.lists(
        st.one_of(st.sampled_from(CRAFTED), st.binary(min_size=1, max_size=63)),
        min_size=2,
        max_size=5,
    )
    .filter(lambda labels: not _too_long(labels))
    .map(lambda labels: _name(*labels))
)
"""Any legal name, most of them of octets that mean something to somebody."""
