"""One signed-in connection to a mailbox: the only door to imapclient. Blocking; one thread at a time."""

import socket
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, ProtocolError

from engine.sources.imap.mechanism import authenticate, hide
from engine.sources.imap.pace import Pace
from engine.sources.imap.trouble import DeniedError, LostError, MissingError, UnreadableError, suggested_wait
from engine.sources.imap.wire import Wire


@dataclass(frozen=True)
class Folder:
    """What EXAMINE said (RFC 3501 section 6.3.2)."""

    uidvalidity: int
    uidnext: int
    exists: int


class _Client(IMAPClient):  # type: ignore[misc]
    """IMAPClient over a Wire instead of a socket of its own."""

    def __init__(self, wire: Wire, timeout: SocketTimeout) -> None:
        self._wire = wire
        super().__init__(wire.host, ssl=False, timeout=timeout)
        wire.debug = 0  # IMAPClient asks for a log of everything; a mail's content belongs in no log

    def _create_IMAP4(self) -> Wire:  # noqa: N802
        return self._wire


class Session:
    """A connection, from greeting to close. Its folder is only ever opened with EXAMINE: nothing is marked as read.

    Raises LostError when the connection is of no more use, DeniedError for NO and BAD, UnreadableError for nonsense,
    MissingError for a folder.
    """

    def __init__(
        self, sock: socket.socket, host: str, port: int, *, context: ssl.SSLContext | None, starttls: bool, pace: Pace
    ) -> None:
        self.place = f"{host}:{port}"
        self.idling = False
        self.can_idle = False
        self._sock: socket.socket = sock
        self._host = host
        self._port = port
        self._context = context
        self._starttls = starttls
        self._pace = pace
        self._tag = b""
        self._wire: Any = None
        self._client: Any = None

    def greet(self) -> None:
        """TLS handshake, greeting, STARTTLS."""
        with self._speaking():
            _tune(self._sock)
            self._sock.settimeout(self._pace.connect)
            if self._context is not None and not self._starttls:
                self._sock = self._context.wrap_socket(
                    self._sock, server_hostname=self._host, do_handshake_on_connect=False
                )
                self._sock.do_handshake()
            self._wire = Wire(self._sock, self._host, self._port)
            self._client = _Client(self._wire, SocketTimeout(self._pace.connect, self._pace.connect))
            self._client.normalise_times = False
            if self._context is not None and self._starttls:
                self._client.starttls(self._context)
                self._sock = self._wire.sock
            self._sock.settimeout(self._pace.read)

    # -- signing in --------------------------------------------------------------------------------------------------

    def sign_in(self, user: str, secret: str, *, token: bool) -> None:
        """Sign in by password (LOGIN or AUTHENTICATE PLAIN) or OAuth token (XOAUTH2, else OAUTHBEARER).

        Raises DeniedError with the server's words, never with the secret.
        """
        try:
            with self._speaking():
                if self._wire.state == "NONAUTH":
                    authenticate(self._client, self._wire, user, secret, token=token)
                self.can_idle = self._knows("IDLE")
        except (LostError, DeniedError, UnreadableError) as error:
            error.message = hide(error.message, user, secret)
            error.args = (error.message,)
            error.__cause__ = None
            raise error from None

    def _knows(self, word: str) -> bool:
        try:
            return bool(self._client.has_capability(word))
        except AttributeError:  # an empty CAPABILITY answer
            return word in self._wire.capabilities

    # -- reading -----------------------------------------------------------------------------------------------------

    def examine(self, name: str) -> Folder:
        """Open a folder for reading only. Raises MissingError."""
        try:
            with self._speaking():
                said = self._client.select_folder(name, readonly=True)
                uidvalidity = int(said.get(b"UIDVALIDITY") or 0)
                exists = int(said.get(b"EXISTS") or 0)
                uidnext = said.get(b"UIDNEXT")
        except DeniedError as error:
            if error.passing:
                raise self._lost(error.message) from error
            raise MissingError(
                f"folder {name!r} cannot be opened: {error.message}",
                place=self.place,
                remedy="correct `folders`, or create the folder; it is looked for again every few minutes",
            ) from error
        if not isinstance(uidnext, int):
            # Courier does not say. STATUS may already count a mail that this view does not hold; `*` cannot.
            uidnext = max(self.search(f"UID {0xFFFFFFFF}:*"), default=0) + 1 if exists else 1
        return Folder(uidvalidity, uidnext, exists)

    def search(self, criteria: str) -> list[int]:
        """UID SEARCH, ascending. An answer in several lines, or none at all, is understood."""
        with self._speaking():
            answer, lines = self._wire.uid("SEARCH", criteria)
            if answer != "OK":
                raise IMAPClientError(f"SEARCH: {_text(lines)}")
            found: set[int] = set()
            for line in lines:
                found.update(int(word) for word in (line or b"").partition(b"(")[0].split() if word.isdigit())
            return sorted(found)

    def search_above(self, uid: int) -> list[int]:
        """The UIDs above this one. (`n:*` always names the last mail, even when it is below n.)"""
        return [found for found in self.search(f"UID {uid + 1}:*") if found > uid]

    def search_since(self, day: date) -> list[int]:
        """The UIDs of mail that arrived on or after this day."""
        return self.search(f"SINCE {day.day}-{_MONTHS[day.month - 1]}-{day.year:04d}")

    def fetch(self, uids: Sequence[int], items: Sequence[str], *, proof: bytes) -> dict[int, Mapping[bytes, Any]]:
        """UID FETCH of these mails. Only rows that hold an item beginning with `proof` are trusted.

        The rest are answers to nobody's question about a sequence number that happens to equal a UID.
        """
        with self._speaking():
            rows = self._client.fetch(list(uids), list(items))
            return {uid: row for uid, row in rows.items() if any(_is(key, proof) for key in row)}

    def announced(self) -> bool:
        """Whether a new mail was announced inside another answer. Nothing will announce it again."""
        return "EXISTS" in self._wire.untagged_responses

    def forget(self) -> None:
        """Drop what was announced: it is about to be looked for (and the heap would grow for ever)."""
        self._wire.untagged_responses.clear()

    # -- idling (RFC 2177) -------------------------------------------------------------------------------------------

    def start_idle(self) -> bool:
        """Begin to idle; from here the loop owns the socket. True when there is news already. Raises DeniedError."""
        wire = self._wire
        with self._speaking():
            wire.untagged_responses.pop("EXISTS", None)
            tag = wire._command("IDLE")
            while wire._get_response() is not None:  # untagged lines may come before the '+'
                if wire.tagged_commands[tag]:
                    raise IMAPClientError(f"IDLE: {_text(wire.tagged_commands.pop(tag)[1])}")
            self._tag = tag
            self.idling = True
            self._sock.setblocking(False)
            # What is buffered already will never make the socket readable.
            return not wire.hear() or wire.skip_chatter() or self.announced()

    def stop_idle(self) -> None:
        """Take the socket back from the loop and end the idling."""
        wire = self._wire
        self._sock.settimeout(self._pace.read)
        self.idling = False
        with self._speaking():
            wire.send(b"DONE\r\n")
            while not wire.tagged_commands[self._tag]:
                wire._get_response()
            answer, said = wire.tagged_commands.pop(self._tag)
            if answer != "OK":
                raise IMAPClientAbortError(f"IDLE ended with {answer} {_text(said)}")

    def overhear(self) -> bool:
        """For the loop, while idling: True when a worker should look. Drops keep-alives and flags; never waits."""
        try:
            return bool(not self._wire.hear() or self._wire.skip_chatter())
        except (OSError, ValueError):
            return True

    def fileno(self) -> int:
        """The socket's descriptor."""
        return self._sock.fileno()

    @property
    def received(self) -> int:
        """Bytes read since the connection stands."""
        return int(self._wire.received) if self._wire is not None else 0

    # -- ending ------------------------------------------------------------------------------------------------------

    def interrupt(self) -> None:
        """From any thread: make whoever reads or writes fail at once."""
        with suppress(OSError):
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the socket. Never raises."""
        self.interrupt()
        with suppress(OSError):
            self._sock.close()

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        """Turn what imapclient, imaplib, ssl and the socket raise into what is to be done about it."""
        if self._wire is not None:
            self._wire.deadline = time.monotonic() + self._pace.job
        try:
            yield
            if self._wire is not None and "BYE" in self._wire.untagged_responses:
                raise IMAPClientAbortError(f"BYE {_text(self._wire.untagged_responses['BYE'])}")
        except ssl.SSLCertVerificationError as error:
            raise LostError(
                f"its certificate is not trusted: {error.verify_message}",
                place=self.place,
                remedy="correct `host`, or name the authority that signed it in `ca_file`",
            ) from error
        except ssl.SSLError as error:
            raise LostError(
                f"TLS failed: {error.reason or error.strerror}",
                place=self.place,
                remedy="port 993 wants `tls: on`, port 143 `tls: starttls` (or `off`)",
            ) from error
        except ProtocolError as error:
            raise UnreadableError(_words(error), place=self.place) from error
        except IMAPClientAbortError as error:
            words = _words(error)
            raise self._lost("the server closed the connection" if "EOF" in words else words) from error
        except IMAPClientError as error:
            raise DeniedError(_words(error), place=self.place) from error
        except TimeoutError as error:
            raise self._lost("the server stopped answering") from error
        except OSError as error:
            raise self._lost(f"the connection broke: {error.strerror or type(error).__name__}") from error
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
            raise UnreadableError(
                f"an answer that makes no sense ({type(error).__name__})", place=self.place
            ) from error

    def _lost(self, text: str) -> LostError:
        lost = LostError(text, place=self.place)
        lost.wait = suggested_wait(text)
        return lost


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


#: Seconds, seconds, probes, milliseconds (Linux: tcp(7)).
_KEEP_ALIVE = (("TCP_KEEPIDLE", 120), ("TCP_KEEPINTVL", 30), ("TCP_KEEPCNT", 4), ("TCP_USER_TIMEOUT", 60_000))


def _tune(sock: socket.socket) -> None:
    """No delay (IMAPClient writes some commands in two pieces: 40 ms under Nagle); keep-alives for dead peers."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEP_ALIVE:
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _is(key: Any, proof: bytes) -> bool:
    return isinstance(key, bytes) and key.upper().startswith(proof)


def _text(said: Any) -> str:
    last = said[-1] if isinstance(said, (list, tuple)) and said else said
    return last.decode("utf-8", "replace") if isinstance(last, bytes) else str(last)


def _words(error: Exception) -> str:
    """A server's words on one line, not too many of them."""
    text = _text(error.args[0]) if error.args else type(error).__name__
    if text[:2] in ("b'", 'b"'):
        text = text[2:-1]
    return " ".join(text.split())[:300]
