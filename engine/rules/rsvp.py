"""What is said of an answer to an invitation, to whoever gave it: every no, and if wanted that it stands.

Who answers believes that it is done: every no is told. A yes is told only where the account says `rsvp: confirm`,
because each message costs.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from engine.account import Account
from engine.event import Event, MessageReceived
from engine.invitation import Invitation
from engine.notification import Limits, Notification, Throttle
from engine.reason import Reason
from engine.rsvp import Answer, Typed, read_answer
from engine.rules.appointment import SHORT
from engine.rules.incident import SCOPE
from engine.rules.texts.clean import clean
from engine.rules.texts.dates import moment, write
from engine.rules.texts.phrases import Phrase, say
from engine.rules.write import fit
from engine.rules.zone import find_zone

#: Old news: after this it is not sent any more, and `tocsin explain` still knows it.
_WORTH = timedelta(hours=24)
#: A machine that answers machines must not use up an account.
_LIMITS = Limits(throttle=Throttle(max=6, per=timedelta(hours=1), then="drop"))
_MOST_TITLE = 60

#: Plain GSM-7, all of them.
_TEXTS: Mapping[Reason, Mapping[str, str]] = {
    Reason.RSVP_WRITTEN: {
        "en": "{answer}: {what}",
        "nl": "{answer}: {what}",
        "sv": "{answer}: {what}",
        "fr": "{answer}: {what}",
        "de": "{answer}: {what}",
    },
    Reason.RSVP_UNKNOWN: {
        "en": "Not answered: there is no invitation with this number.",
        "nl": "Niet beantwoord: er is geen uitnodiging met dit nummer.",
        "sv": "Inte besvarat: det finns ingen inbjudan med det numret.",
        "fr": "Sans effet: il n'y a pas d'invitation avec ce numéro.",
        "de": "Nicht beantwortet: es gibt keine Einladung mit dieser Nummer.",
    },
    Reason.RSVP_WHICH: {
        "en": "Not answered: more than one invitation is open. Write its number too, as in YES 2.",
        "nl": "Niet beantwoord: er staat meer dan een uitnodiging open. Schrijf ook het nummer, zoals JA 2.",
        "sv": "Inte besvarat: mer än en inbjudan är öppen. Skriv även numret, som JA 2.",
        "fr": "Sans effet: plusieurs invitations sont ouvertes. Indiquez aussi le numéro, comme OUI 2.",
        "de": "Nicht beantwortet: mehrere Einladungen sind offen. Bitte mit Nummer, wie JA 2.",
    },
    Reason.RSVP_OVER: {
        "en": "Not answered, it is over: {what}",
        "nl": "Niet beantwoord, het is voorbij: {what}",
        "sv": "Inte besvarat, det är över: {what}",
        "fr": "Sans effet, c'est passé: {what}",
        "de": "Nicht beantwortet, es ist vorbei: {what}",
    },
    Reason.APPOINTMENT_CANCELLED: {
        "en": "Not answered, it is cancelled: {what}",
        "nl": "Niet beantwoord, het is geannuleerd: {what}",
        "sv": "Inte besvarat, det är inställt: {what}",
        "fr": "Sans effet, c'est annulé: {what}",
        "de": "Nicht beantwortet, es ist abgesagt: {what}",
    },
    Reason.APPOINTMENT_GONE: {
        "en": "Not answered, it is no longer in the calendar: {what}",
        "nl": "Niet beantwoord, het staat niet meer in de agenda: {what}",
        "sv": "Inte besvarat, det finns inte kvar i kalendern: {what}",
        "fr": "Sans effet, ce n'est plus dans l'agenda: {what}",
        "de": "Nicht beantwortet, es steht nicht mehr im Kalender: {what}",
    },
    Reason.RSVP_NOT_ASKED: {
        "en": "Not answered, you are not among those asked: {what}",
        "nl": "Niet beantwoord, u staat niet bij de genodigden: {what}",
        "sv": "Inte besvarat, du är inte bland de inbjudna: {what}",
        "fr": "Sans effet, vous ne figurez pas parmi les invités: {what}",
        "de": "Nicht beantwortet, Sie stehen nicht unter den Eingeladenen: {what}",
    },
    Reason.RSVP_READ_ONLY: {
        "en": "Not answered, this calendar can only be read. Please answer there: {what}",
        "nl": "Niet beantwoord, deze agenda is alleen te lezen. Antwoord daar: {what}",
        "sv": "Inte besvarat, kalendern kan bara läsas. Svara där: {what}",
        "fr": "Sans effet, cet agenda est en lecture seule. Répondez-y: {what}",
        "de": "Nicht beantwortet, dieser Kalender ist nur lesbar. Bitte dort antworten: {what}",
    },
    Reason.RSVP_FAILED: {
        "en": "Not answered, the calendar cannot be reached. Please answer there: {what}",
        "nl": "Niet beantwoord, de agenda is onbereikbaar. Antwoord daar: {what}",
        "sv": "Inte besvarat, kalendern kan inte nås. Svara där: {what}",
        "fr": "Sans effet, l'agenda est injoignable. Répondez-y: {what}",
        "de": "Nicht beantwortet, der Kalender ist nicht erreichbar. Bitte dort antworten: {what}",
    },
}
_GIVEN: Mapping[Answer, Phrase] = {Answer.YES: Phrase.YES, Answer.NO: Phrase.NO, Answer.MAYBE: Phrase.MAYBE}


def answered(event: Event, account: Account | None) -> Typed | None:
    """What a text from the owner's own phone answers; nobody else answers for them."""
    if not isinstance(event, MessageReceived) or account is None or account.rsvp == "off":
        return None
    return read_answer(event.text) if event.sender in account.numbers else None


def notify(
    event_id: UUID,
    number: str,
    reason: Reason,
    about: Invitation | None,
    account: Account,
    version: str,
    now: datetime,
) -> Notification | None:
    """The notification to the phone that answered, in one part; None where nothing is to be said."""
    if reason not in _TEXTS or (reason is Reason.RSVP_WRITTEN and account.rsvp != "confirm"):
        return None
    texts = _TEXTS[reason]
    given = say(_GIVEN[about.answer], account.language) if about and about.answer else ""
    text = texts.get(account.language, texts["en"]).format(what=_what(about, account), answer=given)
    return Notification(
        event_id=event_id,
        account=account.id,
        scope=SCOPE,
        rule="rsvp",
        action=reason.value,
        recipient="me",
        address=number,
        text=fit(text, "", 1),
        limits=_LIMITS,
        decided_at=now,
        not_after=now + _WORTH,
        rules_version=version,
    )


def _what(about: Invitation | None, account: Account) -> str:
    """Title and time of an appointment."""
    if about is None:
        return ""
    title = clean(about.title)[:_MOST_TITLE].rstrip() or say(Phrase.NO_TITLE, account.language)
    return f"{title}, {write(moment(about.starts_at, find_zone(account.zone)), SHORT, account.language)}"
