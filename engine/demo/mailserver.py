"""The demo's mailbox: a real IMAP server (pymap) with one user, in memory. A process of its own, by `python -m`."""

import asyncio
import signal
import sys
from argparse import Namespace
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from engine.demo.ports import find_free


async def serve(user: str, password: str) -> None:
    """Serve one mailbox on a free loopback port until SIGTERM. Says on stdout which, once it can be reached."""
    from pymap.backend.dict import Config, DictBackend, Login
    from pymap.backend.dict.mailbox import MailboxData
    from pymap.imap import IMAPService

    MailboxData.update_selected = _never_deaf(MailboxData.update_selected)  # type: ignore[method-assign]

    config = Config(
        Namespace(passlib_cfg=None, proxy_protocol=None, inherited_sockets=None),
        host="127.0.0.1",
        port=find_free(),
        demo_data=False,
        demo_user=user,
        demo_password=password,
        tls_enabled=False,
    )
    login = Login(config)
    await DictBackend._add_demo_user(config, login)
    config.apply_context()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        await IMAPService(DictBackend(login, config), config).start(stack)
        print(f"mailbox  {config.port}", flush=True)
        await stop.wait()


def _never_deaf(wait_and_update: Any) -> Any:
    """pymap waits for the next mail although one came since it looked last: an idling client hears nothing."""

    async def update_selected(self: Any, selected: Any, *, wait_on: Any = None) -> Any:
        if selected.mod_sequence not in (None, self._mod_sequences.highest):
            wait_on = None
        return await wait_and_update(self, selected, wait_on=wait_on)

    return update_selected


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], Path(sys.argv[2]).read_text(encoding="ascii")))
