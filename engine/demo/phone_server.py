"""The virtual phone as a process: its journal, its port, and when to stop."""

import asyncio
from pathlib import Path

from aiohttp import web

from engine.demo.journal import Journal
from engine.demo.phone import Phone
from engine.demo.shield import LOOPBACK, shield
from engine.errors import TocsinError
from engine.web.server import Listener


async def run(
    host: str, port: int, journal_path: Path, *, callback: str = "", token: str = "", until: asyncio.Event
) -> None:
    """Serve the phone until `until` is set. Says on stdout where it is once it can be reached."""
    if host not in LOOPBACK and not token:
        raise TocsinError(
            f"the phone would take messages from anybody who can reach {host}",
            remedy="give --token-file, or --host 127.0.0.1",
        )
    try:
        journal = Journal(journal_path)
    except (OSError, ValueError) as error:
        busy = isinstance(error, BlockingIOError)
        raise TocsinError(
            "another phone writes to this journal" if busy else f"this cannot be a journal: {type(error).__name__}",
            place=str(journal_path),
            remedy="give another file with --journal",
        ) from None
    phone = Phone(journal, callback=callback, token=token)
    app = web.Application(client_max_size=1024 * 1024)
    app.add_routes(phone.routes())
    shield(app, loopback=host in LOOPBACK)
    listener = Listener(app, host, port, remedy="give another port with --port")
    try:
        await listener.start()
        await phone.start()
        print(f"phone  {listener.url}/", flush=True)
        await until.wait()
    finally:
        phone.hang_up()
        await listener.stop()
        await phone.stop()
