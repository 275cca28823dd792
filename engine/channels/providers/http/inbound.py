"""How a text from a phone is read that a provider sends to our web server."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import Field, model_validator

from engine.channels.providers.http.answers import Place, entries
from engine.channels.providers.http.reports import Proof, prove, read_place, read_tree
from engine.heard import Heard
from engine.noun import Written


class Inbound(Written):
    """Where what stands in a request that brings a text from a phone."""

    written_as: Literal["json", "form", "query"] = Field(default="json", alias="as")
    """A JSON body, a form's body, or the query of the address."""
    each: str = Field(default="", max_length=200)
    """json: the path of the list, when one request carries several texts."""
    id: str = Field(default="", max_length=200)
    """Where the provider's id stands: brought again it is the same text."""
    sender: Place = Field(alias="from")
    to: str = Field(default="", max_length=200)
    """Where our number stands, or the code that the provider has for it."""
    text: Place
    proof: Proof

    @model_validator(mode="after")
    def _carries_several_only_in_json(self) -> "Inbound":
        if self.each and self.written_as != "json":
            raise ValueError("only a JSON body can carry several texts")
        return self


def read_inbound(
    rules: Inbound,
    provider: str,
    secrets: Mapping[str, str],
    headers: Mapping[str, str],
    query: Mapping[str, str],
    body: bytes,
) -> list[Heard]:
    """The texts in a request. Raises PermissionError when it does not prove its origin, ValueError for garbage."""
    prove(rules.proof, secrets, headers, query)
    return [_text(rules, provider, entry) for entry in entries(read_tree(rules.written_as, query, body), rules.each)]


def _text(rules: Inbound, provider: str, entry: Any) -> Heard:
    places = (rules.id, rules.sender, rules.to, rules.text)
    id, sender, to, text = (read_place(rules.written_as, entry, place) if place else "" for place in places)
    return Heard(provider=provider, provider_ref=id, sender=sender, recipient=to, text=text, at=datetime.now(UTC))
