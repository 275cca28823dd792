"""One connection to hfaxd: its protocol is FTP (RFC 959) with verbs of its own (hfaxd(8))."""

import asyncio
import contextlib
import re
from typing import NamedTuple, Self

#: A reply of more lines, or a longer line, is none of hfaxd's.
_MOST_LINES = 200
_MOST_LISTING = 16 * 1024 * 1024
_PORT = re.compile(r"\((\d+),(\d+),(\d+),(\d+),(\d+),(\d+)\)")


class LostError(Exception):
    """The connection could not be made, ended, or said what is no reply. The words are ours."""


class NoError(Exception):
    """hfaxd said no: `code` as in RFC 959 4.2 (4xx: not now, 5xx: never), and its words."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(f"{code} {words}")
        self.code = code
        self.words = words


class Reply(NamedTuple):
    """A reply that is no no."""

    code: int
    text: str


class Session:
    """A connection of one's own for each errand; used as a context."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port

    async def __aenter__(self) -> Self:
        """Connect and hear the greeting. Raises LostError, or NoError from a server that is full or shuts us out."""
        try:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        except OSError as error:
            raise LostError(f"cannot connect: {error.strerror or type(error).__name__}") from None
        try:
            await self._reply()
        except BaseException:
            self._writer.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._writer.write(b"QUIT\r\n")
        self._writer.close()

    async def say(self, line: str) -> Reply:
        """Send one command and read its reply. Raises NoError, LostError; ValueError for what is no single line."""
        if not (line.isascii() and line.isprintable()):
            raise ValueError("a command is one line of ASCII")
        try:
            self._writer.write(f"{line}\r\n".encode())
            await self._writer.drain()
        except OSError:
            raise LostError("it hung up") from None
        return await self._reply()

    async def sign_in(self, user: str, password: str) -> None:
        """Raises NoError when the name or the password is wrong."""
        if (await self.say(f"USER {user}")).code == 331:
            await self.say(f"PASS {password}")

    async def store(self, content: bytes) -> str:
        """Put a document on the server for as long as a job needs it; answers its name there."""
        await self.say("TYPE I")
        _, writer = await self._open_data()
        try:
            began = await self.say("STOT")
            writer.write(content)
            await writer.drain()
        except OSError:
            raise LostError("it hung up") from None
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        done = await self._reply()
        found = re.search(r"FILE: ([^\s)]+)", f"{began.text} {done.text}")
        if found is None:
            raise LostError("it names no document")
        return found[1]

    async def list(self, queue: str) -> list[str]:
        """The lines of a listing, in the format that JOBFMT set."""
        await self.say("TYPE A")
        reader, writer = await self._open_data()
        try:
            await self.say(f"LIST {queue}")
            content = await reader.read(_MOST_LISTING)
            while more := await reader.read(_MOST_LISTING - len(content)):
                content += more
        except OSError:
            raise LostError("it hung up") from None
        finally:
            writer.close()
        if len(content) >= _MOST_LISTING:
            raise LostError("a listing without an end")
        await self._reply()  # only this says that the listing is whole
        return content.decode("utf-8", "replace").splitlines()

    async def _open_data(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The connection that carries contents. It goes to the host that we know, whatever the reply names."""
        found = _PORT.search((await self.say("PASV")).text)
        if found is None:
            raise LostError("it names no port")
        try:
            return await asyncio.open_connection(self._host, int(found[5]) * 256 + int(found[6]))
        except (OSError, OverflowError):
            raise LostError("its port for contents cannot be reached") from None

    async def _reply(self) -> Reply:
        lines: list[str] = []
        while len(lines) < _MOST_LINES:
            try:
                raw = await self._reader.readline()
            except (OSError, ValueError):
                raise LostError("it hung up") from None
            if not raw.endswith(b"\n"):
                raise LostError("it hung up")
            line = raw.decode("utf-8", "replace").rstrip()
            lines.append(line[4:])
            if re.match(r"[1-5]\d\d( |$)", line):
                code = int(line[:3])
                if code >= 400:
                    raise NoError(code, " ".join(lines))
                return Reply(code, " ".join(lines))
        raise LostError("a reply without an end")
