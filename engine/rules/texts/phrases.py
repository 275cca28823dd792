"""The engine's own words in every language that it writes. All of them GSM-7: one other letter doubles the price."""

from collections.abc import Mapping
from enum import StrEnum

#: Whoever reads another language is written to in this one.
FALLBACK = "en"
LANGUAGES = ("en", "nl", "sv", "fr", "de")


class Phrase(StrEnum):
    """What the engine says by itself. The names in braces are the values that `say` wants."""

    NO_SUBJECT = "no_subject"
    NO_TITLE = "no_title"
    NO_TEXT = "no_text"
    NO_SENDER = "no_sender"
    NO_NAME = "no_name"
    ALL_DAY = "all_day"
    TODAY = "today"
    TOMORROW = "tomorrow"
    NOW = "now"
    IN = "in"
    """{span} from now."""
    AGO = "ago"
    """{span} before now."""
    MINUTES = "minutes"
    HOURS = "hours"
    DAY = "day"
    DAYS = "days"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"
    CONFIRMED = "confirmed"
    TENTATIVE = "tentative"
    CANCELLED = "cancelled"
    LATE = "late"
    """Told later than it should have been: it arrived at {at}."""
    DIGEST_ONE = "digest_one"
    DIGEST = "digest"
    """{n} messages in one: {items}."""
    MORE = "more"
    """{n} others, which there was no room for."""
    STORM = "storm"
    """{n} messages came beyond the cap, of which {items} are some."""
    STARTS = "starts"
    """{span} from now, or a day."""
    STARTED = "started"
    """{span} before now, or a day."""
    MOVED = "moved"
    """An appointment that somebody was told of begins not at {was} but at {at}."""
    CALLED_OFF = "called_off"
    """An appointment that somebody was told of is not held."""
    NOTHING = "nothing"
    """On {day} there is nothing."""
    WEEK = "week"
    """The seven days from {day}."""
    REST = "rest"
    """{n} appointments, which there was no room for."""
    NOT_ENCLOSED = "not_enclosed"
    """These files do not go along: {items}, each with why."""
    LACK_GONE = "lack_gone"
    LACK_UNREACHABLE = "lack_unreachable"
    LACK_TOO_LARGE = "lack_too_large"
    LACK_FALSE = "lack_false"
    LACK_NO_FAX = "lack_no_fax"
    LACK_NO_LINK = "lack_no_link"
    RSVP = "rsvp"
    """How an invitation is answered: by {n}."""
    YES = "yes"
    NO = "no"
    MAYBE = "maybe"
    CODE = "code"
    """{code} proves a number, for {n} minutes."""


