"""A digest says how many, names what there is room for, and costs no more parts than its rule allows."""

from typing import Any

import pytest

from engine.digest import DigestKey, Gathered
from engine.notification import Channel, Road
from engine.reason import Reason
from engine.rules.together import tell_together
from engine.segments import count
from tests.builders import NOW, a_notification, an_account

KEY = DigestKey("anna", "boss", "sms", "me")


def _name(_scope: str, rule: str) -> str:
    return rule.title()


def _found(many: int, titles: list[str], reason: Reason = Reason.THROTTLED, **first: Any) -> Gathered:
    rules = {("anna", "boss"): many - many // 10, ("global", "alarm"): many // 10}
    return Gathered(KEY, NOW, reason, a_notification(**first), many, tuple(titles), rules)


def _text(found: Gathered, **account: Any) -> str:
    return tell_together(found, an_account(**account), _name).text


def test_all_are_named_where_there_is_room_and_the_rest_is_counted() -> None:
    assert _text(_found(2, ["Server down", "Server up"])) == "2 messages: Server down; Server up"
    assert _text(_found(9_980, ["One", "Two"])) == "9980 messages: One; Two, and 9978 more"


def test_one_alone_is_told_as_it_would_have_been() -> None:
    assert _text(_found(1, ["Spoed"], text="Boss: Spoed, all of it")) == "Boss: Spoed, all of it"


def test_beyond_a_cap_it_names_the_rules_with_their_counts() -> None:
    text = _text(_found(9_980, ["x"] * 50, Reason.DAILY_CAP))
    assert text == "Limit reached, 9980 more messages not sent one by one: Boss (8982); Alarm (998)"


def test_it_speaks_the_receivers_language_else_the_accounts_and_is_signed() -> None:
    assert _text(_found(2, ["A", "B"]), language="nl") == "2 berichten: A; B"
    assert _text(_found(2, ["A", "B"], language="sv"), language="nl", signature="Anna") == "2 meddelanden: A; B\nAnna"


@pytest.mark.parametrize("title", ["x" * 300, "ş" * 300, "a\nb\u202e" * 40], ids=["long", "UCS-2", "hostile"])
@pytest.mark.parametrize("max_parts", [1, 2, 3])
def test_it_never_takes_more_parts_than_allowed(title: str, max_parts: int) -> None:
    text = _text(_found(500, [title] * 50, max_parts=max_parts), signature="Anna Peeters")
    assert count(text).parts <= max_parts
    assert text.startswith("500 messages")
    assert text.endswith("\nAnna Peeters")
    assert "\u202e" not in text


def test_a_mail_has_a_line_for_each() -> None:
    mail = Road(channel=Channel.EMAIL, address="anna@example.org", text="one")
    told = tell_together(_found(60, ["Title"] * 50, otherwise=(mail,)), an_account(), _name)
    [road] = told.otherwise
    assert road.text.splitlines()[:2] == ["60 messages:", "- Title"]
    assert road.text.splitlines()[-1] == "- and 10 more"
    assert len(road.text.splitlines()) == 52


def test_its_identity_is_what_was_collected_and_since_when() -> None:
    found = _found(2, ["A", "B"])
    again = _found(5, ["A", "B"], number=7)
    anna, in_dutch = an_account(), an_account(language="nl")
    assert tell_together(found, anna, _name).id == tell_together(again, in_dutch, _name).id
    other = Gathered(KEY._replace(rule="x"), NOW, Reason.DIGEST, found.first, 2)
    assert tell_together(found, anna, _name).id != tell_together(other, anna, _name).id
