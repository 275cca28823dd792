"""What a text from a phone asks for by itself, whatever the rules say of it: the one place where that is decided."""

from enum import StrEnum

from engine.account import Account
from engine.heard import words_of
from engine.rsvp import read_answer


class Wish(StrEnum):
    """What the sender wants of us."""

    STOP = "stop"
    """Not to be told any more."""
    START = "start"
    """To be told again, after a stop."""
    RSVP = "rsvp"
    """To answer an invitation."""
    NOTHING = "nothing"


#: By which a person says that they want no more, whatever their language: nobody is made to guess ours.
_STOP = frozenset(
    {
        *("stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "optout", "opt out", "revoke"),
        *("stopp", "avsluta", "avanmäl", "avregistrera", "avbryt", "sluta", "avslutt", "afmeld", "frameld"),
        *("afmelden", "uitschrijven", "stoppen", "stop ermee", "opzeggen"),
        *(
            "arret",
            "arrêt",
            "arreter",
            "arrêter",
            "stopper",
            "desabonner",
            "désabonner",
            "desinscrire",
            "désinscrire",
        ),
        *("abmelden", "abbestellen", "ende", "beenden", "halt", "basta", "alto", "baja", "parar", "cancelar"),
    }
)
#: Undoes it. Words that also answer a question (yes, ja, ok) are no such word.
_START = frozenset(
    {
        *("start", "unstop", "subscribe", "resume", "optin", "opt in"),
        *("starta", "börja", "anmäl", "aanmelden", "inschrijven", "hervat", "commencer", "reprendre", "abonner"),
        *("anmelden", "starten", "alta"),
    }
)


def read_wish(text: str, account: Account | None) -> Wish:
    """What the whole of a text asks for; `account` is whose it is, None when it is nobody's.

    A stop word inside a sentence is no stop: "stop by at five".
    """
    words = " ".join(words_of(text[:_MOST]))
    if words in _STOP:
        return Wish.STOP
    if words in _START:
        return Wish.START
    if account is not None and account.rsvp != "off" and read_answer(text) is not None:
        return Wish.RSVP
    return Wish.NOTHING


#: No such word is longer, with all that may stand around it.
_MOST = 200
