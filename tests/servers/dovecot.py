"""Debian's Dovecot on ports of its own: any user, password 'secret', mail by LMTP. Run the tests as root."""

import asyncio
import contextlib
import os
import shutil
import smtplib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self

from tests.servers import make_certificate, require
from tests.servers.client import MailServer
from tests.servers.pymap_server import free_port, wait_for_port

_CONFIGURATION = """\
base_dir = {base}/run
state_dir = {base}/state
instance_name = tocsin{imap}
log_path = {base}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
mail_location = maildir:~/mail
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 1
auth_mechanisms = plain login
disable_plaintext_auth = no
auth_failure_delay = 0
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={base}/mail/%u allow_all_users=yes
}}
ssl = yes
ssl_cert = <{base}/cert.pem
ssl_key = <{base}/key.pem
mail_max_userip_connections = 100000
service imap-login {{
  chroot =
  service_count = 0
  client_limit = 10000
  process_limit = 2
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
# Many clients for each process: with one each, the 128 inotify instances of a user run out and IDLE takes 30 s.
service imap {{
  client_limit = 250
  process_limit = 60
  service_count = 0
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
service auth {{
  client_limit = 15000
}}
service anvil {{
  client_limit = 15000
  # Without this a good sign-in after bad ones takes seconds.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  client_limit = 15000
}}
protocol lmtp {{
  postmaster_address = postmaster@localhost
}}
"""


class DovecotServer(MailServer):
    """A running Dovecot. `host` is a name that its certificate holds; `ca_file` trusts it."""

    host = "localhost"

    def __init__(self, base: Path) -> None:
        self.base = base
        self.port, self.tls_port, self.lmtp_port = free_port(), free_port(), free_port()
        self.ca_file = base / "cert.pem"
        self._process: asyncio.subprocess.Process | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls) -> AsyncIterator[Self]:
        """A server that is up, and down again at the end. Skips where there is none."""
        require("dovecot", "doveadm", "openssl")
        base = Path(tempfile.mkdtemp(prefix="tocsin-dovecot-"))
        server = cls(base)
        try:
            await server.start()
            yield server
        finally:
            await server.stop()
            await asyncio.to_thread(shutil.rmtree, base, ignore_errors=True)

    async def start(self) -> None:
        """Write the configuration and start in the foreground."""
        base, root = self.base, os.getuid() == 0
        for name in ("run", "mail", "state"):
            (base / name).mkdir(exist_ok=True)
        base.chmod(0o755)
        make_certificate(base)
        user, group = ("nobody", "nogroup") if root else (str(os.getuid()), str(os.getgid()))
        if root:
            shutil.chown(base / "mail", user, group)
        text = _CONFIGURATION.format(
            base=base, user=user, group=group, imap=self.port, imaps=self.tls_port, lmtp=self.lmtp_port
        )
        (base / "dovecot.conf").write_text(text)
        self._process = await asyncio.create_subprocess_exec(
            _find("dovecot"), "-F", "-c", str(base / "dovecot.conf"), stdout=asyncio.subprocess.DEVNULL
        )
        await wait_for_port("127.0.0.1", self.port, self._process)
        await wait_for_port("127.0.0.1", self.lmtp_port, self._process)

    async def stop(self) -> None:
        """End it and its children."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            try:
                async with asyncio.timeout(10):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
                await self._process.wait()

    async def post(self, user: str, *mails: bytes) -> None:
        """Deliver mails over LMTP, as a mail server does."""

        def run() -> None:
            with smtplib.LMTP("127.0.0.1", self.lmtp_port) as door:
                for mail in mails:
                    door.sendmail("sender@example.com", [user], mail)

        await asyncio.to_thread(run)

    async def doveadm(self, *arguments: str) -> str:
        """Run doveadm on this instance; answers what it prints."""
        process = await asyncio.create_subprocess_exec(
            _find("doveadm"),
            *("-c", str(self.base / "dovecot.conf"), *arguments),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await process.communicate()
        return out.decode()


def _find(program: str) -> str:
    found = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin")
    assert found is not None
    return found
