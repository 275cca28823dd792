"""A mail server in memory that can be told how to fail, and that keeps what it took."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as MAIL
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

#: What it says when it is told to refuse: at which command, and how.
REFUSALS = {
    "bad_number": ("rcpt", "550 5.1.1 {to} no such user here"),
    "mailbox_full": ("rcpt", "552 5.2.2 {to} is over its quota"),
    "refused": ("data", "554 5.7.1 we do not like {to} nor {text}"),
    "busy": ("rcpt", "451 4.7.1 greylisted, come back later"),
    "unavailable": ("data", "421 4.3.2 closing down"),
    "auth": ("auth", ""),
    "bare": ("rcpt", "550 no"),
    "policy": ("mail", "553 5.7.1 not from there"),
}


@dataclass
class Taken:
    """A mail that it took, and the envelope that it came in."""

    return_path: str
    to: str
    mail: bytes
    options: list[str]

    @property
    def parsed(self) -> EmailMessage:
        """The mail, taken apart."""
        found = message_from_bytes(self.mail, policy=MAIL)
        assert isinstance(found, EmailMessage)
        return found


@dataclass
class Mailroom:
    """The server; `next` is what it does with the next mail."""

    password: str = ""
    port: int = 0
    dsn: bool = True
    next: dict[str, Any] = field(default_factory=dict)
    taken: list[Taken] = field(default_factory=list)
    _server: asyncio.Server | None = None

    @classmethod
    @asynccontextmanager
    async def running(cls, password: str = "", tls: ssl.SSLContext | None = None) -> AsyncIterator["Mailroom"]:
        """Listen on a free port. With `tls` it offers STARTTLS."""
        room = cls(password=password)
        room._server = await asyncio.get_running_loop().create_server(
            lambda: _Session(
                _Hooks(room),
                hostname="mail.example",
                tls_context=tls,
                authenticator=room.sign_in if password else None,
                auth_require_tls=False,
            ),
            "127.0.0.1",
            0,
        )
        room.port = room._server.sockets[0].getsockname()[1]
        yield room
        await room.stop()

    async def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()

    def sign_in(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        """Whether this is the user."""
        wrong = self.next.get("reason") == "auth" or data.password.decode() != self.password
        return AuthResult(success=not wrong, handled=False)

    def says(self, command: str, to: str = "", text: str = "") -> str:
        """The refusal that stands at this command."""
        if self.next.get("do") not in ("refuse", "busy", "unavailable"):
            return ""
        word = self.next.get("reason") or self.next["do"]
        at, reply = REFUSALS[word]
        return reply.format(to=to, text=text) if at == command else ""

    async def take(self, server: SMTP, envelope: Envelope) -> str:
        """A whole mail came; answers what to say, unless the connection is cut."""
        done, self.next = self.next, {}
        do = done.get("do", "")
        content = envelope.content
        assert isinstance(content, bytes)
        if do not in ("drop_before", "fail"):
            options = [*(envelope.mail_options or []), *(envelope.rcpt_options or [])]
            self.taken.append(Taken(envelope.mail_from or "", envelope.rcpt_tos[0], content, options))
        if do in ("drop_before", "drop_after"):
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        if do == "late":
            await asyncio.sleep(done["seconds"])
        return {"fail": "699 what", "garbage": "hello there"}.get(do, "250 2.0.0 Ok: queued as 4a7f")


class _Session(SMTP):
    """One connection. Whatever stands behind an address is fine, the parameters of DSN (RFC 3461) too."""

    def _getparams(self, params: Sequence[str]) -> dict[str, str | bool]:
        return {}


class _Hooks:
    """What happens at each command."""

    def __init__(self, room: Mailroom) -> None:
        self.room = room

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], *(["250-DSN"] if self.room.dsn else []), responses[-1]]

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if said := self.room.says("mail"):
            return said
        envelope.mail_from = address
        envelope.mail_options = options
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if said := self.room.says("rcpt", address):
            return said
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options = options
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if said := self.room.says("data", envelope.rcpt_tos[0]):
            return said
        return await self.room.take(server, envelope)
