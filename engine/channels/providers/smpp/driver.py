"""The provider: messages out as submit_sm, delivery reports and replies in as deliver_sm or data_sm."""

import asyncio
import itertools
import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from engine.answer import Answer, Outcome, ProviderClass
from engine.channels.features import Features, Reporting
from engine.channels.objection import not_sent, object_to
from engine.channels.provider import Hear, Publish
from engine.channels.providers.smpp import inbound, receipts, short_message, split
from engine.channels.providers.smpp.deliveries import Deliveries, Delivery
from engine.channels.providers.smpp.encoding import DEFAULT, LATIN1, Charset, UnfitError
from engine.channels.providers.smpp.following import Followed, Following, Known, recognise
from engine.channels.providers.smpp.link import Link
from engine.channels.providers.smpp.outcomes import RINVMSGLEN, ROK, RX_R_APPN, Meaning, answer, meaning
from engine.channels.providers.smpp.pdu import Command, Pdu, PduError, bind, read_id
from engine.channels.providers.smpp.receipts import NetworkReceipt
from engine.channels.providers.smpp.session import BindRefusedError, Door, Session
from engine.channels.providers.smpp.settings import SmppSettings
from engine.channels.providers.smpp.short_message import Address, ShortMessage
from engine.channels.secret import read_secret
from engine.channels.unanswered import unanswered
from engine.errors import ProviderError
from engine.identity import derive
from engine.message import Message
from engine.net import Http, NoReplyError, NotSentError
from engine.notification import Channel, Lane
from engine.reason import Reason
from engine.receipt import DeliveryReport, Fate

#: registered_delivery (5.2.17): tell us how it ends, whichever way.
_REPORT = 0x01


