"""The provider behind a description in engine.yaml."""

from base64 import b64encode
from collections.abc import Mapping
from json import dumps
from urllib.parse import quote, urlencode

from engine.answer import Answer, Outcome, ProviderClass
from engine.channels.capability import Capabilities
from engine.channels.carrying import Carrying, divide
from engine.channels.features import Features
from engine.channels.mail.letter import subject_of
from engine.channels.objection import object_to
from engine.channels.providers.http.answers import ErrorRow, Said, read
from engine.channels.providers.http.inbound import read_inbound
from engine.channels.providers.http.reports import read_reports, tell
from engine.channels.providers.http.settings import Ask, Call, Capability, HttpSettings, Poll, Send, SignIn
from engine.channels.providers.http.template import fill, fill_tree, secret_values
from engine.channels.retry_after import read_retry_after
from engine.channels.secret import read_secret
from engine.channels.unanswered import unanswered
from engine.channels.vendor import judge
from engine.channels.words import addresses, discreet
from engine.errors import ProviderError
from engine.heard import Heard
from engine.message import Message
from engine.net import Http, NoReplyError, NotSentError, Reply
from engine.notification import Channel
from engine.reason import Reason
from engine.receipt import DeliveryReport

_OUTCOMES = {"retry": Outcome.NOT_TAKEN, "final": Outcome.REFUSED, "unknown": Outcome.UNKNOWN}
#: The reason where the file names none.
_REASONS = {
    Outcome.NOT_TAKEN: Reason.PROVIDER_BUSY,
    Outcome.REFUSED: Reason.PROVIDER_REFUSED,
    Outcome.UNKNOWN: Reason.NO_ANSWER,
}
_MOST_REF = 200


