"""What goes wrong is told to whom it concerns, in their language, in one part, and only if they want it."""

from datetime import timedelta

import pytest

from engine.account import Tell
from engine.event import Incident, What
from engine.reason import Reason
from engine.rules.evaluate import evaluate
from engine.rules.explain import explain
from engine.rules.incident import _TEXTS
from engine.rules.ruleset import Ruleset
from engine.segments import Alphabet, count
from engine.topics import EVENTS
from tests.builders import NOW, PHONE, an_account

MAILBOX = "anna.de.vries@example.org, imap.example:993"


def _incident(what: What = What.SUSPENDED, subject: str = MAILBOX, left: int = 0) -> Incident:
    return Incident(account="anna", what=what, subject=subject, began_at=NOW, left=left)


@pytest.mark.parametrize(
    ("what", "tell", "left", "reason"),
    [
        (What.SUSPENDED, Tell(), 0, Reason.MATCHED),
        (What.FOLDER_MISSING, Tell(), 0, Reason.MATCHED),
        (What.FEED_FAILING, Tell(), 0, Reason.MATCHED),
        (What.LOW_BALANCE, Tell(), 5, Reason.MATCHED),
        (What.DEAD_LETTER, Tell(), 0, Reason.MATCHED),
        (What.SUSPENDED, Tell(suspended=False), 0, Reason.NOT_WANTED),
        (What.FOLDER_MISSING, Tell(suspended=False), 0, Reason.NOT_WANTED),
        (What.FEED_FAILING, Tell(suspended=False), 0, Reason.NOT_WANTED),
        (What.FEED_FAILING, Tell(dead_letter=False), 0, Reason.MATCHED),
        (What.LOW_BALANCE, Tell(low_balance=0), 0, Reason.NOT_WANTED),
        (What.LOW_BALANCE, Tell(low_balance=3), 4, Reason.NOT_WANTED),
        (What.DEAD_LETTER, Tell(dead_letter=False), 0, Reason.NOT_WANTED),
    ],
)
def test_only_what_is_wanted_is_told(what: What, tell: Tell, left: int, reason: Reason) -> None:
    decision = evaluate(_incident(what, left=left), an_account(tell=tell), Ruleset(), NOW)
    assert decision.reason is reason
    assert bool(decision.notifications) == (reason is Reason.MATCHED)


def test_who_has_no_number_cannot_be_told() -> None:
    assert evaluate(_incident(), an_account(numbers=()), Ruleset(), NOW).reason is Reason.NO_NUMBER


@pytest.mark.parametrize("language", ["en", "nl", "sv", "fr", "de"])
@pytest.mark.parametrize("what", list(What))
def test_each_text_says_it_in_one_part_of_gsm_7(what: What, language: str) -> None:
    subject = "tocsin-notifications" if what is What.DEAD_LETTER else f"INBOX, {MAILBOX}"
    [told] = evaluate(_incident(what, subject, left=3), an_account(language=language), Ruleset(), NOW).notifications
    counted = count(told.text)
    assert (counted.alphabet, counted.parts) == (Alphabet.GSM7, 1)
    assert "{" not in told.text
    assert ("3" if what is What.LOW_BALANCE else subject) in told.text
    assert (told.address, told.not_after) == (PHONE, NOW + timedelta(hours=24))


def test_a_language_without_texts_is_told_in_english() -> None:
    [told] = evaluate(_incident(), an_account(language="xx"), Ruleset(), NOW).notifications
    assert told.text.startswith("Tocsin: sign-in refused since 11:04")
    assert all(texts.keys() == _TEXTS[What.SUSPENDED].keys() for texts in _TEXTS.values())


def test_seen_again_it_is_the_same_and_what_is_left_is_no_part_of_it() -> None:
    one, again = _incident(What.LOW_BALANCE, "credit", 5), _incident(What.LOW_BALANCE, "credit", 1)
    later = one.model_copy(update={"began_at": NOW + timedelta(hours=1)})
    assert one.id == again.id
    assert len({one.id, later.id, _incident().id, _incident(subject="x").id}) == 4
    told = [evaluate(each, an_account(), Ruleset(), NOW).notifications[0].id for each in (one, again)]
    assert told[0] == told[1]


def test_it_travels_the_stream_and_is_explained() -> None:
    key, value = EVENTS.encode(_incident())
    back = EVENTS.decode(value)
    assert (key, back, back.id) == (b"anna", _incident(), _incident().id)
    lines = explain(evaluate(back, an_account(), Ruleset(), NOW), back)
    assert lines[0] == f'incident suspended "{MAILBOX}" since 2026-11-21 10:04'
    assert PHONE not in "\n".join(lines)
