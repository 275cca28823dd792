"""One mail to one mail server (RFC 6409): the only door to aiosmtplib. Each mail has a connection of its own.

The one question that matters is whether the server can have taken the mail: not before its last dot, and not after
a clear no.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from typing import TYPE_CHECKING

from engine.answer import Answer, Outcome
from engine.channels.mail.address import veil
from engine.channels.mail.settings import MailServer
from engine.channels.secret import read_secret
from engine.channels.words import discreet
from engine.errors import ProviderError
from engine.net import doubt
from engine.noun import Noun
from engine.reason import Reason

if TYPE_CHECKING:
    import aiosmtplib

# aiosmtplib is imported where it is first called: a command that only reads settings does not pay.

#: RFC 3463 2: class, subject, detail.
_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
#: (subject, detail) of an enhanced code, then a bare code -> whose fault it is.
_REASONS = {"2.2": Reason.MAILBOX_FULL, "7.8": Reason.PROVIDER_AUTH, "7.0": Reason.PROVIDER_REFUSED}
_BARE = {530: Reason.PROVIDER_AUTH, 534: Reason.PROVIDER_AUTH, 535: Reason.PROVIDER_AUTH, 552: Reason.MAILBOX_FULL}
_NO_SUCH = (550, 551, 553)
#: How long we wait for a goodbye that changes nothing.
_GOODBYE = 2.0


class Envelope(Noun):
    """One mail, and what stands on it for the servers that carry it."""

    return_path: str
    to: str
    mail: bytes
    token: str = ""
    """What the servers call the mail when they report (ENVID, RFC 3461 4.4)."""
    notify: str = "FAILURE,DELAY"
    """Of what they are asked to report (NOTIFY, RFC 3461 4.1)."""


class Submission:
    """The way to one mail server."""

    def __init__(self, server: MailServer) -> None:
        """Raises ProviderError when a file of the settings cannot be used."""
        self._server = server
        self.password = read_secret(server.password, server.password_file, "the password of the mail server's user")
        self._tls = None if server.tls == "off" else _context(server)

    async def hand_over(self, envelope: Envelope) -> Answer:
        """Send the mail once. Every failure is an answer; its detail holds the server's words without addresses."""
        return await self._visit(envelope)

    async def sign_in(self) -> Answer:
        """The same without a mail: does the server let us in?"""
        return await self._visit(None)

    async def _visit(self, envelope: Envelope | None) -> Answer:
        import aiosmtplib

        server = self._server
        smtp = self._client()
        left = False
        try:
            async with asyncio.timeout(server.timeout.total_seconds()):
                await self._enter(smtp)
                if envelope is None:
                    reply = await smtp.noop()
                else:
                    await self._address(smtp, envelope)
                    left = True
                    reply = await smtp.data(envelope.mail)
            said = Answer(outcome=Outcome.ACCEPTED, reason=Reason.ACCEPTED, detail=self._words(reply.message))
        except aiosmtplib.SMTPResponseException as error:
            said = self._no(error, left)
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
            said = _lost(error, left)
        finally:
            if smtp.is_connected:
                with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                    await smtp.quit(timeout=_GOODBYE)
            smtp.close()
        return said

    def _client(self) -> aiosmtplib.SMTP:
        import aiosmtplib

        server = self._server
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.at_port,
            local_hostname=server.domain,
            use_tls=server.tls == "on",
            start_tls=server.tls == "starttls",
            tls_context=self._tls,
            timeout=server.timeout.total_seconds(),
        )

    async def _enter(self, smtp: aiosmtplib.SMTP) -> None:
        await smtp.connect()
        if self._server.user:
            await smtp.login(self._server.user, self.password)

    async def _address(self, smtp: aiosmtplib.SMTP, envelope: Envelope) -> None:
        if smtp.is_ehlo_or_helo_needed:
            await smtp.ehlo()
        reports = bool(envelope.token) and smtp.supports_extension("dsn")
        size = [f"SIZE={len(envelope.mail)}"] if smtp.supports_extension("size") else []
        known = [f"ENVID={envelope.token}", "RET=HDRS"] if reports else []
        await smtp.mail(envelope.return_path, options=[*size, *known])
        await smtp.rcpt(envelope.to, options=[f"NOTIFY={envelope.notify}"] if reports else [])

    def _no(self, error: aiosmtplib.SMTPResponseException, left: bool) -> Answer:
        """What a clear no means; what is no reply at all (a code below 200) says nothing."""
        from aiosmtplib import SMTPRecipientRefused

        detail = f"{error.code} {self._words(error.message)}"
        if 400 <= error.code < 500:
            return Answer(outcome=Outcome.NOT_TAKEN, reason=Reason.PROVIDER_BUSY, detail=detail)
        if 500 <= error.code < 600:
            reason = read_reason(error.code, error.message, isinstance(error, SMTPRecipientRefused))
            return Answer(outcome=Outcome.REFUSED, reason=reason, detail=detail)
        if left:
            return Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER, detail=detail)
        return Answer(outcome=Outcome.NOT_TAKEN, reason=Reason.PROVIDER_UNREACHABLE, detail=detail)

    def _words(self, said: str) -> str:
        return discreet(veil(said), self.password)


def read_reason(code: int, said: str, of_address: bool) -> Reason:
    """Why a 5xx reply refuses, by its enhanced status code where there is one (RFC 3463), else by the code alone.

    `of_address`: the server answered to the recipient's address, not to the mail.
    """
    found = _ENHANCED.search(said)
    if found is not None:
        subject, detail = found[2], found[3]
        known = _REASONS.get(f"{subject}.{detail}")
        if known is not None or subject != "1":
            return known or _BARE.get(code, Reason.PROVIDER_REFUSED)
        return Reason.PROVIDER_REFUSED if detail in ("7", "8") else Reason.BAD_ADDRESS  # those are the sender's
    if of_address and code in _NO_SUCH:
        return Reason.BAD_ADDRESS
    return _BARE.get(code, Reason.PROVIDER_REFUSED)


def _lost(error: Exception, left: bool) -> Answer:
    """The connection failed. TLS that is missing or wrong is found before anything of the mail has left."""
    detail = type(error).__name__
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            detail = doubt(cause)
        cause = cause.__cause__ or cause.__context__
    if "AUTH" in str(error):
        detail = "it lets nobody sign in"
    elif "STARTTLS" in str(error):
        detail = "it offers no STARTTLS, and nothing is sent unencrypted"
    if left:
        return Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER, detail=detail)
    return Answer(outcome=Outcome.NOT_TAKEN, reason=Reason.PROVIDER_UNREACHABLE, detail=detail)


def _context(server: MailServer) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=server.ca_file)
    except OSError as error:
        raise ProviderError(
            f"the certificate authority cannot be read: {error.strerror or type(error).__name__}",
            place=str(server.ca_file),
            remedy="write it there as PEM, readable to us",
        ) from None