_SAID: Mapping[Phrase, tuple[str, str, str, str, str]] = {
    Phrase.NO_SUBJECT: ("(no subject)", "(geen onderwerp)", "(inget ämne)", "(sans objet)", "(kein Betreff)"),
    Phrase.NO_TITLE: ("(no title)", "(geen titel)", "(ingen titel)", "(sans titre)", "(kein Titel)"),
    Phrase.NO_TEXT: ("(no text)", "(geen tekst)", "(ingen text)", "(sans texte)", "(kein Text)"),
    Phrase.NO_SENDER: (
        "(unknown sender)",
        "(onbekende afzender)",
        "(okänd avsändare)",
        "(expéditeur inconnu)",
        "(unbekannter Absender)",
    ),
    Phrase.NO_NAME: ("(no name)", "(geen naam)", "(inget namn)", "(sans nom)", "(kein Name)"),
    Phrase.ALL_DAY: ("all day", "hele dag", "heldag", "toute la journée", "ganztägig"),
    Phrase.TODAY: ("today", "vandaag", "idag", "aujourd'hui", "heute"),
    Phrase.TOMORROW: ("tomorrow", "morgen", "imorgon", "demain", "morgen"),
    Phrase.NOW: ("now", "nu", "nu", "maintenant", "jetzt"),
    Phrase.IN: ("in {span}", "over {span}", "om {span}", "dans {span}", "in {span}"),
    Phrase.AGO: ("{span} ago", "{span} geleden", "för {span} sedan", "il y a {span}", "vor {span}"),
    Phrase.MINUTES: ("{n} min", "{n} min", "{n} min", "{n} min", "{n} Min."),
    Phrase.HOURS: ("{n} h", "{n} u", "{n} tim", "{n} h", "{n} Std."),
    Phrase.DAY: ("{n} day", "{n} dag", "{n} dag", "{n} jour", "{n} Tag"),
    Phrase.DAYS: ("{n} days", "{n} dagen", "{n} dagar", "{n} jours", "{n} Tagen"),
    Phrase.HIGH: ("high", "hoog", "hög", "haute", "hoch"),
    Phrase.NORMAL: ("normal", "normaal", "normal", "normale", "normal"),
    Phrase.LOW: ("low", "laag", "låg", "basse", "niedrig"),
    Phrase.CONFIRMED: ("confirmed", "bevestigd", "bekräftad", "confirmé", "bestätigt"),
    Phrase.TENTATIVE: ("tentative", "voorlopig", "preliminär", "provisoire", "vorläufig"),
    Phrase.CANCELLED: ("cancelled", "geannuleerd", "inställd", "annulé", "abgesagt"),
    Phrase.LATE: ("late, {at}", "laat, {at}", "sen, {at}", "en retard, {at}", "verspätet, {at}"),
    Phrase.DIGEST_ONE: (
        "{n} message: {items}",
        "{n} bericht: {items}",
        "{n} meddelande: {items}",
        "{n} message: {items}",
        "{n} Nachricht: {items}",
    ),
    Phrase.DIGEST: (
        "{n} messages: {items}",
        "{n} berichten: {items}",
        "{n} meddelanden: {items}",
        "{n} messages: {items}",
        "{n} Nachrichten: {items}",
    ),
    Phrase.MORE: ("and {n} more", "en nog {n}", "och {n} till", "et {n} de plus", "und {n} weitere"),
    Phrase.STORM: (
        "Limit reached, {n} more messages not sent one by one: {items}",
        "Limiet bereikt, nog {n} berichten niet apart verstuurd: {items}",
        "Gränsen är nådd, {n} meddelanden till skickades inte var för sig: {items}",
        "Limite atteinte, {n} autres messages non envoyés un par un: {items}",
        "Limit erreicht, {n} weitere Nachrichten nicht einzeln gesendet: {items}",
    ),
    Phrase.STARTS: ("starts {span}", "begint {span}", "börjar {span}", "commence {span}", "beginnt {span}"),
    Phrase.STARTED: ("started {span}", "begon {span}", "började {span}", "a commencé {span}", "begann {span}"),
    Phrase.MOVED: (
        "Moved: {title}, from {was} to {at}",
        "Verplaatst: {title}, van {was} naar {at}",
        "Flyttat: {title}, från {was} till {at}",
        "Déplacé: {title}, de {was} à {at}",
        "Verschoben: {title}, von {was} auf {at}",
    ),
    Phrase.CALLED_OFF: (
        "Cancelled: {title}, {at}",
        "Geannuleerd: {title}, {at}",
        "Inställt: {title}, {at}",
        "Annulé: {title}, {at}",
        "Abgesagt: {title}, {at}",
    ),
    Phrase.NOTHING: (
        "{day}: nothing planned",
        "{day}: niets gepland",
        "{day}: inget inplanerat",
        "{day}: rien de prévu",
        "{day}: nichts geplant",
    ),
    Phrase.WEEK: (
        "Week from {day}",
        "Week vanaf {day}",
        "Vecka från {day}",
        "Semaine du {day}",
        "Woche ab {day}",
    ),
    Phrase.RSVP: (
        "YES {n} / NO {n}?",
        "JA {n} / NEE {n}?",
        "JA {n} / NEJ {n}?",
        "OUI {n} / NON {n}?",
        "JA {n} / NEIN {n}?",
    ),
    Phrase.YES: ("Accepted", "Aanvaard", "Tackat ja", "Accepté", "Zugesagt"),
    Phrase.NO: ("Declined", "Afgewezen", "Tackat nej", "Refusé", "Abgelehnt"),
    Phrase.MAYBE: ("Tentative", "Onder voorbehoud", "Preliminärt", "Provisoire", "Mit Vorbehalt"),
    Phrase.CODE: (
        "{code} is your Tocsin code. It is good for {n} minutes; give it to nobody.",
        "{code} is uw Tocsin-code, {n} minuten geldig; geef deze aan niemand.",
        "{code} är din Tocsin-kod. Den gäller i {n} minuter; ge den inte till någon.",
        "{code} est votre code Tocsin, valable {n} minutes; ne le donnez à personne.",
        "{code} ist Ihr Tocsin-Code. Er gilt {n} Minuten; geben Sie ihn niemandem.",
    ),
    Phrase.REST: ("+{n} more", "+{n} meer", "+{n} till", "+{n} de plus", "+{n} weitere"),
    Phrase.NOT_ENCLOSED: (
        "Not enclosed: {items}",
        "Niet bijgevoegd: {items}",
        "Inte bifogat: {items}",
        "Non joint: {items}",
        "Nicht beigefügt: {items}",
    ),
    Phrase.LACK_GONE: (
        "the mail is gone",
        "de mail is weg",
        "mejlet är borta",
        "le mail n'est plus là",
        "die Mail ist weg",
    ),
    Phrase.LACK_UNREACHABLE: (
        "the mailbox cannot be read",
        "de mailbox is niet leesbaar",
        "brevlådan går inte att läsa",
        "boite mail illisible",
        "Postfach nicht lesbar",
    ),
    Phrase.LACK_TOO_LARGE: ("too large", "te groot", "för stor", "trop grand", "zu groß"),
    Phrase.LACK_FALSE: (
        "not what it says it is",
        "niet wat het zegt te zijn",
        "inte vad den utger sig för",
        "n'est pas ce qu'il dit",
        "nicht das, was es vorgibt",
    ),
    Phrase.LACK_NO_FAX: (
        "cannot be faxed",
        "kan niet gefaxt worden",
        "kan inte faxas",
        "non faxable",
        "kann nicht gefaxt werden",
    ),
    Phrase.LACK_NO_LINK: ("see the mail", "zie de mail", "se mejlet", "voir le mail", "siehe die Mail"),
}


def understood(language: str) -> str:
    """The language to write in for a reader of `language` (an ISO 639 code, with or without a region)."""
    known = language.lower().replace("_", "-").partition("-")[0]
    return known if known in LANGUAGES else FALLBACK


def say(phrase: Phrase, language: str, **values: object) -> str:
    """The phrase in this language with its values. Raises KeyError when a value that it names is not given."""
    return _SAID[phrase][LANGUAGES.index(understood(language))].format(**values)
