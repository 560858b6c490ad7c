"""Abuse mail: a report for people and for machines in one message, ready to be addressed."""

import hashlib
from collections.abc import Iterator, Sequence
from email.message import EmailMessage
from email.mime.application import MIMEApplication
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from typing import Final

from unflux import __version__
from unflux.act.plain import is_plain
from unflux.act.reporter import Reporter
from unflux.act.uuids import uuid_of
from unflux.model.actions import Action

MOST_DOMAINS: Final = 100
"""Domains that the machine's part names. Chosen: 2026-11-24; the X-ARF reports have them all."""

LONGEST_LINE: Final = 998
"""Octets of a line (RFC 5322 section 2.1.1); a text with longer ones is encoded."""

BOUNDARY_HEX_DIGITS: Final = 32
"""Of SHA-256: 128 bits, which no text holds by chance; more would be folded into two parameters."""


def compose_mail(text: str, xarf: bytes, actions: Sequence[Action], reporter: Reporter) -> bytes:
    """Return a multipart/report (RFC 6522) of type feedback-report (RFC 5965), lines ended by CRLF.

    ``text``: begins with a line ``Subject: ...`` and an empty one. Its date is the decision's, its
    ids and boundaries are digests: the same reports, the same octets.
    """
    head, _, body = text.partition("\n\n")
    digest = hashlib.sha256(xarf).hexdigest()[:BOUNDARY_HEX_DIGITS]
    mail = MIMEMultipart(
        "report", boundary=f"unflux-{digest}", policy=SMTP, report_type="feedback-report"
    )
    mail["From"] = formataddr((reporter.organisation, reporter.mailbox))
    mail["Date"] = format_datetime(max(action.decided_at for action in actions))
    mail["Subject"] = head.removeprefix("Subject: ")
    mail["Message-ID"] = f"<{uuid_of('mail', reporter.mailbox, digest)}@{reporter.domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834 section 5
    person = EmailMessage(policy=SMTP.clone(max_line_length=LONGEST_LINE))
    person.set_content(body, charset="us-ascii")
    mail.attach(person)
    machine = MIMEBase("message", "feedback-report", policy=SMTP)
    fields = EmailMessage(policy=SMTP)
    for name, value in _fields(actions):
        fields[name] = value
    machine.attach(fields)
    mail.attach(machine)
    reports = MIMEApplication(xarf, "jsonl", policy=SMTP)
    reports.add_header("Content-Disposition", "attachment", filename="xarf.jsonl")
    mail.attach(reports)
    return mail.as_bytes(policy=SMTP)


def _fields(actions: Sequence[Action]) -> Iterator[tuple[str, str]]:
    """Yield the fields of RFC 5965 section 3 that say something here."""
    yield "Feedback-Type", "other"
    yield "User-Agent", f"unflux/{__version__}"
    yield "Version", "1"
    yield "Incidents", str(len(actions))
    seen = [a.proposal.last_seen for a in actions if a.proposal.last_seen is not None]
    if seen:
        yield "Arrival-Date", format_datetime(max(seen))
    if len(actions) == 1:
        yield "Source-IP", actions[0].target
    names = {name for action in actions for name in action.proposal.related if is_plain(name)}
    yield from (("Reported-Domain", name) for name in sorted(names)[:MOST_DOMAINS])
