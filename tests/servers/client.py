"""The other side of a mailbox: a client that puts mail in, looks at flags, and takes mail out. Blocking inside."""

import asyncio
import socket
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from imapclient import IMAPClient

from engine.sources.imap.mailbox import Mailbox

T = TypeVar("T")


class MailServer:
    """What pymap and Dovecot have in common: users with one password, on a port of this machine."""

    host = "127.0.0.1"
    port = 0
    password = "secret"

    def mailbox(self, user: str, **written: Any) -> Mailbox:
        """The configuration of one of its mailboxes."""
        written.setdefault("password", self.password)
        written = {key: value for key, value in written.items() if value is not None}
        return Mailbox.model_validate({"host": self.host, "port": self.port, "tls": "off", "user": user} | written)

    async def deliver(
        self,
        user: str,
        *mails: bytes,
        folder: str = "INBOX",
        arrived_at: datetime | None = None,
        flags: tuple[bytes, ...] = (),
    ) -> None:
        """Put mails into a folder, one after the other over one connection."""

        def put(client: IMAPClient) -> None:
            for mail in mails:
                client.append(folder, mail, flags=flags, msg_time=arrived_at)

        await self.tell(user, put)

    async def make_folder(self, user: str, folder: str) -> None:
        """Make a folder."""
        await self.tell(user, lambda client: client.create_folder(folder))

    async def flags(self, user: str, folder: str = "INBOX") -> dict[int, tuple[bytes, ...]]:
        """The flags of every mail by UID."""

        def look(client: IMAPClient) -> dict[int, tuple[bytes, ...]]:
            client.select_folder(folder, readonly=True)
            uids = client.search("ALL")
            return {uid: row[b"FLAGS"] for uid, row in client.fetch(uids, ["FLAGS"]).items()}

        return await self.tell(user, look)

    async def remove(self, user: str, *uids: int, folder: str = "INBOX") -> None:
        """Expunge mails."""

        def drop(client: IMAPClient) -> None:
            client.select_folder(folder)
            client.delete_messages(list(uids))
            client.expunge()

        await self.tell(user, drop)

    async def tell(self, user: str, do: Callable[[IMAPClient], T]) -> T:
        """Run `do` with a client that is signed in, in a thread."""

        def run() -> T:
            with IMAPClient(self.host, self.port, ssl=False, timeout=30) as client:
                # IMAPClient sends a command in pieces; together with delayed acknowledgements each costs 40 ms.
                client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                client.login(user, self.password)
                return do(client)

        return await asyncio.to_thread(run)
