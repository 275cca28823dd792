"""What happens on the stage, seen from outside: the engine's store and the phone are read again and again."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from engine.demo.reading import MailStory, Reading, Standing
from engine.net import Http

#: Seconds between two looks.
_PAUSE = 0.2


@dataclass(frozen=True)
class Scene:
    """One moment: the mails and what became of them, the credit, and what stands on the phone."""

    mails: list[MailStory]
    standing: Standing
    messages: list[dict[str, Any]]


class Follower:
    """Looks on, and tells whoever wants to know of every change."""

    def __init__(self, reading: Reading, phone: str, tell: Callable[[Scene], None]) -> None:
        self._reading = reading
        self._http = Http()
        self._phone = phone
        self._tell = tell
        self.scene: Scene | None = None

    async def look(self) -> Scene:
        """The present moment; told on when it differs from the last."""
        mails, standing = await self._reading.read()
        reply = await self._http.request("GET", f"{self._phone}/messages", timeout=timedelta(seconds=10))
        scene = Scene(mails, standing, json.loads(reply.body))
        if scene != self.scene:
            self.scene = scene
            self._tell(scene)
        return scene

    async def until(self, condition: Callable[[Scene], bool]) -> None:
        """Look on until `condition` holds."""
        while not condition(await self.look()):  # noqa: ASYNC110  (a file in another process gives no sign)
            await asyncio.sleep(_PAUSE)

    async def close(self) -> None:
        """Stop looking."""
        await self._http.close()
        self._reading.close()
