"""The provider: a text becomes pages, the pages a job whose tag is our reference.

That tag is what makes it queryable. Nothing is sent before the last command, JSUBM; where its answer is lost, the
queues tell whether it was heard.
"""

import asyncio
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from engine.answer import Answer, Outcome, ProviderClass
from engine.channels.features import Features, Reporting
from engine.channels.mail.letter import attach, flaw
from engine.channels.objection import not_sent
from engine.channels.paper.press import press
from engine.channels.paper.render import Paper, require
from engine.channels.provider import Hear, Publish
from engine.channels.providers.hylafax.queue import Job, find_jobs
from engine.channels.providers.hylafax.session import LostError, NoError, Session
from engine.channels.providers.hylafax.settings import HylafaxSettings
from engine.channels.secret import read_secret
from engine.channels.words import addresses, discreet
from engine.errors import ProviderError
from engine.message import Message
from engine.net import Http
from engine.notification import Channel
from engine.pool import OverrunError
from engine.reason import Reason
from engine.receipt import DeliveryReport, Fate

log = logging.getLogger("tocsin.hylafax")

_E164 = re.compile(r"\+[1-9][0-9]{5,14}")
_REF = re.compile(r"[A-Za-z0-9-]{1,60}")
#: A job that is given less than this was too late anyway.
_SHORTEST = timedelta(minutes=1)