class HttpProvider:
    """Speaks to whatever its settings describe."""

    channels = frozenset({Channel.SMS, Channel.MMS, Channel.RCS})
    features = Features()

    def __init__(self, name: str, settings: HttpSettings, http: Http, callback: str) -> None:
        """`callback` is the address at which the provider reaches us. Raises ProviderError for a secret's file."""
        self.name = name
        self.provider_class = settings.provider_class
        self.key_life = settings.key_life
        self.timeout = settings.timeout
        self.poll_gap = settings.poll.gap if settings.poll else None
        self.channels = settings.carries()
        self._settings = settings
        self._http = http
        self._able = Capabilities()
        secrets = _read_secrets(settings)
        self._hidden = tuple(secrets.values())
        self._secrets = secret_values(secrets)
        self._own = {**self._secrets, "sender": settings.sender, "callback": callback}

    async def send(self, message: Message, client_ref: str) -> Answer:
        """Hand over `message` as the settings describe, unless it is not fit to be sent."""
        objection = object_to(message, most_parts=self._settings.parts)
        if objection is not None:
            return objection
        values = {
            **self._own,
            "to": message.address,
            "to.digits": message.address.removeprefix("+"),
            "ref": client_ref,
        }
        if await self._is_able(message, values) is False:
            return Answer(outcome=Outcome.REFUSED, reason=Reason.NOT_CAPABLE, detail="it was asked and cannot")
        call, more = self._compose(message)
        reply = await self._call(call, {**values, **more})
        if isinstance(reply, Answer):
            return reply
        return self._understand(reply, message)

    def _compose(self, message: Message) -> tuple[Send, dict[str, str]]:
        """The request for this message, and what it says."""
        call, files = self._settings.send, self._settings.files
        within = Carrying(most=1, bytes=files.most, types=frozenset(files.types)) if files else None
        carried, text = divide(message, {message.channel: within} if within else {})
        if files is None or not carried:
            return call, {"text": text}
        [file] = carried
        said = {"media.url": file.url, "media.type": file.media_type, "media.name": file.name, "text": text}
        said["title"] = message.title or subject_of(text) or file.name
        return call.model_copy(update={"form": None, "json_body": files.json_body}), said

    async def _is_able(self, message: Message, values: Mapping[str, str]) -> bool | None:
        """Whether the phone can receive this; None when nobody says."""
        known = self._able.of(message)
        asking = self._settings.capability
        if known is not None or asking is None:
            return known
        reply = await self._call(asking, values)
        if isinstance(reply, Answer):
            return None
        said = Said(reply)
        able = False if said.meets(asking.no) else True if said.meets(asking.yes) else None
        if able is not None:
            self._able.note(message.channel, message.address, able)
        return able

    async def ask(self, client_ref: str) -> Answer:
        """Was the message under this reference taken? Whatever is neither a yes nor a no leaves it unknown."""
        ask = self._settings.ask
        if ask is None or self.provider_class is not ProviderClass.QUERYABLE:
            return Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER, detail="it cannot be asked")
        reply = await self._call(ask, {**self._own, "ref": client_ref})
        if isinstance(reply, Answer):
            return reply.model_copy(update={"outcome": Outcome.UNKNOWN, "reason": Reason.NO_ANSWER})
        said = Said(reply)
        detail = f"HTTP {reply.status}"
        if said.meets(ask.not_taken):
            return Answer(outcome=Outcome.NOT_TAKEN, reason=Reason.NOT_TAKEN, detail=detail)
        if said.meets(ask.taken):
            ref = said.find(ask.id)[:_MOST_REF] if ask.id else ""
            return Answer(outcome=Outcome.ACCEPTED, reason=Reason.ASKED, provider_ref=ref, detail=detail)
        return Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER, detail=detail)

    async def sign_in(self) -> Answer | None:
        """The request that the settings describe for this, which sends nothing."""
        call = self._settings.sign_in
        if call is None:
            return None
        reply = await self._call(call, {**self._own, "ref": ""})
        if isinstance(reply, Answer):
            return reply
        if 200 <= reply.status < 300:  # whose body may hold more than we want to know
            return Answer(outcome=Outcome.ACCEPTED, reason=Reason.ACCEPTED)
        return judge(reply, discreet(reply.body, *self._hidden))

    def read_callback(
        self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes
    ) -> list[DeliveryReport]:
        """The reports in a request. Raises PermissionError when forged, ValueError when garbage."""
        if self._settings.reports is None:
            raise PermissionError("no reports are expected of this provider")
        return read_reports(self._settings.reports, self.name, self._secrets, headers, query, body)

    async def poll(self, client_ref: str, provider_ref: str) -> DeliveryReport | None:
        """What became of a message, as far as the provider says anything that the settings know."""
        poll = self._settings.poll
        if poll is None:
            return None
        reply = await self._call(poll, {**self._own, "ref": client_ref, "id": provider_ref})
        if isinstance(reply, Answer) or reply.status != 200:
            return None
        tree = Said(reply).tree
        word, words = read(tree, poll.status), read(tree, poll.words) if poll.words else ""
        statuses = poll.statuses or (self._settings.reports.statuses if self._settings.reports else {})
        try:
            return tell(self.name, client_ref, provider_ref, statuses, word, words or "") if word else None
        except ValueError:
            return None

    def read_inbound(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> list[Heard]:
        """The texts in a request. Raises PermissionError when forged, ValueError when garbage."""
        if self._settings.inbound is None:
            raise PermissionError("no texts from phones are expected of this provider")
        return read_inbound(self._settings.inbound, self.name, self._secrets, headers, query, body)

    def thank_inbound(self, body: bytes) -> str:
        """Nothing: some gateways would send it to the phone."""
        return ""

    async def close(self) -> None:
        """Nothing is kept open; the HTTP client belongs to whoever made it."""

    async def _call(self, call: Send | Ask | SignIn | Poll | Capability, values: Mapping[str, str]) -> Reply | Answer:
        url = fill(call.url, values, lambda value: quote(value, safe=""))
        if call.query:
            pairs = urlencode({name: fill(value, values) for name, value in call.query.items()})
            url += ("&" if "?" in url else "?") + pairs
        headers, body = _headers(call, values), None
        if isinstance(call, Send) and call.form is not None:
            body = urlencode({name: fill(value, values) for name, value in call.form.items()}).encode()
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        elif isinstance(call, Send) and call.json_body is not None:
            body = dumps(fill_tree(call.json_body, values), ensure_ascii=False).encode()
            headers.setdefault("Content-Type", "application/json")
        try:
            return await self._http.request(call.method, url, data=body, headers=headers, timeout=self.timeout)
        except (NotSentError, NoReplyError) as error:
            return unanswered(error)

    def _understand(self, reply: Reply, message: Message) -> Answer:
        said = Said(reply)
        found = said.find(self._settings.words) if self._settings.words else said.text
        words = discreet(found, message.text, *self._hidden, *addresses(message.address))
        detail = f"HTTP {reply.status}: {words}"
        row = next((row for row in self._settings.errors if said.meets(row)), None)
        if row is not None:
            return _no(row, reply, detail)
        if said.meets(self._settings.accepted):
            ref = said.find(self._settings.id)[:_MOST_REF] if self._settings.id else ""
            if self._settings.id and not ref:
                return Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER, detail="a yes without its id")
            return Answer(outcome=Outcome.ACCEPTED, reason=Reason.ACCEPTED, provider_ref=ref, detail=detail)
        return judge(reply, words)  # no line of the file speaks of it


def _no(row: ErrorRow, reply: Reply, detail: str) -> Answer:
    outcome = _OUTCOMES[row.then]
    reason = Reason(row.reason) if row.reason else _REASONS[outcome]
    wait = read_retry_after(reply.headers) if outcome is Outcome.NOT_TAKEN else None
    return Answer(outcome=outcome, reason=reason, detail=detail, retry_after=wait)


def _headers(call: Call, values: Mapping[str, str]) -> dict[str, str]:
    headers = {name.title(): fill(value, values) for name, value in call.headers.items()}
    if call.basic is not None:
        pair = f"{fill(call.basic.user, values)}:{fill(call.basic.password, values)}"
        headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    return headers


def _read_secrets(settings: HttpSettings) -> dict[str, str]:
    found = {name: value.get_secret_value() for name, value in settings.secrets.items()}
    for name, file in settings.secret_files.items():
        found[name] = read_secret(None, file, f"the secret '{name}'")
    for name, value in found.items():
        if not value.isprintable():
            raise ProviderError(
                f"the secret '{name}' holds a line break or another character that cannot be sent",
                place=str(settings.secret_files.get(name, "")),
                remedy="write it on one line, nothing else",
            )
    return found
