"""Everything that the demo needs, started in order in a temporary folder, and ended in the opposite order."""

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from engine.demo.child import Child, start
from engine.demo.configuration import ACCOUNT, TOPUP, USER, write_configuration, write_secrets
from engine.demo.ports import find_free
from engine.errors import TocsinError


@dataclass(frozen=True)
class Stage:
    """What runs, and where."""

    config: Path
    journal: Path
    mail_port: int
    password: str
    phone: str
    """The phone's address, without a slash at the end."""
    children: tuple[Child, ...]


@asynccontextmanager
async def set_up(folder: Path) -> AsyncIterator[Stage]:
    """Start mailbox, phone and engine. Raises TocsinError when one of them does not come up."""
    if find_spec("pymap") is None:
        raise TocsinError("the demo's mail server is not installed", remedy="pip install 'tocsin[demo]'")
    password = secrets.token_urlsafe(18)
    files = write_secrets(folder, secrets.token_urlsafe(18), password)
    journal = folder / "phone.jsonl"
    web = find_free()
    async with AsyncExitStack() as stack:
        mailbox, phone = [
            await stack.enter_async_context(child)
            for child in (
                start("mailbox", "-m", "engine.demo.mailserver", USER, str(files.password)),
                start(
                    "virtual phone",
                    *("-m", "engine", "phone", "--port", "0", "--journal", str(journal)),
                    *("--callback", f"http://127.0.0.1:{web}/callbacks/phone", "--token-file", str(files.token)),
                ),
            )
        ]
        mail_port = int((await mailbox.expect(r"^mailbox  (\d+)$"))[1])
        address = (await phone.expect(r"^phone  (http://\S+)/$"))[1]
        config = write_configuration(folder, files, web=web, phone=address, mailbox=mail_port)
        await _run("-c", str(config), "topup", ACCOUNT, TOPUP, "--yes")
        engine = await stack.enter_async_context(start("engine", "-m", "engine", "-c", str(config), "run"))
        await engine.expect(r"^running: ")
        yield Stage(config, journal, mail_port, password, address, (mailbox, phone, engine))


async def _run(*arguments: str) -> None:
    """Run one command of ours to its end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "engine", *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise TocsinError(f"`tocsin {' '.join(arguments)}` ended with code {process.returncode}:\n{said.decode()}")
