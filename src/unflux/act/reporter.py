"""Reporter: who tells others, and where answers go."""

import re
from dataclasses import dataclass
from email.utils import getaddresses
from typing import Final

from unflux.model.errors import UsageError

_MAILBOX: Final = re.compile(
    r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+"
    r"[A-Za-z][A-Za-z0-9-]*"
)
"""Of the mailboxes of RFC 5321 those without quotes and of ASCII: what every reader takes."""

LONGEST_ORGANISATION: Final = 200
"""Characters (X-ARF 4.2, contact_info)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """The name of an organisation, and the mailbox that takes answers."""

    organisation: str
    mailbox: str
    """As ``local@domain``, ASCII."""

    @property
    def domain(self) -> str:
        """The domain of the mailbox."""
        return self.mailbox.rpartition("@")[2]


def parse_reporter(text: str) -> Reporter:
    """Read ``Organisation <local@domain>``; raises UsageError where it is something else."""
    found = getaddresses([text])
    organisation, mailbox = found[0] if len(found) == 1 else ("", "")
    if not (
        text.isascii()
        and text.isprintable()
        and 0 < len(organisation) <= LONGEST_ORGANISATION
        and _MAILBOX.fullmatch(mailbox)
    ):
        message = f"{text!r} is no reporter: write 'Organisation <mailbox@domain>', in ASCII"
        raise UsageError(message)
    return Reporter(organisation=organisation, mailbox=mailbox)
