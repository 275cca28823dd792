"""Debian's OpenSMTPD takes our mail, is refused by the next server, and its own bounce closes the receipt."""

import asyncio
import fcntl
import os
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from engine.answer import Outcome
from engine.channels import registry
from engine.channels.providers.smtp import SmtpProvider, SmtpSettings
from engine.medium import PDF, Medium
from engine.message import Message
from engine.net import Http
from engine.notification import Channel
from engine.reason import Reason
from engine.receipt import Fate
from tests.contracts.provider import SECRET, a_message
from tests.servers import require
from tests.servers.mailroom import Mailroom
from tests.servers.pymap_server import free_port

pytestmark = pytest.mark.live

TO = "anna@elsewhere.example"
BOUNCES = "bounce@ours.example"


@dataclass
class Post:
    """A mail server between two others: where mail goes, and where its reports come back to."""

    port: int
    elsewhere: Mailroom
    ours: Mailroom


@asynccontextmanager
async def alone() -> AsyncIterator[None]:
    """One smtpd at a time: its spool and its control socket are the machine's."""
    with (Path(tempfile.gettempdir()) / "tocsin-smtpd.lock").open("w") as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        yield


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Post]:
    require("smtpd")
    if os.geteuid() != 0:
        pytest.skip("OpenSMTPD runs as root only")
    spool = Path("/var/spool/smtpd")
    spool.mkdir(exist_ok=True)
    spool.chmod(0o711)  # it insists
    async with alone(), Mailroom.running() as elsewhere, Mailroom.running() as ours:
        port = free_port()
        configuration = folder / "smtpd.conf"
        configuration.write_text(
            f"listen on 127.0.0.1 port {port}\n"
            f'action "home" relay host smtp://127.0.0.1:{ours.port}\n'
            f'action "out" relay host smtp://127.0.0.1:{elsewhere.port}\n'
            'match from any for domain "ours.example" action "home"\n'
            'match from any for any action "out"\n'
        )
        with (folder / "smtpd.log").open("wb") as log:
            process = subprocess.Popen(["/usr/sbin/smtpd", "-d", "-f", str(configuration)], stdout=log, stderr=log)
        try:
            async with asyncio.timeout(60):
                while True:
                    try:
                        socket.create_connection(("127.0.0.1", port), 1).close()
                        break
                    except OSError:
                        assert process.poll() is None, (folder / "smtpd.log").read_text()
                        await asyncio.sleep(0.05)
            yield Post(port, elsewhere, ours)
        finally:
            process.terminate()
            await asyncio.to_thread(process.wait, 60)


def a_provider(post: Post) -> SmtpProvider:
    known = {
        "driver": "smtp",
        "host": "127.0.0.1",
        "port": post.port,
        "tls": "off",
        "sender": "Tocsin <t@ours.example>",
    }
    bounces = {"bounce_address": BOUNCES, "bounce_key": SECRET}
    made = registry.build("post", SmtpSettings.model_validate(known | bounces), Http())
    assert isinstance(made, SmtpProvider)
    return made


def a_mail() -> Message:
    return a_message("Größe €: spoed").model_copy(update={"channel": Channel.EMAIL, "address": TO})


async def _until_taken(room: Mailroom) -> None:
    async with asyncio.timeout(60):
        while not room.taken:
            await asyncio.sleep(0.05)


async def test_mail_arrives_through_a_real_server_and_a_real_bounce_says_what_became_of_it(tmp_path: Path) -> None:
    async with running(tmp_path) as post:
        provider = a_provider(post)
        assert (await provider.sign_in()).outcome is Outcome.ACCEPTED
        assert post.elsewhere.taken == []
        file = Medium(id=UUID(int=1), name="größe.pdf", media_type=PDF, body=b"%PDF-" + bytes(range(256)) * 4000)
        mail = a_mail().model_copy(update={"media": (file,)})
        assert (await provider.send(mail, "r1")).outcome is Outcome.ACCEPTED
        await _until_taken(post.elsewhere)
        [arrived] = post.elsewhere.taken
        body = arrived.parsed.get_body(("plain",))
        assert body is not None
        assert (arrived.to, body.get_content().strip()) == (TO, "Größe €: spoed")
        [attached] = arrived.parsed.iter_attachments()
        assert (attached.get_filename(), attached.get_content()) == (file.name, file.body)
        assert arrived.return_path == f"bounce+{provider.token('r1')}@ours.example"
        assert post.ours.taken == []

        post.elsewhere.next = {"do": "refuse", "reason": "bad_number"}
        assert (await provider.send(a_mail(), "r2")).outcome is Outcome.ACCEPTED
        await _until_taken(post.ours)
        [bounce] = post.ours.taken
        [report] = provider.read_callback({}, {}, bounce.mail)
        assert (report.client_ref, report.fate, report.reason) == ("r2", Fate.UNDELIVERED, Reason.BAD_ADDRESS)
        assert TO not in report.detail
        assert len(post.elsewhere.taken) == 1
