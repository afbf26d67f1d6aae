"""Telling: notices that are due go out, to each recipient in one message: a digest rather than a flood. By e-mail or to a webhook.

A notice is marked as sent in the transaction that held it, after the server took it: what died in between may be told twice, never not.
"""

import json
import smtplib
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Any, NamedTuple

import httpcore

from tieout.people.accounts import accounts
from tieout.policy.work import MailTable, Work
from tieout.runtime.batch import Connection
from tieout.store.database import fetch, fetch_by, run_by

AT_ONCE = 500
LINES_MAX = 50
TRIES_MAX = 12
TIMEOUT = 20.0


class Due(NamedTuple):
    """A notice that is to be sent."""

    id: int
    recipient: str
    way: str
    subject: str
    text: str
    work: int | None
    tries: int


class Mail(NamedTuple):
    """A message to send: to whom, its subject, and its body as text and as HTML (empty: none)."""

    to: str
    subject: str
    text: str
    html: str = ""


Post = Callable[[str, bytes], int]
"""POSTs JSON to an address; the status."""


def tell(connection: Connection, work: Work, password: str, now: datetime, *, post: Post | None = None) -> int:
    """Send what is due; how many notices were told. A recipient that was told a moment ago waits until the digest's time."""
    with connection.transaction():
        due = [
            Due(*row) for row in fetch_by(connection, "notices_due", now=now, quiet=timedelta(minutes=work.table.digest_minutes), limit=AT_ONCE)
        ]
        if not due:
            return 0
        emails = {one.person.login: one.person.email for one in accounts(connection) if one.disabled is None}
        by_recipient: dict[tuple[str, str], list[Due]] = {}
        for one in due:
            by_recipient.setdefault((one.recipient, one.way), []).append(one)
        told = 0
        with _mailing(work.table.mail, password) as send:
            for (recipient, way), notices in by_recipient.items():
                fault = _one(recipient, way, notices, work, emails, send, post or _post)
                _note(connection, notices, fault, now)
                told += 0 if fault else len(notices)
    return told


def _one(
    recipient: str, way: str, notices: Sequence[Due], work: Work, emails: Mapping[str, str], send: Callable[[Mail], str], post: Post
) -> str:
    """Tell one recipient; what went wrong, empty if nothing did."""
    team = work.table.teams.get(recipient.removeprefix("team:")) if recipient.startswith("team:") else None
    if way == "webhook":
        where = team.webhook if team is not None else ""
        return _webhook(where, notices, work.table.url, post) if where else f"nobody says where the webhook of {recipient} is"
    to = team.email if team is not None else emails.get(recipient, recipient if "@" in recipient else "")
    return send(message(to, notices, work.table.url)) if to else f"{recipient} has no e-mail address"


def message(to: str, notices: Sequence[Due], url: str) -> Mail:
    """Several notices as one message."""
    first = notices[0]
    subject = first.subject if len(notices) == 1 else f"{len(notices)} notices: {first.subject} and more"
    lines = []
    for one in notices[:LINES_MAX]:
        lines.append(f"{one.subject}\n  {one.text}")
        if url and one.work is not None:
            lines[-1] += f"\n  {url.rstrip('/')}/exceptions/EX-{one.work}"
    if len(notices) > LINES_MAX:
        lines.append(f"and {len(notices) - LINES_MAX} more")
    return Mail(to, " ".join(f"Tieout: {subject}".split())[:200], "\n\n".join(lines) + "\n")


def _webhook(where: str, notices: Sequence[Due], url: str, post: Post) -> str:
    """The form that chat systems take: a text, and the notices for who wants more."""
    body = {
        "text": message("", notices, url).text,
        "notices": [
            {"subject": one.subject, "text": one.text, "exception": f"EX-{one.work}" if one.work else None} for one in notices[:LINES_MAX]
        ],
    }
    try:
        status = post(where, json.dumps(body).encode())
    except (OSError, httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, httpcore.UnsupportedProtocol) as bad:
        return f"the webhook cannot be reached: {type(bad).__name__} {bad}".strip()
    return "" if 200 <= status < 300 else f"the webhook answered {status}"


def _post(where: str, body: bytes) -> int:
    with httpcore.ConnectionPool() as pool:
        timeouts = {"connect": TIMEOUT, "read": TIMEOUT, "write": TIMEOUT, "pool": TIMEOUT}
        headers = [("Content-Type", "application/json"), ("User-Agent", "tieout")]
        return pool.request("POST", where, headers=headers, content=body, extensions={"timeout": timeouts}).status


@contextmanager
def _mailing(mail: MailTable, password: str) -> Iterator[Callable[[Mail], str]]:
    """One conversation with the mail server for all messages, begun with the first."""
    opened: list[smtplib.SMTP] = []

    def send(one: Mail) -> str:
        try:
            if not opened:
                opened.append(_server(mail, password))
            opened[0].send_message(letter(mail.sender, one))
        except (OSError, smtplib.SMTPException, ValueError) as bad:
            return f"the mail server did not take it: {type(bad).__name__} {bad}"[:500]
        return ""

    try:
        yield send if mail.host else lambda _: "no mail server is named in `[work.mail]`"
    finally:
        for server in opened:
            server.close()


def letter(sender: str, one: Mail) -> EmailMessage:
    """A message as it goes out; no line of it can become a header."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, " ".join(one.to.split()), " ".join(one.subject.split())
    made["Date"], made["Message-ID"] = format_datetime(datetime.now().astimezone()), make_msgid(domain=sender.rpartition("@")[2] or None)
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(one.text)
    if one.html:
        made.add_alternative(one.html, subtype="html")
    return made


def _server(mail: MailTable, password: str) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if mail.tls == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(mail.host, mail.port, timeout=TIMEOUT, context=context)
    else:
        server = smtplib.SMTP(mail.host, mail.port, timeout=TIMEOUT)
        if mail.tls == "starttls":
            server.starttls(context=context)
    if mail.user:
        server.login(mail.user, password)
    return server


def deliver(mail: MailTable, password: str, messages: Sequence[Mail]) -> list[str]:
    """Send whole messages now; what went wrong with each, empty where nothing did."""
    with _mailing(mail, password) as send:
        return [send(one) for one in messages]


def _note(connection: Connection, notices: Sequence[Due], fault: str, now: datetime) -> None:
    """Sent, or tried again later and later; given up after a dozen tries."""
    ids = [one.id for one in notices]
    if not fault:
        run_by(connection, "notices_sent", ids=ids, now=now)
        return
    wait = timedelta(minutes=min(2 ** notices[0].tries, 240))
    run_by(
        connection, "notices_failed", ids=ids, fault=fault[:500], again=now + wait, given_up=now if notices[0].tries + 1 >= TRIES_MAX else None
    )


def untold(connection: Connection) -> list[tuple[Any, ...]]:
    """Notices that could not be told: recipient, way, how many, the last fault."""
    return fetch(connection, "untold")
