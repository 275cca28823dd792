"""An IMAP server in the test's own loop that does what a test tells it to: the faults of real ones on demand.

Without a script it is a modest, correct server. It shows each connection a view of the folder that only grows
between commands, announced by EXISTS, as Dovecot does.
"""

import asyncio
import base64
import contextlib
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from tests.servers.client import MailServer


@dataclass
class Letter:
    """One mail on the server. `rows`: FETCH items answered with these bytes instead of the true ones."""

    uid: int
    raw: bytes
    arrived_at: datetime
    flags: set[str] = field(default_factory=set)
    rows: dict[str, bytes] = field(default_factory=dict)


@dataclass
class Box:
    """One folder."""

    uidvalidity: int = 7
    uidnext: int = 1
    letters: list[Letter] = field(default_factory=list)
    tells_uidnext: bool = True


class Peer:
    """One connection."""

    def __init__(self, server: "ScriptedServer", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server, self.reader, self.writer = server, reader, writer
        self.box: Box | None = None
        self.view: list[Letter] = []
        self.idle_tag = b""
        self.sent = 0
        self.commands: list[str] = []

    def say(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.sent += len(data)
        self.writer.write(data)

    def renew(self) -> None:
        """Show what has come since."""
        if self.box is not None and len(self.box.letters) != len(self.view):
            self.view = list(self.box.letters)
            self.say(b"* %d EXISTS\r\n" % len(self.view))


Script = Callable[[Peer, bytes, str], Awaitable[bool | None]]
"""(connection, tag, arguments): answers True when it has dealt with the command itself."""


class ScriptedServer(MailServer):
    """`scripts`: a function for a command word (``LOGIN``, ``UID SEARCH``, ``IDLE``), asked first."""

    def __init__(self, capabilities: str = "IMAP4rev1 IDLE UIDPLUS", *, tls: ssl.SSLContext | None = None) -> None:
        self.capabilities = capabilities
        self.boxes: dict[str, Box] = {"INBOX": Box()}
        self.peers: list[Peer] = []
        self.scripts: dict[str, Script] = {}
        self.greeting = b"* OK ready\r\n"
        self.refusal = ""
        """What LOGIN and AUTHENTICATE answer with NO; empty: everybody with the password may come in."""
        self.tried: list[str] = []
        """The secrets that were tried."""
        self.accepts = {"secret"}
        self.frozen = False
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self.host, self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop listening and drop everybody. `__aenter__` opens the same port again."""
        assert self._server is not None
        self._server.close()
        self.drop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def drop(self) -> None:
        """Break all connections."""
        for peer in self.peers:
            with contextlib.suppress(AttributeError):  # Python 3.11.2 aborts a TLS connection that is gone by that
                peer.writer.transport.abort()

    @property
    def inbox(self) -> Box:
        """The folder INBOX."""
        return self.boxes["INBOX"]

    def put(
        self,
        raw: bytes,
        *,
        folder: str = "INBOX",
        arrived_at: datetime | None = None,
        announce: bool = True,
        **row: Any,
    ) -> Letter:
        """Put a mail in; those who idle on the folder are told unless `announce` is false."""
        box = self.boxes[folder]
        letter = Letter(box.uidnext, raw, arrived_at or datetime.now(UTC), **row)
        box.letters.append(letter)
        box.uidnext += 1
        if announce:
            self.announce(box)
        return letter

    def announce(self, box: Box) -> None:
        """Tell those who idle."""
        for peer in self.peers:
            if peer.box is box and peer.idle_tag:
                peer.renew()

    def idlers(self) -> list[Peer]:
        """The connections that idle."""
        return [peer for peer in self.peers if peer.idle_tag]

    def heard(self, word: str) -> list[str]:
        """The commands of this word that anybody sent, in order."""
        return [command for peer in self.peers for command in peer.commands if command.startswith(word)]

    # -- the protocol ------------------------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        peer = Peer(self, reader, writer)
        self.peers.append(peer)
        try:
            peer.say(self.greeting)
            while line := await reader.readline():
                if not self.frozen:  # a frozen server hears and says nothing
                    await self._answer(peer, line)
        except (OSError, asyncio.CancelledError, ValueError):
            pass
        finally:
            self._tasks.discard(task)
            if peer in self.peers and not peer.commands:
                self.peers.remove(peer)
            peer.idle_tag = b""
            writer.close()
            with contextlib.suppress(OSError, ssl.SSLError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _answer(self, peer: Peer, line: bytes) -> None:
        if line.strip().upper() == b"DONE":
            tag, peer.idle_tag = peer.idle_tag, b""
            peer.renew()
            peer.say(tag + b" OK done\r\n")
            return
        tag, _, rest = line.decode("latin-1").strip().partition(" ")
        word, _, arguments = rest.partition(" ")
        word = word.upper()
        if word == "UID":
            second, _, arguments = arguments.partition(" ")
            word = f"UID {second.upper()}"
        peer.commands.append(word if word in ("LOGIN", "AUTHENTICATE") else f"{word} {arguments}".strip())
        mark = tag.encode()
        script = self.scripts.get(word)
        if script is not None and await script(peer, mark, arguments):
            return
        handler = getattr(self, "_do_" + word.lower().replace(" ", "_"), None)
        if handler is None:
            peer.say(mark + b" BAD what?\r\n")
        else:
            await handler(peer, mark, arguments)
        with contextlib.suppress(ConnectionError):
            await peer.writer.drain()

    def _done(self, peer: Peer, tag: bytes, *, renew: bool = True) -> None:
        if renew:
            peer.renew()
        peer.say(tag + b" OK done\r\n")

    async def _do_capability(self, peer: Peer, tag: bytes, _: str) -> None:
        peer.say(b"* CAPABILITY %s\r\n" % self.capabilities.encode())
        self._done(peer, tag)

    async def _do_noop(self, peer: Peer, tag: bytes, _: str) -> None:
        self._done(peer, tag)

    async def _do_logout(self, peer: Peer, tag: bytes, _: str) -> None:
        peer.say(b"* BYE see you\r\n" + tag + b" OK done\r\n")

    async def _do_starttls(self, peer: Peer, tag: bytes, _: str) -> None:
        assert self.starttls is not None
        peer.say(tag + b" OK go on\r\n")
        await peer.writer.start_tls(self.starttls)

    starttls: ssl.SSLContext | None = None

    async def _do_login(self, peer: Peer, tag: bytes, arguments: str) -> None:
        secret = arguments.rpartition(" ")[2]
        self._admit(peer, tag, secret[1:-1].replace('\\"', '"').replace("\\\\", "\\"))

    async def _do_authenticate(self, peer: Peer, tag: bytes, mechanism: str) -> None:
        peer.say(b"+ \r\n")
        told = base64.b64decode(await peer.reader.readline()).decode()
        secret = told.split("\0")[2] if mechanism == "PLAIN" else re.findall(r"Bearer (\S+?)\x01", told)[0]
        if mechanism != "PLAIN" and secret not in self.accepts:
            peer.say(b"+ " + base64.b64encode(b'{"status":"400"}') + b"\r\n")
            assert not (await peer.reader.readline()).strip()
        self._admit(peer, tag, secret)

    def _admit(self, peer: Peer, tag: bytes, secret: str) -> None:
        self.tried.append(secret)
        if self.refusal:
            peer.say(tag + b" NO " + self.refusal.encode() + b"\r\n")
        elif secret not in self.accepts:
            peer.say(tag + b" NO [AUTHENTICATIONFAILED] wrong " + secret.encode() + b"\r\n")
        else:
            peer.say(tag + b" OK welcome\r\n")

    async def _do_select(self, peer: Peer, tag: bytes, name: str) -> None:
        await self._do_examine(peer, tag, name, how=b"READ-WRITE")

    async def _do_examine(self, peer: Peer, tag: bytes, name: str, how: bytes = b"READ-ONLY") -> None:
        box = self.boxes.get(name.strip('"'))
        if box is None:
            peer.box = None
            peer.say(tag + b" NO [NONEXISTENT] no such folder\r\n")
            return
        peer.box, peer.view = box, list(box.letters)
        peer.say(b"* %d EXISTS\r\n* 0 RECENT\r\n* FLAGS (\\Seen)\r\n" % len(peer.view))
        peer.say(b"* OK [UIDVALIDITY %d] valid\r\n" % box.uidvalidity)
        if box.tells_uidnext:
            peer.say(b"* OK [UIDNEXT %d] next\r\n" % box.uidnext)
        peer.say(tag + b" OK [%s] done\r\n" % how)

    async def _do_uid_search(self, peer: Peer, tag: bytes, wish: str) -> None:
        assert peer.box is not None
        last = peer.view[-1].uid if peer.view else 0
        words = wish.split()
        if words[0] == "UID":
            low, _, high = words[1].partition(":")
            ends = sorted([last if end == "*" else int(end) for end in (low, high or low)])
            found = [letter.uid for letter in peer.view if ends[0] <= letter.uid <= ends[1]]
        elif words[0] == "UNSEEN":
            found = [letter.uid for letter in peer.view if "\\Seen" not in letter.flags]
        elif words[0] == "SINCE":
            day = datetime.strptime(words[1], "%d-%b-%Y").replace(tzinfo=UTC).date()
            found = [letter.uid for letter in peer.view if letter.arrived_at.date() >= day]
        else:
            low, _, high = words[0].partition(":")
            found = [letter.uid for letter in peer.view[int(low) - 1 : int(high)]]
        peer.say(b"* SEARCH" + b"".join(b" %d" % uid for uid in found) + b"\r\n")
        self._done(peer, tag)

    async def _do_uid_fetch(self, peer: Peer, tag: bytes, wish: str) -> None:
        assert peer.box is not None
        numbers, _, items = wish.partition(" ")
        wanted = {int(number) for number in numbers.split(",")}
        present = {letter.uid for letter in peer.box.letters}
        for sequence, letter in enumerate(peer.view, 1):
            if letter.uid in wanted and letter.uid in present:
                row = b" ".join(self._show(letter, item) for item in _ITEM.findall(items))
                peer.say(b"* %d FETCH (%s)\r\n" % (sequence, row))
        self._done(peer, tag)

    def _show(self, letter: Letter, item: str) -> bytes:
        if item in letter.rows:
            return letter.rows[item]
        if item == "UID":
            return b"UID %d" % letter.uid
        if item == "RFC822.SIZE":
            return b"RFC822.SIZE %d" % len(letter.raw)
        if item == "FLAGS":
            return b"FLAGS (%s)" % " ".join(sorted(letter.flags)).encode()
        if item == "INTERNALDATE":
            return b'INTERNALDATE "%s"' % letter.arrived_at.strftime("%d-%b-%Y %H:%M:%S %z").encode()
        if item == "BODYSTRUCTURE":
            return b'BODYSTRUCTURE ("text" "plain" ("charset" "utf-8") NIL NIL "8bit" %d 9)' % len(letter.raw)
        found = re.fullmatch(r"BODY(\.PEEK)?\[([^\]]*)\](?:<0\.(\d+)>)?", item)
        if found is None:
            raise ValueError(item)
        if not found[1]:
            letter.flags.add("\\Seen")
        head, _, body = letter.raw.partition(b"\r\n\r\n")
        if found[2] == "1":
            data = body
        elif found[2].startswith("HEADER"):
            lines = [line for line in head.split(b"\r\n") if line.lower().startswith(b"message-id:")]
            data = b"".join(line + b"\r\n" for line in lines) + b"\r\n"
        else:
            data = letter.raw
        data = data[: int(found[3])] if found[3] else data
        origin = b"<0>" if found[3] else b""
        return b"BODY[%s]%s {%d}\r\n%s" % (found[2].encode(), origin, len(data), data)

    async def _do_idle(self, peer: Peer, tag: bytes, _: str) -> None:
        peer.idle_tag = tag
        peer.say(b"+ idling\r\n")
        peer.renew()


_ITEM = re.compile(r"BODY(?:\.PEEK)?\[[^\]]*\](?:<[\d.]+>)?|[A-Z0-9.]+")
