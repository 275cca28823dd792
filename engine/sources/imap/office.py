"""What all watchers of one process share: threads, TLS contexts, the limits per host, the standing per user."""

import asyncio
import ssl
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

from engine.sources.imap.dial import dial
from engine.sources.imap.enclosed import Found, Wanted, fetch_sections
from engine.sources.imap.hosts import Host, Hosts
from engine.sources.imap.mailbox import Mailbox
from engine.sources.imap.pace import Pace
from engine.sources.imap.session import Session
from engine.sources.imap.signin import Secret, Standing, explain_refusal, read_secret
from engine.sources.imap.trouble import DeniedError, LostError, RefusedError

P = ParamSpec("P")
T = TypeVar("T")
_SIGN_IN_THREADS = 4


class Office:
    """The shared means of all watchers in one loop. `hosts`: how many mail servers there will be, roughly."""

    def __init__(self, hosts: int = 1, *, pace: Pace | None = None) -> None:
        self.pace = pace or Pace()
        self.hosts = Hosts(self.pace.sign_ins)
        self._readers = ThreadPoolExecutor(max(8, min(32, hosts * 4)), thread_name_prefix="imap-read")
        self._openers = ThreadPoolExecutor(_SIGN_IN_THREADS, thread_name_prefix="imap-open")
        self._contexts: dict[Path | None, ssl.SSLContext] = {}
        self._standings: dict[tuple[str, int, str], Standing] = {}

    async def close(self) -> None:
        """Wait for the threads to end. Cancel the watchers before."""
        for pool in (self._readers, self._openers):
            pool.shutdown(wait=False, cancel_futures=True)
        for pool in (self._readers, self._openers):
            await asyncio.to_thread(pool.shutdown)

    def standing(self, mailbox: Mailbox) -> Standing:
        """How this user stands with this host."""
        host, port = mailbox.address
        return self._standings.setdefault((host.lower(), port, mailbox.user), Standing())

    async def work(self, session: Session, host: Host, do: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Run one job on a session in a thread. A cancelled job is over before this returns."""
        async with host.jobs:
            return await _carry(self._readers, session.interrupt, partial(do, *args, **named))

    async def open(self, mailbox: Mailbox) -> Session:
        """Connect and sign in. Raises LostError for what may pass by itself, RefusedError for wrong credentials."""
        host = self.hosts.find(mailbox.host)
        standing = self.standing(mailbox)
        async with standing.lock:
            secret = await self.read_secret(mailbox)
            now = asyncio.get_running_loop().time
            standing.check(secret, now())
            session = await self.connect(mailbox)
            try:
                await self.sign_in(session, host, mailbox, secret)
            except RefusedError as error:
                standing.refuse(secret, error, now(), self.pace.refused)
                session.close()
                raise
            except BaseException:
                session.close()
                raise
            standing.welcome()
            return session

    async def fetch(self, mailbox: Mailbox, folder: str, uidvalidity: int, uid: int, wanted: Wanted) -> Found:
        """Files of one mail, over a connection of its own. Raises LostError, DeniedError, UnreadableError,
        RefusedError for wrong credentials, MissingError for the folder."""
        session = await self.open(mailbox)
        try:
            host = self.hosts.find(mailbox.host)
            return await self.work(session, host, fetch_sections, session, folder, uidvalidity, uid, wanted)
        finally:
            session.close()

    async def read_secret(self, mailbox: Mailbox) -> Secret:
        """The secret as it is now. Raises LostError."""
        return await _carry(self._openers, _let_be, partial(read_secret, mailbox, self.pace))

    async def connect(self, mailbox: Mailbox) -> Session:
        """TCP, TLS and greeting. Raises LostError."""
        host = self.hosts.find(mailbox.host)
        context = await self._context(mailbox)
        name, port = mailbox.address
        await host.await_turn()
        sock = await dial(name, port, self.pace.connect)
        session = Session(sock, name, port, context=context, starttls=mailbox.tls == "starttls", pace=self.pace)
        try:
            async with host.sign_ins:
                await _carry(self._openers, session.interrupt, session.greet)
        except BaseException:
            session.close()
            raise
        return session

    async def sign_in(self, session: Session, host: Host, mailbox: Mailbox, secret: Secret) -> None:
        """Sign in on a fresh connection. Raises LostError or RefusedError."""
        try:
            async with host.sign_ins:
                await _carry(
                    self._openers,
                    session.interrupt,
                    partial(session.sign_in, mailbox.user, secret.text, token=secret.token),
                )
        except DeniedError as error:
            raise explain_refusal(error, mailbox) from None

    async def _context(self, mailbox: Mailbox) -> ssl.SSLContext | None:
        """One context per authority for the whole process: a context each would cost 800 kB a mailbox."""
        if mailbox.tls == "off":
            return None
        if mailbox.ca_file not in self._contexts:
            try:
                made = await asyncio.to_thread(ssl.create_default_context, cafile=mailbox.ca_file)
            except (OSError, ssl.SSLError) as error:
                raise LostError(
                    f"{mailbox.ca_file} cannot be used: {error.strerror or type(error).__name__}",
                    place=mailbox.place,
                    remedy="`ca_file` must name a readable file of PEM certificates",
                ) from error
            self._contexts.setdefault(mailbox.ca_file, made)
        return self._contexts[mailbox.ca_file]


async def _carry(pool: ThreadPoolExecutor, interrupt: Callable[[], None], do: Callable[[], T]) -> T:
    """Run in a thread. When we are cancelled, the thread is made to fail and waited for: nobody is left behind."""
    job: Future[T] = pool.submit(do)
    waiting = asyncio.wrap_future(job)
    try:
        return await asyncio.shield(waiting)
    except asyncio.CancelledError:
        if not job.cancel():
            interrupt()
            await asyncio.wait([waiting])
            if not waiting.cancelled():
                waiting.exception()  # it was made to fail: nobody wants to know
        raise


def _let_be() -> None:
    """A secret is read to its end; its command has a limit of its own."""
