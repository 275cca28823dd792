"""How a provider of one's own is written in `config/engine.yaml`."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, ConfigDict, Field, SecretStr, StringConstraints, model_validator

from engine.answer import ProviderClass
from engine.channels.carrying import PICTURES
from engine.channels.endpoint import Endpoint
from engine.channels.provider import Line, Paced
from engine.channels.providers.http.answers import ErrorRow, Extract, Place, When
from engine.channels.providers.http.inbound import Inbound
from engine.channels.providers.http.presets import fill_in
from engine.channels.providers.http.reports import Became, Reports
from engine.channels.providers.http.template import (
    AskTemplate,
    CapabilityTemplate,
    FileTemplate,
    HeaderTemplate,
    JsonTemplate,
    PollTemplate,
    Template,
    leaves,
    places,
    raise_at,
    secret_names,
)
from engine.document import Flaw, flawed, suggest
from engine.duration import Duration
from engine.guard import is_near
from engine.notification import Channel
from engine.noun import Written
from engine.size import Size

_Location = tuple[str | int, ...]
_Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,40}$")]
_Field = Annotated[str, StringConstraints(min_length=1, max_length=200)]
_HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,100}$")]


def _address(template: str) -> str:
    parts = urlsplit(template)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("write a whole address, like https://api.example.com/sms")
    if "{" in parts.netloc or "@" in parts.netloc:
        raise ValueError("scheme, host and port stand as they are, without braces, user or password")
    if parts.scheme == "http" and not is_near(parts.hostname):
        raise ValueError("write https://: what crosses the internet unencrypted can be read by others")
    return template


class Basic(Written):
    """HTTP basic authentication."""

    user: AskTemplate
    password: AskTemplate


class Call(Written):
    """One HTTP request."""

    method: Literal["GET", "POST", "PUT"] = "POST"
    basic: Basic | None = None
    headers: Mapping[_HeaderName, HeaderTemplate] = {}

    def templates(self) -> Iterator[tuple[_Location, str]]:
        """(where, template) of every text that is filled in."""
        for name in ("url", "basic", "headers", "query", "form", "json_body"):
            value = getattr(self, name, None)
            value = value.model_dump() if isinstance(value, Written) else value
            yield from leaves(value, ("json" if name == "json_body" else name,))


class Send(Call):
    """The request that hands over a message."""

    url: Annotated[Template, AfterValidator(_address)]
    query: Mapping[_Field, Template] = {}
    form: Mapping[_Field, Template] | None = None
    json_body: JsonTemplate = Field(default=None, alias="json")
    """The body, as a block. {$number: "{to.digits}"} and {$flag: true} are no text in it."""

    @model_validator(mode="after")
    def _one_body(self) -> "Send":
        if self.form is not None and self.json_body is not None:
            raise ValueError("a request has one body: form or json")
        if self.method == "GET" and (self.form is not None or self.json_body is not None):
            raise ValueError("a GET has no body: write 'query', or 'method: POST'")
        return self


class SignIn(Call):
    """A request that sends nothing to anybody and that only whoever has signed in may make: the balance, say."""

    method: Literal["GET", "POST", "PUT"] = "GET"
    headers: Mapping[_HeaderName, AskTemplate] = {}
    url: Annotated[AskTemplate, AfterValidator(_address)]
    query: Mapping[_Field, AskTemplate] = {}


class Ask(Call):
    """The request that asks by our reference whether a message was taken, and how the answer is read."""

    method: Literal["GET", "POST", "PUT"] = "GET"
    headers: Mapping[_HeaderName, AskTemplate] = {}
    url: Annotated[AskTemplate, AfterValidator(_address)]
    query: Mapping[_Field, AskTemplate] = {}
    taken: When
    not_taken: When
    """Only what proves it: an answer that is neither leaves the message uncertain, and it is asked about again."""
    id: Extract | None = None


class Poll(Call):
    """The request that asks what became of a message that was taken, and how the answer is read: as JSON."""

    method: Literal["GET", "POST", "PUT"] = "GET"
    headers: Mapping[_HeaderName, PollTemplate] = {}
    url: Annotated[PollTemplate, AfterValidator(_address)]
    """{id} is the provider's own reference, {ref} ours."""
    query: Mapping[_Field, PollTemplate] = {}
    status: Place
    statuses: Mapping[str, Became] = {}
    """The provider's word -> what became of the message, as in `reports`; without them, those of `reports`."""
    words: str = Field(default="", max_length=200)
    """Where the provider's own words stand, for whoever asks why."""
    gap: Duration = Field(default=timedelta(0), ge=timedelta(0), le=timedelta(hours=1))
    """At least so long between two questions, where the provider limits them."""


class Files(Written):
    """How a message is handed over that has a file with it; what is beyond is linked in the text."""

    most: Annotated[Size, Field(ge=1)] = 5_000_000
    """Bytes."""
    types: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z]+/[a-z0-9.+-]+$")], ...] = tuple(sorted(PICTURES))
    json_body: FileTemplate = Field(alias="json")
    """In the place of the request's own body; {media.url}, {media.type}, {media.name} and {title} stand in it."""


class Capability(Call):
    """The request that asks whether a phone can receive the channel, before anything is sent. An answer that is
    neither `yes` nor `no`, and no answer, are no reason not to send."""

    method: Literal["GET", "POST", "PUT"] = "GET"
    headers: Mapping[_HeaderName, CapabilityTemplate] = {}
    url: Annotated[CapabilityTemplate, AfterValidator(_address)]
    query: Mapping[_Field, CapabilityTemplate] = {}
    yes: When = When(status=("200-299",))
    no: When


