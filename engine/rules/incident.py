"""The rules that nobody has to write: what goes wrong is told to its owner, in the owner's language."""

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo

from engine.account import Account
from engine.event import Incident, What
from engine.notification import Notification
from engine.rules.texts.render import clean, clock
from engine.segments import shorten

#: Whose rule it is, where a rule of a file has its account's id or `global`.
SCOPE = "tocsin"
#: Old news: after this it is not sent any more, and `tocsin explain` still knows it.
WORTH = timedelta(hours=24)

#: Plain GSM-7, all of them: one letter beyond it would make each cost as much as two.
_TEXTS: Mapping[What, Mapping[str, str]] = {
    What.SUSPENDED: {
        "en": "Tocsin: sign-in refused since {at}, mail is not watched: {subject}",
        "nl": "Tocsin: aanmelding geweigerd sinds {at}, mail wordt niet gevolgd: {subject}",
        "sv": "Tocsin: inloggningen nekas sedan {at}, mejl bevakas inte: {subject}",
        "fr": "Tocsin: connexion refusée depuis {at}, courrier non suivi: {subject}",
        "de": "Tocsin: Anmeldung abgelehnt seit {at}, Mail wird nicht beobachtet: {subject}",
    },
    What.FOLDER_MISSING: {
        "en": "Tocsin: since {at} this folder is missing and not watched: {subject}",
        "nl": "Tocsin: sinds {at} ontbreekt deze map en wordt ze niet gevolgd: {subject}",
        "sv": "Tocsin: sedan {at} saknas mappen och bevakas inte: {subject}",
        "fr": "Tocsin: depuis {at} ce dossier manque et n'est pas suivi: {subject}",
        "de": "Tocsin: seit {at} fehlt dieser Ordner und wird nicht beobachtet: {subject}",
    },
    What.FEED_FAILING: {
        "en": "Tocsin: since {at} this calendar cannot be read; reminders go by what was read before: {subject}",
        "nl": "Tocsin: sinds {at} is deze agenda onleesbaar; herinneringen volgen wat eerder gelezen is: {subject}",
        "sv": "Tocsin: sedan {at} kan kalendern inte läsas; påminnelser följer det som lästs förut: {subject}",
        "fr": "Tocsin: depuis {at} agenda illisible; rappels selon ce qui a été lu avant: {subject}",
        "de": "Tocsin: seit {at} ist dieser Kalender nicht lesbar; Erinnerungen nach altem Stand: {subject}",
    },
    What.LOW_BALANCE: {
        "en": "Tocsin: your credit is nearly used up, {left} messages are left. Top up to be told of more.",
        "nl": "Tocsin: uw tegoed is bijna op, er resten {left} berichten. Laad op om berichten te blijven krijgen.",
        "sv": "Tocsin: ditt saldo är nästan slut, {left} meddelanden återstår. Fyll på för att få fler.",
        "fr": "Tocsin: votre crédit est presque épuisé, il reste {left} messages. Rechargez-le.",
        "de": "Tocsin: Ihr Guthaben ist fast verbraucht, {left} Nachrichten bleiben. Bitte aufladen.",
    },
    What.PROVIDER_DOWN: {
        "en": "Tocsin: {subject} has not worked since {at}; messages wait or go by another. See: tocsin doctor",
        "nl": "Tocsin: {subject} werkt niet sinds {at}; berichten wachten of gaan anders. Zie: tocsin doctor",
        "sv": "Tocsin: {subject} fungerar inte sedan {at}; meddelanden väntar. Se: tocsin doctor",
        "fr": "Tocsin: {subject} ne marche plus depuis {at}; les messages attendent. Voir: tocsin doctor",
        "de": "Tocsin: {subject} arbeitet seit {at} nicht; Nachrichten warten. Siehe: tocsin doctor",
    },
    What.NO_RECEIPTS: {
        "en": "Tocsin: since {at} no delivery report comes from {subject}. See: tocsin doctor",
        "nl": "Tocsin: sinds {at} komt geen ontvangstmelding van {subject}. Zie: tocsin doctor",
        "sv": "Tocsin: sedan {at} kommer inga leveransrapporter från {subject}. Se: tocsin doctor",
        "fr": "Tocsin: depuis {at} aucun accusé de réception ne vient de {subject}. Voir: tocsin doctor",
        "de": "Tocsin: seit {at} kommt kein Zustellbericht von {subject}. Siehe: tocsin doctor",
    },
    What.DEAD_LETTER: {
        "en": "Tocsin: something could not be handled and is kept: {subject}. See: tocsin dead list",
        "nl": "Tocsin: iets kon niet verwerkt worden en is bewaard: {subject}. Zie: tocsin dead list",
        "sv": "Tocsin: något kunde inte behandlas och har sparats: {subject}. Se: tocsin dead list",
        "fr": "Tocsin: échec d'un traitement, tout est gardé: {subject}. Voir: tocsin dead list",
        "de": "Tocsin: etwas konnte nicht verarbeitet werden und ist aufbewahrt: {subject}. Siehe: tocsin dead list",
    },
}


#: What `tell.suspended` is about: the account gave it to us to watch, and it is not watched.
_UNWATCHED = frozenset({What.SUSPENDED, What.FOLDER_MISSING, What.FEED_FAILING})


def wanted(event: Incident, account: Account) -> bool:
    """Whether the account's `tell` setting asks for this."""
    tell = account.tell
    if event.what is What.LOW_BALANCE:
        return event.left <= tell.low_balance and tell.low_balance > 0
    return tell.suspended if event.what in _UNWATCHED else tell.dead_letter


def notify(event: Incident, account: Account, version: str, zone: tzinfo, now: datetime) -> Notification:
    """The notification: to the account's first number, in one part, through the same gates as every other."""
    texts = _TEXTS[event.what]
    text = texts.get(account.language, texts["en"])
    filled = text.format(at=clock(event.began_at, zone), subject=clean(event.subject)[:80], left=event.left)
    return Notification(
        event_id=event.id,
        account=account.id,
        scope=SCOPE,
        rule=event.what.value,
        action="sms",
        recipient="me",
        address=account.numbers[0],
        text=shorten(filled, 1),
        decided_at=now,
        not_after=now + WORTH,
        rules_version=version,
    )
