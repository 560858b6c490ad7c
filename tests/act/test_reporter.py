"""Who reports is read as a name and a mailbox, or is wrong usage."""

import pytest

from unflux.act.reporter import Reporter, parse_reporter
from unflux.model.errors import UsageError


def test_a_name_and_a_mailbox_are_read() -> None:
    us = parse_reporter('"Example, CERT" <abuse+dns@cert.example>')
    assert us == Reporter(organisation="Example, CERT", mailbox="abuse+dns@cert.example")
    assert us.domain == "cert.example"


@pytest.mark.parametrize(
    "text",
    ["", "abuse@cert.example", "CERT <abuse>", "CERT <abuse@cert>", "CERT <a b@cert.example>",
     "CERT <abuse@cert.example>\nBcc: all@isp.example", "CERT\n <abuse@cert.example>",
     "Zürich <abuse@cert.example>", "CERT <abuse@zürich.example>", "x" * 201 + " <a@b.example>",
     "CERT <a@b.example>, Other <c@d.example>"],
)  # fmt: skip
def test_anything_else_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError, match="is no reporter"):
        parse_reporter(text)
