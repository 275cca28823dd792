"""What operators and owners see of a real run: readiness, metrics, and an SMS when a folder is gone."""

import asyncio
import urllib.request
from pathlib import Path

from tests.servers.installation import Installation, Person
from tests.servers.pymap_server import PymapServer

NUMBER = "+32470000001"


def _get(installation: Installation, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{installation.web_port}/{path}", timeout=10) as answer:
        return str(answer.read().decode())


async def test_a_missing_folder_is_one_sms_to_its_owner_also_after_a_restart(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    async with PymapServer.running(users=1) as server:
        try:
            phone = await installation.start_phone()
            installation.write(
                [Person("anna", NUMBER, "u1", parts=3, tell="{low_balance: 0}", folders=("Gone",))], server
            )
            for _ in range(2):
                await installation.start_engine()
                await installation.until(
                    lambda: "folder missing" in installation.log.read_text(), "the folder to be missed"
                )
                await installation.until(lambda: len(phone.taken()) == 1, "the SMS")
                await installation.until(lambda: installation.count("decision") == 1, "the decision")
                assert '"ready": true' in await asyncio.to_thread(_get, installation, "readyz")
                metrics = await asyncio.to_thread(_get, installation, "metrics")
                assert 'tocsin_mailboxes{state="folder_missing"} 1.0' in metrics
                assert NUMBER[1:] not in metrics
                assert "anna" not in metrics
                assert await installation.end_engine() == 0
            [sms] = phone.taken()
            assert sms["text"].startswith("Tocsin: sinds ")
        finally:
            await installation.close()
