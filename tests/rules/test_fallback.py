"""How several channels are written, at once or in order, and what a notification carries of it."""

from datetime import timedelta
from typing import Any

import pytest

from engine.account import Contact
from engine.document import Problem, read
from engine.money import Money
from engine.notification import Channel, Fallback, Notification
from engine.rules.book import Book, Books
from engine.rules.evaluate import evaluate
from engine.rules.lint import lint
from engine.rules.load import RuleFolder, load
from engine.rules.ruleset import Ruleset
from tests.builders import NOW, a_mail, an_account

BERT = Contact(id="bert", numbers=("+32470000002",), email="bert@x.example", agreed="yes")
ANNA = an_account()
DEFAULT = ("failed", "no_credit")
TEN = timedelta(minutes=10)


def loaded(notify: str, defaults: str = "{}") -> tuple[Ruleset, list[Problem]]:
    text = (
        f"version: 1\ndefaults: {defaults}\nrules:\n  - name: Boss\n    when: {{from: '*'}}\n    notify: {notify}\n"
    )
    folder = RuleFolder("anna", "rules/anna", [read(text, "a.yaml")])
    return load([folder], ["anna"], "v", books=Books(Book(contacts={"bert": BERT})))


def tell(notify: str, defaults: str = "{}") -> Notification:
    ruleset, problems = loaded(notify, defaults)
    assert problems == []
    [told] = evaluate(a_mail(), ANNA, ruleset, NOW).notifications
    return told


@pytest.mark.parametrize(
    ("written", "fallback"),
    [
        ("", Fallback(on=DEFAULT)),
        (", fallback: {}", Fallback(on=DEFAULT)),
        (", fallback: {after: 10 min}", Fallback(after=TEN, on=(*DEFAULT, "not_delivered"))),
        (", fallback: {on: failed}", Fallback(on=("failed",))),
        (", fallback: {on: [failed, failed, no_credit]}", Fallback(on=DEFAULT)),
        (", fallback: {after: 10 min, on: not_read}", Fallback(after=TEN, on=("not_read",))),
        (", fallback: {on: []}", None),
        (", fallback: {on: off}", None),
        (", fallback: off", None),
    ],
)
def test_the_next_channel_is_taken_when_the_rule_says_so(written: str, fallback: Fallback | None) -> None:
    told = tell(f"{{to: bert, channels: [sms, email]{written}}}")
    assert (told.fallback, told.together) == (fallback, False)
    assert [road.channel for road in told.roads] == [Channel.SMS, Channel.EMAIL]


def test_all_channels_are_taken_at_once_where_there_are_several() -> None:
    told = tell("{to: bert, channels: [sms, email], together: true}")
    assert (told.together, told.fallback) == (True, None)
    alone = tell("{to: bert, channels: [sms, fax], together: true}")
    assert (alone.together, alone.fallback, alone.otherwise) == (False, None, ())


def test_mms_and_rcs_go_to_the_number() -> None:
    told = tell("{to: bert, channels: [rcs, mms, sms], text: hi}")
    assert [(road.channel, road.address) for road in told.roads] == [
        (channel, "+32470000002") for channel in (Channel.RCS, Channel.MMS, Channel.SMS)
    ]


@pytest.mark.parametrize(
    ("written", "defaults", "together", "on"),
    [
        ("", "{together: true}", True, None),
        (", fallback: {on: failed}", "{together: true}", False, ("failed",)),
        (", together: true", "{fallback: {on: failed}}", True, None),
        ("", "{fallback: {on: failed}}", False, ("failed",)),
        (", together: false", "{together: true}", False, DEFAULT),
    ],
)
def test_an_action_has_the_word_over_its_file(written: str, defaults: str, together: bool, on: Any) -> None:
    told = tell(f"{{to: bert, channels: [sms, email]{written}}}", defaults)
    assert (told.together, told.fallback.on if told.fallback else None) == (together, on)


def test_a_notification_of_an_earlier_version_takes_no_other_channel() -> None:
    new = tell("{to: bert, channels: [sms, email]}")
    old = new.model_dump(mode="json", exclude={"together", "fallback"})
    read_back = Notification.model_validate(old)
    assert (read_back.id, read_back.fallback, read_back.together) == (new.id, None, False)


@pytest.mark.parametrize(
    ("notify", "codes"),
    [
        ("{to: bert, channels: [sms, email], fallback: {after: 5 min, on: not_read}}", ["not-read"]),
        ("{to: bert, channels: [rcs, email], fallback: {after: 5 min, on: not_read}}", []),
        ("{to: bert, channels: sms, together: true}", ["one-channel"]),
        ("{to: bert, channels: sms, fallback: 5 min}", None),
        ("{to: bert, channels: sms, fallback: {after: 5 min}}", ["one-channel"]),
        ("{to: bert, channels: [sms, email], fallback: {after: 5 min}}", []),
    ],
)
def test_what_can_have_no_effect_is_said(notify: str, codes: list[str] | None) -> None:
    ruleset, problems = loaded(notify)
    if codes is None:
        assert [problem.label for problem in problems] == ["did you mean '{after: 5 min}'?"]
        return
    found = lint(ruleset, {"anna": ANNA}, lambda _: Money.parse("0.08", "EUR"), lambda *_: True)
    assert [each.code for each in found if each.code in ("not-read", "one-channel")] == codes