def _relax(schema: dict[str, Any]) -> None:
    # For editors: with a preset only secrets and a sender have to be written. The reading is as strict as ever.
    schema["required"].remove("send")


class HttpSettings(Paced):
    """A provider that is reached by one HTTP request; see docs/http-providers.md."""

    model_config = ConfigDict(json_schema_extra=_relax)

    driver: Literal["http"]
    preset: Literal["messagebird", "sinch", "vonage", "vonage_mms", "vonage_rcs"] | None = None
    """A description that ships with the product; what is written here goes before what it says."""
    channel: Literal["sms", "mms", "rcs"] = "sms"
    """What its messages are on the phone."""
    parts: int = Field(default=10, ge=1, le=255)
    """How many parts of a long text the provider joins; a longer one is refused before anything is sent."""
    provider_class: ProviderClass = Field(default=ProviderClass.OPAQUE, alias="class")
    """What the provider's own manual promises; when in doubt, opaque."""
    timeout: Duration = Field(default=timedelta(seconds=10), gt=timedelta(0), le=timedelta(minutes=5))
    """How long it may take; whether a message was taken that got no answer by then is not known."""
    key_life: Duration = timedelta(hours=24)
    """idempotent: how long the provider remembers {ref}."""
    sender: Line = Field(default="", max_length=20)
    """What stands for `{sender}`."""
    secrets: Mapping[_Name, SecretStr] = {}
    """What stands for `{secret.NAME}`, where no file is wanted."""
    secret_files: Mapping[_Name, Path] = {}
    """Files that hold a secret each, so that none stands in engine.yaml."""
    send: Send
    accepted: When = When(status=("200-299",))
    """What a yes looks like."""
    id: Extract | None = None
    """Where the provider's id stands in its yes. When it is asked for and missing, the yes is none."""
    words: Extract | None = None
    """Where the provider's own words stand; nothing: the whole answer, cut short."""
    errors: tuple[ErrorRow, ...] = ()
    """Looked at in this order, before `accepted`."""
    ask: Ask | None = None
    """queryable: the request that asks whether a message was taken."""
    files: Files | None = None
    """How a file goes along; without it a message of mms or rcs says where its files are."""
    capability: Capability | None = None
    """How to ask whether a phone can receive the channel; an answer is remembered for a day."""
    sign_in: SignIn | None = None
    """How `tocsin doctor` tries the secrets; any 2xx is a yes. Without it they can only be tried by sending."""
    poll: Poll | None = None
    """How to ask what became of a message when no report comes."""
    reports: Reports | None = None
    """How delivery reports are read, and how they prove where they come from."""
    inbound: Inbound | None = None
    """How texts from phones are read; they come to /inbound/ and the provider's name."""

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Every host that the description names; what only `ask` and `sign_in` need can wait."""
        calls = [call.url for call in (self.ask, self.poll, self.sign_in, self.capability) if call is not None]
        first = Endpoint.of(self.send.url)
        others = {str(at): at for at in (Endpoint.of(url, standby=True) for url in calls)}
        return (first, *(at for name, at in others.items() if name != str(first)))

    def carries(self) -> frozenset[Channel]:
        """The one channel."""
        return frozenset({Channel(self.channel)})

    @model_validator(mode="before")
    @classmethod
    def _start_from_the_preset(cls, written: Any) -> Any:
        return fill_in(written)

    @model_validator(mode="after")
    def _hangs_together(self) -> "HttpSettings":
        errors: list[tuple[_Location, Any]] = [*self._unknown_secrets()]
        used = {name for _, template in self.send.templates() for name in places(template)}
        if self.provider_class is ProviderClass.IDEMPOTENT and "ref" not in used:
            raise ValueError("class idempotent: the request must carry {ref}, by which the provider knows it again")
        if self.provider_class is ProviderClass.QUERYABLE:
            if self.ask is None:
                raise ValueError("class queryable: write under 'ask' how the provider is asked")
            if "ref" not in used or not any("ref" in places(template) for _, template in self.ask.templates()):
                raise ValueError("class queryable: the request and 'ask' must both carry {ref}")
        if self.poll is not None and not (self.poll.statuses or self.reports):
            raise ValueError("write under poll: statuses what the provider's words mean")
        if "callback" in used and self.reports is None:
            raise ValueError("{callback} asks for delivery reports: write under 'reports' how they are read")
        raise_at(errors, "http", None)
        return self

    def _templates(self) -> Iterator[tuple[_Location, str]]:
        for name in ("send", "poll", "ask", "sign_in", "capability"):
            call = getattr(self, name)
            for at, template in call.templates() if call is not None else ():
                yield (name, *at), template
        if self.reports is not None:
            yield ("reports", "proof", "equals"), self.reports.proof.equals
        if self.inbound is not None:
            yield ("inbound", "proof", "equals"), self.inbound.proof.equals

    def _unknown_secrets(self) -> Iterator[tuple[_Location, Any]]:
        known = [*self.secrets, *self.secret_files]
        for name in set(self.secrets) & set(self.secret_files):
            yield ("secret_files", name), flawed([Flaw("", f"the secret '{name}' is given twice")])
        for at, template in self._templates():
            for name in secret_names(template):
                if name not in known:
                    hint = f"secrets here: {', '.join(known) or 'none'}; they stand under secret_files or secrets"
                    flaw = Flaw(f"{{secret.{name}}}", f"no secret is called '{name}'", suggest(name, known), hint)
                    yield at, flawed([flaw])
