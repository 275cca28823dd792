"""The provider: a message becomes a file in `outbox`, files in `inbox` become texts from phones."""

import asyncio
import errno
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field

from engine.answer import Answer, Outcome, ProviderClass
from engine.channels.features import Features, Reporting
from engine.channels.objection import not_sent, object_to
from engine.channels.provider import Hear, Paced, Publish
from engine.channels.providers.gammu.inbox import Inbox
from engine.channels.providers.gammu.spool import ERROR, SENT, Spool
from engine.document import Flag
from engine.duration import Duration
from engine.message import Message
from engine.net import Http
from engine.notification import Channel, Lane
from engine.reason import Reason
from engine.receipt import DeliveryReport, Fate

log = logging.getLogger(__name__)

#: Seconds between two looks into `inbox`: a text from a phone waits for two of them.
LOOK = 2.0
#: An underscore or a dot would be taken for the end of a field of the file's name.
_REF = re.compile(r"[A-Za-z0-9-]{1,60}")
#: The letter by which gammu-smsd sorts what waits in its outbox: an urgent one goes before bulk that came earlier.
_PRIORITIES = {Lane.URGENT: "A", Lane.NORMAL: "G", Lane.BULK: "Z"}


class GammuSettings(Paced):
    """SMS, by a phone or modem of one's own and gammu-smsd."""

    driver: Literal["gammu"]
    folder: Path = Path("/var/spool/gammu")
    """Where gammu-smsd's folders are: `outbox`, `sent`, `error` and `inbox`."""
    inbox: Flag = False
    """Read what phones send out of `inbox`, and move each file to `inbox/read` when its text is kept."""
    most_waiting: int = Field(default=100, ge=1, le=100_000)
    """With so many files in `outbox` there is no room: the modem is slow, or gammu-smsd does not run."""
    kept: Duration = Field(default=timedelta(days=7), ge=timedelta(minutes=1), le=timedelta(days=3650))
    """How long files stay in `sent` and `error`. gammu-smsd removes none; whoever does must let them lie so long."""
    parts: int = Field(default=10, ge=1, le=50)
    """A longer text is refused. gammu-smsd knows no more than 50."""
    timeout: Duration = Field(default=timedelta(seconds=10), gt=timedelta(0), le=timedelta(minutes=5))
    """How long it may take; whether a message was taken that got no answer by then is not known."""

    def reporting(self) -> bool:
        """Whether a phone has it, gammu-smsd's files do not say."""
        return False


class GammuProvider:
    """Hands files to one gammu-smsd."""

    channels = frozenset({Channel.SMS})
    provider_class = ProviderClass.IDEMPOTENT
    features = Features(reports=Reporting.NONE, hears=True, sender=False, priority=True, on_site=True)
    poll_gap: timedelta | None = timedelta(0)

    def __init__(self, name: str, settings: GammuSettings, http: Http, callback: str) -> None:
        """HTTP client and callback address are for providers that speak HTTP."""
        self.name = name
        self.timeout = settings.timeout
        self.key_life = settings.kept
        self.spool = Spool(settings.folder)
        self.inbox = Inbox(name, settings.folder / "inbox")
        self.look = LOOK
        self._listening: asyncio.Task[None] | None = None
        self._settings = settings

    async def send(self, message: Message, client_ref: str) -> Answer:
        """Put it into `outbox`, unless it is or was there."""
        objection = object_to(message, most_parts=self._settings.parts)
        if objection is not None:
            return objection
        if _REF.fullmatch(client_ref) is None:
            return not_sent(Reason.UNFIT, "no name for a file")
        try:
            async with asyncio.timeout(self.timeout.total_seconds()):
                return await asyncio.to_thread(self._put, message, client_ref)
        except TimeoutError:
            return Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER, detail="the disk does not answer")

    async def ask(self, client_ref: str) -> Answer:
        """Nobody need ask: it can be handed over again."""
        return Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER, detail="it is not asked")

    async def poll(self, client_ref: str, provider_ref: str) -> DeliveryReport | None:
        """Where the message is by now. More is never known: gammu-smsd's own reports carry no reference."""
        try:
            async with asyncio.timeout(self.timeout.total_seconds()):
                folder = await asyncio.to_thread(self.spool.find, client_ref)
        except OSError:  # TimeoutError is one
            return None
        if folder not in (SENT, ERROR):
            return None
        gone = folder == SENT
        return DeliveryReport(
            provider=self.name,
            client_ref=client_ref,
            fate=Fate.SENT if gone else Fate.UNDELIVERED,
            reason=Reason.ACCEPTED if gone else Reason.UNDELIVERED,
            at=datetime.now(UTC),
            detail="the modem sent it" if gone else "the modem could not send it; gammu-smsd's log says why",
        )

    def read_callback(
        self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes
    ) -> list[DeliveryReport]:
        """Nobody reports by HTTP here. Raises PermissionError."""
        raise PermissionError("what became of a message is read from gammu-smsd's folders")

    async def listen(self, publish: Publish, hear: Hear | None = None) -> None:
        """Begin to read `inbox`, where the settings say so."""
        if self._settings.inbox and hear is not None and self._listening is None:
            self._listening = asyncio.create_task(self._bring(hear), name=f"gammu {self.name} inbox")

    async def close(self) -> None:
        """Read no more."""
        if self._listening is not None:
            task, self._listening = self._listening, None
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _bring(self, hear: Hear) -> None:
        """Texts are kept first and moved then: a kill in between brings them again as the same ones."""
        kept: set[str] = set()
        trouble = ""
        while True:
            before, trouble = trouble, ""
            try:
                texts = await asyncio.to_thread(self.inbox.look)
                if new := [each.heard for each in texts if each.heard.provider_ref not in kept]:
                    await hear(new)
                # Where a file cannot be moved it is not brought over and over.
                kept = {each.heard.provider_ref for each in texts}
                await asyncio.to_thread(self.inbox.put_away, texts)
            except OSError as error:
                trouble = _words(error)
            except Exception as error:
                # Whatever went wrong, the texts are not ours yet: they stay where they are.
                trouble = type(error).__name__
            if trouble and trouble != before:
                log.error("what phones send through provider %s waits: %s", self.name, trouble)
            await asyncio.sleep(self.look)

    def _put(self, message: Message, ref: str) -> Answer:
        try:
            if found := self.spool.find(ref):
                return Answer(outcome=Outcome.ACCEPTED, reason=Reason.ACCEPTED, detail=f"it is in {found} already")
            if self.spool.waiting() >= self._settings.most_waiting:
                return Answer(outcome=Outcome.NOT_TAKEN, reason=Reason.PROVIDER_BUSY, detail="its outbox is full")
            draft = self.spool.prepare(ref, message.text)
        except OSError as error:
            return Answer(outcome=Outcome.NOT_TAKEN, reason=Reason.PROVIDER_UNREACHABLE, detail=_words(error))
        try:
            self.spool.reveal(draft, f"OUT{_PRIORITIES[message.lane]}_{message.address}_{ref}.txt")
        except OSError as error:
            return Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER, detail=_words(error))
        return Answer(outcome=Outcome.ACCEPTED, reason=Reason.ACCEPTED, detail="it is in outbox")


def _words(error: OSError) -> str:
    """What is wrong, without the names of files: they hold the number."""
    return (
        f"its folders cannot be used: {errno.errorcode.get(error.errno or 0, 'EIO')}, {error.strerror or 'no reason'}"
    )
