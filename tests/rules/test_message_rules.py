"""Rules about texts from phones: their conditions, their fields, their tests, and what does not suit them."""

from dataclasses import replace
from typing import Any

import pytest

from engine.account import Contact
from engine.decision import Decision
from engine.document import read
from engine.notification import Channel
from engine.reason import Reason
from engine.rules.book import Book, Books
from engine.rules.evaluate import evaluate
from engine.rules.load import RuleFolder, load
from engine.rules.ruleset import Ruleset
from tests.builders import NOW, PHONE, a_mail, a_text, an_account

JAN = "+32470000077"
CONTACTS = {
    "jan": Contact(id="jan", name="Jan", numbers=(JAN,), agreed="x"),
    "els": Contact(id="els", numbers=("+32470000066",), email="els@example.org", agreed="x"),
}
BOOK = Book(contacts=CONTACTS, groups={"porters": ("jan",)}, lists={"numbers": ("0032 470 00 00 77", "1960")})


def rules(when: str, notify: str = "{to: me, text: hi}", more: str = "") -> tuple[Ruleset, list[Any]]:
    text = f"version: 1\nrules: [{{name: Text, when: {when}, notify: {notify}{more}}}]"
    return load(
        [RuleFolder("global", "rules/global", [read(text, "r.yaml")])], ["anna"], "v", books=Books(shared=BOOK)
    )


def decide(when: str, event: Any = None, notify: str = "{to: me, text: hi, signature: off}") -> Decision:
    ruleset, problems = rules(when, notify)
    assert problems == []
    return evaluate(event or a_text(), an_account(), ruleset, NOW)


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ("{keyword: HULP}", True),
        ("{keyword: 'hu*'}", True),
        ("{keyword: lift}", False),
        ("{text: lift staat}", True),
        ("{text: {matches: 'lift.*stil$'}}", True),
        ("{text: {starts_with: 'Hulp,'}}", True),
        (f"{{sms_from: '{JAN}'}}", True),
        ("{sms_from: '0032 470 00 00 77'}", True),
        ("{sms_from: '+32470000078'}", False),
        ("{sms_from: '+32*'}", True),
        ("{sms_from: {in: contacts}}", True),
        ("{sms_from: {in: 'group:porters'}}", True),
        ("{sms_from: {in: numbers}}", True),
        ("{sms_to: '+32 460 20 00 00'}", True),
        ("{sms_to: 1960}", False),
        ("{sms_from: '*', not: {keyword: hulp}}", False),
        ("{any: [{keyword: x}, {text: stil}], time: {days: sat}}", True),
    ],
)
def test_a_condition_holds_or_not(when: str, holds: bool) -> None:
    assert (decide(when).reason is Reason.MATCHED) is holds


def test_a_rule_about_texts_is_not_asked_of_mails_nor_the_other_way_round() -> None:
    assert decide("{keyword: hulp}", a_mail(subject="hulp")).reason is Reason.NO_RULE_MATCHED
    assert decide("{from: '*'}").reason is Reason.NO_RULE_MATCHED


def test_a_large_scope_answers_as_a_small_one() -> None:
    one, _ = rules("{keyword: hulp}")
    [rule] = one.scopes["global"]
    many = [replace(rule, id=f"r{n}") for n in range(400)]
    large = Ruleset({"global": (*many[:399], rule)}, "v", Books(shared=BOOK))
    assert len(evaluate(a_text(), an_account(), large, NOW).notifications) == 400
    assert evaluate(a_text("nothing"), an_account(), large, NOW).notifications == ()


def test_the_evidence_masks_the_phone() -> None:
    [answer] = decide("{sms_from: {in: contacts}, sms_to: '+32*', keyword: x}").answers
    assert JAN not in repr(answer.evidence)
    assert "+32…77" in repr(answer.evidence)


def test_the_fields_of_a_text_stand_in_messages() -> None:
    [told] = decide(
        "{keyword: hulp}",
        notify='{to: me, text: \'{sms_from} {sms_to|or "?"} {keyword|or "?"} {text|20}\', max_parts: 2}',
    ).notifications
    assert told.text == f"{JAN} +32460200000 hulp Hulp, de lift staat"
    [plain] = decide("{keyword: hulp}", notify="{to: me, signature: off}").notifications
    assert plain.text == f"{JAN}: Hulp, de lift staat stil"


@pytest.mark.parametrize(
    ("when", "notify", "said"),
    [
        ("{keyword: hulp, subject: x}", "{to: me}", "a mail has no 'keyword', and a text from a phone no 'subject'"),
        (
            "{keyword: hulp, title: x}",
            "{to: me}",
            "a text from a phone has no 'title', and an appointment no 'keyword'",
        ),
        ("{sms_from: '0470 00 00 77'}", "{to: me}", "write the number with its country code"),
        ("{sms_from: {in: 'group:nobody'}}", "{to: me}", "there is no group 'nobody'"),
        ("{keyword: hulp}", "{to: me, text: '{subject}'}", "'subject' is of a mail, and this text is about a text"),
    ],
)
def test_what_does_not_suit_a_text_is_a_mistake(when: str, notify: str, said: str) -> None:
    _, problems = rules(when, notify)
    assert any(said in problem.message for problem in problems), problems


def test_reminders_of_a_text_are_a_mistake() -> None:
    _, problems = rules("{keyword: hulp}", more=", remind: 1 h")
    assert "a rule about texts has no 'remind'" in problems[0].message


def test_a_text_never_answers_its_sender_but_takes_another_road_to_them() -> None:
    notify = "{to: [jan, els, me], channels: [sms, email], text: hi}"
    decision = decide("{keyword: hulp}", a_text(sender="+32470000066"), notify)
    assert {(each.recipient, each.channel, each.address) for each in decision.notifications} == {
        ("jan", Channel.SMS, JAN),
        ("els", Channel.EMAIL, "els@example.org"),
        ("me", Channel.SMS, PHONE),
    }
    [mine] = decide("{keyword: hulp}", a_text(sender=PHONE)).answers
    assert mine.evidence[-1].condition == "to me"