class SmppProvider:
    """Speaks to one SMS centre. A message is one unit for each part; its parts share one fate."""

    channels = frozenset({Channel.SMS})
    provider_class = ProviderClass.OPAQUE
    key_life = timedelta(0)
    features = Features(reports=Reporting.LINK, hears=True, priority=True, validity=True)
    most_parts = split.MOST_PARTS

    def __init__(
        self,
        name: str,
        settings: SmppSettings,
        http: Http,
        callback: str,
        *,
        jitter: Callable[[float], float] = lambda seconds: random.uniform(0.0, seconds),  # noqa: S311
    ) -> None:
        """HTTP client and callback address are for providers that speak HTTP. Raises ProviderError when the password
        cannot be read or cannot be sent.
        """
        self.name = name
        self.timeout = settings.timeout
        self._settings = settings
        self._own = dict(settings.statuses)
        self._following = Following()
        self._calls: set[str] = set()
        self._hears = False
        self._deliveries = Deliveries(name)
        self._source = _source(settings)
        self._references = itertools.count(derive("smpp", name).int & 0xFFFF)
        self._session = Session(name, _door(settings), self._deliver, jitter)

    async def send(self, message: Message, client_ref: str) -> Answer:
        """Hand over `message`.

        The first part decides alone. Once it is taken the others follow, again and again where the SMS centre says
        "not now", until the time is up: taken in part is never tried again as a whole.
        """
        if (objection := object_to(message, most_parts=split.MOST_PARTS)) is not None:
            return objection
        try:
            bodies = self._compose(message, client_ref)
        except UnfitError as error:
            return not_sent(Reason.UNFIT, str(error))
        self._session.start(listen=False)
        deadline = asyncio.get_running_loop().time() + self.timeout.total_seconds()
        followed = self._following.begin(client_ref, len(bodies))
        self._calls.add(client_ref)
        try:
            first = await self._submit(bodies[0], followed, 0, deadline)
            if first.outcome is not Outcome.ACCEPTED or len(bodies) == 1:
                return first
            rest = await asyncio.gather(
                *(self._insist(body, followed, place, deadline) for place, body in enumerate(bodies[1:], 1))
            )
            return _join([first, *rest], self._following.representative(followed))
        finally:
            followed.over = True
            self._calls.discard(client_ref)

    async def ask(self, client_ref: str) -> Answer:
        """query_sm wants the SMS centre's own id, which we lack exactly when we would ask."""
        return Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER, detail="it cannot be asked")

    async def sign_in(self) -> Answer:
        """Bind, ask whether the other side is there, and leave with `close`."""
        self._session.start(listen=False)
        deadline = asyncio.get_running_loop().time() + self.timeout.total_seconds()
        said = await self._request(Command.ENQUIRE_LINK, b"", deadline)
        return said if isinstance(said, Answer) else Answer(outcome=Outcome.ACCEPTED, reason=Reason.ACCEPTED)

    def read_callback(
        self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes
    ) -> list[DeliveryReport]:
        """Nobody reports by HTTP here: whoever does is not the SMS centre. Raises PermissionError."""
        raise PermissionError("an SMS centre reports over its own connection")

    async def listen(self, publish: Publish, hear: Hear | None = None) -> None:
        """Bind for receiving too, and from now on hand over what the SMS centre reports and what phones send us.

        Without `hear` the SMS centre is told that nobody reads texts.
        """
        self._hears = hear is not None
        self._deliveries.start(publish, hear)
        self._session.start(listen=True)

    async def close(self) -> None:
        """Unbind. What was not acknowledged, the SMS centre brings again."""
        await self._session.close()
        await self._deliveries.stop()

    # ---- out

    def _compose(self, message: Message, client_ref: str) -> list[bytes]:
        """The body of each part. Raises UnfitError for what the SMS centre's alphabet lacks."""
        settings = self._settings
        parts = split.split(message.text, settings.segmentation, next(self._references), settings.charset)
        default = DEFAULT if settings.charset is Charset.GSM7 else LATIN1
        coding = split.data_coding(message.text, default if settings.data_coding is None else settings.data_coding)
        validity = ""
        if settings.expiry and message.not_after is not None:
            validity = f"{message.not_after.astimezone(UTC):%y%m%d%H%M%S}000+"  # 7.1.1
        return [
            short_message.encode(
                ShortMessage(
                    source=self._source,
                    destination=Address(message.address.removeprefix("+")),
                    data=part.data,
                    esm_class=part.esm_class,
                    priority=int(settings.priority and message.lane is Lane.URGENT),
                    data_coding=coding,
                    registered=_REPORT if settings.reports else 0,
                    validity=validity,
                    parameters={**part.parameters, **self._tag(client_ref, place, len(parts))},
                )
            )
            for place, part in enumerate(parts, 1)
        ]

    def _tag(self, client_ref: str, place: int, parts: int) -> dict[int, bytes]:
        """Our reference in the operator's own parameter, with the place of a part; nothing where it has none."""
        tag = self._settings.reference_tag
        written = client_ref if parts == 1 else f"{client_ref}/{place}/{parts}"
        return {} if tag is None else {tag: written.encode()}

    async def _submit(self, body: bytes, followed: Followed, place: int, deadline: float) -> Answer:
        """Hand over one part."""

        def heard(pdu: Pdu) -> None:
            self._note(pdu, followed, place)

        pdu = await self._request(Command.SUBMIT_SM, body, deadline, heard)
        if isinstance(pdu, Answer):
            return pdu
        if pdu.command == Command.GENERIC_NACK or pdu.status != ROK:
            return self._refused(pdu)
        if not followed.ids[place]:
            return Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER, detail="it names no message")
        self._session.window.widen()
        return Answer(outcome=Outcome.ACCEPTED, reason=Reason.ACCEPTED, provider_ref=followed.ids[place])

    async def _request(
        self, command: Command, body: bytes, deadline: float, heard: Callable[[Pdu], None] | None = None
    ) -> Pdu | Answer:
        """The SMS centre's unit, or what its absence means."""
        try:
            return await self._session.request(command, body, deadline, heard)
        except (NotSentError, NoReplyError) as error:
            return unanswered(error)
        except BindRefusedError as error:
            return answer(error.status, self._own).model_copy(update={"detail": str(error)})

    def _refused(self, pdu: Pdu) -> Answer:
        if pdu.status == ROK:
            return Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER, detail="it said no without a reason")
        said = answer(pdu.status, self._own)
        if meaning(pdu.status, self._own) is not Meaning.BUSY:
            return said
        away = self._settings.slow_down
        self._session.window.narrow(away.total_seconds())
        return said.model_copy(update={"retry_after": away})

    async def _insist(self, body: bytes, followed: Followed, place: int, deadline: float) -> Answer:
        """Hand over a part of a message that is taken in part already: "not now" is asked again."""
        loop = asyncio.get_running_loop()
        while True:
            said = await self._submit(body, followed, place, deadline)
            pause = (said.retry_after or timedelta(seconds=1)).total_seconds()
            if said.outcome is not Outcome.NOT_TAKEN or loop.time() + pause >= deadline:
                return said
            await asyncio.sleep(pause)

    def _note(self, pdu: Pdu, followed: Followed, place: int) -> None:
        """An answer came. Called while it is read, before any receipt that may follow at once."""
        if pdu.command == Command.GENERIC_NACK or pdu.status != ROK:
            return
        try:
            id = self._settings.message_ids.in_answer(read_id(pdu.body))
        except PduError:
            return
        self._following.name(followed, place, id)
        if followed.over and all(followed.ids):
            # Nobody waits for the answer any more: it proves as much as a receipt does that the message was taken.
            known = self._following.known(followed)
            taken = NetworkReceipt(id, Fate.SENT, Reason.ACCEPTED, "its answer came late")
            self._tell(None, known or Known(followed.ref, self._following.representative(followed), taken))

    # ---- in

    def _deliver(self, link: Link, pdu: Pdu) -> None:
        """A deliver_sm or data_sm came: it is acknowledged once what it says is kept."""
        try:
            read = short_message.decode if pdu.command == Command.DELIVER_SM else short_message.decode_data
            message = read(pdu.body)
            if receipts.is_receipt(message):
                receipt = receipts.read(message, self._settings.message_ids)
                known = self._following.hear(receipt)
                if known is not None and not known.ref and self._settings.reference_tag is not None:
                    shown = message.parameters.get(self._settings.reference_tag, b"")
                    known = recognise(known, shown, self._calls)
                self._tell((link, pdu), known)
                return
            now = datetime.now(UTC)
            heard = inbound.read(self.name, message, self._settings.charset, now) if self._hears else None
        except ValueError:  # PduError is one; its words may hold what the network sent
            link.respond(pdu, RINVMSGLEN, b"\0")
            return
        if not self._hears:
            link.respond(pdu, RX_R_APPN, b"\0")
        else:
            self._deliveries.put(Delivery((link, pdu), heard=heard))

    def _tell(self, asked: tuple[Link, Pdu] | None, known: Known | None) -> None:
        report = None
        if known is not None:
            report = DeliveryReport(
                provider=self.name,
                client_ref=known.ref,
                provider_ref=known.id,
                fate=known.receipt.fate,
                reason=known.receipt.reason,
                at=datetime.now(UTC),
                detail=known.receipt.words,
            )
        self._deliveries.put(Delivery(asked, report=report))