class HylafaxProvider:
    """Speaks to one HylaFAX server."""

    channels = frozenset({Channel.FAX})
    provider_class = ProviderClass.QUERYABLE
    features = Features(reports=Reporting.LINK, validity=True, on_site=True, alphabet="what DejaVu Sans Mono draws")

    def __init__(self, name: str, settings: HylafaxSettings, http: Http, callback: str) -> None:
        """HTTP client and callback address are for providers that speak HTTP.

        Raises ProviderError when the password cannot be used, or the libraries that draw pages are missing.
        """
        require()
        self.name = name
        self.timeout = settings.timeout
        self.key_life = settings.kept
        self._settings = settings
        self._password = read_secret(settings.password, settings.password_file, "the password in hosts.hfaxd")
        if not (self._password.isascii() and self._password.isprintable()):
            place = str(settings.password_file or "")
            raise ProviderError("the password cannot be sent", place=place, remedy="use letters and digits")
        self._prefix = f"tocsin/{name}/"
        self._told: set[tuple[str, str]] = set()
        self._polling: asyncio.Task[None] | None = None

    async def send(self, message: Message, client_ref: str) -> Answer:
        """Draw the pages and queue them."""
        if _E164.fullmatch(message.address) is None or _REF.fullmatch(client_ref) is None:
            return not_sent(Reason.BAD_NUMBER, "this is no international number")
        if wrong := flaw(message.text):
            return not_sent(Reason.UNFIT, wrong)
        try:
            now = datetime.now().astimezone()
            paper = await press(message.text, self._settings.sender, now, attach(message.media))
        except (ValueError, OverrunError) as error:
            return not_sent(Reason.UNFIT, discreet(str(error)))
        if paper.pages > self._settings.most_pages:
            return not_sent(Reason.TOO_LONG, f"{paper.pages} pages")
        submitted = False
        try:
            async with asyncio.timeout(self.timeout.total_seconds()), self._session() as session:
                job = await self._prepare(session, message, client_ref, paper)
                submitted = True
                said = await session.say("JSUBM")
        except NoError as error:
            # hfaxd may have woken the scheduler before it says no to JSUBM: then the queues tell.
            return self._refused(error, message, submitted)
        except (LostError, TimeoutError) as error:
            detail = discreet(str(error) or "no answer in time")
            if submitted:
                return Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER, detail=detail)
            return Answer(outcome=Outcome.NOT_TAKEN, reason=Reason.PROVIDER_UNREACHABLE, detail=detail)
        if said.code != 200:
            return Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER, detail="what it says is no yes")
        detail = f"job {job}, {paper.pages} {'page' if paper.pages == 1 else 'pages'}"
        return Answer(outcome=Outcome.ACCEPTED, reason=Reason.ACCEPTED, provider_ref=job, detail=detail)

    async def ask(self, client_ref: str) -> Answer:
        """Is there a job with this reference, waiting or finished?"""
        try:
            jobs = await self._jobs(client_ref)
        except (NoError, LostError, TimeoutError, ValueError) as error:
            detail = discreet(str(error) or "no answer in time", self._password)
            return Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER, detail=detail)
        job = next((each for each in jobs if each.tag == self._prefix + client_ref), None)
        if job is None:
            return Answer(outcome=Outcome.NOT_TAKEN, reason=Reason.NOT_TAKEN, detail="no job has this reference")
        return Answer(outcome=Outcome.ACCEPTED, reason=Reason.ASKED, provider_ref=job.id, detail=f"job {job.id}")

    async def sign_in(self) -> Answer:
        """Give name and password, and leave."""
        try:
            async with asyncio.timeout(self.timeout.total_seconds()), self._session() as session:
                await session.sign_in(self._settings.user, self._password)
        except NoError as error:
            detail = f"{error.code} {discreet(error.words, self._password)}"
            if error.code == 530:
                return _no(Reason.PROVIDER_AUTH, detail)
            return Answer(outcome=Outcome.NOT_TAKEN, reason=Reason.PROVIDER_BUSY, detail=detail)
        except (LostError, TimeoutError) as error:
            detail = discreet(str(error) or "no answer in time")
            return Answer(outcome=Outcome.NOT_TAKEN, reason=Reason.PROVIDER_UNREACHABLE, detail=detail)
        return Answer(outcome=Outcome.ACCEPTED, reason=Reason.ACCEPTED)

    def read_callback(
        self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes
    ) -> list[DeliveryReport]:
        """Nobody reports by HTTP here. Raises PermissionError."""
        raise PermissionError("what became of a fax is read from the server's queues")

    async def listen(self, publish: Publish, hear: Hear | None = None) -> None:
        """Look through the queues again and again, and hand over what became of our faxes."""
        self._polling = asyncio.create_task(self._poll(publish), name=f"hylafax {self.name}")

    async def close(self) -> None:
        """Look no more. What was not told is found again the next time."""
        if self._polling is not None:
            self._polling.cancel()
            await asyncio.gather(self._polling, return_exceptions=True)

    async def look(self) -> list[DeliveryReport]:
        """What is finished and was not told yet. Raises LostError, NoError, TimeoutError."""
        jobs = await self._jobs("")
        now = datetime.now(UTC)
        ended = [job for job in jobs if job.fate is not Fate.SENT and (job.id, job.tag) not in self._told]
        self._told &= {(job.id, job.tag) for job in jobs}
        return [self._report(job, now) for job in ended]

    async def _poll(self, publish: Publish) -> None:
        while True:
            try:
                reports = await self.look()
                if reports:
                    await publish(reports)
                    self._told |= {(each.provider_ref, self._prefix + each.client_ref) for each in reports}
            except (LostError, NoError, TimeoutError) as error:
                log.warning("%s: the queues cannot be read: %s", self.name, discreet(str(error), self._password))
            except Exception:
                log.exception("%s: reports wait", self.name)
            await asyncio.sleep(self._settings.poll.total_seconds())

    def _report(self, job: Job, now: datetime) -> DeliveryReport:
        return DeliveryReport(
            provider=self.name,
            client_ref=job.tag.removeprefix(self._prefix),
            provider_ref=job.id,
            fate=job.fate,
            reason=job.reason,
            at=now,
            detail=discreet(job.words) if job.words else f"{job.pages} pages",
        )

    async def _jobs(self, ref: str) -> list[Job]:
        async with asyncio.timeout(self.timeout.total_seconds()), self._session() as session:
            await session.sign_in(self._settings.user, self._password)
            return await find_jobs(session, self._prefix + ref)

    def _session(self) -> Session:
        return Session(self._settings.host, self._settings.port)

    async def _prepare(self, session: Session, message: Message, client_ref: str, paper: Paper) -> str:
        """Everything but the last command; answers the job's number."""
        settings = self._settings
        await session.sign_in(settings.user, self._password)
        document = await session.store(paper.pdf)
        found = re.search(r"jobid: (\d+)", (await session.say("JNEW")).text)
        if found is None:
            raise LostError("it names no job")
        dial = settings.dial.format(number=message.address, digits=message.address[1:])
        life = settings.give_up
        if message.not_after is not None:
            life = max(min(life, message.not_after - datetime.now(UTC)), _SHORTEST)
        minutes = int(life.total_seconds()) // 60
        values = {
            "FROMUSER": f'"{settings.user}"',
            "LASTTIME": f"{minutes // 1440:02}{minutes // 60 % 24:02}{minutes % 60:02}",
            "MAXDIALS": settings.dials,
            "MAXTRIES": settings.tries,
            "DIALSTRING": f'"{dial}"',
            "EXTERNAL": f'"{dial}"',
            "JOBINFO": f'"{self._prefix}{client_ref}"',
            "VRES": 196 if settings.resolution == "fine" else 98,
            "PAGEWIDTH": 209,
            "PAGELENGTH": 296,
            "NOTIFY": '"none"',
            "PAGECHOP": '"none"',
            "DOCUMENT": document,
        }
        if settings.modem:
            values["MODEM"] = f'"{settings.modem}"'
        for name, value in values.items():
            await session.say(f"JPARM {name} {value}")
        return found[1]

    def _refused(self, error: NoError, message: Message, submitted: bool) -> Answer:
        detail = f"{error.code} {discreet(error.words, self._password, message.text, *addresses(message.address))}"
        if submitted:
            return Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER, detail=detail)
        if error.code == 530:
            return _no(Reason.PROVIDER_AUTH, detail)
        if error.code < 500:
            return Answer(outcome=Outcome.NOT_TAKEN, reason=Reason.PROVIDER_BUSY, detail=detail)
        return _no(Reason.PROVIDER_REFUSED, detail)


def _no(reason: Reason, detail: str) -> Answer:
    return Answer(outcome=Outcome.REFUSED, reason=reason, detail=detail)
