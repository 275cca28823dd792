"""How a delivery report is read that a provider sends to our web server."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import Field, model_validator
from pydantic_core import from_json

from engine.channels.form import read_form
from engine.channels.proof import lower, same
from engine.channels.providers.http.answers import Place, entries, read
from engine.channels.providers.http.template import ProofTemplate, fill, secret_names
from engine.channels.words import discreet
from engine.noun import Written
from engine.reason import Reason
from engine.receipt import DeliveryReport, Fate

#: What a file may say that became of a message.
Became = Literal["sent", "delivered", "read", "undelivered", "phone_off", "phone_full", "barred", "refused", "ignore"]
#: The words of the file -> ours.
_FATES = {
    "sent": (Fate.SENT, Reason.ACCEPTED),
    "delivered": (Fate.DELIVERED, Reason.DELIVERED),
    "read": (Fate.READ, Reason.READ),
    "undelivered": (Fate.UNDELIVERED, Reason.UNDELIVERED),
    "phone_off": (Fate.UNDELIVERED, Reason.PHONE_OFF),
    "phone_full": (Fate.UNDELIVERED, Reason.PHONE_FULL),
    "barred": (Fate.UNDELIVERED, Reason.BARRED),
    "refused": (Fate.UNDELIVERED, Reason.PROVIDER_REFUSED),
}
#: In `statuses`: every word that is not listed.
_ANY = "*"
_MOST_REF = 200


class Proof(Written):
    """How a report shows that it comes from the provider."""

    header: str = Field(default="", pattern=r"^[A-Za-z0-9-]*$", max_length=100)
    query: str = Field(default="", max_length=100)
    equals: ProofTemplate
    """Holds a secret that only the provider was told."""

    @model_validator(mode="after")
    def _proves(self) -> "Proof":
        if bool(self.header) == bool(self.query):
            raise ValueError("write in which header, or else in which part of the query, the proof stands")
        if not secret_names(self.equals):
            raise ValueError("a proof that everybody knows proves nothing: let it hold a {secret.NAME}")
        return self


class Reports(Written):
    """Where what stands in a delivery report."""

    written_as: Literal["json", "form", "query"] = Field(default="json", alias="as")
    """A JSON body, a form's body, or the query of the address."""
    each: str = Field(default="", max_length=200)
    """json: the path of the list, when one request carries several reports."""
    ref: str = Field(default="", max_length=200)
    """Where our own reference stands ({ref} of the request)."""
    id: str = Field(default="", max_length=200)
    """Where the provider's id stands, the one that `id` found in its answer."""
    status: Place
    statuses: Mapping[str, Became]
    """The provider's word -> what became of the message; '*' stands for every other word."""
    words: str = Field(default="", max_length=200)
    """Where the provider's own words stand, for whoever asks why."""
    proof: Proof

    @model_validator(mode="after")
    def _names_the_message(self) -> "Reports":
        if not (self.ref or self.id):
            raise ValueError("write where the reference of the message stands: ref (ours) or id (the provider's)")
        if self.each and self.written_as != "json":
            raise ValueError("only a JSON body can carry several reports")
        return self


def read_reports(
    rules: Reports,
    provider: str,
    secrets: Mapping[str, str],
    headers: Mapping[str, str],
    query: Mapping[str, str],
    body: bytes,
) -> list[DeliveryReport]:
    """The reports in a request. Raises PermissionError when it does not prove its origin, ValueError for garbage."""
    prove(rules.proof, secrets, headers, query)
    tree = read_tree(rules.written_as, query, body)
    found = [_report(rules, provider, entry) for entry in entries(tree, rules.each)]
    return [report for report in found if report is not None]


def prove(proof: Proof, secrets: Mapping[str, str], headers: Mapping[str, str], query: Mapping[str, str]) -> None:
    """Raises PermissionError unless a request shows the proof."""
    shown = lower(headers).get(proof.header.lower(), "") if proof.header else query.get(proof.query, "")
    if not same(shown, fill(proof.equals, secrets)):
        raise PermissionError("the callback does not show the proof")


def read_tree(written_as: str, query: Mapping[str, str], body: bytes) -> Any:
    """What a request holds. Raises ValueError when it is not written so."""
    if written_as == "query":
        return dict(query)
    if written_as == "form":
        return read_form(body)
    return from_json(body)


def _report(rules: Reports, provider: str, entry: Any) -> DeliveryReport | None:
    word = read_place(rules.written_as, entry, rules.status)
    ref, id = (read_place(rules.written_as, entry, place) if place else "" for place in (rules.ref, rules.id))
    if not word or not (ref or id) or max(len(ref), len(id)) > _MOST_REF:
        raise ValueError("not a delivery report of this provider")
    words = read_place(rules.written_as, entry, rules.words) if rules.words else ""
    return tell(provider, ref, id, rules.statuses, word, words)


def tell(
    provider: str, ref: str, id: str, statuses: Mapping[str, Became], word: str, words: str
) -> DeliveryReport | None:
    """The report that a provider's word comes to; nothing for one to ignore. Raises ValueError for an unknown one."""
    became = statuses.get(word) or statuses.get(_ANY)
    if became is None:
        raise ValueError("a status that 'statuses' does not know")
    if became == "ignore":
        return None
    fate, reason = _FATES[became]
    return DeliveryReport(
        provider=provider,
        client_ref=ref,
        provider_ref=id,
        fate=fate,
        reason=reason,
        at=datetime.now(UTC),
        detail=discreet(words),
    )


def read_place(written_as: str, entry: Any, place: str) -> str:
    """What stands at a place; empty where nothing does."""
    if written_as == "json":
        return read(entry, place) or ""
    return str(entry.get(place, ""))  # a field's name may hold dots
