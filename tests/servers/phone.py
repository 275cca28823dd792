"""The virtual phone inside the test: the other side of every provider that can speak to it."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from engine.answer import ProviderClass
from engine.channels import registry
from engine.channels.provider import Provider
from engine.channels.providers.fake import FakeSettings
from engine.demo.journal import Did, Journal
from engine.demo.phone import Phone
from engine.net import Http
from engine.noun import Written
from engine.web.server import Listener
from tests.contracts.provider import GARBAGE, LONG, SECRET, Callback


def _fake(**settings: Any) -> Written:
    return FakeSettings.model_validate(settings)


class PhoneRig:
    """The real phone on a free loopback port."""

    def __init__(self, folder: Path, settings: Callable[..., Written] = _fake) -> None:
        """`settings` makes the provider's out of url, class, timeout and token."""
        self.settings = settings
        self.path = folder / "phone.jsonl"
        self.http = Http()
        self.phone = Phone(Journal(self.path), token=SECRET)
        app = web.Application()
        app.add_routes(self.phone.routes())
        self.listener = Listener(app, "127.0.0.1", 0, remedy="")

    async def start(self) -> None:
        await self.listener.start()
        await self.phone.start()

    async def stop(self) -> None:
        self.phone.hang_up()
        await self.listener.stop()
        await self.phone.stop()
        await self.http.close()

    def provider(
        self, provider_class: ProviderClass, timeout: timedelta = LONG, token: str | None = SECRET
    ) -> Provider:
        how = {"url": self.listener.url, "class": provider_class.value, "timeout": timeout, "token": token}
        return registry.build("phone", self.settings(**how), self.http)

    async def behave(self, do: str, **how: Any) -> None:
        reply = await self.http.request(
            "POST",
            f"{self.listener.url}/behave",
            json={"do": do, **how},
            headers={"Authorization": f"Bearer {SECRET}"},
            timeout=LONG,
        )
        assert reply.status == 200, reply.body

    def taken(self) -> list[str]:
        lines = [json.loads(line) for line in self.path.read_text().splitlines()]
        return [line["ref"] for line in lines if line["did"] == Did.TAKEN]

    async def switch_off(self) -> None:
        await self.listener.stop()

    def callbacks(self, ref: str) -> list[Callback]:
        return [
            Callback(
                headers={"Authorization": f"Bearer {SECRET}"},
                body=json.dumps({"ref": ref, "id": "P1", "status": status, "at": "2026-11-21T10:00:00Z"}).encode(),
            )
            for status in ("delivered", "undelivered", "phone_off", "phone_full")
        ]

    def forgeries(self, ref: str) -> list[Callback]:
        proofs = ({}, {"Authorization": f"Bearer {SECRET[:-1]}"}, {"Authorization": "Bearer \udcff"})
        bodies = [each.body for each in self.callbacks(ref)] + [b"nonsense"]
        return [Callback(headers=proof, body=body) for proof in proofs for body in bodies]

    def garbage(self, ref: str) -> list[Callback]:
        return [Callback(headers={"Authorization": f"Bearer {SECRET}"}, body=body) for body in GARBAGE]
