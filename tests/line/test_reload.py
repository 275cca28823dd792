"""The configuration changes under a running engine: the next mail sees the new rules, a mistake changes nothing."""

import asyncio
import signal
from datetime import timedelta
from pathlib import Path

from engine.net import Http
from tests.servers.installation import Installation, Person
from tests.servers.pymap_server import PymapServer

NUMBER = "+32470000001"


def rule(text: str) -> str:
    return (
        "version: 1\nrules:\n  - name: All\n    when: {subject: mail}\n    limits: {throttle: off, daily: off}\n"
        f"    notify: {{text: '{text} {{subject|40}}', signature: off}}\n"
    )


async def test_under_load_the_next_mail_sees_the_new_rule_and_a_broken_file_changes_nothing(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    async with PymapServer.running(users=1) as server:
        try:
            phone = await installation.start_phone()
            installation.write([Person("anna", NUMBER, "u1", parts=1000, rules=rule("old"))], server)
            file = installation.config / "rules" / "anna" / "rules.yaml"
            await installation.start_engine()
            await installation.watching(1)
            stop = asyncio.Event()
            sent = 0

            async def load() -> None:
                nonlocal sent
                while not stop.is_set():
                    sent += 1
                    await server.deliver("u1", f"From: x@example.org\r\nSubject: mail {sent}\r\n\r\n.\r\n".encode())
                    await asyncio.sleep(0.02)

            loading = asyncio.create_task(load())
            try:
                await installation.until(lambda: len(phone.taken()) > 10, "the first mails")
                file.write_text(rule("new"))
                await installation.until(lambda: installation.log.read_text().count("is in force") == 1, "the reload")
                after = sent + 1  # delivered from now on: none of them may see the old rule
                await installation.until(lambda: sent > after + 20, "more mails")
                file.write_text(rule("broken").replace("subject:", "subjet:"))
                await installation.until(lambda: "has mistakes" in installation.log.read_text(), "the report")
                broken_from = sent + 1
                await installation.until(lambda: sent > broken_from + 20, "more mails yet")
            finally:
                stop.set()
                await loading
            await installation.until(lambda: len(phone.taken()) == sent, "every SMS")
            texts = {int(line["text"].rpartition(" ")[2]): line["text"].split()[0] for line in phone.taken()}
            assert sorted(texts) == list(range(1, sent + 1))
            assert {texts[number] for number in range(after, sent + 1)} == {"new"}
            assert "rules.yaml:4:12: unknown setting 'subjet'" in installation.log.read_text()

            file.write_text(rule("asked"))
            assert installation.engine is not None
            installation.engine.send_signal(signal.SIGHUP)
            await installation.until(lambda: installation.log.read_text().count("is in force") == 2, "SIGHUP")
            assert await installation.end_engine() == 0
        finally:
            await installation.close()


async def test_a_new_secret_is_in_force_without_a_restart(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("the first token")
    installation = Installation(tmp_path)
    installation.gateways = f"  gate: {{driver: fake, url: 'http://127.0.0.1:9', token_file: {token}}}\n"
    http = Http()

    async def is_believed(shown: str) -> bool:
        """Whether a callback with this token is taken for the gate's; it makes no sense either way."""
        url = f"http://127.0.0.1:{installation.web_port}/callbacks/gate"
        headers = {"Authorization": f"Bearer {shown}"}
        reply = await http.request("POST", url, data=b"{}", headers=headers, timeout=timedelta(seconds=10))
        assert reply.status in (400, 403)
        return reply.status == 400

    async with PymapServer.running(users=1) as server:
        try:
            await installation.start_phone()
            installation.write([Person("anna", NUMBER, "u1", rules=rule("x"))], server)
            await installation.start_engine()
            assert await is_believed("the first token")
            token.write_text("the second token")
            await installation.until(
                lambda: "of provider gate is in force" in installation.log.read_text(), "the new token"
            )
            assert await is_believed("the second token")
            assert not await is_believed("the first token")
            assert await installation.end_engine() == 0
            assert "second token" not in installation.log.read_text()
        finally:
            await installation.close()
            await http.close()
