"""What a provider says of a phone is remembered for a day, and of no more phones than there is room for."""

from engine.channels import capability
from engine.channels.capability import Capabilities
from engine.notification import Channel
from tests.contracts.provider import a_message


def test_what_was_said_of_a_phone_holds_for_a_day_and_for_that_channel() -> None:
    now = 0.0
    known = Capabilities(lambda: now)
    rich = a_message("x").model_copy(update={"channel": Channel.RCS})
    assert known.of(rich) is None
    known.note(Channel.RCS, rich.address, False)
    assert known.of(rich) is False
    assert known.of(a_message("x")) is None
    now = 86_400.0
    assert known.of(rich) is None
    known.note(Channel.RCS, rich.address, True)
    assert known.of(rich) is True


def test_the_phone_that_was_heard_of_longest_ago_is_forgotten_first() -> None:
    known = Capabilities(lambda: 0.0)
    for number in range(capability._MOST + 1):
        known.note(Channel.MMS, f"+{number}", False)
    assert known.of(a_message("x").model_copy(update={"channel": Channel.MMS, "address": "+0"})) is None
    assert known.of(a_message("x").model_copy(update={"channel": Channel.MMS, "address": "+1"})) is False
