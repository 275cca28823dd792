"""`config/contacts|lists|windows|templates/*.yaml`: what rules call by name."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator
from pydantic.json_schema import SkipJsonSchema

from engine.account import Contact
from engine.document import VersionOne
from engine.noun import Written
from engine.rules.actions import ME, Id, TemplateText
from engine.rules.when.compile import CONTACTS
from engine.rules.when.window import Window
from engine.rules.when.words import one_or_more, read_text
from engine.settings.person import Email, Language, Name, Quiet, Zone


def _not_me(value: str) -> str:
    if value == ME:
        raise ValueError("'me' is whoever's rule it is; give this person another id")
    return value


def _not_contacts(names: Mapping[str, Any]) -> Mapping[str, Any]:
    if CONTACTS in names:
        raise ValueError("'contacts' stands for the people in contacts/; give the list another name")
    return names


class WrittenContact(Written):
    """Somebody whom rules may tell."""

    id: Annotated[Id, AfterValidator(_not_me)]
    """What rules write under `to:`. It is never to change: messages are known by it."""
    name: Name | None = None
    numbers: Annotated[tuple[str, ...], Field(max_length=20)] = ()
    """Mobile numbers; messages go to the first."""
    email: Email | None = None
    fax: Annotated[str, Field(min_length=1)] | None = None
    language: Language | None = None
    """Default: the account's."""
    zone: Zone | None = None
    """Default: the account's."""
    agreed: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)] | None = None
    """How and when this person agreed to be told. Without it they are not told."""
    quiet_hours: Quiet = None
    """By this person's clock. Default: the account's."""

    def contact(self, numbers: tuple[str, ...], fax: str) -> Contact:
        """The contact, with its numbers as E.164."""
        return Contact(
            id=self.id,
            name=self.name or "",
            language=self.language or "",
            zone=self.zone or "",
            numbers=numbers,
            email=self.email or "",
            fax=fax,
            quiet_hours=self.quiet_hours.noun() if self.quiet_hours else None,
            agreed=self.agreed or "",
        )


class ContactsFile(Written):
    """People whom rules may tell, and groups of them."""

    version: VersionOne
    account: str | None = None
    """Whose they are. Left out: of every account."""
    contacts: Annotated[tuple[WrittenContact, ...], Field(max_length=10_000)] = ()
    groups: Mapping[
        Id,
        Annotated[
            tuple[str, ...], Field(min_length=1), BeforeValidator(one_or_more, json_schema_input_type=list[str])
        ],
    ] = Field(default_factory=dict)
    """The ids of contacts, by the group's name: `group:accounting`."""


_Values = Annotated[
    tuple[Annotated[str, StringConstraints(max_length=500), AfterValidator(read_text)], ...],
    Field(min_length=1, max_length=20_000),
    BeforeValidator(one_or_more, json_schema_input_type=str | list[str]),
]


class ListsFile(Written):
    """Lists of addresses (`@domain` too) or words, for conditions: `from: {in: vip}`."""

    version: VersionOne
    lists: Annotated[Mapping[Id, _Values], AfterValidator(_not_contacts)]


class WindowsFile(Written):
    """Windows of time, for conditions: `time: {window: office}`."""

    version: VersionOne
    windows: Mapping[Id, Window]


class Texts(Written):
    """One text for all, or one by language: a reader of another gets the English one, else the first."""

    every: SkipJsonSchema[TemplateText | None] = Field(default=None, alias="")
    nl: TemplateText | None = None
    sv: TemplateText | None = None
    fr: TemplateText | None = None
    de: TemplateText | None = None
    en: TemplateText | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("write a text here, or one by language: {en: ..., nl: ...}")
        return self

    @property
    def by_language(self) -> Mapping[str, str]:
        """The one for all under the empty name."""
        written = {"": self.every, "nl": self.nl, "sv": self.sv, "fr": self.fr, "de": self.de, "en": self.en}
        return {name: text for name, text in written.items() if text is not None}


def _by_language(value: Any) -> Any:
    return {"": value} if isinstance(value, str) else value


class TemplatesFile(Written):
    """Texts that several rules use: `template: bank-alert`."""

    version: VersionOne
    templates: Mapping[
        Id, Annotated[Texts, BeforeValidator(_by_language, json_schema_input_type=TemplateText | Texts)]
    ]
