"""The other side of an SMPP provider."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from engine.answer import ProviderClass
from engine.channels.provider import Hear
from engine.channels.providers.smpp.driver import SmppProvider
from engine.channels.providers.smpp.settings import SmppSettings
from engine.heard import Heard
from engine.net import Http
from engine.part import LongText, Part
from engine.receipt import DeliveryReport
from tests.contracts.provider import GARBAGE, LONG, SECRET, Callback
from tests.servers.smsc import Smsc

#: The operator's parameter in which our reference travels, so that the journal names it.
TAG = 0x1400
_STATUSES = {"bad_number": 0x0B, "no_credit": 0x0401, "refused": 0x45}


class SmppRig:
    """A real SMS centre on loopback."""

    def __init__(self) -> None:
        self.smsc = Smsc(password=SECRET, final="")
        self.reports: list[DeliveryReport] = []
        self.providers: list[SmppProvider] = []
        self.slow_down = timedelta(seconds=1)

    async def stop(self) -> None:
        for each in self.providers:
            await each.close()
        await self.smsc.stop()

    def provider(
        self, provider_class: ProviderClass = ProviderClass.OPAQUE, timeout: timedelta = LONG, **how: Any
    ) -> SmppProvider:
        assert provider_class is ProviderClass.OPAQUE
        known = {
            "driver": "smpp",
            "host": "127.0.0.1",
            "port": self.smsc.port,
            "system_id": "tocsin",
            "password": SECRET,
            "timeout": timeout,
            "reference_tag": TAG,
            "slow_down": self.slow_down,
            "statuses": {"0x0401": "no_credit"},
        }
        settings = SmppSettings.model_validate({**known, **how})
        made = SmppProvider("centre", settings, Http(), "", jitter=lambda seconds: 0.0)
        self.providers.append(made)
        return made

    async def listening(self, hear: Hear | None = None, **how: Any) -> SmppProvider:
        """A provider whose reports arrive in `reports`."""
        made = self.provider(**how)

        async def publish(reports: Any) -> None:
            self.reports += reports

        await made.listen(publish, hear)
        return made

    async def behave(self, do: str, **how: Any) -> None:
        if do == "refuse" and how["reason"] == "auth":
            self.smsc.next.append({"do": "bind", "status": 0x0E})
        elif do == "refuse":
            self.smsc.next.append({"do": do, "status": _STATUSES[how["reason"]]})
        elif do in ("busy", "unavailable"):
            # SMPP has no word for "come back in 7 s": how long to stay away is the provider's own setting.
            self.slow_down = timedelta(seconds=how["seconds"])
            self.smsc.next.append({"do": do, "status": 0x58 if do == "busy" else 0x14})
        elif do == "fail":
            self.smsc.next.append({"do": do, "status": 0x08})
        else:
            self.smsc.next.append({"do": do, **how})

    def taken(self) -> list[str]:
        return [part.tlvs[TAG].decode().partition("/")[0] for part in self.smsc.parts]

    async def switch_off(self) -> None:
        await self.smsc.stop()

    def callbacks(self, ref: str) -> list[Callback]:
        return []

    def forgeries(self, ref: str) -> list[Callback]:
        return [Callback(query={"ref": ref}, body=body) for body in GARBAGE]

    def garbage(self, ref: str) -> list[Callback]:
        return []


def joined(heard: Sequence[Heard | Part]) -> list[str]:
    """The whole texts, once their parts are joined as the store joins them."""
    texts: dict[UUID, LongText] = {}
    whole: list[str] = []
    for each in heard:
        if isinstance(each, Heard):
            whole.append(each.text)
            continue
        text = texts.get(each.text_id) or LongText(id=each.text_id)
        piece = text.place(each)
        assert piece is not None
        texts[text.id] = text.put(piece)
        if (said := texts[text.id].join(each.at)) is not None:
            whole.append(said.text)
    return whole


async def until(condition: Callable[[], Any]) -> None:
    """Wait for what is about to be."""
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.005)
