"""The bytes of one IMAP connection: imaplib with a reading side of our own.

imaplib's own reading differs between Python 3.13 and 3.14, cannot go on after a time-out, and hides from `select`
what it has already buffered; a mail announced in that buffer would wait for the next one. `open`, `read`, `readline`
and `shutdown` are imaplib's documented places to put another in.
"""

import contextlib
import imaplib
import re
import socket
import ssl
import time
from typing import Any

_MOST_LINE = 8 * 1024 * 1024
_MOST_LITERAL = 1024 * 1024
_AT_ONCE = 64 * 1024
#: What a server says while we idle that brings no mail: keep-alives, flags, removals. Literals are never among it.
_CHATTER = re.compile(rb"\* (?:OK(?! \[UID)[^\r\n]*|\d+ (?:EXPUNGE|RECENT|FETCH [^{\r\n]*)|FLAGS [^{\r\n]*)\r?\n")
_USED = (
    "_command",
    "_get_response",
    "_simple_command",
    "_untagged_response",
    "_get_capabilities",
    "_new_tag",
    "_connect",
    "send",
    "authenticate",
    "select",
    "uid",
)


class Wire(imaplib.IMAP4):
    """An imaplib connection over a socket that is already connected.

    One thread at a time may use it: the loop while idling, otherwise one worker.
    """

    def __init__(self, sock: socket.socket, host: str, port: int) -> None:
        strange = [name for name in _USED if not callable(getattr(imaplib.IMAP4, name, None))]
        if strange:
            raise RuntimeError(f"this Python's imaplib is not one we know: it lacks {', '.join(strange)}")
        self._dialled = sock
        self.held = bytearray()
        """Read from the socket, not yet looked at."""
        self.received = 0
        """Bytes read since the beginning."""
        self.deadline = float("inf")
        """time.monotonic() after which nothing more is read."""
        super().__init__(host, port)
        if not (isinstance(self.untagged_responses, dict) and isinstance(self.tagged_commands, dict)):
            raise RuntimeError("this Python's imaplib is not one we know: its responses are no dictionaries")

    # -- what imaplib calls ------------------------------------------------------------------------------------------

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        """Take the socket that was handed in."""
        self.host, self.port, self.sock = host, port, self._dialled

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes, fewer at the end of the stream."""
        if size > _MOST_LITERAL:
            raise self.abort(f"the server sends {size} bytes where we asked for less")
        while len(self.held) < size and self._more():
            pass
        return self._take(size)

    def readline(self) -> bytes:
        """One line with its end, or what there is at the end of the stream."""
        looked = 0
        while (end := self.held.find(b"\n", looked)) < 0:
            looked = len(self.held)
            if looked > _MOST_LINE:
                raise self.abort(f"a line of more than {_MOST_LINE} bytes")
            if not self._more():
                return self._take(looked)
        return self._take(end + 1)

    def shutdown(self) -> None:
        """Close the socket."""
        with contextlib.suppress(OSError):
            self.sock.close()

    def starttls(self, ssl_context: ssl.SSLContext | None = None) -> Any:
        """Go on under TLS (RFC 3501 section 6.2.1)."""
        if "STARTTLS" not in self.capabilities:
            raise self.abort("the server offers no STARTTLS")
        answer, said = self._simple_command("STARTTLS")
        if answer != "OK" or ssl_context is None:
            raise self.abort(f"STARTTLS refused: {said[-1]!r}")
        if self.held:
            # What came before the handshake was not protected by it (CVE-2011-0411): somebody may be in between.
            raise self.abort("the server went on in plain text after STARTTLS")
        self.sock = ssl_context.wrap_socket(self.sock, server_hostname=self.host)
        self._tls_established = True
        self._get_capabilities()
        return answer, said

    def _log(self, line: Any) -> None:
        """Keep no copy of the last commands: one of them is LOGIN."""

    # -- what the loop calls while idling ----------------------------------------------------------------------------

    def hear(self) -> bool:
        """Take in what has arrived, never waiting. False at the end of the stream."""
        for _ in range(64):
            try:
                data = self.sock.recv(_AT_ONCE)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return True
            if not data:
                return False
            self.received += len(data)
            self.held += data
        return True

    def skip_chatter(self) -> bool:
        """Drop leading lines that bring no mail. True when a whole line remains: somebody should read it."""
        while (line := _CHATTER.match(self.held)) is not None:
            del self.held[: line.end()]
        return b"\n" in self.held or len(self.held) > _AT_ONCE

    def _more(self) -> bool:
        if time.monotonic() > self.deadline:
            raise self.abort("the server takes too long to finish an answer")
        data = self.sock.recv(_AT_ONCE)
        self.received += len(data)
        self.held += data
        return bool(data)

    def _take(self, size: int) -> bytes:
        data = bytes(self.held[:size])
        del self.held[:size]
        return data