def _join(said: list[Answer], representative: str) -> Answer:
    """The answer for a message whose first part was taken."""
    taken = sum(each.outcome is Outcome.ACCEPTED for each in said)
    if taken == len(said):
        return said[0].model_copy(update={"provider_ref": representative})
    in_part = f"{taken} of {len(said)} parts were taken"
    no = next((each for each in said if each.outcome in (Outcome.REFUSED, Outcome.NOT_TAKEN)), None)
    if no is not None:  # it will never be whole
        return Answer(outcome=Outcome.REFUSED, reason=Reason.PROVIDER_REFUSED, detail=f"{in_part}; {no.detail}")
    return Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER, detail=in_part)


def _source(settings: SmppSettings) -> Address:
    sender = settings.sender
    digits = sender.removeprefix("+")
    if sender.startswith("+"):
        ton, npi = 1, 1
    elif digits.isdecimal():
        ton, npi = 3, 0
    else:
        ton, npi = (5, 0) if sender else (0, 0)
    return Address(
        digits,
        ton if settings.sender_ton is None else settings.sender_ton,
        npi if settings.sender_npi is None else settings.sender_npi,
    )


def _door(settings: SmppSettings) -> Door:
    password = read_secret(settings.password, settings.password_file, "the password of the system_id")
    try:
        body = bind(settings.system_id, password, settings.system_type)
    except PduError:
        place, remedy = str(settings.endpoints()[0]), "ask the operator for a password of letters and digits"
        raise ProviderError("the password cannot be sent over SMPP", place=place, remedy=remedy) from None
    return Door(
        host=settings.host,
        port=settings.port,
        bind=body,
        window=settings.window,
        enquire=settings.enquire.total_seconds(),
        timeout=settings.timeout.total_seconds(),
        tls=settings.tls == "on",
        ca_file=settings.ca_file,
    )
